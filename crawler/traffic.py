"""What each site of a crawl was asked and answered, counted as it passes through the downloader."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Self
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawler.errors import CrawlerError
from crawler.profile import SiteProfile
from crawler.visits import META

_SLOW_DOWN = (429, 503)


@dataclass(kw_only=True, slots=True)
class SiteTraffic:
    """The exchanges with one site so far, pages, sources and robots.txt alike."""

    requests: int = 0
    """Redirect hops and repeated tries each count."""
    bytes: int = 0
    """Of bodies as they came over the line."""
    throttled: int = 0
    """Answers 429 and 503."""
    first: float = 0.0
    """When the first exchange ended, in seconds of a clock of its own."""
    last: float = 0.0
    """When the last one ended."""

    @property
    def seconds(self) -> float:
        """From the end of the first exchange to that of the last."""
        return round(self.last - self.first, 3)

    @property
    def rate(self) -> float:
        """Requests a second over that span; 0 for fewer than two."""
        return round((self.requests - 1) / self.seconds, 3) if self.seconds else 0.0


class Traffic:
    """Counts exchanges by site; those with hosts of no site are not counted."""

    def __init__(self, profiles: Mapping[str, SiteProfile], *, clock: Callable[[], float] = monotonic) -> None:
        self.sites: defaultdict[str, SiteTraffic] = defaultdict(SiteTraffic)
        self._hosts = {host: profile.name for profile in profiles.values() for host in profile.hosts}
        self._clock = clock

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Reads PRESSKEEP_PROFILES."""
        traffic = cls(crawler.settings["PRESSKEEP_PROFILES"])
        crawler.signals.connect(traffic.response_downloaded, signal=signals.response_downloaded)
        crawler.signals.connect(traffic.request_left_downloader, signal=signals.request_left_downloader)
        return traffic

    @classmethod
    def of(cls, crawler: Crawler) -> Self:
        """The extension of this crawl."""
        extension = crawler.get_extension(cls)
        if extension is None:
            raise CrawlerError("the extension crawler.traffic.Traffic is switched off; take it back into EXTENSIONS")
        return extension

    def response_downloaded(self, response: Response, request: Request) -> None:
        """A server has answered."""
        if site := self._site(request):
            self.sites[site].bytes += len(response.body)
            self.sites[site].throttled += response.status in _SLOW_DOWN

    def request_left_downloader(self, request: Request) -> None:
        """An exchange has ended, with an answer or without."""
        if site := self._site(request):
            traffic, now = self.sites[site], self._clock()
            traffic.first = traffic.first if traffic.requests else now
            traffic.last = now
            traffic.requests += 1

    def _site(self, request: Request) -> str | None:
        errand = request.meta.get(META)
        return errand.site if errand is not None else self._hosts.get(urlsplit(request.url).netloc)
