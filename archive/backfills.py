"""Backfills: plans of what is to be fetched of a site's past, and how far they are worked off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from archive import schema
from archive.database import Database, slices

State = Literal["waiting", "running", "paused", "done", "cancelled"]

_PLANS = schema.backfills
_URLS = schema.backfill_urls


@dataclass(frozen=True, kw_only=True, slots=True)
class Backfill:
    """One plan."""

    backfill: str
    """Its id, sorting by time."""
    site: str
    since: date
    """First day of publication."""
    until: date
    """Last day of publication."""
    state: State
    created: datetime
    """Aware UTC."""
    command: str
    """The command line that made it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedUrl:
    """One address of a plan."""

    url_id: str
    """Id of its canonical form."""
    url: str
    source: str
    """`sitemap`, `listing`, `dated` or `list`."""
    day: date | None = None
    """Of publication, as far as source or address tell."""
    series: str = ""
    """For counted addresses: which ones are counted together."""
    number: int = 0
    """The number in its series."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """How many addresses of a plan have this in common."""

    source: str
    month: str
    """`YYYY-MM`, or `unknown`."""
    outcome: str | None
    """What became of them, see archive/outcomes.py; None for what is still to be fetched."""
    count: int


class Backfills:
    """The backfills of one catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, plan: Backfill, urls: Iterable[PlannedUrl]) -> None:
        """Store a plan in one transaction; the first of several entries for one address counts."""
        rows = {url.url_id: {"backfill": plan.backfill, **asdict(url)} for url in reversed(list(urls))}

        def write(connection: Connection) -> None:
            connection.execute(_PLANS.insert().values(asdict(plan)))
            if rows:
                connection.execute(_URLS.insert(), list(rows.values()))

        self._database.write(write)

    def all(self) -> list[Backfill]:
        """Every plan, the newest first."""
        query = sa.select(_PLANS).order_by(_PLANS.c.created.desc(), _PLANS.c.backfill)
        return [Backfill(**row._mapping) for row in self._database.read(lambda it: it.execute(query).all())]

    def change_state(self, backfill: str, state: State) -> None:
        """Set the state of a plan."""
        change = _PLANS.update().where(_PLANS.c.backfill == backfill).values(state=state)
        self._database.write(lambda connection: connection.execute(change))

    def next_urls(self, backfill: str, limit: int) -> list[PlannedUrl]:
        """What is to be fetched next: the newest days first, those without a day last."""
        query = (
            sa.select(*(_URLS.c[name] for name in PlannedUrl.__dataclass_fields__))
            .where(_URLS.c.backfill == backfill, _URLS.c.outcome.is_(None))
            .order_by(_URLS.c.day.is_(None), _URLS.c.day.desc(), _URLS.c.number, _URLS.c.url_id)
            .limit(limit)
        )
        return [PlannedUrl(**row._mapping) for row in self._database.read(lambda it: it.execute(query).all())]

    def settle(self, backfill: str, outcomes: Mapping[str, str], more: Sequence[PlannedUrl] = ()) -> None:
        """Record what became of addresses, by URL id, and add `more` addresses that are not in the plan yet."""

        def write(connection: Connection) -> None:
            for url_id, outcome in outcomes.items():
                one = _URLS.update().where(_URLS.c.backfill == backfill, _URLS.c.url_id == url_id)
                connection.execute(one.values(outcome=outcome))
            known = set(_known(connection, backfill, [url.url_id for url in more]))
            new = {url.url_id: {"backfill": backfill, **asdict(url)} for url in more if url.url_id not in known}
            if new:
                connection.execute(_URLS.insert(), list(new.values()))

        self._database.write(write)

    def parts(self, backfill: str) -> list[Part]:
        """The plan, counted by source, month and outcome."""
        query = sa.select(_URLS.c.source, _URLS.c.day, _URLS.c.outcome, sa.func.count().label("count")).where(
            _URLS.c.backfill == backfill
        )
        grouped = query.group_by(_URLS.c.source, _URLS.c.day, _URLS.c.outcome)
        counts: dict[tuple[str, str, str | None], int] = {}
        for row in self._database.read(lambda it: it.execute(grouped).all()):
            key = (row.source, f"{row.day:%Y-%m}" if row.day else "unknown", row.outcome)
            counts[key] = counts.get(key, 0) + row._mapping["count"]
        ordered = sorted(counts.items(), key=lambda item: (item[0][:2], item[0][2] or ""))
        return [Part(source=key[0], month=key[1], outcome=key[2], count=count) for key, count in ordered]


def _known(connection: Connection, backfill: str, url_ids: Sequence[str]) -> Iterable[Any]:
    query = sa.select(_URLS.c.url_id).where(_URLS.c.backfill == backfill)
    for some in slices(url_ids):
        yield from connection.scalars(query.where(_URLS.c.url_id.in_(some)))
