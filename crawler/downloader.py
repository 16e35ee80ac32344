"""A downloader that lets go when the crawl is told to stop, and begins no page while it pauses.

Scrapy waits for every request that has come as far as the downloader, and dozens may stand in line there for their turn
at one slow host, or wait for an answer that never comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from scrapy import Request, signals
from scrapy.core.downloader import Downloader, Slot
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.utils.asyncio import AsyncioLoopingCall
from twisted.internet.defer import Deferred

from crawler.scheduler import PAUSE, RESUME, begins_page

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
        self._paused = False
        self._watch = AsyncioLoopingCall(self._let_go)
        crawler.signals.connect(self._begin, signal=signals.spider_opened)
        crawler.signals.connect(self._pause, signal=PAUSE)
        crawler.signals.connect(self._resume, signal=RESUME)

    def fetch(self, request: Request) -> Deferred[Any]:  # type: ignore[override] # the parent's spider is deprecated
        """As the parent's."""
        fetching: Deferred[Any] = super().fetch(request)
        self._fetching.add(fetching)
        return fetching.addBoth(self._ended, fetching)

    def needs_backout(self) -> bool:
        """As the parent's, without the pages that are kept back, which would keep out what has to go on."""
        if not self._paused:
            return super().needs_backout()
        kept_back = sum(begins_page(request) for slot in self.slots.values() for request, _ in slot.queue)
        return 0 < self.total_concurrency <= len(self.active) - kept_back

    def close(self) -> None:
        """As the parent's."""
        if self._watch.running:
            self._watch.stop()
        super().close()

    def _begin(self) -> None:
        # Scrapy's shell fetches without crawling.
        if self.crawler.crawling:
            self._watch.start(_INTERVAL)

    def _process_queue(self, slot: Slot) -> None:
        kept_back = [entry for entry in slot.queue if self._paused and begins_page(entry[0])]
        for entry in kept_back:
            slot.queue.remove(entry)
        super()._process_queue(slot)
        slot.queue.extend(kept_back)

    def _wait_for_download(
        self, slot: Slot, request: Request, queue_dfd: Deferred[Response]
    ) -> Coroutine[Any, Any, None]:
        # Scrapy counts a transfer only when its task first runs, and would begin all at once that a robots.txt held up.
        slot.transferring.add(request)
        return super()._wait_for_download(slot, request, queue_dfd)

    def _pause(self) -> None:
        self._paused = True

    def _resume(self) -> None:
        self._paused = False
        for slot in self.slots.values():
            self._process_queue(slot)

    def _ended(self, result: object, fetching: Deferred[Any]) -> object:
        self._fetching.discard(fetching)
        return result

    def _let_go(self) -> None:
        if not self.crawler.crawling:
            self.signals.send_catch_log(signal=STOPPING)
            for fetching in list(self._fetching):
                fetching.cancel()
