"""What `presskeep sites` found, as people read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jobs.console import out, safe
from jobs.sites_list import Listed
from jobs.sites_page import PageReport
from jobs.sites_source import EXAMPLES, SourceReport

_LONGEST = 400


def print_listed(rows: Sequence[Listed]) -> None:
    """A line a site."""
    for row in rows:
        counts = {"feeds": row.feeds, "sitemaps": row.sitemaps, "sections": row.sections}
        sources = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "no sources"
        state = "configured" if row.configured else f"builtin:{row.site}"
        _print(f"{row.site:<20} {state:<28} {row.title}: {sources}")


def print_report(report: SourceReport | PageReport) -> None:
    """Everything about one source or one page."""
    lines = _source(report) if isinstance(report, SourceReport) else _page(report)
    for line in lines:
        _print(line)
    out.print()


def _source(report: SourceReport) -> Iterator[str]:
    yield f"{report.kind} {report.url}"
    index = f", {report.sitemaps} sitemaps" if report.sitemaps else ""
    yield f"  {report.outcome}: {report.count} links{index}, {len(report.articles)} articles by the profile"
    if report.detail:
        yield f"  {report.detail}"
    for found in report.articles[:EXAMPLES]:
        said = found.announcement
        yield f"  article  {found.url}"
        if said.title or said.published:
            yield f"           {said.title or '-'}  [{said.published or 'no date'}]"
    for url in report.others:
        yield f"  not one  {url}"
    for feed in report.feeds:
        yield f"  its head names the feed {feed}"


def _page(report: PageReport) -> Iterator[str]:
    yield f"page {report.url}"
    if report.canonical_url != report.url:
        yield f"  known as {report.canonical_url}"
    if not report.accepted:
        yield "  no article by the profile: not on its hosts, no include matches, or an exclude does"
    if not report.fields:
        yield f"  {report.outcome}{f': {report.detail}' if report.detail else ''}"
        return
    for field in report.fields:
        yield f"  {field.name:<15} {_short(field.value)}"
        yield f"  {'':<15} from {', '.join(field.origins) or 'the text'}"
    yield f"  {'missing':<15} {', '.join(report.missing) or 'nothing'}"
    for candidate in report.date_candidates:
        yield f"  {'date seen':<15} {candidate.value}  from {candidate.source}"
    yield f"  {'flags':<15} {', '.join(report.flags) or 'none'}"
    removed = ", ".join(f"{count} {reason}" for reason, count in report.removed.items())
    yield f"  {'removed blocks':<15} {removed or 'none'}"
    yield f"  {'text':<15} {report.words} words in {report.paragraphs} paragraphs"
    yield f"  {'first':<15} {_short(report.first)}"
    yield f"  {'last':<15} {_short(report.last)}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _print(line: str) -> None:
    out.print(safe(line), soft_wrap=True)
