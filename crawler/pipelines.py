"""Item pipelines: extract the page of a visit, then settle the visit in the archive."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler

from archive import outcomes
from archive.records import Capture
from crawler.archiving import Archiving
from crawler.downloader import PromptDownloader
from crawler.errors import ExtractionFailed, NoWorkers
from crawler.pool import ExtractionPool, failure_outcome
from crawler.visits import Visit


class ExtractionPipeline:
    """Extracts pages in the pool; a host is asked for no more while too many of its pages wait."""

    def __init__(
        self,
        archiving: Archiving,
        new_pool: Callable[[], ExtractionPool],
        waiting: Callable[[Capture], AbstractContextManager[None]],
    ) -> None:
        """While the context that `waiting` gives is open, its page counts as not yet extracted."""
        self._archiving = archiving
        self._waiting = waiting
        self._new_pool = new_pool
        self._pool: ExtractionPool | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Needs the `Archiving` extension and our downloader."""

        def waiting(page: Capture) -> AbstractContextManager[None]:
            downloader: PromptDownloader = crawler.engine.downloader  # type: ignore[assignment] # settings.py says so
            return downloader.backlog.of(downloader.get_slot_key(Request(page.url)), len(page.body))

        return cls(Archiving.of(crawler), cls.pools(crawler), waiting)

    @classmethod
    def pools(cls, crawler: Crawler) -> Callable[[], ExtractionPool]:
        """What gives a pool when the first page is to be extracted."""
        return partial(ExtractionPool.from_settings, crawler.settings)

    async def process_item(self, item: Visit) -> Visit:
        """Turn the page of a visit into an article or a reason why there is none."""
        if item.capture is None:
            return item
        profile = self._archiving.profile(item.errand.site)
        try:
            self._pool = self._pool or self._new_pool()
            with self._waiting(item.capture):
                draft = await self._pool.extract(item.capture, profile)
        except ExtractionFailed as exc:
            return dataclasses.replace(item, outcome=failure_outcome(exc), capture=None)
        except NoWorkers as exc:
            self._archiving.give_up(exc)
            return dataclasses.replace(item, outcome=outcomes.INTERRUPTED, capture=None)
        return dataclasses.replace(item, outcome=outcomes.ARCHIVED, capture=None, draft=draft)

    def close_spider(self) -> None:
        """Stop the workers."""
        if self._pool is not None:
            self._pool.close()


class ArchivePipeline:
    """Settles every visit."""

    def __init__(self, archiving: Archiving) -> None:
        self._archiving = archiving

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Needs the `Archiving` extension."""
        return cls(Archiving.of(crawler))

    def process_item(self, item: Visit) -> Visit:
        """Hand the visit to the archive."""
        self._archiving.ledger.settle(item)
        return item
