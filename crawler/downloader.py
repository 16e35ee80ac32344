"""A downloader that lets go when the crawl is told to stop.

Scrapy waits for every request that has come as far as the downloader, and dozens may stand in line there for their turn
at one slow host, or wait for an answer that never comes.
"""

from __future__ import annotations

import asyncio
from typing import Any

from scrapy import Request, signals
from scrapy.core.downloader import Downloader
from scrapy.crawler import Crawler
from scrapy.utils.asyncio import AsyncioLoopingCall
from twisted.internet.defer import Deferred

ABANDONED = asyncio.CancelledError
"""What the errback of an abandoned request receives."""

STOPPING = object()
"""Scrapy signal: the crawl is told to stop, before it is finished."""

_INTERVAL = 0.5
"""Seconds between two looks whether the crawl is to stop."""


class PromptDownloader(Downloader):
    """Abandons all requests, waiting and under way, within a second of the order to stop; answers here already stay."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._fetching: set[Deferred[Any]] = set()
        self._watch = AsyncioLoopingCall(self._let_go)
        crawler.signals.connect(self._begin, signal=signals.spider_opened)

    def fetch(self, request: Request) -> Deferred[Any]:  # type: ignore[override] # the parent's spider is deprecated
        """As the parent's."""
        fetching: Deferred[Any] = super().fetch(request)
        self._fetching.add(fetching)
        return fetching.addBoth(self._ended, fetching)

    def close(self) -> None:
        """As the parent's."""
        if self._watch.running:
            self._watch.stop()
        super().close()

    def _begin(self) -> None:
        # Scrapy's shell fetches without crawling.
        if self.crawler.crawling:
            self._watch.start(_INTERVAL)

    def _ended(self, result: object, fetching: Deferred[Any]) -> object:
        self._fetching.discard(fetching)
        return result

    def _let_go(self) -> None:
        if not self.crawler.crawling:
            self.signals.send_catch_log(signal=STOPPING)
            for fetching in list(self._fetching):
                fetching.cancel()
