"""Whether the feeds, sitemaps and section pages of a site still announce anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archive import outcomes
from archive.run_report import SourceTrouble
from archive.site_findings import SiteFinding
from archive.site_history import SiteRun
from jobs.health_past import SitePast, Trouble, shown

_PROVEN = 5
"""Runs in which a source must have been well before its failing is news."""
_IN_A_ROW = 3
"""Failures in a row that are trouble, if there never were so many; two of those that seldom pass by themselves."""
_PASSING = ("http_5", "http_408", "http_429", "put_off", "timeout", "connection_failed", "bad_response")
_IGNORED = ("put_off:budget", outcomes.INTERRUPTED)


class SourceCheck:
    """A source that used to announce articles fails longer than it ever did."""

    def handles(self, finding: SiteFinding) -> bool:
        return finding.kind == "source"

    def troubles(self, past: SitePast) -> Sequence[Trouble]:
        return list(self._troubles(past))

    def is_over(self, past: SitePast, finding: SiteFinding) -> bool:
        return bool(past.runs) and finding.subject not in _troubled(past.runs[-1])

    def _troubles(self, past: SitePast) -> Iterator[Trouble]:
        if not past.runs:
            return
        for url, trouble in _troubled(past.runs[-1]).items():
            is_usual = past.usual("source", url)
            before = [run for run in past.runs if is_usual(run.started)][: -trouble.times]
            troubles = [_troubled(run).get(url) for run in before]
            earlier = max((it.times for it in troubles if it is not None), default=0)
            well = sum(it is None for it in troubles)
            proven = well >= _PROVEN and trouble.announced_ever
            if proven and trouble.times >= _in_a_row(trouble) and trouble.times > earlier:
                yield _found(trouble, past)


def _troubled(run: SiteRun) -> dict[str, SourceTrouble]:
    return {it.url: it for it in run.troubled_sources if it.reason not in _IGNORED}


def _in_a_row(trouble: SourceTrouble) -> int:
    return _IN_A_ROW if trouble.reason.startswith(_PASSING) else _IN_A_ROW - 1


def _found(trouble: SourceTrouble, past: SitePast) -> Trouble:
    since = trouble.since or past.runs[-1].started
    if trouble.reason == outcomes.SOURCE_EMPTY:
        what, cause = "is empty", "the site fills it no more: look for another source"
    elif trouble.reason == "no_articles":
        what, cause = (
            "announces no articles",
            "the addresses of articles look otherwise now: correct `include`, `hosts`",
        )
    else:
        what, cause = f"fails ({trouble.reason})", "it moved or is gone: open it with a browser, correct the profile"
    return Trouble(
        kind="source",
        subject=trouble.url,
        since=since,
        summary=f"a {trouble.kind} {what} since {shown(since)}, {trouble.times:,} times in a row; it had announced "
        f"{trouble.announced_ever:,} articles before",
        cause=cause,
        examples=[trouble.url],
    )
