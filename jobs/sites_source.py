"""What one source of a site profile announces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from archive import outcomes
from crawler.announced import Announced, Found, SourceError
from crawler.profile import SiteProfile
from crawler.source_rules import SourceKind
from crawler.sources import read_source
from jobs.sites_fetch import Fetch

EXAMPLES = 3
"""Articles shown for each source."""

CHILDREN = 3
"""Sitemaps of an index that are looked into, the newest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceReport:
    """What one source gave."""

    kind: SourceKind
    url: str
    outcome: str
    """`listed`, or why not, as in archive/outcomes.py."""
    detail: str
    """Warnings, and what to do about a failure."""
    count: int
    """Links or entries."""
    sitemaps: int
    """Sitemaps that an index names; the newest of them are counted in."""
    articles: tuple[Found, ...]
    """Those entries that are articles by the profile."""
    others: tuple[str, ...]
    """Some of the URLs on the site's hosts that are none."""
    feeds: tuple[str, ...]
    """Feeds that a page names and the profile does not."""

    @property
    def good(self) -> bool:
        """Whether it announces articles."""
        return self.outcome == outcomes.LISTED and bool(self.articles)


def check_source(kind: SourceKind, url: str, profile: SiteProfile, fetch: Fetch) -> SourceReport:
    """Read one source; of a sitemap index also its newest sitemaps."""
    fetched = fetch(url)
    if fetched.problem:
        return _report(kind, url, profile, fetched.problem, fetched.detail)
    try:
        listing = profile.sources.listing(url)
        announced = read_source(kind, fetched.body, fetched.url, fetched.content_type, listing)
    except SourceError as exc:
        return _report(kind, url, profile, outcomes.outcome(outcomes.SOURCE_FAILED, exc.reason), exc.detail)
    outcome = outcomes.SOURCE_EMPTY if announced.reason else outcomes.LISTED
    found = [*announced.found, *newest_entries(announced.sitemaps, fetch)]
    return _report(kind, url, profile, outcome, "; ".join(announced.warnings), announced, found)


def newest_entries(sitemaps: Sequence[Found], fetch: Fetch, depth: int = 0) -> Iterator[Found]:
    """The entries of an index's newest sitemaps, by their `lastmod`; what cannot be read is left out."""
    newest = sorted(sitemaps, key=lambda found: found.announcement.modified or "", reverse=True)
    for child in newest[:CHILDREN]:
        fetched = fetch(child.url)
        try:
            announced = read_source("sitemap", fetched.body, fetched.url) if not fetched.problem else Announced()
        except SourceError:
            continue
        yield from announced.found
        if depth < 1:
            yield from newest_entries(announced.sitemaps, fetch, depth + 1)


def _report(
    kind: SourceKind,
    url: str,
    profile: SiteProfile,
    outcome: str,
    detail: str,
    announced: Announced | None = None,
    found: Sequence[Found] = (),
) -> SourceReport:
    announced = announced or Announced()
    return SourceReport(
        kind=kind,
        url=url,
        outcome=outcome,
        detail=detail,
        count=len(found),
        sitemaps=len(announced.sitemaps),
        articles=tuple(entry for entry in found if profile.accepts(entry.url)),
        others=tuple(
            islice((e.url for e in found if profile.has_host(e.url) and not profile.accepts(e.url)), EXAMPLES)
        ),
        feeds=tuple(feed for feed in announced.feeds if feed not in profile.sources.feeds),
    )
