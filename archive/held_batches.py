"""Which batches the catalog holds, which of them count, and what each of them is worth: enough to choose some.

A batch that others have replaced keeps its row, so that it is not committed again, and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from archive import schema
from archive.database import Database, slices
from archive.errors import BatchReplaced
from archive.outcomes import LOST


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldBatch:
    """A batch that counts."""

    batch: str
    site: str
    manifest_key: str
    manifest_sha256: str
    created: datetime
    """When its last capture was taken, aware UTC."""
    captures: int
    lost: int
    """Those of them whose raw page is gone."""
    articles: int
    """Revisions that the catalog has from it."""
    raw_bytes: int
    """Bytes of its WARC, 0 if it has none."""
    shard_bytes: int
    """Bytes of all its shards."""
    shard_rows: int
    """Rows of all its shards; more than `articles` where another batch holds the same revisions."""


class HeldBatches:
    """The batches of one catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sites(self) -> list[str]:
        """All sites that have batches, in order."""
        query = sa.select(schema.batches.c.site).distinct().order_by(schema.batches.c.site)
        return self._database.read(lambda connection: list(connection.scalars(query)))

    def known(self, site: str) -> set[str]:
        """Ids of all batches of a site, those that were replaced among them."""
        query = sa.select(schema.batches.c.batch).where(schema.batches.c.site == site)
        return self._database.read(lambda connection: set(connection.scalars(query)))

    def live(self, site: str) -> list[HeldBatch]:
        """The batches of a site that count, oldest first."""
        batches, objects, captures = schema.batches.c, schema.objects.c, schema.captures.c
        is_raw = objects.kind == "raw"
        stored = (
            sa.select(
                objects.batch,
                _total(sa.case((is_raw, objects.size), else_=0)).label("raw_bytes"),
                _total(sa.case((is_raw, 0), else_=objects.size)).label("shard_bytes"),
                _total(sa.case((is_raw, 0), else_=objects.records)).label("shard_rows"),
            )
            .group_by(objects.batch)
            .subquery()
        )
        fetched = (
            sa.select(
                captures.batch,
                sa.func.count().label("captures"),
                _total(sa.case((captures.outcome == LOST, 1), else_=0)).label("lost"),
            )
            .group_by(captures.batch)
            .subquery()
        )
        written = (
            sa.select(schema.articles.c.batch, sa.func.count().label("articles"))
            .group_by(schema.articles.c.batch)
            .subquery()
        )
        counts = [
            sa.func.coalesce(table.c[name], 0).label(name)
            for table, name in (
                (fetched, "lost"),
                (written, "articles"),
                *((stored, name) for name in ("raw_bytes", "shard_bytes", "shard_rows")),
            )
        ]
        query = (
            sa.select(
                *(batches[name] for name in ("batch", "site", "manifest_key", "manifest_sha256", "created")),
                fetched.c.captures,
                *counts,
            )
            .join(fetched, fetched.c.batch == batches.batch)
            .outerjoin(stored, stored.c.batch == batches.batch)
            .outerjoin(written, written.c.batch == batches.batch)
            .where(batches.site == site)
            .order_by(batches.batch)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [HeldBatch(**row._mapping) for row in rows]

    def is_replaced(self, batch: str) -> bool:
        """Whether the batch is known and counts no more."""
        return self._database.read(lambda connection: bool(_replaced(connection, [batch])))

    def check_not_replaced(self, site: str, replaces: Collection[str]) -> None:
        """BatchReplaced if any of these batches has been replaced by one that is not among them."""
        self._database.read(lambda connection: check_not_replaced(connection, site, replaces))


def check_not_replaced(connection: Connection, site: str, replaces: Collection[str]) -> None:
    """As the method, seen by the transaction of `connection`."""
    gone = _replaced(connection, replaces)
    if not gone:
        return
    table = schema.batches.c
    query = sa.select(table.batch, table.replaces).where(table.site == site, table.replaces != "")
    for row in connection.execute(query):
        if row.batch not in replaces and (taken := gone.intersection(row.replaces.split())):
            raise BatchReplaced(
                f"batch {min(taken)}: {row.batch} has taken its place meanwhile; nothing was changed, run the command "
                "again"
            )


def _replaced(connection: Connection, batches: Collection[str]) -> set[str]:
    """Those of these batches that are known and count no more."""
    table = schema.batches.c
    counts = sa.exists().where(schema.captures.c.batch == table.batch)
    return {
        batch
        for some in slices(batches)
        for batch in connection.scalars(sa.select(table.batch).where(table.batch.in_(some), ~counts))
    }


def _total(values: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.sum(values), sa.BigInteger)
