"""A downloader that lets go when the crawl is told to stop, begins no page while it pauses, and lets hosts rest.

Scrapy waits for every request that has come as far as the downloader, and several may stand in line there for their
turn at one slow host, or wait for an answer that never comes.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine
from typing import Any

from scrapy import Request, Spider, signals
from scrapy.core.downloader import Downloader, Slot
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.utils.asyncio import AsyncioLoopingCall, call_later
from twisted.internet.defer import Deferred

from crawler.backlog import Backlog
from crawler.scheduler import PAUSE, RESUME, begins_page

ABANDONED = asyncio.CancelledError
"""What the errback of an abandoned request receives."""

STOPPING = object()
"""Scrapy signal: the crawl is told to stop, before it is finished."""

_INTERVAL = 0.5
"""Seconds between two looks whether the crawl is to stop."""


class PacedSlot(Slot):
    """The line at one host, with one random delay for each request.

    Scrapy draws another one whenever it looks whether the time has come, and so waits a fifth longer than it was told.
    """

    def __init__(self, concurrency: int, delay: float, jitter: float) -> None:
        super().__init__(concurrency, delay, jitter)
        self._drawn = 1.0
        self._drawn_after: float | None = None

    def download_delay(self) -> float:
        """Seconds from the last request to the next."""
        if not self.jitter:
            return self.delay
        if self._drawn_after != self.lastseen:
            self._drawn_after = self.lastseen
            self._drawn = 1 + random.uniform(-self.jitter, self.jitter)  # noqa: S311 - no secret
        return self.delay * self._drawn


class PromptDownloader(Downloader):
    """Abandons all requests, waiting and under way, within a second of the order to stop; answers here already stay."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.busy: Counter[str] = Counter()
        """Requests of each host, from the moment they leave the queue: robots.txt may keep them waiting too."""
        self.backlog = Backlog()
        self._fetching: set[Deferred[Any]] = set()
        self._paused = False
        self._watch = AsyncioLoopingCall(self._let_go)
        crawler.signals.connect(self._begin, signal=signals.spider_opened)
        crawler.signals.connect(self._pause, signal=PAUSE)
        crawler.signals.connect(self._resume, signal=RESUME)

    def fetch(self, request: Request) -> Deferred[Any]:  # type: ignore[override] # the parent's spider is deprecated
        """As the parent's."""
        host = self.get_slot_key(request)
        self.busy[host] += 1
        fetching: Deferred[Any] = super().fetch(request)
        self._fetching.add(fetching)
        return fetching.addBoth(self._ended, fetching, host)

    def room(self, host: str) -> int:
        """How many requests of a host the downloader takes: as many as may be under way, and two to follow.

        None while too many of its pages wait for extraction. Pages that are kept back take no room from what has to go
        on.
        """
        if self.backlog.holds_up(host):
            return 0
        at_once = int(self.per_slot_settings.get(host, {}).get("concurrency", self.domain_concurrency))
        return at_once + 2 + (self._kept_back(self.slots[host]) if host in self.slots else 0)

    def hold(self, host: str, seconds: float) -> None:
        """Send the host nothing for so long; what waits goes on waiting."""
        if slot := self.slots.get(host):
            slot.close()
            slot.latercall = call_later(seconds, self._latercall, slot)

    def turn_away(self, host: str, error: Exception) -> None:
        """Fail what waits for its turn at the host."""
        waiting = list(self.slots[host].queue) if host in self.slots else []
        for entry in waiting:
            self.slots[host].queue.remove(entry)
            entry[1].errback(error)

    def needs_backout(self) -> bool:
        """As the parent's, without the pages that are kept back, which would keep out what has to go on."""
        if not self._paused:
            return super().needs_backout()
        kept_back = sum(map(self._kept_back, self.slots.values()))
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

    def _kept_back(self, slot: Slot) -> int:
        """Requests that wait in the slot's line until the pause is over."""
        return sum(begins_page(request) for request, _ in slot.queue) if self._paused else 0

    def _process_queue(self, slot: Slot) -> None:
        kept_back = [entry for entry in slot.queue if self._paused and begins_page(entry[0])]
        for entry in kept_back:
            slot.queue.remove(entry)
        super()._process_queue(slot)
        slot.queue.extend(kept_back)

    def _get_slot(self, request: Request, spider: Spider | None = None) -> tuple[str, Slot]:
        key, slot = super()._get_slot(request)
        if not isinstance(slot, PacedSlot):
            slot = self.slots[key] = PacedSlot(slot.concurrency, slot.delay, slot.jitter)
        return key, slot

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

    def _ended(self, result: object, fetching: Deferred[Any], host: str) -> object:
        self._fetching.discard(fetching)
        self.busy[host] -= 1
        return result

    def _let_go(self) -> None:
        if not self.crawler.crawling:
            self.signals.send_catch_log(signal=STOPPING)
            for fetching in list(self._fetching):
                fetching.cancel()
