"""Whether what a site announces can still be archived."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from archive import outcomes
from archive.catalog import Catalog
from archive.site_findings import SiteFinding
from archive.site_history import SiteRun
from jobs.health_change import Sample, find_drop, is_over, of_shares
from jobs.health_past import EXAMPLES, SitePast, Trouble, shown

_LEAST = 0.3
_NOT_TRIED = frozenset({"put_off:budget", outcomes.INTERRUPTED, outcomes.LOST})
"""Failures that say nothing of the site."""
_LOOK_BACK = timedelta(days=7)

_CAUSES = {
    "http_401": "the site asks for a login",
    "http_403": "the site turns the crawler away: crawl more slowly (`fetch.delay`), ask the site",
    "http_404": "the sources lead to pages that are not there",
    "http_410": "the sources lead to pages that are gone",
    "http_429": "the site wants to be crawled more slowly: raise `fetch.delay`",
    "put_off:resting": "the host asks for rests or does not answer: crawl more slowly, ask the site",
    "put_off:robots": "robots.txt is answered with an error, so that nothing may be fetched",
    outcomes.REFUSED_ROBOTS: "robots.txt forbids these pages now: ask the site",
    outcomes.OFFSITE: "the site moved: add its new host to `hosts`, if it is still the same publisher",
    outcomes.DOUBTFUL: "walls or error pages stand where articles were",
    outcomes.REMOVED: "articles are taken down, or the site moved and leads old addresses to its front page",
    outcomes.NOT_ARTICLE: "no text is found on the pages: they changed, or `include` lets in other pages",
    outcomes.EXTRACT_FAILED: "no text can be extracted: look at a page with `presskeep show --raw`",
    outcomes.TLS_FAILED: "the site's certificate is not good",
    outcomes.DNS_FAILED: "the host name has no address: the site moved or is gone",
}
_UNREACHABLE = "the site does not answer as it should: see whether a browser reaches it"


class PagesCheck:
    """Of the pages that a run tries for the first time, or because they failed before, most become articles."""

    def handles(self, finding: SiteFinding) -> bool:
        return finding.kind == "pages"

    def troubles(self, past: SitePast) -> Sequence[Trouble]:
        change = find_drop(_samples(past), of_shares, least=_LEAST)
        if change is None:
            return []
        failures = Counter[str]()
        for run in past.runs:
            if run.started >= change.since:
                failures.update(failed_pages(run))
        reasons = ", ".join(f"{count} {outcome}" for outcome, count in failures.most_common(3))
        archived = round(change.after * change.count)
        return [
            Trouble(
                kind="pages",
                since=change.since,
                summary=f"{archived} of {change.count} pages that were announced could be archived since "
                f"{shown(change.since)} ({reasons}); before, {change.before:.0%}",
                cause=_cause(failures.most_common(1)[0][0]),
            )
        ]

    def is_over(self, past: SitePast, finding: SiteFinding) -> bool:
        return is_over(_samples(past), since=finding.since, opened=finding.opened)


def page_examples(catalog: Catalog, past: SitePast) -> list[str]:
    """Addresses of pages that failed lately in the ways that are most frequent."""
    failures = Counter[str]()
    for run in past.runs[-3:]:
        failures.update(failed_pages(run))
    names = [outcome for outcome, _ in failures.most_common(2)]
    site, since = past.profile.name, past.now - _LOOK_BACK
    return catalog.sites.pages_with(site, names, since, limit=EXAMPLES) if names else []


def failed_pages(run: SiteRun) -> dict[str, int]:
    """How often each outcome occurred by which a page did not become an article for a reason of the site's."""
    return {outcome: count for outcome, count in run.pages.items() if _is_failure(outcome)}


def _is_failure(outcome: str) -> bool:
    if outcome in _NOT_TRIED or outcomes.name_of(outcome) == outcomes.REFUSED_URL:
        return False
    walls = outcomes.name_of(outcome) in (outcomes.DOUBTFUL, outcomes.REMOVED)
    return walls or outcomes.failed(outcome)


def _cause(outcome: str) -> str:
    return _CAUSES.get(outcome) or _CAUSES.get(outcomes.name_of(outcome)) or _UNREACHABLE


def _samples(past: SitePast) -> list[Sample]:
    return list(_by_run(past))


def _by_run(past: SitePast) -> Iterator[Sample]:
    is_usual = past.usual("pages")
    for run in past.runs:
        tried = run.new + sum(failed_pages(run).values())
        if tried and is_usual(run.started):
            yield Sample(at=run.started, count=tried, total=run.new)
