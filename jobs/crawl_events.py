"""A Scrapy extension that tells the parent process how the crawl is going."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.utils.asyncio import AsyncioLoopingCall

from crawler.archiving import Archiving
from jobs.crawl_order import Done, Progress

_INTERVAL = 0.5
"""Seconds between two progress events."""


class CrawlEvents:
    """Writes events to the file descriptor PRESSKEEP_EVENTS."""

    def __init__(self, crawler: Crawler, descriptor: int) -> None:
        self._crawler = crawler
        self._stream = os.fdopen(descriptor, "w", encoding="utf-8", closefd=False)
        self._ticker = AsyncioLoopingCall(self._progress)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Reports on the `Archiving` extension of the same crawl."""
        events = cls(crawler, crawler.settings.getint("PRESSKEEP_EVENTS"))
        crawler.signals.connect(events.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(events.engine_stopped, signal=signals.engine_stopped)
        return events

    def spider_opened(self) -> None:
        """Begin to report."""
        self._ticker.start(_INTERVAL)

    def engine_stopped(self) -> None:
        """Report how it ended; by now the archive has committed."""
        self._ticker.stop()
        archiving = Archiving.of(self._crawler)
        done = Done(
            run=archiving.run,
            state=archiving.state,
            begun=archiving.begun,
            problems=archiving.problems,
            sites=archiving.tally(),
        )
        self._write(done.to_json())

    def _progress(self) -> None:
        self._write(Progress(sites=Archiving.of(self._crawler).tally()).to_json())

    def _write(self, line: str) -> None:
        # Without a reader the parent has died, and this process is about to end as well.
        with suppress(BrokenPipeError):
            self._stream.write(line)
            self._stream.flush()
