"""A scheduler that can pause: no new page is begun, while every page that was begun comes to its end.

Redirects and repeated requests must go on during a pause, because the captures behind them cannot be made safe before
their page is settled. Feeds, sitemaps and robots.txt go on too: they are not kept.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Self

from scrapy import Request
from scrapy.core.scheduler import Scheduler
from scrapy.crawler import Crawler

from crawler.visits import META, Errand

PAUSE = object()
"""Scrapy signal: begin no page from now on."""

RESUME = object()
"""Scrapy signal: go on."""


def begins_page(request: Request) -> bool:
    """Whether the request is the first for its page."""
    errand: Errand | None = request.meta.get(META)
    return errand is not None and errand.kind == "page" and not errand.trail


class PausingScheduler(Scheduler):
    """Keeps back the requests that begin a page, from `PAUSE` to `RESUME`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._paused = False
        self._kept_back: deque[Request] = deque()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As the parent's, listening to the two signals."""
        scheduler = super().from_crawler(crawler)
        crawler.signals.connect(scheduler._pause, signal=PAUSE)
        crawler.signals.connect(scheduler._resume, signal=RESUME)
        return scheduler

    def next_request(self) -> Request | None:
        """As the parent's."""
        if self._kept_back and not self._paused:
            return self._kept_back.popleft()
        while (request := super().next_request()) is not None and self._paused and begins_page(request):
            self._kept_back.append(request)
        return request

    def has_pending_requests(self) -> bool:
        """As the parent's."""
        return bool(self._kept_back) or super().has_pending_requests()

    def __len__(self) -> int:
        return len(self._kept_back) + super().__len__()

    def _pause(self) -> None:
        self._paused = True

    def _resume(self) -> None:
        self._paused = False
