"""The history of one site: what each run met there, and what is known of each article that came of it.

All of it can be rebuilt from the bucket, but for the addresses of pages that failed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from archive import schema
from archive.database import Database
from archive.run_report import TROUBLES, SourceTrouble

_SITES = schema.run_sites.c
_COUNTS = schema.run_counts.c
_ARTICLES = schema.articles.c
_OUTCOMES = schema.outcomes.c
_SOURCES = schema.sources.c
_ANNOUNCED = schema.announced.c

_LONG_RUN = timedelta(days=2)
"""How long a run may last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteRun:
    """What one run met at the site."""

    run: str
    started: datetime
    """Aware UTC."""
    new: int
    """Articles that became safe for the first time."""
    pages: Mapping[str, int]
    """How often each outcome of archive/outcomes.py occurred at pages."""
    sources: Mapping[str, int]
    """The same for feeds, sitemaps and section pages; empty for a run that was given its addresses."""
    troubled_sources: Sequence[SourceTrouble] = ()
    """The sources that announced nothing, though they should."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ArticleFacts:
    """What is known of an article when it was first archived."""

    url: str
    run: str
    """The last one that had begun when it was fetched, or the day where none is known."""
    fetched: datetime
    """Aware UTC."""
    titled: bool
    authors: int | None
    """How many; None where an older version archived it."""
    published: date | None
    """In the publisher's own time zone."""
    published_at: datetime | None
    """Aware UTC; None where only the day is known."""
    language: str | None
    word_count: int
    removed_share: float | None
    """How much of the body was boilerplate, from 0 to 1; None where an older version archived it."""
    flags: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceNews:
    """What a source of the profile has listed for the first time, by when it was read (aware UTC), how many URLs."""

    url: str
    kind: str
    fetched: datetime
    """When it was last read, or said to be unchanged, aware UTC."""
    is_failing: bool = False
    """Whether it could not be read the last time, or lists nothing that is an article."""
    first_listed: Mapping[datetime, int]


class SiteHistory:
    """Reads the history of sites from one catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def runs(self, site: str, since: datetime) -> list[SiteRun]:
        """The runs that began since then and have ended, oldest first."""
        runs = (
            sa.select(_SITES.run, _SITES.started, _SITES.new, _SITES.troubled_sources)
            .where(_SITES.site == site, _SITES.started >= since)
            .order_by(_SITES.started, _SITES.run)
        )
        counts = (
            sa.select(_COUNTS.run, _COUNTS.kind, _COUNTS.outcome, _COUNTS["count"])
            .join(schema.run_sites, (_SITES.run == _COUNTS.run) & (_SITES.site == _COUNTS.site))
            .where(_SITES.site == site, _SITES.started >= since)
        )
        by_run: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: {"page": {}, "source": {}})
        with self._database.reading() as connection:
            for run, kind, outcome, count in connection.execute(counts):
                by_run[run][kind][outcome] = count
            return [
                SiteRun(
                    run=row.run,
                    started=row.started,
                    new=row.new,
                    pages=by_run[row.run]["page"],
                    sources=by_run[row.run]["source"],
                    troubled_sources=TROUBLES.validate_json(row.troubled_sources),
                )
                for row in connection.execute(runs)
            ]

    def sources(self, site: str, since: datetime) -> list[SourceNews]:
        """The sources that no other one led to, by URL, with what they listed since then."""
        sources = (
            sa.select(_SOURCES.url, _SOURCES.kind, _SOURCES.fetched, _SOURCES.failures)
            .where(_SOURCES.site == site, _SOURCES.parent.is_(None), _SOURCES.fetched.is_not(None))
            .order_by(_SOURCES.url)
        )
        listed = (
            sa.select(_ANNOUNCED.source, _ANNOUNCED.first, sa.func.count().label("urls"))
            .where(_ANNOUNCED.site == site, _ANNOUNCED.first >= since)
            .group_by(_ANNOUNCED.source, _ANNOUNCED.first)
            .order_by(_ANNOUNCED.first)
        )
        first_listed: dict[str, dict[datetime, int]] = defaultdict(dict)
        with self._database.reading() as connection:
            for source, first, urls in connection.execute(listed):
                first_listed[source][first] = urls
            return [
                SourceNews(
                    url=row.url,
                    kind=row.kind,
                    fetched=row.fetched,
                    is_failing=row.failures > 0,
                    first_listed=first_listed[row.url],
                )
                for row in connection.execute(sources)
            ]

    def totals(self, since: datetime) -> list[dict[str, Any]]:
        """For each site that was ever crawled: its last runs, and sums over the runs that began since then; by site.

        However long the history is, only its newest end is read, and back to the last run that found something.
        """
        rows = self._database.read(lambda connection: connection.execute(totals_query(since)).all())
        return [row._asdict() for row in rows]

    def articles(self, site: str, since: datetime, *, limit: int) -> list[ArticleFacts]:
        """The newest articles that were first archived since then, oldest first."""
        query = (
            sa.select(
                *(_ARTICLES[name] for name in ("url", "fetched", "published", "published_at", "language")),
                *(_ARTICLES[name] for name in ("word_count", "removed_share", "authors", "flags")),
                _ARTICLES.title.is_not(None).label("titled"),
            )
            .where(_ARTICLES.site == site, _ARTICLES.revision == 1, _ARTICLES.fetched >= since)
            .order_by(_ARTICLES.fetched.desc(), _ARTICLES.url_id)
            .limit(limit)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        if not rows:
            return []
        # Not by their batch, for batches are made one when they are compacted.
        runs = self._starts(site, rows[-1].fetched - _LONG_RUN)
        return [_facts(row, runs) for row in reversed(rows)]

    def pages_with(self, site: str, outcomes: Iterable[str], since: datetime, *, limit: int) -> list[str]:
        """Addresses of pages that ended in one of these outcomes since then, the newest first."""
        query = (
            sa.select(_OUTCOMES.url)
            .where(_OUTCOMES.site == site, _OUTCOMES.kind == "page", _OUTCOMES.at >= since)
            .where(_OUTCOMES.outcome.in_(list(outcomes)))
            .order_by(_OUTCOMES.at.desc(), _OUTCOMES.id.desc())
            .limit(limit)
        )
        return self._database.read(lambda connection: list(connection.scalars(query)))

    def _starts(self, site: str, since: datetime) -> list[tuple[datetime, str]]:
        query = (
            sa.select(_SITES.started, _SITES.run)
            .where(_SITES.site == site, _SITES.started >= since)
            .order_by(_SITES.started)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [(row.started, row.run) for row in rows]


def totals_query(since: datetime) -> sa.Select[Any]:
    """What `SiteHistory.totals` asks."""
    sites = _sites().c.site
    of_site = sa.select(sa.func.max(_SITES.started)).where(_SITES.site == sites)
    lately = (_SITES.site == sites, _SITES.started >= since)
    sums = {
        "new_articles_day": _SITES.new,
        "revised_articles_day": _SITES.revised,
        "requests_day": _SITES.requests,
        "throttled_day": _SITES.throttled,
        "received_bytes_day": _SITES.bytes_received,
        "stored_bytes_day": _SITES.bytes_stored,
    }
    last_new = (
        sa.select(_SITES.started)
        .where(_SITES.site == sites, _SITES.new > 0)
        .order_by(_SITES.started.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        sa.select(
            sites,
            of_site.scalar_subquery().label("last_run_timestamp_seconds"),
            last_new.label("last_new_timestamp_seconds"),
            sa.select(sa.func.count()).select_from(schema.run_sites).where(*lately).scalar_subquery().label("runs_day"),
            *(
                sa.select(sa.cast(sa.func.coalesce(sa.func.sum(column), 0), sa.BigInteger))
                .where(*lately)
                .scalar_subquery()
                .label(name)
                for name, column in sums.items()
            ),
        )
        .where(sites.is_not(None))
        .order_by(sites)
    )


def _sites() -> sa.CTE:
    """The sites that were ever crawled, found by leaping through the index from one to the next."""
    first = sa.select(sa.func.min(_SITES.site).label("site")).cte("sites", recursive=True)
    following = sa.select(sa.func.min(_SITES.site)).where(_SITES.site > first.c.site).scalar_subquery()
    return first.union_all(sa.select(following).where(first.c.site.is_not(None)))


def _facts(row: sa.Row[Any], runs: Sequence[tuple[datetime, str]]) -> ArticleFacts:
    place = bisect_right(runs, row.fetched, key=lambda run: run[0])
    run = runs[place - 1][1] if place else f"{row.fetched:%Y%m%d}"
    values = row._asdict() | {"flags": frozenset(row.flags.split()), "titled": bool(row.titled), "run": run}
    return ArticleFacts(**values)
