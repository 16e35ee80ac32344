"""Taking pages from foreign files into the archive, along the way of a crawl without its network.

    file -> pages of our sites -> not held yet -> extracted in workers -> spooled -> committed in batches

A page keeps the time at which it was captured, and says in its `origin` where it was. Only pages that give an article,
or should have, are kept: the others are in their files. How far each file is safe is remembered; what is read again
after a crash is known by its body, and what had been spooled is finished first.

Batches wait in a spool of their own, and a site is leased only for as long as a batch of it is committed: so crawls of
the same site go on meanwhile, and go first.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Protocol

from archive import outcomes
from archive.catalog import Catalog
from archive.catalog_rows import OutcomeRow
from archive.commit import CommittedBatch, commit_batch
from archive.errors import ArchiveError, LeaseHeld
from archive.foreign_warc import ForeignPage, Passed, Place
from archive.imports import ImportedFile
from archive.leases import Lease
from archive.records import ArticleDraft, Capture, url_id
from archive.settled import Settled
from archive.spool import OpenSegment
from archive.store import Store
from archive.writer import BatchLimits
from crawler.any_site import Routes, any_site
from crawler.archiving import SOFTWARE
from crawler.media_types import refused_type
from crawler.pool import ExtractionPool
from crawler.profile import SiteProfile
from crawler.recovery import recover
from crawler.repeated import remove_repeated
from crawler.replay import extract_capture
from crawler.tenancy import TTL, Tenancy
from crawler.urls import InvalidUrl, absolute_url

logger = logging.getLogger(__name__)

SPOOL = ".imports"
"""Folder in the spool; no site has this name."""

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

_OLDEST = 20_000
"""Records after which a batch is committed though it is not full: so many are read again after a crash."""

_LEASE_WAIT = 1.0
"""Seconds between two looks whether a crawl has ended."""


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


Mark = tuple[int, Place]
"""Number of a file and a place in it: all before it is done with."""


@dataclass(kw_only=True, slots=True)
class _Batch:
    """Captures of one site that are not safe yet."""

    segment: OpenSegment
    first: Mark
    begun: int
    """Records that had been read then."""
    settled: list[Settled] = field(default_factory=list)


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
        self._store = store
        self._catalog = catalog
        self._spool = spool / SPOOL
        self._routes = routes
        self._new_pool = new_pool
        self._run = run
        self._now = now
        self._limits = limits or BatchLimits()
        self._on_progress = on_progress
        self._on_passed = on_passed
        self._tenancy = Tenancy(catalog, run)
        self._batches: dict[str, _Batch] = {}
        self._segments = 0
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
            await self._finish_leftovers(routes=self._routes)
            with self._new_pool() as pool:
                await self._take_in(sources, pool)
        finally:
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
        for site in list(self._batches):
            await self._commit(site)
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
            await self._commit_full()
            await self._tenancy.renew_when_due()
            self._on_progress(self.report)

    async def _take_pages(
        self, number: int, source: Source, pages: Sequence[ForeignPage], pool: ExtractionPool
    ) -> None:
        """Send those pages to the workers that the archive does not hold, and take back what is ready."""
        self.report.pages += len(pages)
        found = [(page, *routed) for page in pages if (routed := self._routed(page, source)) is not None]
        ids = {identity for *_, identity in found}
        known = await asyncio.to_thread(self._catalog.imports.known_bodies, ids) if ids else set()
        for page, capture, profile, identity in found:
            body = (identity, capture.payload_digest)
            if body in known or body in self._unsafe:
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

    def _routed(self, page: ForeignPage, source: Source) -> tuple[Capture, SiteProfile, str] | None:
        """A page as a capture of its site, None if it is counted as passed over."""
        try:
            url = absolute_url(page.url)
            profile = self._routes.profile(url)
            identity = url_id(profile.canonical(url)) if profile is not None else ""
        except InvalidUrl:
            profile = None
        content_type = next((value for name, value in page.headers if name.lower() == "content-type"), None)
        refused = f"http_{page.status}" if page.status != 200 else refused_type(content_type)
        if profile is None or refused is not None:
            self._pass(page.place, refused or "no_url")
            return None
        return _capture(page, url, profile, source), profile, identity

    async def _keep(self, page: _Waiting) -> None:
        """Spool a page that gave an article, or should have."""
        outcome, draft = await page.result
        site, capture = page.profile.name, page.capture
        if outcomes.name_of(outcome) == outcomes.NOT_ARTICLE:
            self._unsafe.discard((page.url_id, capture.payload_digest))
            self._pass(page.mark[1], outcome)
            return
        batch = self._batches.get(site) or self._open(site, page.mark)
        spooled = batch.segment.append(capture)
        row = OutcomeRow(site=site, kind="page", url=capture.url, outcome=outcome, at=self._now())
        batch.settled.append(Settled(spooled=spooled, url_id=page.url_id, outcome=outcome, draft=draft, row=row))

    def _open(self, site: str, first: Mark) -> _Batch:
        self._segments += 1
        path = self._spool / site / f"{self._run}-{self._segments:05d}"
        software = " ".join(f"{name}/{number}" for name, number in SOFTWARE.items())
        segment = OpenSegment.create(path, info={"software": software, "run": self._run})
        self._batches[site] = _Batch(segment=segment, first=first, begun=self._read_records)
        return self._batches[site]

    async def _commit_full(self) -> None:
        full = [
            site
            for site, batch in self._batches.items()
            if len(batch.settled) >= self._limits.captures
            or batch.segment.size >= self._limits.bytes
            or self._read_records - batch.begun >= _OLDEST
        ]
        for site in full:
            await self._commit(site)
        if full:
            await self._remember()

    async def _commit(self, site: str) -> None:
        batch = self._batches.pop(site)
        async with self._leased(site) as lease:
            done = await asyncio.to_thread(
                commit_batch,
                store=self._store,
                catalog=self._catalog,
                site=site,
                run=self._run,
                software=SOFTWARE,
                segment=batch.segment.close(),
                settled=batch.settled,
                notes=[],
                lease=lease,
                clean=remove_repeated,
            )
        self._unsafe.difference_update((one.url_id, one.spooled.payload_digest) for one in batch.settled)
        failed = Counter(one.outcome for one in batch.settled if one.draft is None)
        self._count(done, failed)

    def _count(self, done: CommittedBatch, failed: Counter[str]) -> None:
        self.committed.append(done)
        counts = self.report.sites.setdefault(done.site, Counter())
        counts.update(done.outcomes)
        counts.update(failed)

    async def _remember(self) -> None:
        """Write down how far the files are safe: to where the oldest page stands that is not."""
        marks = [batch.first for batch in self._batches.values()] + [page.mark for page in self._waiting]
        number, place = min([*marks, self._mark])
        for index, source in enumerate(self._sources[: number + 1]):
            reached = None if index < number else place
            if self._safe[index] is not None and self._safe[index] != reached:
                self._safe[index] = reached
                await asyncio.to_thread(self._catalog.imports.record, source.file, reached, self._run, self._now())
                if reached is None:
                    self.report.files += 1
                    self.report.bytes += source.size

    @asynccontextmanager
    async def _leased(self, site: str) -> AsyncIterator[Lease]:
        told = False
        while True:
            try:
                lease = await asyncio.to_thread(self._catalog.leases.acquire, site, self._run, TTL)
                break
            except LeaseHeld as exc:
                if not told:
                    logger.warning("the import waits: %s", exc, extra={"site": site})
                told = True
                await asyncio.sleep(_LEASE_WAIT)
                await self._tenancy.renew_when_due()
        with self._catalog.precedence.yielding(site, self._run):
            try:
                yield lease
            finally:
                await asyncio.to_thread(self._catalog.leases.release, lease)

    async def _finish_leftovers(self, routes: Routes) -> None:
        """Commit what an import that was killed left in the spool."""
        for folder in sorted(self._spool.glob("*/")):
            site = folder.name
            async with self._leased(site) as lease:
                batches = await recover(
                    self._spool,
                    routes.named(site) or any_site(site),
                    store=self._store,
                    catalog=self._catalog,
                    software=SOFTWARE,
                    lease=lease,
                    new_pool=self._new_pool,
                )
            for batch in batches:
                self._count(batch, Counter())


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


def _capture(page: ForeignPage, url: str, profile: SiteProfile, source: Source) -> Capture:
    origin = f"import {page.origin or f'{source.name}#{page.place.offset or page.place.number}'}"
    capture = Capture(
        site=profile.name,
        url=url,
        status=page.status,
        headers=tuple((name, " ".join(value.split())) for name, value in page.headers),
        body=page.body,
        fetched=page.fetched,
        ip=page.ip,
        truncated=page.truncated,
        announcement=page.announcement,
        origin=f"{origin} {page.record_id}" if page.record_id else origin,
    )
    return capture if _is_coded(capture) else _as_decoded(capture)


_GZIP = ("gzip", "x-gzip")


def _is_coded(capture: Capture) -> bool:
    """False where the tool has undone the content coding that it still states."""
    coding = (capture.header("Content-Encoding") or "").strip().lower()
    return coding not in _GZIP or capture.body.startswith(b"\x1f\x8b")


def _as_decoded(capture: Capture) -> Capture:
    renamed = (
        (f"X-Archive-Orig-{name}" if name.lower() == "content-encoding" else name, value)
        for name, value in capture.headers
    )
    return dataclasses.replace(capture, headers=tuple(renamed))
