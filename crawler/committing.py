"""Making what a crawl fetches safe while it goes on, each site by itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from archive.commit import CommittedBatch
from archive.errors import ArchiveError, LeaseLost, StoreDenied
from archive.writer import ArchiveWriter
from crawler.ledger import Ledger
from crawler.opening import Haste

logger = logging.getLogger(__name__)

_INTERVAL = 1.0
"""Seconds between two looks for batches that are ready."""


class Committing:
    """Commits the batches of a run; what cannot be made safe waits in the spool and is a problem of the run."""

    def __init__(
        self,
        writers: Mapping[str, ArchiveWriter],
        ledger: Ledger,
        problems: dict[str, str],
        *,
        spool: Path,
        haste: Haste,
        give_up: Callable[[Exception], None],
    ) -> None:
        """`writers` and `problems` are of sites, by name; `give_up` ends the crawl."""
        self.batches: list[CommittedBatch] = []
        """What is safe, with what earlier runs had left."""
        self._writers = writers
        self._ledger = ledger
        self._problems = problems
        self._spool = spool
        self._haste = haste
        self._give_up = give_up
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_ending(self) -> bool:
        """Whether nothing is fetched any more."""
        return self._ending.is_set()

    def begin(self) -> None:
        """Commit from now on whatever is ready."""
        self._task = asyncio.create_task(self._while_crawling())

    async def finish(self) -> None:
        """Commit all that is left; what became of each URL is settled then."""
        self._ending.set()
        if self._task is not None:
            await self._task
        self._ledger.settle_rest()
        await asyncio.gather(*(self._commit(site, last=True) for site in self._writers))

    async def _while_crawling(self) -> None:
        while not self._ending.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), _INTERVAL)
            for site, writer in self._writers.items():
                if writer.ready:
                    await self._commit(site)

    async def _commit(self, site: str, *, last: bool = False) -> None:
        writer = self._writers[site]
        try:
            done = await asyncio.to_thread(writer.finish if last else writer.commit)
        except Exception as exc:
            # Whatever it is, the other sites must still be committed; but not after minutes of waiting for each.
            self._not_safe(site, exc)
            if last:
                self._haste.hurry()
            elif isinstance(exc, StoreDenied):
                # Waiting changes nothing, and there is no use in fetching what cannot be stored.
                self._give_up(exc)
            return
        self._problems.pop(site, None)
        for batch in done:
            self._ledger.add_safe(batch)
            message = "batch %s safe: %s captures, %s articles"
            logger.info(message, batch.batch, batch.captures, batch.articles, extra={"site": site})
        self.batches += done

    def _not_safe(self, site: str, error: Exception) -> None:
        waiting = "" if isinstance(error, LeaseLost) else f"; its captures wait in {self._spool / site}"
        problem = f"{site}: {error}{waiting}"
        if self._problems.get(site) != problem:
            known = isinstance(error, ArchiveError | OSError)
            level = logging.WARNING if known else logging.ERROR
            logger.log(level, "%s", problem, exc_info=not known, extra={"site": site})
        self._problems[site] = problem
