"""Extraction in worker processes that can be killed.

One hostile page can take minutes, eat the memory or crash its process. A worker that passes the deadline or dies takes
only its own page with it. Workers come from a fork server, see crawler/fork_server.py, and die with us, however we
die.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import multiprocessing
import os
import resource
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pebble import ProcessExpired, ProcessPool

from archive import outcomes
from archive.records import ArticleDraft, Capture
from crawler.articles import read_article
from crawler.errors import ExtractionFailed, NotAnArticle, NoWorkers
from crawler.fork_server import fork_server_context
from crawler.profile import SiteProfile

if TYPE_CHECKING:
    # Workers load this module, and have no use for Scrapy.
    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)

Extractor = Callable[[Capture, SiteProfile], ArticleDraft]

PAGES_A_WORKER = 2000
"""A worker is replaced after so many pages, because lxml and trafilatura keep what they once allocated."""

_NICE = 5
"""Added to the niceness of workers: they get a third of what others get that want the processor too (sched(7))."""


class ExtractionPool:
    """Extracts pages in `workers` processes, each page within `deadline` seconds and `memory` bytes of address space.

    `extractor` is a function of a module, so that workers can find it.
    """

    def __init__(self, *, workers: int, deadline: float, memory: int, extractor: Extractor = read_article) -> None:
        self._workers = workers
        self._deadline = deadline
        self._memory = memory
        self._extractor = extractor
        self._pool: ProcessPool | None = None
        self._starting = asyncio.Lock()

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """As the PRESSKEEP_EXTRACTION_* settings say."""
        return cls(
            workers=settings.getint("PRESSKEEP_EXTRACTION_WORKERS"),
            deadline=settings.getfloat("PRESSKEEP_EXTRACTION_DEADLINE"),
            memory=settings.getint("PRESSKEEP_EXTRACTION_MEMORY"),
        )

    async def extract(self, page: Capture, profile: SiteProfile) -> ArticleDraft:
        """Extract one captured page; ExtractionFailed also when the worker is too slow, runs out of memory or dies.

        NoWorkers when none can be started, for want of files or processes.
        """
        try:
            try:
                return await self._run(page, profile)
            except BrokenProcessPool:
                # A worker died between two pages, and pebble gave up on all: none of them is to blame.
                return await self._run(page, profile)
        except TimeoutError as exc:
            raise ExtractionFailed("timeout") from exc
        except MemoryError as exc:
            raise ExtractionFailed("out_of_memory") from exc
        except (ProcessExpired, BrokenProcessPool) as exc:
            raise ExtractionFailed("worker_died") from exc
        except (ExtractionFailed, NoWorkers):
            raise
        except Exception as exc:
            # A fault of ours or of a library: this page has its outcome, the crawl goes on, the log has the trace.
            logger.exception("%s: extraction broke", page.url)
            raise ExtractionFailed(type(exc).__name__) from exc

    def close(self) -> None:
        """Stop the workers; pages under way are given up."""
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()

    def __enter__(self) -> ExtractionPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _run(self, page: Capture, profile: SiteProfile) -> ArticleDraft:
        async with self._starting:
            if self._pool is None or not self._pool.active:
                # It waits for processes, and until the fork server has loaded the extractor.
                self._pool = await asyncio.to_thread(self._started)
        order = [page, profile]
        future: Future[ArticleDraft] = self._pool.schedule(self._extractor, args=order, timeout=self._deadline)
        return await asyncio.wrap_future(future)

    def _started(self) -> ProcessPool:
        """A pool at work, in the place of one that broke."""
        self.close()
        with _lacking_means():
            pool = self._new_pool()
            # Pebble starts it when it is first asked, and not when it is made.
            if not pool.active:
                raise BrokenProcessPool("a new pool is not at work")
        return pool

    def _new_pool(self) -> ProcessPool:
        return ProcessPool(
            max_workers=self._workers,
            max_tasks=PAGES_A_WORKER,
            initializer=_prepare_worker,
            initargs=[self._memory],
            context=fork_server_context(),
        )


def failure_outcome(error: ExtractionFailed | NotAnArticle) -> str:
    """The outcome that stands for an extraction that gave no article."""
    name = outcomes.NOT_ARTICLE if isinstance(error, NotAnArticle) else outcomes.EXTRACT_FAILED
    return outcomes.outcome(name, error.reason)


@contextmanager
def _lacking_means() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise NoWorkers(
            f"extraction workers cannot be started: {exc.strerror}; raise the limits of open files (ulimit -n) and "
            "processes (ulimit -u), or make /dev/shm larger"
        ) from exc


def _prepare_worker(memory: int) -> None:
    # Ctrl-C reaches the whole process group; the parent decides when workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Where processors are short, fetching comes first: a page can wait for its extraction, a site's pace cannot.
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    _die_with_parent()


def _die_with_parent() -> None:
    """Let the kernel end this process when the one that started the pool is gone.

    A worker deep in a page would not notice. The parent holds the other end of a pipe; at its end-of-file the kernel
    sends SIGIO (fcntl(2), O_ASYNC), whose default is to terminate. PR_SET_PDEATHSIG would tell of the fork server only,
    and that one lives as long as its workers.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        signal.signal(signal.SIGIO, signal.SIG_DFL)
        fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, fcntl.fcntl(parent.sentinel, fcntl.F_GETFL) | os.O_ASYNC)
