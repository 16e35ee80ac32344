"""Planning a backfill: every address of the days wanted that the site's sources, dated addresses and a list give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, partial
from statistics import median

from archive.backfills import PlannedUrl
from archive.records import url_id
from crawler.announced import Announced, Found, SourceError
from crawler.dated_urls import MISSES, dated_url, days, is_counted
from crawler.listings import read_listing
from crawler.past import Window, is_worth_reading, place_in_past, stated_day
from crawler.profile import SiteProfile
from crawler.robots import Rules
from crawler.sections import read_section
from crawler.sitemaps import read_robots_sitemaps, read_sitemap
from crawler.source_rules import Listing
from crawler.urls import InvalidUrl
from jobs.sites_fetch import Fetch, Fetched

SITE_SOURCES = ("sitemap", "listing", "section", "dated")
"""Where a site itself tells of its past."""

MAX_SITEMAPS = 5000
"""Sitemaps that are read of one site."""

MAX_PAGES = 5000
"""Pages that are read of one listing or section."""

Reader = Callable[[bytes, str], Announced]
"""Reads a source from its bytes and address."""


@dataclass(kw_only=True)
class Planning:
    """One planning: what it asked for and what it found."""

    profile: SiteProfile
    window: Window
    fetch: Fetch
    sources: frozenset[str] = frozenset(SITE_SOURCES)
    """Those of SITE_SOURCES that are asked."""
    sitemaps: int = 0
    """Sitemaps read."""
    passed: int = 0
    """Sitemaps that hold no day of the window by their name or date."""
    pages: int = 0
    """Pages of listings and sections read."""
    problems: list[str] = field(default_factory=list)
    """A line for each source that could not be read."""
    _latencies: list[float] = field(default_factory=list)

    def urls(self, listed: Iterable[Found]) -> Iterator[PlannedUrl]:
        """Everything, sources that know the day first."""
        yield from self._planned(listed, "list")
        if "dated" in self.sources:
            yield from dated_plan(self.profile, self.window)
        readers = {"listing": self._read_listings, "sitemap": self._read_sitemaps, "section": self._read_sections}
        for source, read in readers.items():
            if source in self.sources:
                for announced in read():
                    yield from self._planned(announced.found, source)

    def _planned(self, found: Iterable[Found], source: str) -> Iterator[PlannedUrl]:
        for one in found:
            if self.profile.accepts(one.url):
                belongs, day = place_in_past(one, self.window, self.profile)
                if belongs:
                    yield planned(self.profile, one.url, source, day)

    def _read_sitemaps(self) -> Iterator[Announced]:
        waiting = list(self.profile.sources.sitemaps or read_robots_sitemaps(self._robots))
        met = set(waiting)
        while waiting and self.sitemaps < MAX_SITEMAPS:
            url = waiting.pop(0)
            announced = self._read(url, read_sitemap)
            self.sitemaps += 1
            if announced is None:
                continue
            yield announced
            for child in announced.sitemaps:
                if child.url in met:
                    continue
                met.add(child.url)
                if is_worth_reading(child, self.window, self.profile):
                    waiting.append(child.url)
                else:
                    self.passed += 1
        if waiting:
            left = f"{len(waiting):,} sitemaps are left"
            self.problems.append(f"{waiting[0]}: {MAX_SITEMAPS:,} sitemaps were read, {left}; plan fewer days at once")

    def _read_listings(self) -> Iterator[Announced]:
        """The pages of each listing, the newest first."""
        for listing in self.profile.sources.listings:

            def reader(number: int, listing: Listing = listing) -> Reader:
                return partial(read_listing, listing=listing, page=listing.first_page + number)

            yield from self._turned(listing.page(listing.first_page), reader, lambda _: True)

    def _read_sections(self) -> Iterator[Announced]:
        """The pages of each section, the newest first, as far as each leads to the next one."""
        for section in self.profile.sources.sections:
            # Every page of a section has new links to other pages; only articles tell whether it goes on.
            yield from self._turned(section, lambda _: read_section, self.profile.accepts)

    def _turned(
        self, first: str, reader: Callable[[int], Reader], counts: Callable[[str], bool]
    ) -> Iterator[Announced]:
        """One page after another until one has no new address that counts, or only what is older than the first day."""
        url: str | None = first
        met: set[str] = set()
        for number in range(MAX_PAGES):
            announced = self._read(url, reader(number), may_end=number > 0) if url else None
            self.pages += 1
            new = [it for it in announced.found if it.url not in met and counts(it.url)] if announced else []
            # Behind its end, a listing gives nothing, or its last page again and again.
            if announced is None or not new:
                return
            met.update(it.url for it in new)
            yield announced
            days = [day for it in new if (day := stated_day(it, self.profile)) is not None]
            url = announced.next_page
            if url is None or (days and max(days) < self.window.since):
                return
        self.problems.append(f"{url}: {MAX_PAGES:,} pages were read, the rest is left; name what is there with --urls")

    def _read(self, url: str, reader: Reader, *, may_end: bool = False) -> Announced | None:
        answer = self._ask(url)
        if may_end and answer.status in (400, 404, 410):
            return None
        if answer.problem is not None:
            self.problems.append(f"{url}: {answer.problem}")
            return None
        try:
            return reader(answer.body, answer.url)
        except SourceError as exc:
            self.problems.append(str(exc))
            return None

    def pace(self, user_agent: str) -> float:
        """Seconds between two requests to the site's first host: as profile and robots.txt ask, or as it answers.

        Where they set a pace, crawler/throttle.py lets no more requests begin than are answered.
        """
        rules = self.profile.fetch
        asked = min(Rules(self._robots.decode("utf-8", "replace"), user_agent).delay, rules.max_crawl_delay)
        answers = median(self._latencies) if self._latencies else 0.0
        delay = max(asked, rules.delay)
        return max(delay, answers) if delay else answers / rules.concurrency

    def _ask(self, url: str) -> Fetched:
        answer = self.fetch(url)
        if answer.latency:
            self._latencies.append(answer.latency)
        return answer

    @cached_property
    def _robots(self) -> bytes:
        host = self.profile.hosts[0]
        # A host with a port of its own is one of an intranet or a test.
        answer = self._ask(f"{'http' if ':' in host else 'https'}://{host}/robots.txt")
        return answer.body if answer.problem is None else b""


def dated_plan(profile: SiteProfile, window: Window) -> Iterator[PlannedUrl]:
    """The first addresses of each day by the profile's patterns; further ones follow those that give an article."""
    for pattern in profile.sources.dated:
        for day in days(window.since, window.until):
            yield from counted(profile, pattern, day, range(MISSES if is_counted(pattern) else 1))


def counted(profile: SiteProfile, pattern: str, day: date, numbers: Iterable[int]) -> Iterator[PlannedUrl]:
    """Addresses of one day with these numbers."""
    for number in numbers:
        url = dated_url(pattern, day, number)
        yield planned(profile, url, "dated", day, series=pattern if is_counted(pattern) else "", number=number)


def planned(
    profile: SiteProfile, url: str, source: str, day: date | None, *, series: str = "", number: int = 0
) -> PlannedUrl:
    """An address as a plan holds it."""
    try:
        identity = url_id(profile.canonical(url))
    except InvalidUrl:
        identity = url_id(url)
    return PlannedUrl(url_id=identity, url=url, source=source, day=day, series=series, number=number)
