"""The batches of an import: one a site that fills in the spool, and at most one more that is being committed.

While a batch is committed, in the background, the pages after it are read, extracted and spooled: workers never wait
for the archive unless it is slower than they are. A site is leased only for as long as a batch of it is committed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from archive.catalog import Catalog
from archive.commit import CommittedBatch, commit_batch
from archive.errors import LeaseHeld
from archive.foreign_warc import Place
from archive.leases import Lease
from archive.records import Capture
from archive.settled import Settled
from archive.spool import OpenSegment, Spooled
from archive.store import Store
from archive.writer import BatchLimits
from crawler.any_site import Routes, any_site
from crawler.archiving import SOFTWARE
from crawler.pool import ExtractionPool
from crawler.recovery import recover
from crawler.repeated import remove_repeated
from crawler.tenancy import TTL

logger = logging.getLogger(__name__)

SPOOL = ".imports"
"""Folder in the spool; no site has this name."""

_OLDEST = 20_000
"""Records after which a batch is committed though it is not full: so many are read again after a crash."""

_LEASE_WAIT = 1.0
"""Seconds between two looks whether a crawl has ended."""

Mark = tuple[int, Place]
"""Number of a file and a place in it: all before it is done with."""


@dataclass(kw_only=True, slots=True)
class _Batch:
    """Captures of one site that are not safe yet."""

    site: str
    segment: OpenSegment
    first: Mark
    begun: int
    """Records that had been read then."""
    settled: list[Settled] = field(default_factory=list)


class ImportBatches:
    """The batches of one run, used by one task."""

    def __init__(
        self,
        *,
        store: Store,
        catalog: Catalog,
        spool: Path,
        run: str,
        limits: BatchLimits,
        on_safe: Callable[[CommittedBatch, Sequence[Settled]], object],
    ) -> None:
        """`on_safe` hears of each batch that is committed, with what was settled of it."""
        self._store = store
        self._catalog = catalog
        self._spool = spool / SPOOL
        self._run = run
        self._limits = limits
        self._on_safe = on_safe
        self._filling: dict[str, _Batch] = {}
        self._closing: _Batch | None = None
        self._committing: asyncio.Task[None] | None = None
        self._segments = 0
        self._records = 0

    @property
    def marks(self) -> list[Mark]:
        """Where the first page of each batch stands that is not safe."""
        batches = [*self._filling.values(), *([self._closing] if self._closing else [])]
        return [batch.first for batch in batches]

    def spool(self, capture: Capture, mark: Mark) -> Spooled:
        """Write a capture to the batch of its site; it must be settled next."""
        batch = self._filling.get(capture.site) or self._open(capture.site, mark)
        return batch.segment.append(capture)

    def settle(self, site: str, settled: Settled) -> None:
        """What became of the capture that was spooled last."""
        self._filling[site].settled.append(settled)

    async def commit_full(self, records: int) -> bool:
        """Begin to commit what is full; `records` were read so far. Whether one has become safe since the last time.

        Errors of a commit are raised by a later call.
        """
        self._records = records
        is_safe = self._committing is not None and self._committing.done()
        if is_safe:
            await self._committed()
        for site in [site for site, batch in self._filling.items() if self._is_full(batch)]:
            is_safe = is_safe or self._committing is not None
            await self._begin(site)
        return is_safe

    async def commit_all(self) -> None:
        """Make everything safe."""
        for site in list(self._filling):
            await self._begin(site)
        await self._committed()

    async def settle_down(self) -> None:
        """Wait for the commit that is under way, whatever comes of it: its thread cannot be stopped."""
        await asyncio.gather(*([self._committing] if self._committing else []), return_exceptions=True)

    async def finish_leftovers(self, routes: Routes, new_pool: Callable[[], ExtractionPool]) -> None:
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
                    new_pool=new_pool,
                )
            for batch in batches:
                self._on_safe(batch, ())

    def _is_full(self, batch: _Batch) -> bool:
        return (
            len(batch.settled) >= self._limits.captures
            or batch.segment.size >= self._limits.bytes
            or self._records - batch.begun >= _OLDEST
        )

    def _open(self, site: str, first: Mark) -> _Batch:
        self._segments += 1
        path = self._spool / site / f"{self._run}-{self._segments:05d}"
        software = " ".join(f"{name}/{number}" for name, number in SOFTWARE.items())
        segment = OpenSegment.create(path, info={"software": software, "run": self._run})
        self._filling[site] = _Batch(site=site, segment=segment, first=first, begun=self._records)
        return self._filling[site]

    async def _begin(self, site: str) -> None:
        # One after another: what a batch is compared with are those before it.
        await self._committed()
        self._closing = self._filling.pop(site)
        self._committing = asyncio.create_task(self._commit(self._closing))

    async def _committed(self) -> None:
        if self._committing is not None:
            await self._committing
            self._committing = self._closing = None

    async def _commit(self, batch: _Batch) -> None:
        async with self._leased(batch.site) as lease:
            done = await asyncio.to_thread(
                commit_batch,
                store=self._store,
                catalog=self._catalog,
                site=batch.site,
                run=self._run,
                software=SOFTWARE,
                segment=batch.segment.close(),
                settled=batch.settled,
                notes=[],
                lease=lease,
                clean=remove_repeated,
            )
        self._on_safe(done, batch.settled)

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
        with self._catalog.precedence.yielding(site, self._run):
            try:
                yield lease
            finally:
                await asyncio.to_thread(self._catalog.leases.release, lease)
