"""What is remembered of sources between runs: feeds, sitemaps, section pages and listings.

The URLs that a source announces are written in the same transaction as its validators. So whatever kills a run, a
source that says 304 the next time hides nothing: what it announced stands in the catalog (archive/announcements.py).

A source is in trouble while it cannot be read, has no entries, or has none that is an article though it once had.
It belongs to the machines that crawl and is not in the bucket: a catalog made anew begins without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from archive import schema
from archive.announcements import AnnouncedUrl, Counts, write_listed
from archive.database import Database, slices
from archive.outcomes import SOURCE_EMPTY
from archive.run_report import SourceTrouble

NO_ARTICLES = "no_articles"
"""Why a source is in trouble that has entries, but none that is an article by the profile, though it once had."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceState:
    """One source of a site."""

    site: str
    url: str
    kind: str
    """`feed`, `sitemap`, `section`, `listing` or `robots`."""
    parent: str | None = None
    """URL of the source that leads to it: a sitemap index, a page before it. None for one of the profile."""
    lastmod: str | None = None
    """When it changed, as its sitemap index says."""
    rules: str = ""
    """Of those rules by which its URLs were judged when it was last read whole."""
    etag: str | None = None
    last_modified: str | None = None
    lied: datetime | None = None
    """When it last announced other things under the same validators, aware UTC."""
    body_hash: str | None = None
    """SHA-256 hex digest of its body without content coding."""
    fetched: datetime | None = None
    """When it was last read or said to be unchanged, aware UTC; None for never."""
    whole: datetime | None = None
    """When its body was last sent, aware UTC."""
    changed: datetime | None = None
    """When that body was last another one, aware UTC."""
    announced: int = 0
    """Article URLs that it listed when it was last read."""
    announced_ever: int = 0
    """Different ones that it ever listed."""
    fruitless: str | None = None
    """Why it listed none: `source_empty`, `no_articles`; None also where that is no wonder."""
    failures: int = 0
    """Readings in a row that failed or were fruitless."""
    failing_since: datetime | None = None
    """The first of them, aware UTC."""
    first_failure: str | None = None
    """What it came to, see archive/outcomes.py, or as `fruitless`."""
    last_failure: str | None = None
    """The last of them."""

    @property
    def trouble(self) -> SourceTrouble | None:
        """What is wrong with it; what a page or an index names may never have had any articles."""
        is_excused = self.parent and (self.last_failure == SOURCE_EMPTY or self.kind == "feed")
        if not self.failures or (is_excused and not self.announced_ever):
            return None
        return SourceTrouble(
            url=self.url,
            kind=self.kind,
            reason=self.last_failure or "",
            times=self.failures,
            since=self.failing_since,
            announced_ever=self.announced_ever,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Follower:
    """A source that another one leads to."""

    url: str
    kind: str
    lastmod: str | None = None
    """When it changed, as said there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What stood in a source that was sent whole."""

    at: datetime
    """Aware UTC."""
    rules: str
    etag: str | None
    last_modified: str | None
    body_hash: str
    is_empty: bool
    """Whether it has no entries at all."""
    urls: Sequence[AnnouncedUrl]
    """Those that are articles by the profile."""
    followers: Sequence[Follower] = ()
    """Sources that it leads to."""


class SourceMemory:
    """The sources of one catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def states(self, site: str) -> dict[str, SourceState]:
        """All sources that were ever met at a site, by URL."""
        table = schema.sources
        query = sa.select(table).where(table.c.site == site).order_by(table.c.url)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return {row.url: SourceState(**row._asdict()) for row in rows}

    def followers(self, state: SourceState) -> list[Follower]:
        """The sources that this one led to when it was last read."""
        table = schema.sources.c
        query = sa.select(table.url, table.kind, table.lastmod)
        query = query.where(table.site == state.site, table.parent == state.url).order_by(table.url)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [Follower(**row._asdict()) for row in rows]

    def keep(self, state: SourceState, reading: Reading) -> SourceState:
        """Remember what a source lists now, with its validators, in one transaction; `state` is what it was before."""

        def write(connection: Connection) -> dict[str, Any]:
            counts = write_listed(connection, state.site, state.url, reading.urls, reading.at)
            row = asdict(state) | _read(state, reading, counts)
            row |= _failing(row, row["fruitless"], reading.at)
            _put(connection, row)
            _lead(connection, state, reading.followers)
            return row

        return SourceState(**self._database.write(write))

    def keep_unchanged(self, state: SourceState, at: datetime, *, whole: bool) -> SourceState:
        """Remember that a source lists what it did; `whole` if its body was sent all the same."""
        changes = {"fetched": at, "whole": at if whole else state.whole, **_failing(asdict(state), state.fruitless, at)}
        return self._kept(replace(state, **changes))

    def keep_failure(self, state: SourceState, reason: str, at: datetime) -> SourceState:
        """Remember that a source could not be read."""
        return self._kept(replace(state, **_failing(asdict(state), reason, at)))

    def _kept(self, state: SourceState) -> SourceState:
        self._database.write(lambda connection: _put(connection, asdict(state)))
        return state


def rooted(states: Mapping[str, SourceState], roots: Iterable[str]) -> Iterator[SourceState]:
    """The sources that these lead to, themselves among them: what else was met belongs to an older profile."""
    declared = set(roots)
    for state in states.values():
        line = {state.url}
        top: SourceState | None = state
        while top is not None and top.url not in declared:
            parent = top.parent if top.parent not in line else None
            line.add(parent or "")
            top = states.get(parent or "")
        if top is not None:
            yield state


def _read(state: SourceState, reading: Reading, counts: Counts) -> dict[str, Any]:
    """The columns that a reading changes, but for failures."""
    same_tags = (reading.etag, reading.last_modified) == (state.etag, state.last_modified) != (None, None)
    is_changed = state.body_hash != reading.body_hash
    barren = not reading.urls and not reading.followers and counts.ever > 0
    return {
        "rules": reading.rules,
        "etag": reading.etag,
        "last_modified": reading.last_modified,
        "lied": reading.at if same_tags and counts.new and is_changed else state.lied,
        "body_hash": reading.body_hash,
        "fetched": reading.at,
        "whole": reading.at,
        "changed": reading.at if is_changed else state.changed,
        "announced": counts.now,
        "announced_ever": counts.ever,
        "fruitless": SOURCE_EMPTY if reading.is_empty else NO_ARTICLES if barren else None,
    }


def _failing(row: Mapping[str, Any], reason: str | None, at: datetime) -> dict[str, Any]:
    if reason is None:
        return {"failures": 0, "failing_since": None, "first_failure": None, "last_failure": None}
    return {
        "failures": row["failures"] + 1,
        "failing_since": row["failing_since"] or at,
        "first_failure": row["first_failure"] or reason,
        "last_failure": reason,
    }


def _put(connection: Connection, row: Mapping[str, Any]) -> None:
    connection.execute(schema.sources.delete().where(_is(row["site"], row["url"])))
    connection.execute(schema.sources.insert(), [dict(row)])


def _lead(connection: Connection, state: SourceState, followers: Iterable[Follower]) -> None:
    """Write down which sources this one leads to now; what it led to before is on its own."""
    table = schema.sources
    query = sa.select(table.c.url, table.c.parent, table.c.lastmod).where(table.c.site == state.site)
    known = {row.url: (row.parent, row.lastmod) for row in connection.execute(query)}
    wanted = {one.url: one for one in followers if one.url != state.url}
    left = [url for url, (parent, _) in known.items() if parent == state.url and url not in wanted]
    for some in slices(left):
        where = sa.and_(table.c.site == state.site, table.c.url.in_(some))
        connection.execute(table.update().where(where).values(parent=None, lastmod=None))
    for url, one in wanted.items():
        if url in known and known[url] != (state.url, one.lastmod):
            connection.execute(table.update().where(_is(state.site, url)).values(parent=state.url, lastmod=one.lastmod))
    new = [
        asdict(SourceState(site=state.site, url=url, kind=one.kind, parent=state.url, lastmod=one.lastmod))
        for url, one in wanted.items()
        if url not in known
    ]
    if new:
        connection.execute(table.insert(), new)


def _is(site: str, url: str) -> sa.ColumnElement[bool]:
    return sa.and_(schema.sources.c.site == site, schema.sources.c.url == url)
