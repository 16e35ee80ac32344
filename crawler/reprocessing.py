"""Extracting again from our own captures, with today's extractor and profiles.

    batch -> its WARC and its shards -> extracted in workers -> compared -> replaced by a batch with the same WARC

Batches go by capture time, so that what is learned of blocks that repeat is learned in that order. While one is
compared and replaced, the workers extract the next; more than these two are never in memory.

With `apply`, a batch is replaced at one moment (archive/replacement.py) and carries today's version; what carries it
already is left out, so a run that was killed goes on where it was.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from archive import schema
from archive.catalog import Catalog
from archive.errors import BatchReplaced, LeaseHeld
from archive.held_site import HeldSite, held_site
from archive.inventory import Progress
from archive.manifest import Manifest
from archive.replacement import Replacing, finish_replacements, in_order_of_month
from archive.store import Store
from crawler.any_site import any_site
from crawler.archiving import SOFTWARE
from crawler.pool import ExtractionPool
from crawler.profile import SiteProfile
from crawler.reprocessed import Choice, Reprocessed, ReprocessedBatch

logger = logging.getLogger(__name__)

_LEASE_WAIT = 1.0
"""Seconds between two looks whether a crawl has ended."""

_Result = TypeVar("_Result")


class Reprocessing:
    """One run over the batches of a site."""

    def __init__(
        self,
        *,
        store: Store,
        catalog: Catalog,
        profiles: Mapping[str, SiteProfile],
        pool: ExtractionPool,
        choice: Choice,
        folder: Path,
        run: str,
        apply: bool,
        on_progress: Progress = lambda done, total: None,
    ) -> None:
        """`folder` is on a disk with room for the shards of one batch."""
        self._store = store
        self._catalog = catalog
        self._profile = profiles.get(choice.site) or any_site(choice.site)
        self._pool = pool
        self._choice = choice
        self._folder = folder
        self._run = run
        self._apply = apply
        self._on_progress = on_progress

    async def batches(self) -> AsyncIterator[Reprocessed]:
        """Each batch that has something to extract; StoreError, CatalogError, DamagedObject where it is not whole."""
        if self._apply:
            # What a run left that was killed would otherwise be extracted again, and then be found replaced.
            await self._when_free(lambda held: finish_replacements(self._store, self._catalog, held))
        batches = self._chosen()
        ahead = asyncio.create_task(self._next_extracted(batches))
        try:
            while (work := await ahead) is not None:
                ahead = asyncio.create_task(self._next_extracted(batches))
                found = await asyncio.to_thread(work.compare)
                if self._apply and work.is_outdated:
                    found.replaced_by = await self._replace(work)
                if found.extracted:
                    yield found
        finally:
            ahead.cancel()

    def _chosen(self) -> Iterator[Manifest]:
        names = sorted(row["batch"] for row in self._catalog.rows(schema.batches, site=self._choice.site))
        for done, name in enumerate(names):
            self._on_progress(done, len(names))
            manifest = self._catalog.manifest(name)
            if manifest is not None and any(self._choice.admits_day(entry.fetched) for entry in manifest.captures):
                yield manifest
        self._on_progress(len(names), len(names))

    async def _next_extracted(self, batches: Iterator[Manifest]) -> ReprocessedBatch | None:
        manifest = await asyncio.to_thread(next, batches, None)
        if manifest is None:
            return None
        work = ReprocessedBatch(self._store, self._catalog, manifest, self._profile, self._choice)
        await work.extract(self._pool)
        return work

    async def _replace(self, work: ReprocessedBatch) -> str | None:
        try:
            return await self._when_free(partial(self._replace_held, work))
        except BatchReplaced as exc:
            # Compacted meanwhile, say; the next run meets it where it is now.
            logger.warning("%s", exc)
            return None

    async def _when_free(self, work: Callable[[HeldSite], _Result]) -> _Result:
        """Do it while we hold the site."""

        def hold() -> _Result:
            with held_site(self._catalog.leases, self._choice.site, f"reprocess {self._run}") as held:
                return work(held)

        while True:
            try:
                return await asyncio.to_thread(hold)
            except LeaseHeld as exc:
                logger.info("reprocessing waits: %s", exc)
                await asyncio.sleep(_LEASE_WAIT)

    def _replace_held(self, work: ReprocessedBatch, held: HeldSite) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        finish_replacements(self._store, self._catalog, held)
        replacing = Replacing(self._store, self._catalog, held, folder=self._folder)
        return replacing.replace(
            [work.manifest],
            raw=work.raw,
            captures=work.captures(),
            kept=work.kept_shards(),
            articles=in_order_of_month(work.new_articles()),
            run=self._run,
            software=SOFTWARE,
        ).batch
