"""What the archive holds of each site, and how its last crawls went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from archive.catalog import Catalog
from archive.catalog_rows import OutcomeRow
from archive.outcomes import failed
from archive.run_report import SourceTrouble
from archive.source_memory import rooted
from crawler.profile import SiteProfile

RUNS_SEARCHED = 1000
"""How many runs back a site's last ones are looked for."""
RUNS_SHOWN = 10
EXAMPLES = 3
"""URLs shown for each kind of failure."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteRun:
    """What one run did at one site."""

    run: str
    command: str
    """As it was called, e.g. `crawl rudaw`."""
    started: datetime
    """Aware UTC."""
    finished: datetime | None
    """Aware UTC."""
    state: str
    """`done`, `partly_failed`, `interrupted`, `failed` or `running`; of the whole run."""
    outcomes: dict[str, int]
    """How often each outcome of archive/outcomes.py occurred at the site's pages."""
    source_outcomes: dict[str, int]
    """The same for its feeds, sitemaps and section pages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteStatus:
    """One site: what is archived, and its last run."""

    site: str
    configured: bool
    """Whether it has a profile now."""
    articles: int
    revisions: int
    """At least as many as articles."""
    removed: int
    """Articles that are gone from the site, and kept here."""
    first_day: date | None
    """Earliest day of publication."""
    last_day: date | None
    """Latest day of publication."""
    last_fetched: datetime | None
    """When the newest revision was fetched, aware UTC."""
    bytes: int
    """Of its raw pages and shards in the archive."""
    last_run: SiteRun | None
    """None when the last `RUNS_SEARCHED` runs did not touch the site."""
    troubled_sources: tuple[SourceTrouble, ...] = ()
    """Sources of its profile that announced nothing when they were last asked, though they should."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """One way in which URLs failed in a site's last run."""

    outcome: str
    kind: str
    """`page` or `source`."""
    count: int
    examples: tuple[tuple[str, str], ...]
    """Up to `EXAMPLES` pairs of URL and detail."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteReport:
    """One site in detail."""

    status: SiteStatus
    runs: tuple[SiteRun, ...]
    """Its last runs, newest first."""
    failures: tuple[Failure, ...]
    """Of its last run, most frequent first."""


def site_statuses(catalog: Catalog, profiles: Mapping[str, SiteProfile]) -> list[SiteStatus]:
    """All sites that are configured or archived, by name."""
    archived = {summary["site"]: summary for summary in catalog.site_summaries()}
    removed = catalog.history.removed()
    names = set(profiles)
    last = _last_runs(catalog, names | set(archived))
    return [
        _status(
            site,
            archived.get(site, {}),
            configured=site in names,
            removed=removed.get(site, 0),
            last_run=last.get(site),
            troubled_sources=_troubles(catalog, profiles[site]) if site in names else (),
        )
        for site in sorted(names | set(archived))
    ]


def site_report(catalog: Catalog, status: SiteStatus) -> SiteReport:
    """More about one of `site_statuses`."""
    runs = [run for site, run in _site_runs(catalog, {status.site}, limit=RUNS_SHOWN)]
    rows = catalog.outcome_rows(runs[0].run) if runs else []
    return SiteReport(
        status=status, runs=tuple(runs), failures=tuple(_failures(row for row in rows if row.site == status.site))
    )


def _status(
    site: str,
    summary: dict[str, Any],
    *,
    configured: bool,
    removed: int,
    last_run: SiteRun | None,
    troubled_sources: tuple[SourceTrouble, ...],
) -> SiteStatus:
    return SiteStatus(
        site=site,
        configured=configured,
        articles=summary.get("articles", 0),
        revisions=summary.get("revisions", 0),
        removed=removed,
        first_day=summary.get("first_day"),
        last_day=summary.get("last_day"),
        last_fetched=summary.get("last_fetched"),
        bytes=int(summary.get("bytes", 0)),
        last_run=last_run,
        troubled_sources=troubled_sources,
    )


def _troubles(catalog: Catalog, profile: SiteProfile) -> tuple[SourceTrouble, ...]:
    met = rooted(catalog.sources.states(profile.name), (url for _, url in profile.sources_asked))
    return tuple(state.trouble for state in met if state.trouble is not None)


def _last_runs(catalog: Catalog, sites: Collection[str]) -> dict[str, SiteRun]:
    found: dict[str, SiteRun] = {}
    for site, run in _site_runs(catalog, sites, limit=None):
        found.setdefault(site, run)
        if len(found) == len(sites):
            break
    return found


def _site_runs(catalog: Catalog, sites: Collection[str], *, limit: int | None) -> Iterator[tuple[str, SiteRun]]:
    """Newest first, at most `limit`; of one under way, or killed, what it has made safe counts."""
    seen = 0
    for row in catalog.runs(limit=RUNS_SEARCHED):
        counts: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: {"page": {}, "source": {}})
        for count in catalog.run_counts(row["run"]):
            counts[count.site][count.kind][count.outcome] = count.count
        for site in sorted(counts.keys() & set(sites)):
            yield site, _site_run(row, counts[site])
            seen += 1
            if seen == limit:
                return


def _site_run(row: dict[str, Any], counts: dict[str, dict[str, int]]) -> SiteRun:
    return SiteRun(
        run=row["run"],
        command=row["command"],
        started=row["started"],
        finished=row["finished"],
        state=row["state"],
        outcomes=counts["page"],
        source_outcomes=counts["source"],
    )


def _failures(rows: Iterable[OutcomeRow]) -> list[Failure]:
    groups: dict[tuple[str, str], list[OutcomeRow]] = defaultdict(list)
    for row in rows:
        if failed(row.outcome):
            groups[row.outcome, row.kind].append(row)
    failures = [
        Failure(
            outcome=outcome,
            kind=kind,
            count=len(group),
            examples=tuple((row.url, row.detail) for row in group[:EXAMPLES]),
        )
        for (outcome, kind), group in groups.items()
    ]
    return sorted(failures, key=lambda failure: -failure.count)
