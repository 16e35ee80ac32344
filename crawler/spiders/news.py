"""The one spider: reads the sources of many sites and fetches the articles that they announce.

    sources -> discovery -> new URLs -> pages -> visits

Every site has its own download slots, so one slow site does not hold up the others. Discovery, extraction and the
archive are elsewhere; here is only the way between them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Self
from zoneinfo import ZoneInfo

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from twisted.python.failure import Failure

from archive import outcomes
from archive.announcements import AnnouncedUrl
from archive.catalog_rows import UrlState
from archive.errors import ArchiveError
from archive.records import Announcement, url_id
from crawler.announced import MAX_BYTES, SourceError
from crawler.archiving import Archiving
from crawler.dates import read_date
from crawler.discovery import Answer, Discovery
from crawler.due import EARLY, is_due, wants_whole, was_modified
from crawler.errors import CrawlerError
from crawler.failures import failure_outcome, source_outcome
from crawler.media_types import refused_type
from crawler.profile import SiteProfile
from crawler.revisits import conditions, seen_again
from crawler.sources import Source
from crawler.visits import META, Errand, Visit

GIVEN = Announcement(source="list", kind="list")
"""How we came to URLs given by hand."""


class NewsSpider(Spider):
    """Crawls the sites named by `-a sites=one,two` (default: all), or only the URLs given."""

    name = "news"

    _discovery: Discovery

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
        self._again: dict[str, Sequence[UrlState]] = {}
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
            self._discovery = Discovery(self._archiving.in_catalog, self._archiving.now)
            for profile in () if self._urls else self.sites.values():
                await self._discovery.begin(profile)
                await self._look_ahead(profile)
        except (ArchiveError, CrawlerError) as exc:
            self._archiving.fail(exc)
            raise CloseSpider("could not begin") from exc
        for source in self._first_sources():
            yield source
        async for page in self._given_pages():
            yield page
        async for page in self._pending():
            yield page
        async for page in self._checks():
            yield page

    async def parse_source(self, response: Response) -> AsyncIterator[Any]:
        """Read a feed, sitemap or section page and go on to what it announces."""
        errand: Errand = response.meta[META]
        profile, source = self.sites[errand.site], errand.source
        if source is None:
            raise CrawlerError(f"{errand.url}: is no source")
        try:
            found = await self._discovery.read(profile, source, _answer(response))
        except SourceError as exc:
            outcome = source_outcome(source, outcomes.outcome(outcomes.SOURCE_FAILED, exc.reason))
            yield Visit(errand=errand, outcome=outcome, detail=exc.detail)
            return
        except ArchiveError as exc:
            yield Visit(errand=errand, outcome=outcomes.INTERRUPTED, detail=str(exc))
            return
        for follower in self._sources(profile, found.followers):
            yield follower
        try:
            async for page in self._pages(profile, found.articles):
                yield page
        except ArchiveError as exc:
            yield Visit(errand=errand, outcome=outcomes.INTERRUPTED, detail=str(exc))
            return
        # Last, so that a source counts as listed only when everything that it announced is on its way.
        yield Visit(errand=errand, outcome=found.outcome, detail=found.detail)

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
        ended = source_outcome(errand.source, outcome) if errand.source else seen_again(outcome, errand.known)
        return Visit(errand=errand, outcome=ended, detail=detail, answered=answered)

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

    async def _pages(self, profile: SiteProfile, found: Iterable[AnnouncedUrl]) -> AsyncIterator[Request]:
        """Requests for those articles that are new in this run, and due."""
        new = {entry.url_id: entry for entry in found if entry.url_id not in self._seen}
        self._seen.update(new)
        states = await self._states(new)
        removed = await self._removed([(identity, entry.url) for identity, entry in new.items()])
        for identity, entry in new.items():
            state = states.get(identity)
            if identity in removed:
                self._archiving.ledger.count(profile.name, "page", outcomes.TAKEN_DOWN)
            elif state is not None and not self._is_due(profile, entry, state):
                self._archiving.ledger.count(profile.name, "page", outcomes.KNOWN)
            elif not self.limit or self._planned[profile.name] < self.limit:
                self._planned[profile.name] += 1
                yield self._page(profile, entry.url, entry.announcement, state)

    async def _states(self, url_ids: Iterable[str]) -> Mapping[str, UrlState]:
        wanted = list(url_ids)
        return await self._archiving.in_catalog(lambda catalog: catalog.url_states(wanted))

    async def _removed(self, wanted: Sequence[tuple[str, str]]) -> set[str]:
        """Those of these ids, given with their URLs, that were taken down."""
        ids = [one for identity, url in wanted for one in (identity, url_id(url))]
        gone = await self._archiving.in_catalog(lambda catalog: catalog.tombstones.among(ids))
        return {identity for identity, url in wanted if identity in gone or url_id(url) in gone}

    def _is_due(self, profile: SiteProfile, entry: AnnouncedUrl, state: UrlState) -> bool:
        now, modified = self._archiving.now(), entry.announcement.modified
        if is_due(state, now):
            return True
        said = read_date(modified, zone=ZoneInfo(profile.timezone)) if modified and profile.fetch.recheck else None
        return was_modified(state, said, now)

    async def _pending(self) -> AsyncIterator[Request]:
        """Requests for what was announced in earlier runs and never answered; none in a trial."""
        for profile in () if self._urls or self.limit else self.sites.values():
            # When the catalog cannot be read, the crawl is already being ended.
            with suppress(ArchiveError):
                async for page in self._pages(profile, await self._unanswered(profile)):
                    yield page

    async def _checks(self) -> AsyncIterator[Request]:
        """Requests for pages that should be looked at again."""
        for name, due in self._again.items():
            # When the catalog cannot be read, the crawl is already being ended.
            with suppress(ArchiveError):
                removed = await self._removed([(state.url_id, state.url) for state in due])
                for state in due:
                    if state.url_id in removed:
                        self._archiving.ledger.count(name, "page", outcomes.TAKEN_DOWN)
                    else:
                        yield self._page(self.sites[name], state.url, None, state)

    async def _unanswered(self, profile: SiteProfile) -> list[AnnouncedUrl]:
        now = self._archiving.now()
        pending = await self._archiving.in_catalog(lambda catalog: catalog.announcements.pending(profile.name, now))
        return [one for one in pending if profile.accepts(one.url)]

    async def _look_ahead(self, profile: SiteProfile) -> None:
        """Find out which pages of a site should be looked at again; none in a trial.

        They are marked as seen before any source is asked for, which would else announce them as known first.
        """
        if not self.limit and profile.fetch.recheck:
            soon = self._archiving.now() + EARLY
            due = await self._archiving.in_catalog(lambda catalog: catalog.checks.due(profile.name, soon))
            self._again[profile.name] = [state for state in due if profile.has_host(state.url)]
            self._seen.update(state.url_id for state in self._again[profile.name])

    def _page(
        self, profile: SiteProfile, url: str, announcement: Announcement | None, state: UrlState | None
    ) -> Request:
        errand = Errand(site=profile.name, kind="page", url=url, announcement=announcement, known=state)
        if state is not None:
            ladder = self._archiving.ledger.ladders[profile.name]
            if not wants_whole(state, ladder, self._archiving.now()):
                errand.conditions = conditions(state, url)
        # What is new comes before what is only looked at again.
        return self._request(errand, self.parse_page, priority=0 if announcement else -1)

    async def _given_pages(self) -> AsyncIterator[Request]:
        for profile in self.sites.values():
            given = (
                AnnouncedUrl(url_id=url_id(profile.canonical(url)), url=url, announcement=GIVEN)
                for site, url in self._urls
                if site == profile.name and profile.has_host(url)
            )
            # When the catalog cannot be read, the crawl is already being ended.
            with suppress(ArchiveError):
                async for page in self._pages(profile, given):
                    yield page

    def _first_sources(self) -> Iterator[Request]:
        for profile in () if self._urls else self.sites.values():
            yield from self._sources(profile, (Source(kind=kind, url=url) for kind, url in profile.sources_asked))

    def _sources(self, profile: SiteProfile, sources: Iterable[Source]) -> Iterator[Request]:
        """Requests for those sources that were not asked for in this run: sitemaps can name each other in a circle."""
        for source in sources:
            if f"{profile.name} {source.url}" in self._seen:
                continue
            self._seen.add(f"{profile.name} {source.url}")
            if not self._discovery.is_due(profile, source):
                self._archiving.ledger.count(profile.name, "source", outcomes.KNOWN)
                continue
            asked = self._discovery.conditions(profile, source)
            yield self._request(
                Errand(site=profile.name, kind="source", url=source.url, source=source, conditions=asked),
                self.parse_source,
                # Sources come before pages, so that the frontier fills early.
                priority=10,
                meta={"download_maxsize": MAX_BYTES, "handle_httpstatus_list": _expected(source, asked)},
            )

    def _request(
        self, errand: Errand, callback: Callable[..., Any], *, meta: Mapping[str, Any] = {}, **options: Any
    ) -> Request:
        self._archiving.ledger.expect(errand)
        return Request(errand.url, callback=callback, errback=self.failed, meta={META: errand, **meta}, **options)


def _expected(source: Source, conditions: Mapping[str, str]) -> list[int]:
    """Statuses beside 2xx that are an answer: a site need not have a robots.txt (RFC 9309, section 2.3.1.3)."""
    return [*([304] if conditions else ()), *((401, 403, 404, 410) if source.kind == "robots" else ())]


def _answer(response: Response) -> Answer:
    return Answer(
        status=response.status,
        url=response.url,
        body=response.body if response.status < 400 else b"",
        content_type=content_type(response),
        etag=_field(response, "ETag"),
        last_modified=_field(response, "Last-Modified"),
    )


def content_type(response: Response) -> str | None:
    """The HTTP header field as text."""
    return _field(response, "Content-Type")


def _field(response: Response, name: str) -> str | None:
    return (response.headers.get(name) or b"").decode("latin-1") or None


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
