"""Which URLs should be looked at again, and what looking again has found so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from archive import schema
from archive.catalog_rows import UrlState
from archive.database import Database


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckRecord:
    """What looking again has found among the URLs of a site that are still looked at."""

    checks: int
    """How often one of them was fetched again."""
    changed: int
    """How many of them were ever found changed or removed."""


class Checks:
    """Reads `next_check` of the catalog's URLs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, site: str, now: datetime) -> Sequence[UrlState]:
        """The URLs of a site that should be fetched again by now, those that have waited longest first.

        Of several addresses of one article, the one that has been known longest is looked at for all.
        """
        table, twin = schema.urls.c, schema.urls.alias().c
        earlier = sa.or_(
            twin.first_fetched < table.first_fetched,
            sa.and_(twin.first_fetched == table.first_fetched, twin.url_id < table.url_id),
        )
        lives = (twin.next_check.is_not(None), twin.removed.is_(None))
        stands_in = sa.exists().where(twin.article == table.article, *lives, earlier)
        query = (
            sa.select(*(table[name] for name in UrlState.__dataclass_fields__))
            .where(table.site == site, table.next_check <= now, ~stands_in)
            .order_by(table.next_check, table.url_id)
        )
        return self._database.read(lambda connection: [UrlState(**row._mapping) for row in connection.execute(query)])

    def record(self, site: str) -> CheckRecord:
        """What it has come to at a site."""
        table = schema.urls.c
        query = sa.select(
            sa.func.coalesce(sa.func.sum(table.checks), 0),
            sa.func.coalesce(sa.func.sum(sa.case((table.quiet < table.checks, 1), else_=0)), 0),
        ).where(table.site == site, table.next_check.is_not(None))
        checks, changed = self._database.read(lambda connection: connection.execute(query).one())
        return CheckRecord(checks=int(checks), changed=int(changed))
