"""The one spider: reads the sources of many sites and fetches the articles that they announce.

    sources -> discovery -> new URLs -> pages -> visits

Every site has its own download slots, so one slow site does not hold up the others. Discovery, extraction and the
archive are elsewhere; here is only the way between them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Self
from zoneinfo import ZoneInfo

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from twisted.python.failure import Failure

from archive import outcomes
from archive.catalog_rows import UrlState
from archive.errors import ArchiveError
from archive.records import Announcement, url_id
from crawler.announced import MAX_BYTES, Found, SourceError
from crawler.archiving import Archiving
from crawler.dates import read_date
from crawler.due import is_due, wants_whole, was_modified
from crawler.errors import CrawlerError
from crawler.failures import failure_outcome
from crawler.media_types import refused_type
from crawler.profile import SiteProfile
from crawler.revisits import seen_again
from crawler.sources import SourceKind, read_source
from crawler.visits import META, Errand, Visit

SITEMAP_DEPTH = 3
"""Levels of sitemap indexes that are followed."""

GIVEN = Announcement(source="list", kind="list")
"""How we came to URLs given by hand."""


class NewsSpider(Spider):
    """Crawls the sites named by `-a sites=one,two` (default: all), or only the URLs given."""

    name = "news"

    def __init__(
        self,
        profiles: Mapping[str, SiteProfile],
        sites: str = "",
        urls: Iterable[tuple[str, str]] = (),
        limit: int | str = 0,
    ) -> None:
        """`urls` are pairs of site and URL; with `limit`, at most so many pages a site are fetched."""
        super().__init__()
        self.sites: dict[str, SiteProfile] = {}
        self.limit = 0
        self._urls = list(urls)
        self._ordered = (profiles, sites, limit)
        self._seen: set[str] = set()
        self._planned: Counter[str] = Counter()

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Takes the profiles from PRESSKEEP_PROFILES."""
        spider = cls(crawler.settings["PRESSKEEP_PROFILES"], *args, **kwargs)
        spider._set_crawler(crawler)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Open the archive, then ask for all sources, or for the URLs given."""
        try:
            # Not in the constructor, where Scrapy would answer an error with a traceback.
            self._take_order()
            free = await self._archiving.begin(self.sites)
            self.sites = {name: profile for name, profile in self.sites.items() if name in free}
        except (ArchiveError, CrawlerError) as exc:
            self._archiving.fail(exc)
            raise CloseSpider("could not begin") from exc
        for source in self._first_sources():
            yield source
        async for page in self._given_pages():
            yield page
        async for page in self._checks():
            yield page

    async def parse_source(self, response: Response, kind: SourceKind, depth: int) -> AsyncIterator[Any]:
        """Read a feed, sitemap or section page and go on to what it announces."""
        errand: Errand = response.meta[META]
        profile = self.sites[errand.site]
        try:
            announced = await asyncio.to_thread(read_source, kind, response.body, response.url, content_type(response))
        except SourceError as exc:
            yield Visit(errand=errand, outcome=outcomes.outcome(outcomes.SOURCE_FAILED, exc.reason), detail=exc.detail)
            return
        if depth < SITEMAP_DEPTH:
            for source in self._sources(profile, "sitemap", (found.url for found in announced.sitemaps), depth + 1):
                yield source
        if announced.next_page and depth + 1 < profile.sources.section_pages:
            for source in self._sources(profile, kind, [announced.next_page], depth + 1):
                yield source
        try:
            async for page in self._pages(profile, announced.found):
                yield page
        except ArchiveError as exc:
            yield Visit(errand=errand, outcome=outcomes.INTERRUPTED, detail=str(exc))
            return
        # Last, so that a source counts as listed only when everything that it announced is on its way.
        outcome = outcomes.SOURCE_EMPTY if announced.reason else outcomes.LISTED
        yield Visit(errand=errand, outcome=outcome, detail="; ".join(announced.warnings))

    def parse_page(self, response: Response) -> Visit:
        """Hand a page on to extraction, unless it is plainly none."""
        errand: Errand = response.meta[META]
        if errand.latest is not None and errand.latest.revisit:
            return Visit(errand=errand, outcome=outcomes.UNCHANGED, answered=True)
        if refused := refused_type(content_type(response)):
            return Visit(errand=errand, outcome=refused, answered=True)
        return Visit(errand=errand, outcome=outcomes.ARCHIVED, answered=True, capture=errand.latest)

    def failed(self, failure: Failure) -> Visit:
        """Settle an errand whose last request failed."""
        errand: Errand = failure.request.meta[META]  # type: ignore[attr-defined] # Scrapy adds the request
        outcome, detail = failure_outcome(failure)
        answered = bool(errand.trail) and outcome.startswith("http_")
        if answered and errand.latest is not None and errand.latest.revisit:
            # Scrapy takes a 304 for a failure.
            return Visit(errand=errand, outcome=outcomes.UNCHANGED, answered=True)
        return Visit(errand=errand, outcome=seen_again(outcome, errand.known), detail=detail, answered=answered)

    def _take_order(self) -> None:
        profiles, sites, limit = self._ordered
        self.sites = _chosen(profiles, sites, self._urls)
        try:
            self.limit = int(limit)
        except ValueError as exc:
            raise CrawlerError(f"limit {limit!r}: write a whole number, 0 for all pages") from exc

    @property
    def _archiving(self) -> Archiving:
        return Archiving.of(self.crawler)

    async def _pages(self, profile: SiteProfile, found: Iterable[Found]) -> AsyncIterator[Request]:
        """Requests for those URLs that are articles of the site, new in this run, and due."""
        new = {}
        for entry in found:
            if not (profile.has_host(entry.url) if self._urls else profile.accepts(entry.url)):
                continue
            identity = url_id(profile.canonical(entry.url))
            if identity not in self._seen:
                self._seen.add(identity)
                new[identity] = entry
        states = await self._archiving.url_states(new)
        for identity, entry in new.items():
            state = states.get(identity)
            if state is not None and not self._is_due(profile, entry, state):
                self._archiving.ledger.count(profile.name, "page", outcomes.KNOWN)
            elif not self.limit or self._planned[profile.name] < self.limit:
                self._planned[profile.name] += 1
                yield self._page(profile, entry.url, entry.announcement, state)

    def _is_due(self, profile: SiteProfile, entry: Found, state: UrlState) -> bool:
        now, modified = self._archiving.now(), entry.announcement.modified
        if is_due(state, now):
            return True
        said = read_date(modified, zone=ZoneInfo(profile.timezone)) if modified and profile.fetch.recheck else None
        return was_modified(state, said, now)

    async def _checks(self) -> AsyncIterator[Request]:
        """Requests for pages that should be looked at again; none in a trial."""
        for profile in () if self._urls or self.limit else self.sites.values():
            if not profile.fetch.recheck:
                continue
            # When the catalog cannot be read, the crawl is already being ended.
            with suppress(ArchiveError):
                for state in await self._archiving.checks_due(profile.name):
                    if state.url_id not in self._seen and profile.has_host(state.url):
                        self._seen.add(state.url_id)
                        yield self._page(profile, state.url, None, state)

    def _page(
        self, profile: SiteProfile, url: str, announcement: Announcement | None, state: UrlState | None
    ) -> Request:
        errand = Errand(site=profile.name, kind="page", url=url, announcement=announcement, known=state)
        if state is not None:
            ladder = self._archiving.ledger.ladders[profile.name]
            errand.conditional = not wants_whole(state, ladder, self._archiving.now())
        # What is new comes before what is only looked at again.
        return self._request(errand, self.parse_page, priority=0 if announcement else -1)

    async def _given_pages(self) -> AsyncIterator[Request]:
        for profile in self.sites.values():
            given = [Found(url=url, announcement=GIVEN) for site, url in self._urls if site == profile.name]
            # When the catalog cannot be read, the crawl is already being ended.
            with suppress(ArchiveError):
                async for page in self._pages(profile, given):
                    yield page

    def _first_sources(self) -> Iterator[Request]:
        for profile in () if self._urls else self.sites.values():
            sources = profile.sources
            yield from self._sources(profile, "feed", sources.feeds, depth=0)
            yield from self._sources(profile, "sitemap", sources.sitemaps, depth=0)
            yield from self._sources(profile, "section", sources.sections, depth=0)

    def _sources(self, profile: SiteProfile, kind: str, urls: Iterable[str], depth: int) -> Iterator[Request]:
        """Requests for those sources that were not asked for in this run: sitemaps can name each other in a circle."""
        for url in urls:
            if f"{profile.name} {url}" not in self._seen:
                self._seen.add(f"{profile.name} {url}")
                # Sources come before pages, so that the frontier fills early.
                yield self._request(
                    Errand(site=profile.name, kind="source", url=url),
                    self.parse_source,
                    priority=10,
                    cb_kwargs={"kind": kind, "depth": depth},
                    meta={"download_maxsize": MAX_BYTES},
                )

    def _request(
        self, errand: Errand, callback: Callable[..., Any], *, meta: Mapping[str, Any] = {}, **options: Any
    ) -> Request:
        self._archiving.ledger.expect(errand)
        return Request(errand.url, callback=callback, errback=self.failed, meta={META: errand, **meta}, **options)


def content_type(response: Response) -> str | None:
    """The HTTP header field as text."""
    return (response.headers.get("Content-Type") or b"").decode("latin-1") or None


def _chosen(profiles: Mapping[str, SiteProfile], sites: str, urls: Iterable[tuple[str, str]]) -> dict[str, SiteProfile]:
    names = (
        [name.strip() for name in sites.split(",") if name.strip()]
        or sorted({site for site, _ in urls})
        or list(profiles)
    )
    unknown = [name for name in names if name not in profiles]
    if unknown:
        known = ", ".join(sorted(profiles)) or "none; is there a presskeep.toml?"
        raise CrawlerError(f"unknown site {unknown[0]!r}; known are: {known}")
    return {name: profiles[name] for name in names}
