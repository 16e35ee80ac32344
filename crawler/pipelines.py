"""Item pipelines: extract the page of a visit, then settle the visit in the archive."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Self

from scrapy.crawler import Crawler

from archive import outcomes
from crawler.archiving import Archiving
from crawler.errors import ExtractionFailed, NoWorkers
from crawler.pool import ExtractionPool, failure_outcome
from crawler.visits import Visit


class ExtractionPipeline:
    """Extracts pages in the pool; Scrapy stops fetching while too many wait."""

    def __init__(self, archiving: Archiving, new_pool: Callable[[], ExtractionPool]) -> None:
        self._archiving = archiving
        self._new_pool = new_pool
        self._pool: ExtractionPool | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Needs the `Archiving` extension."""
        return cls(Archiving.of(crawler), partial(ExtractionPool.from_settings, crawler.settings))

    async def process_item(self, item: Visit) -> Visit:
        """Turn the page of a visit into an article or a reason why there is none."""
        if item.capture is None:
            return item
        profile = self._archiving.profile(item.errand.site)
        try:
            self._pool = self._pool or self._new_pool()
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
