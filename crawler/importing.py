"""Taking pages from foreign files into the archive, along the way of a crawl without its network.

    file -> pages of our sites -> not held yet -> extracted in workers -> spooled -> committed in batches

A page keeps the time at which it was captured, and says in its `origin` where it was. Only pages that give an article,
or should have, are kept: the others are in their files. How far each file is safe is remembered; what is read again
after a crash is known by its body, and what had been spooled is finished first.

Batches wait in a spool of their own and are committed beside all this (crawler/import_batches.py): crawls of the same
site go on meanwhile, and go first.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

from archive import outcomes
from archive.catalog import Catalog
from archive.catalog_rows import OutcomeRow
from archive.commit import CommittedBatch
from archive.errors import ArchiveError
from archive.foreign_warc import ForeignPage, Passed, Place
from archive.imports import ImportedFile
from archive.records import ArticleDraft, Capture
from archive.settled import Settled
from archive.store import Store
from archive.writer import BatchLimits
from crawler.any_site import Routes
from crawler.foreign_capture import routed_capture
from crawler.import_batches import ImportBatches, Mark
from crawler.pool import ExtractionPool
from crawler.profile import SiteProfile
from crawler.replay import extract_capture
from crawler.tenancy import Tenancy

LEASE = "(imports)"
"""One import works on a catalog at a time."""

_CHUNK = 32
"""Pages that are read, and looked up in the catalog, at once."""

_CHUNK_SECONDS = 1.0
"""How long such a chunk is waited for."""

_CHUNK_READ = 2000
"""Records that are read at once at most, so that our lease is renewed while nothing is wanted."""

_AHEAD = 64
"""Pages that are held in memory at once."""

_LOOK = 1.0
"""Seconds between two looks whether our lease is to be renewed, while a batch is waited for."""

_Result = TypeVar("_Result")


class Source(Protocol):
    """A file of pages."""

    @property
    def file(self) -> ImportedFile:
        """What is remembered of it."""

    @property
    def name(self) -> str:
        """What it is called in the origin of its pages, ASCII without blanks."""

    @property
    def size(self) -> int:
        """Bytes."""

    def read(self, passes: Callable[[str], str | None], start: Place) -> Iterator[ForeignPage | Passed]:
        """Its pages as in `archive.foreign_warc.read_foreign`."""


@dataclass(kw_only=True, slots=True)
class ImportReport:
    """What an import has done so far."""

    run: str
    files: int = 0
    """Files that are safe as far as they can be read."""
    files_before: int = 0
    """Files that were so before."""
    bytes: int = 0
    """Size of all these."""
    pages: int = 0
    """Pages met on the sites wanted."""
    sites: dict[str, Counter[str]] = field(default_factory=dict)
    """Site -> outcome -> pages that are safe with it."""
    passed: Counter[str] = field(default_factory=Counter)
    """Reason -> records that were passed over."""

    @property
    def archived(self) -> int:
        """Articles and revisions that are safe."""
        return sum(counts[outcomes.ARCHIVED] for counts in self.sites.values())


@dataclass(kw_only=True, slots=True)
class _Waiting:
    """A page on its way through a worker."""

    mark: Mark
    capture: Capture
    profile: SiteProfile
    url_id: str
    result: asyncio.Task[tuple[str, ArticleDraft | None]]


class Importing:
    """One import."""

    def __init__(
        self,
        *,
        store: Store,
        catalog: Catalog,
        spool: Path,
        routes: Routes,
        new_pool: Callable[[], ExtractionPool],
        run: str,
        now: Callable[[], datetime],
        limits: BatchLimits | None = None,
        on_progress: Callable[[ImportReport], None] = lambda _: None,
        on_passed: Callable[[Place, str], object] = lambda place, reason: None,
    ) -> None:
        """`on_passed` hears of each page that is read and not kept, with the reason."""
        self.report = ImportReport(run=run)
        self.committed: list[CommittedBatch] = []
        self._catalog = catalog
        self._routes = routes
        self._new_pool = new_pool
        self._run = run
        self._now = now
        self._on_progress = on_progress
        self._on_passed = on_passed
        self._tenancy = Tenancy(catalog, run)
        self._batches = ImportBatches(
            store=store,
            catalog=catalog,
            spool=spool,
            run=run,
            limits=limits or BatchLimits(),
            on_safe=self._count,
        )
        self._read_records = 0
        self._waiting: deque[_Waiting] = deque()
        self._unsafe: set[tuple[str, str]] = set()
        self._sources: Sequence[Source] = ()
        self._mark: Mark
        self._safe: list[Place | None] = []

    async def run(self, sources: Sequence[Source]) -> ImportReport:
        """Import the files; ArchiveError when the archive cannot be used or another import is at work."""
        _, refused = await self._tenancy.take([LEASE])
        if refused:
            raise ArchiveError(f"another import is at work: {refused[LEASE]}")
        try:
            await self._keeping(self._batches.finish_leftovers(self._routes, self._new_pool))
            with self._new_pool() as pool:
                await self._take_in(sources, pool)
        finally:
            await self._batches.settle_down()
            await self._tenancy.give_back()
        return self.report

    async def _take_in(self, sources: Sequence[Source], pool: ExtractionPool) -> None:
        self._sources = sources
        self._safe = [await asyncio.to_thread(self._catalog.imports.place, source.file) for source in sources]
        for number, source in enumerate(sources):
            start = self._safe[number]
            if start is None:
                self.report.files_before += 1
                self.report.bytes += source.size
            else:
                await self._take_file(number, source, start, pool)
        while self._waiting:
            await self._keep(self._waiting.popleft())
        self._mark = (len(sources), Place(offset=0, number=0))
        await self._keeping(self._batches.commit_all())
        await self._remember()

    async def _take_file(self, number: int, source: Source, start: Place, pool: ExtractionPool) -> None:
        records = source.read(self._routes.passes, start)
        while chunk := await asyncio.to_thread(_next_chunk, records):
            self._read_records += len(chunk)
            pages = []
            for record in chunk:
                if isinstance(record, Passed):
                    self.report.passed[record.reason] += 1
                else:
                    pages.append(record)
            await self._take_pages(number, source, pages, pool)
            self._mark = (number, chunk[-1].place)
            if await self._keeping(self._batches.commit_full(self._read_records)):
                await self._remember()
            await self._tenancy.renew_when_due()
            self._on_progress(self.report)

    async def _take_pages(
        self, number: int, source: Source, pages: Sequence[ForeignPage], pool: ExtractionPool
    ) -> None:
        """Send those pages to the workers that the archive does not hold, and take back what is ready."""
        self.report.pages += len(pages)
        found = []
        for page in pages:
            routed = routed_capture(page, self._routes, source.name)
            if isinstance(routed, str):
                self._pass(page.place, routed)
            else:
                found.append((page, *routed))
        ids = {identity for *_, identity in found}
        # One that becomes safe while the catalog is asked must be in this set or in its answer.
        unsafe = self._unsafe.copy()
        known = await asyncio.to_thread(self._catalog.imports.known_bodies, ids) if ids else set()
        for page, capture, profile, identity in found:
            body = (identity, capture.payload_digest)
            if body in known or body in unsafe or body in self._unsafe:
                self._pass(page.place, "held")
                continue
            self._unsafe.add(body)
            result = asyncio.create_task(extract_capture(capture, profile, pool))
            mark = (number, page.place)
            self._waiting.append(_Waiting(mark=mark, capture=capture, profile=profile, url_id=identity, result=result))
        while self._waiting and (len(self._waiting) > _AHEAD or self._waiting[0].result.done()):
            await self._keep(self._waiting.popleft())

    def _pass(self, place: Place, reason: str) -> None:
        self.report.passed[reason] += 1
        self._on_passed(place, reason)

    async def _keep(self, page: _Waiting) -> None:
        """Spool a page that gave an article, or should have."""
        outcome, draft = await page.result
        site, capture = page.profile.name, page.capture
        if outcomes.name_of(outcome) == outcomes.NOT_ARTICLE:
            self._unsafe.discard((page.url_id, capture.payload_digest))
            self._pass(page.mark[1], outcome)
            return
        spooled = self._batches.spool(capture, page.mark)
        row = OutcomeRow(site=site, kind="page", url=capture.url, outcome=outcome, at=self._now())
        settled = Settled(spooled=spooled, url_id=page.url_id, outcome=outcome, draft=draft, row=row)
        self._batches.settle(site, settled)

    def _count(self, done: CommittedBatch, settled: Sequence[Settled]) -> None:
        self._unsafe.difference_update((one.url_id, one.spooled.payload_digest) for one in settled)
        self.committed.append(done)
        counts = self.report.sites.setdefault(done.site, Counter())
        counts.update(done.outcomes)
        counts.update(one.outcome for one in settled if one.draft is None)

    async def _remember(self) -> None:
        """Write down how far the files are safe: to where the oldest page stands that is not."""
        marks = self._batches.marks + [page.mark for page in self._waiting]
        number, place = min([*marks, self._mark])
        for index, source in enumerate(self._sources[: number + 1]):
            reached = None if index < number else place
            if self._safe[index] is not None and self._safe[index] != reached:
                self._safe[index] = reached
                await asyncio.to_thread(self._catalog.imports.record, source.file, reached, self._run, self._now())
                if reached is None:
                    self.report.files += 1
                    self.report.bytes += source.size

    async def _keeping(self, work: Coroutine[None, None, _Result]) -> _Result:
        """Await it, and keep our lease meanwhile."""
        task = asyncio.create_task(work)
        while not task.done():
            await asyncio.wait({task}, timeout=_LOOK)
            await self._tenancy.renew_when_due()
        return await task


def _next_chunk(records: Iterator[ForeignPage | Passed]) -> list[ForeignPage | Passed]:
    """What comes next: little of it where each page has to be waited for, so that a crash loses little."""
    chunk: list[ForeignPage | Passed] = []
    pages, end = 0, time.monotonic() + _CHUNK_SECONDS
    for record in islice(records, _CHUNK_READ):
        chunk.append(record)
        pages += isinstance(record, ForeignPage)
        if pages == _CHUNK or time.monotonic() > end:
            break
    return chunk
