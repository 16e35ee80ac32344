"""The status of sites as people read it: a line a site, or one site in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from jobs.console import out, safe, size
from jobs.status import SiteReport, SiteRun, SiteStatus

_HEADINGS = ("site", "articles", "revisions", "removed", "from", "to", "last fetched", "stored", "last run")


def print_statuses(statuses: Sequence[SiteStatus]) -> None:
    """A table without lines, its widest column last; never cut, so that it can be searched and piped."""
    rows = [_HEADINGS, *(_row(status) for status in statuses)]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        _print_line("  ".join(cells).rstrip())
    for status in statuses:
        for trouble in status.troubled_sources:
            _print_line(f"{status.site}: {trouble}")


def print_report(report: SiteReport) -> None:
    """What is archived of the site, its last runs, and what failed in the newest of them."""
    for name, value in zip(_HEADINGS[:-1], _row(report.status), strict=False):
        _print_line(f"{name:<12}  {value}")
    if not report.status.configured:
        _print_line("no profile names this site any more: it is kept, and not crawled")
    out.print("\nlast runs" if report.runs else "\nno finished run is recorded")
    for run in report.runs:
        _print_line(f"  {run.run}  {_summary(run)}")
    if report.status.troubled_sources:
        out.print("\nsources that announce nothing")
    for trouble in report.status.troubled_sources:
        _print_line(f"  {trouble}")
    if report.failures:
        out.print("\nfailures of the last run")
    for failure in report.failures:
        _print_line(f"  {failure.count} {'source ' if failure.kind == 'source' else ''}{failure.outcome}")
        for url, detail in failure.examples:
            _print_line(f"    {url}{f'  {detail}' if detail else ''}")


def _row(status: SiteStatus) -> tuple[str, ...]:
    return (
        status.site,
        f"{status.articles:,}",
        f"{status.revisions:,}",
        f"{status.removed:,}",
        _day(status.first_day),
        _day(status.last_day),
        _moment(status.last_fetched),
        size(status.bytes),
        _summary(status.last_run) if status.last_run else "none",
    )


def _summary(run: SiteRun) -> str:
    counts = ", ".join(_counts(run)) or "nothing met"
    return f"{_moment(run.started)} {run.state}: {counts}"


def _counts(run: SiteRun) -> Iterator[str]:
    for outcome, count in sorted(run.outcomes.items(), key=lambda item: (-item[1], item[0])):
        yield f"{count:,} {outcome}"
    for outcome, count in sorted(run.source_outcomes.items(), key=lambda item: (-item[1], item[0])):
        yield f"{count:,} source {outcome}"


def _day(day: date | None) -> str:
    return day.isoformat() if day else "-"


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "-"


def _print_line(text: str) -> None:
    out.print(safe(text), soft_wrap=True)
