"""The history of runs, read from the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive.catalog import Catalog
from archive.outcomes import SOURCE_EMPTY, failed
from archive.run_report import RunReport
from jobs.errors import JobsError

_SEARCHED = 10_000
"""How many runs back those of one site, or one by the beginning of its id, are looked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSummary:
    """One run in a line."""

    run: str
    command: str
    """As it was called, e.g. `crawl rudaw`."""
    started: datetime
    """Aware UTC."""
    finished: datetime | None
    """Aware UTC; None while it is under way, or when it was killed."""
    state: str
    """`running`, `done`, `interrupted` or `failed`."""
    exit_code: int | None
    """As `RunReport.exit_code`; None like `finished`."""
    sites: int
    new: int
    """Articles that are safe for the first time."""
    revised: int
    """Further revisions of known articles."""
    failed: int
    """Pages and sources that did not give what was hoped for."""


def run_summaries(catalog: Catalog, *, limit: int, site: str | None = None) -> list[RunSummary]:
    """The newest runs first, at most `limit`; with `site`, only runs that it was part of."""
    found = []
    for row in catalog.runs(limit=limit if site is None else _SEARCHED):
        report = catalog.diary.report(row["run"])
        if site is None or (report is not None and any(each.site == site for each in report.sites)):
            found.append(_summary(row, report))
        if len(found) == limit:
            break
    return found


def run_report(catalog: Catalog, run: str) -> RunReport:
    """The report of a run by its id or the beginning of it; JobsError if there is none, or more than one."""
    matching = [row for row in catalog.runs(limit=_SEARCHED) if row["run"].startswith(run)]
    if len(matching) != 1:
        there_are = f"{len(matching)} runs begin so; write more of the id" if matching else "see `presskeep runs`"
        raise JobsError(f"run {run!r}: {'not one run' if matching else 'no such run'}: {there_are}")
    report = catalog.diary.report(matching[0]["run"])
    if report is None:
        raise JobsError(f"run {matching[0]['run']}: has not ended, or was killed: there is no report of it")
    return report


def _summary(row: dict[str, Any], report: RunReport | None) -> RunSummary:
    sites = report.sites if report else ()
    return RunSummary(
        run=row["run"],
        command=row["command"],
        started=row["started"],
        finished=row["finished"],
        state=row["state"],
        exit_code=row["exit_code"],
        sites=len(sites),
        new=sum(site.new for site in sites),
        revised=sum(site.revised for site in sites),
        failed=sum(_failures(report)) if report else 0,
    )


def _failures(report: RunReport) -> Iterator[int]:
    return (count.count for count in report.counts if failed(count.outcome) and count.outcome != SOURCE_EMPTY)
