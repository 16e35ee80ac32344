"""What sources have announced: every article URL, since when, until when, and with what title and dates.

A URL is pending until something of it was captured. So one that timed out is tried again though its feed has dropped
it: after twice the time each time, for `PATIENCE` from when it was announced first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from archive import schema
from archive.database import Database, slices
from archive.outcomes import REDIRECTED
from archive.records import Announcement, url_id
from archive.tombstones import removed_among

PATIENCE = timedelta(days=30)
"""How long after its first announcement a URL that never answered is tried, though no source lists it any more."""

FIRST_WAIT = timedelta(hours=1)

NOT_TRIED = "not_tried"
"""What became of a URL that no run has come to yet."""

_ROWS_AT_ONCE = 500
_TOLD = ("url", "kind", "title", "published", "modified")


@dataclass(frozen=True, kw_only=True, slots=True)
class AnnouncedUrl:
    """An article URL and what a source said of it."""

    url_id: str
    url: str
    """Absolute, as announced."""
    announcement: Announcement


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """What became of a URL that a source announced."""

    source: str
    url: str
    listed: bool
    """Whether the source listed it when it was last read."""
    missing: str | None
    """Why no article of it is archived: the outcome when it was last tried, or `not_tried`; None if one is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """URLs of one source."""

    new: int
    """Listed for the first time."""
    now: int
    """Listed when it was read."""
    ever: int
    """Listed at any time."""


class Announcements:
    """The table `announced` of one catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listed(self, site: str, source: str) -> list[AnnouncedUrl]:
        """What the source listed when it was last read."""
        return self._read(_of(site, source), schema.announced.c.left.is_(None))

    def pending(self, site: str, now: datetime) -> list[AnnouncedUrl]:
        """The URLs of a site that were never captured and should be tried by now, each once, the oldest first."""
        table, urls = schema.announced.c, schema.urls.c
        captured = sa.exists().where(urls.url_id == table.url_id)
        query = sa.select(schema.announced).where(table.site == site, table.first >= now - PATIENCE, ~captured)
        rows = self._database.read(lambda connection: connection.execute(query.order_by(table.first)).all())
        return list({row.url_id: _announced_url(row) for row in reversed(rows) if _is_due(row, now)}.values())[::-1]

    def fates(self, site: str) -> Iterator[Fate]:
        """What became of each URL that a source of the site ever announced, by source, the newest first.

        An address that led to another one is no miss: that one has its own fate.
        """
        table, urls = schema.announced.c, schema.urls.c
        query = (
            sa.select(table.source, table.url, table.left, table.outcome, urls.article, urls.outcome.label("captured"))
            .select_from(schema.announced.outerjoin(schema.urls, urls.url_id == table.url_id))
            .where(table.site == site)
            .order_by(table.source, table.first.desc(), table.url)
            .execution_options(yield_per=_ROWS_AT_ONCE)
        )
        with self._database.reading() as connection, connection.execute(query) as rows:
            for row in rows:
                reason = row.captured or row.outcome or NOT_TRIED
                missing = None if row.article or reason == REDIRECTED else reason
                yield Fate(source=row.source, url=row.url, listed=row.left is None, missing=missing)

    def keep_tries(self, site: str, outcomes: Mapping[str, str], at: datetime) -> None:
        """Remember by URL id what came of trying URLs that gave no answer."""
        table = schema.announced
        by_outcome: dict[str, list[str]] = {}
        for identity, outcome in outcomes.items():
            by_outcome.setdefault(outcome, []).append(identity)

        def write(connection: Connection) -> None:
            for outcome, url_ids in by_outcome.items():
                for some in slices(url_ids):
                    which = sa.and_(table.c.site == site, table.c.url_id.in_(some))
                    connection.execute(table.update().where(which).values(tried=at, outcome=outcome))

        if by_outcome:
            self._database.write(write)

    def _read(self, *where: sa.ColumnElement[bool]) -> list[AnnouncedUrl]:
        query = sa.select(schema.announced).where(*where).order_by(schema.announced.c.first, schema.announced.c.url_id)
        return self._database.read(lambda connection: [_announced_url(row) for row in connection.execute(query)])


def write_listed(connection: Connection, site: str, source: str, urls: Iterable[AnnouncedUrl], at: datetime) -> Counts:
    """Let a source list these URLs from now on and no others.

    Only what differs is written, for a sitemap of 50,000 URLs changes every few minutes; what was taken down is left
    out.
    """
    listed = {one.url_id: _row(site, source, one) for one in urls}
    own = {identity: url_id(row["url"]) for identity, row in listed.items()}
    removed = removed_among(connection, {*own, *own.values()})
    wanted = {identity: row for identity, row in listed.items() if removed.isdisjoint((identity, own[identity]))}
    known = _known(connection, site, source, wanted)
    new = [{**row, "first": at} for identity, row in wanted.items() if identity not in known]
    told = [row for identity, row in wanted.items() if identity in known and _differs(known[identity], row)]
    gone = [identity for identity, row in known.items() if identity not in wanted and row.left is None]
    table = schema.announced
    if new:
        connection.execute(table.insert(), new)
    for row in told:
        connection.execute(table.update().where(_of(site, source), table.c.url_id == row["url_id"]).values(**row))
    for some in slices(gone):
        connection.execute(table.update().where(_of(site, source), table.c.url_id.in_(some)).values(left=at))
    ever = connection.scalar(sa.select(sa.func.count()).select_from(table).where(_of(site, source)))
    return Counts(new=len(new), now=len(wanted), ever=int(ever or 0))


def _known(
    connection: Connection, site: str, source: str, wanted: Mapping[str, Mapping[str, Any]]
) -> dict[str, sa.Row[Any]]:
    """The rows that the source lists now, and those that it listed once and does again."""
    table = schema.announced.c
    query = sa.select(schema.announced).where(_of(site, source))
    rows = {row.url_id: row for row in connection.execute(query.where(table.left.is_(None)))}
    for some in slices(wanted.keys() - rows.keys()):
        rows |= {row.url_id: row for row in connection.execute(query.where(table.url_id.in_(some)))}
    return rows


def _differs(known: sa.Row[Any], row: Mapping[str, Any]) -> bool:
    return known.left is not None or any(getattr(known, name) != row[name] for name in _TOLD)


def _of(site: str, source: str) -> sa.ColumnElement[bool]:
    return sa.and_(schema.announced.c.site == site, schema.announced.c.source == source)


def _row(site: str, source: str, one: AnnouncedUrl) -> dict[str, Any]:
    said = one.announcement
    told: Sequence[str | None] = (one.url, said.kind, said.title, said.published, said.modified)
    return {"site": site, "source": source, "url_id": one.url_id, "left": None, **dict(zip(_TOLD, told, strict=True))}


def _announced_url(row: sa.Row[Any]) -> AnnouncedUrl:
    said = {name: getattr(row, name) for name in ("source", *_TOLD[1:])}
    return AnnouncedUrl(url_id=row.url_id, url=row.url, announcement=Announcement(**said))


def _is_due(row: sa.Row[Any], now: datetime) -> bool:
    return row.tried is None or now >= row.tried + max(FIRST_WAIT, row.tried - row.first)
