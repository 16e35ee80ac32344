"""Runs as people read them: a line a run, or one run in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from archive.run_report import RunReport, SiteReport
from jobs.console import out, safe, size
from jobs.runs import RunSummary

_RUN_HEADINGS = ("run", "started", "took", "state", "sites", "new", "revised", "failed", "command")
_SITE_HEADINGS = (
    "site",
    "found",
    "new",
    "revised",
    "unchanged",
    "missing",
    "requests",
    "throttled",
    "rate",
    "received",
)


def print_runs(runs: Sequence[RunSummary]) -> None:
    """A table without lines, never cut, so that it can be searched and piped."""
    _print_table(_RUN_HEADINGS, (_run_row(run) for run in runs))


def print_run(report: RunReport) -> None:
    """How it went, what was done at each site, and what failed there."""
    for name, value in _facts(report):
        _print_line(f"{name:<12}  {value}")
    out.print()
    _print_table(_SITE_HEADINGS, (_site_row(site) for site in report.sites))
    for site in report.sites:
        out.print()
        _print_line(f"{site.site}: {', '.join(_outcomes(site)) or 'nothing met'}")
        for trouble in site.troubled_sources:
            _print_line(f"  {trouble}")


def _facts(report: RunReport) -> Iterator[tuple[str, str]]:
    yield "run", report.run
    yield "command", report.command
    yield "state", f"{report.state}, exit code {report.exit_code}"
    yield "started", _moment(report.started)
    yield "finished", f"{_moment(report.finished)}, after {_span(report.started, report.finished)}"
    if report.peak_memory:
        yield "peak memory", size(report.peak_memory)
    for problem in report.problems:
        yield "problem", problem


def _run_row(run: RunSummary) -> tuple[str, ...]:
    state = run.state if run.exit_code in (None, 0) or run.state != "done" else "done in part"
    numbers = (f"{count:,}" for count in (run.sites, run.new, run.revised, run.failed))
    return run.run, _moment(run.started), _span(run.started, run.finished), state, *numbers, run.command


def _site_row(site: SiteReport) -> tuple[str, ...]:
    counts = (site.found, site.new, site.revised, site.unchanged, site.missing, site.requests, site.throttled)
    return site.site, *(f"{count:,}" for count in counts), f"{site.rate:.2f}/s", size(site.bytes_received)


def _outcomes(site: SiteReport) -> Iterator[str]:
    for prefix, outcomes in (("", site.pages), ("source ", site.sources)):
        for outcome, count in sorted(outcomes.items(), key=lambda item: (-item[1], item[0])):
            yield f"{count:,} {prefix}{outcome}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _span(start: datetime, end: datetime | None) -> str:
    return f"{(end - start).total_seconds():,.1f} s" if end else "-"


def _print_table(headings: Sequence[str], rows: Iterator[tuple[str, ...]]) -> None:
    table = [tuple(headings), *rows]
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    for row in table:
        _print_line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _print_line(text: str) -> None:
    out.print(safe(text), soft_wrap=True)
