"""Backfills: plans of what is to be fetched of a site's past, and how far they are worked off."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from archive import schema
from archive.database import Database, slices
from archive.outcomes import REFUSED_ROBOTS, failed

State = Literal["waiting", "running", "paused", "done", "cancelled"]

WEB_ARCHIVES = ("wayback", "commoncrawl")
"""Sources that have pages, not only addresses."""

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
class KnownCapture:
    """A capture of a page that an archive of the web has."""

    archive: str
    """One of WEB_ARCHIVES."""
    url: str
    """As it was asked for then."""
    taken: datetime
    """Aware UTC."""
    digest: str
    """Of the body, as the archive writes it; equal for equal bodies."""
    place: str = ""
    """Where it lies, in the words of the archive: a file with `#`, first byte, `+` and number of bytes; empty where
    address and time tell."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedUrl:
    """One address of a plan."""

    url_id: str
    """Id of its canonical form."""
    url: str
    source: str
    """`sitemap`, `listing`, `section`, `dated` or `list`, else one of WEB_ARCHIVES, and then the site is not asked."""
    day: date | None = None
    """Of publication, as far as source or address tell."""
    series: str = ""
    """For counted addresses: which ones are counted together."""
    number: int = 0
    """The number in its series."""
    captures: tuple[KnownCapture, ...] = ()
    """What is to be tried where the site does not have it, in this order; what was tried is taken out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """How many addresses of a plan have this in common."""

    source: str
    day: date | None
    """Of publication, None if it is unknown."""
    counted: bool
    """Whether they are of a series."""
    outcome: str | None
    """What became of them, see archive/outcomes.py; None for what is still to be fetched."""
    count: int


class Backfills:
    """The backfills of one catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, plan: Backfill, urls: Iterable[PlannedUrl]) -> None:
        """Store a plan in one transaction; the first of several entries for one address counts."""
        rows = {url.url_id: _row(plan.backfill, url) for url in reversed(list(urls))}

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
        """What the site is to be asked for next: the newest days first, those without a day last."""
        return self._next(backfill, limit, _URLS.c.outcome.is_(None), _URLS.c.source.not_in(WEB_ARCHIVES))

    def next_captures(self, backfill: str, limit: int) -> list[PlannedUrl]:
        """What archives of the web are to be asked for next, in the same order: what the site was not asked for, or did
        not give."""
        not_asked = _URLS.c.source.in_(WEB_ARCHIVES)
        return self._next(backfill, limit, _URLS.c.captures.is_not(None), _URLS.c.outcome.is_not(None) | not_asked)

    def settle(self, backfill: str, outcomes: Mapping[str, str], more: Sequence[PlannedUrl] = ()) -> None:
        """Record what became of addresses, by URL id, and add `more` addresses that are not in the plan yet.

        Archives of the web are not asked for what is held now, nor for what robots.txt forbids.
        """

        def write(connection: Connection) -> None:
            for url_id, outcome in outcomes.items():
                ends = not failed(outcome) or outcome == REFUSED_ROBOTS
                rest = {"captures": None} if ends else {}
                connection.execute(_one(backfill, url_id).values(outcome=outcome, **rest))
            known = set(_known(connection, backfill, [url.url_id for url in more]))
            new = {url.url_id: _row(backfill, url) for url in more if url.url_id not in known}
            if new:
                connection.execute(_URLS.insert(), list(new.values()))

        self._database.write(write)

    def settle_captures(self, backfill: str, tried: Sequence[PlannedUrl], outcomes: Mapping[str, str]) -> None:
        """Record what became of the first capture of addresses; one that gave no article is taken out of the plan."""

        def write(connection: Connection) -> None:
            for url in tried:
                if (outcome := outcomes.get(url.url_id)) is not None:
                    rest = url.captures[1:] if failed(outcome) else ()
                    change = _one(backfill, url.url_id).values(outcome=outcome, captures=_packed(rest))
                    connection.execute(change)

        self._database.write(write)

    def _next(self, backfill: str, limit: int, *conditions: sa.ColumnElement[bool]) -> list[PlannedUrl]:
        query = (
            sa.select(*(_URLS.c[name] for name in PlannedUrl.__dataclass_fields__))
            .where(_URLS.c.backfill == backfill, *conditions)
            .order_by(_URLS.c.day.is_(None), _URLS.c.day.desc(), _URLS.c.number, _URLS.c.url_id)
            .limit(limit)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [PlannedUrl(**{**row._mapping, "captures": _unpacked(row.captures)}) for row in rows]

    def parts(self, backfill: str) -> list[Part]:
        """The plan, counted by source, day, kind and outcome."""
        # What is still to be tried elsewhere has no outcome yet.
        outcome = sa.case((_URLS.c.captures.is_(None), _URLS.c.outcome)).label("outcome")
        columns = (_URLS.c.source, _URLS.c.day, (_URLS.c.series != "").label("counted"), outcome)
        query = (
            sa.select(*columns, sa.func.count().label("count"))
            .where(_URLS.c.backfill == backfill)
            .group_by(*columns)
            .order_by(*columns)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        found = (row._asdict() for row in rows)
        return [Part(**{**row, "counted": bool(row["counted"])}) for row in found]


def _one(backfill: str, url_id: str) -> sa.Update:
    return _URLS.update().where(_URLS.c.backfill == backfill, _URLS.c.url_id == url_id)


def _row(backfill: str, url: PlannedUrl) -> dict[str, Any]:
    fields = {name: getattr(url, name) for name in PlannedUrl.__dataclass_fields__}
    return {"backfill": backfill, **fields, "captures": _packed(url.captures)}


def _packed(captures: Sequence[KnownCapture]) -> str | None:
    rows = [{**asdict(capture), "taken": capture.taken.isoformat()} for capture in captures]
    return json.dumps(rows) if rows else None


def _unpacked(text: str | None) -> tuple[KnownCapture, ...]:
    rows = json.loads(text) if text else []
    return tuple(KnownCapture(**{**row, "taken": datetime.fromisoformat(row["taken"])}) for row in rows)


def _known(connection: Connection, backfill: str, url_ids: Sequence[str]) -> Iterable[Any]:
    query = sa.select(_URLS.c.url_id).where(_URLS.c.backfill == backfill)
    for some in slices(url_ids):
        yield from connection.scalars(query.where(_URLS.c.url_id.in_(some)))
