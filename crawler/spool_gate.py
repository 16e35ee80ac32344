"""The cap of the spool: while too much waits there, no page is fetched, so that a store that is away fills no disk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from pathlib import Path

from archive.errors import ArchiveError
from archive.spool import spool_size
from archive.writer import ArchiveWriter

logger = logging.getLogger(__name__)

MEGABYTE = 1_000_000


class SpoolGate:
    """Pauses the crawl when the spool has reached its cap, and lets it go on when half of that has become safe."""

    def __init__(self, folder: Path, cap: int, *, pause: Callable[[], object], resume: Callable[[], object]) -> None:
        """`cap` is in bytes. What is under way when the crawl pauses still comes on top."""
        self._folder = folder
        self._cap = cap
        self._pause = pause
        self._resume = resume
        self._closed = False

    async def look(self, writers: Collection[ArchiveWriter]) -> None:
        """Compare the spool with its cap; ArchiveError when nothing that this crawl could do would make room."""
        waiting = _any_wait(writers)
        size = await asyncio.to_thread(spool_size, self._folder)
        if size >= self._cap:
            if not (waiting or _any_wait(writers)):
                raise ArchiveError(
                    f"spool {self._folder}: {self._of_cap(size)} are taken, and none of it is this crawl's; crawl the "
                    "sites whose folders lie there, or raise `spool_mb`"
                )
            self._close(size)
        elif self._closed and (size < self._cap // 2 or not waiting):
            self._open(size)
        if self._closed:
            # Only a batch that is closed can become safe, and nothing comes to fill it.
            for writer in writers:
                writer.close_batch()

    def _close(self, size: int) -> None:
        if not self._closed:
            self._closed = True
            # An error, because by default nothing less is shown.
            logger.error(
                "spool %s: %s wait to become safe: fetching pauses until they are; is the archive away or slow?",
                self._folder,
                self._of_cap(size),
            )
            self._pause()

    def _open(self, size: int) -> None:
        self._closed = False
        logger.error("spool %s: down to %s: fetching goes on", self._folder, self._of_cap(size))
        self._resume()

    def _of_cap(self, size: int) -> str:
        return f"{size / MEGABYTE:,.1f} MB of {self._cap / MEGABYTE:,.0f} MB (`spool_mb`)"


def _any_wait(writers: Collection[ArchiveWriter]) -> bool:
    return any(writer.waiting for writer in writers)
