"""robots.txt as RFC 9309 has it: fetched before anything else of an origin, obeyed, and waited for when it is ill.

    2xx                      its rules hold
    3xx                      followed, five times; what leads further is taken for none
    4xx but 429              there is none: everything is allowed
    5xx, 429, no answer      nothing is fetched until it can be had; the pages are put off to the next run

Its first 500 KiB are read. What was read holds for a day, in later runs too (section 2.4).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from protego import Protego
from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest, NotConfigured, StopDownload
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.httpobj import urlparse_cached

from archive.errors import ArchiveError
from archive.host_memory import HostMemory, RobotsFile
from crawler.archiving import Archiving
from crawler.resolver import RefusedAddress
from crawler.throttle import SiteThrottle
from crawler.visits import META, Errand

logger = logging.getLogger(__name__)

MAX_BYTES = 500 * 1024
"""Read of a robots.txt; the least that RFC 9309 (section 2.5) asks for."""

MAX_REDIRECTS = 5
"""Followed on the way to a robots.txt (RFC 9309, section 2.3.1.2)."""

FRESH = timedelta(days=1)
"""How long a robots.txt holds (RFC 9309, section 2.4)."""

ROBOTS = "robots"
"""Key in `Request.meta` of requests for a robots.txt: the bytes that have come so far."""

_PRIORITY = 1000


class RefusedByRobots(IgnoreRequest):
    """Raised for what robots.txt forbids; do not retry."""


class RobotsUnavailable(IgnoreRequest):
    """Raised for pages of an origin whose robots.txt cannot be had; retry in the next run.

    The cause is the exception that kept it from us, None when the server answered with an error.
    """


class Rules:
    """What a robots.txt says to us."""

    def __init__(self, text: str, agent: str) -> None:
        self._parsed = Protego.parse(text)
        self._agent = agent

    def allows(self, url: str) -> bool:
        """Whether the URL may be fetched."""
        return bool(self._parsed.can_fetch(url, self._agent))

    @property
    def delay(self) -> float:
        """Seconds between two requests that it asks for, 0 if it does not."""
        return max(0.0, float(self._parsed.crawl_delay(self._agent) or 0))

    @property
    def sitemaps(self) -> tuple[str, ...]:
        """The URLs of its `Sitemap:` lines."""
        return tuple(self._parsed.sitemaps)


class RobotsMiddleware:
    """Obeys robots.txt; it stands before everything that costs a request or a delay."""

    def __init__(
        self,
        *,
        agent: str,
        fetch: Callable[[Request], Any],
        throttle: SiteThrottle | None,
        archiving: Archiving,
    ) -> None:
        self._agent = agent
        self._fetch = fetch
        self._throttle = throttle
        self._archiving = archiving
        self._known: dict[str, asyncio.Task[Rules | Exception]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Needs the `Archiving` extension."""
        if not crawler.settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured
        middleware = cls(
            agent=crawler.settings["ROBOTSTXT_USER_AGENT"],
            fetch=lambda request: crawler.engine.download_async(request),
            throttle=crawler.get_extension(SiteThrottle),
            archiving=Archiving.of(crawler),
        )
        crawler.signals.connect(middleware.bytes_received, signal=signals.bytes_received)
        return middleware

    async def process_request(self, request: Request) -> None:
        """Raise RefusedByRobots or RobotsUnavailable for what must not be fetched, or not now."""
        if ROBOTS in request.meta:
            return
        errand: Errand | None = request.meta.get(META)
        site = errand.site if errand else None
        rules = await self.rules(request.url, site)
        if not rules.allows(request.url):
            raise RefusedByRobots(f"forbidden by {_origin(request)}/robots.txt")
        self._keep_distance(request, rules, site)

    async def rules(self, url: str, site: str | None = None) -> Rules:
        """The rules for a URL, fetched if need be on behalf of a site; RobotsUnavailable when they cannot be had."""
        origin = _origin(Request(url))
        if origin not in self._known:
            self._known[origin] = asyncio.ensure_future(self._find(origin, site))
        # Whoever asked first may be cancelled while others wait.
        found = await asyncio.shield(self._known[origin])
        if isinstance(found, Rules):
            return found
        if isinstance(found, RobotsUnavailable):
            raise RobotsUnavailable(str(found))
        if isinstance(found, RefusedAddress):
            raise RefusedAddress(found.host, found.addresses)
        raise RobotsUnavailable(f"{origin}/robots.txt: {found}") from found

    def bytes_received(self, data: bytes, request: Request) -> None:
        """Stop where enough was read."""
        if ROBOTS in request.meta:
            request.meta[ROBOTS] += len(data)
            if request.meta[ROBOTS] > MAX_BYTES:
                raise StopDownload(fail=False)

    def _keep_distance(self, request: Request, rules: Rules, site: str | None) -> None:
        if self._throttle is None or not rules.delay:
            return
        cap = self._archiving.profile(site).fetch.max_crawl_delay if site else 0.0
        self._throttle.keep_distance(request, min(rules.delay, cap))

    async def _find(self, origin: str, site: str | None) -> Rules | Exception:
        memory = self._archiving.hosts
        try:
            text = await asyncio.to_thread(_remembered, memory, origin) if memory else None
            if text is None:
                text = await self._fetched(origin, site)
                if memory:
                    file = RobotsFile(origin=origin, fetched=datetime.now(UTC), text=text)
                    await asyncio.to_thread(memory.keep_robots, file)
            return Rules(text, self._agent)
        except ArchiveError as exc:
            logger.warning("%s/robots.txt cannot be remembered: %s", origin, exc)
            return exc
        except Exception as exc:
            return exc

    async def _fetched(self, origin: str, site: str | None) -> str:
        url = f"{origin}/robots.txt"
        # As sent: nothing to unpack, so nothing that grows; and no limit but ours.
        request = Request(
            url,
            callback=NO_CALLBACK,
            priority=_PRIORITY,
            headers={"Accept": "text/plain,*/*;q=0.8", "Accept-Encoding": "identity"},
            meta={ROBOTS: 0, "site": site, "redirect_ttl": MAX_REDIRECTS, "download_maxsize": 0},
        )
        try:
            response: Response = await self._fetch(request)
        except IgnoreRequest as exc:
            if "max redirections" in str(exc):
                return ""
            raise
        if response.status == 429 or response.status >= 500:
            raise RobotsUnavailable(f"{url} answered {response.status}")
        return response.body[:MAX_BYTES].decode("utf-8-sig", "replace") if response.status < 300 else ""


def _remembered(memory: HostMemory, origin: str) -> str | None:
    file = memory.robots(origin)
    return file.text if file and file.fetched + FRESH > datetime.now(UTC) else None


def _origin(request: Request) -> str:
    parts = urlparse_cached(request)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
