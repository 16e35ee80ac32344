"""The archive as a Scrapy extension: one run, a writer for each site, commits while the crawl goes on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from scrapy import Spider, signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.utils.misc import load_object
from twisted.python.failure import Failure

from archive.catalog import Catalog
from archive.errors import ArchiveError
from archive.host_memory import HostMemory
from archive.leases import Lease
from archive.records import Capture, new_run_id
from archive.run_report import SourceTrouble
from archive.store import Store
from archive.warc import encode_capture
from archive.writer import ArchiveWriter, BatchLimits, Ticket
from crawler.committing import Committing
from crawler.downloader import STOPPING
from crawler.due import thinned
from crawler.errors import CrawlerError, NoWorkers
from crawler.ledger import Ledger
from crawler.memory import crawl_peak
from crawler.opening import Haste, open_archive, open_catalog
from crawler.pool import ExtractionPool
from crawler.profile import SiteProfile
from crawler.recovery import recover, recover_all
from crawler.repeated import remove_repeated
from crawler.run_report import Health, keep_report, run_report
from crawler.scheduler import PAUSE, RESUME
from crawler.source_troubles import remember_failures
from crawler.spool_gate import MEGABYTE, SpoolGate
from crawler.tally import SiteTally, tally
from crawler.tenancy import Tenancy
from crawler.traffic import SiteTraffic, Traffic
from crawler.visits import META, Visit

T = TypeVar("T")

logger = logging.getLogger(__name__)

SOFTWARE = {name: version(name) for name in ("presskeep", "scrapy", "trafilatura", "warcio", "pyarrow")}
"""What goes into each manifest."""

_WATCH_INTERVAL = 0.25
"""Seconds between two looks at leases and spool."""

_LARGE = 256 * 1024
"""Bytes of a body that is compressed apart, because other sites would wait for it; few pages have so many."""


class Archiving:
    """One run: records captures, commits their batches, and keeps the ledger of what became of each URL."""

    _store: Store
    _catalog: Catalog
    _tenancy: Tenancy
    _started: datetime

    def __init__(
        self,
        *,
        archive: str,
        catalog: str,
        spool: Path,
        gate: SpoolGate,
        profiles: Mapping[str, SiteProfile],
        run: str,
        command: str,
        stop: Callable[[], Coroutine[Any, Any, None]],
        new_pool: Callable[[], ExtractionPool],
        traffic: Callable[[], Mapping[str, SiteTraffic]],
        peak_memory: Callable[[], int],
        health: Health | None,
        now: Callable[[], datetime],
    ) -> None:
        writers: dict[str, ArchiveWriter] = {}
        self.run = run
        self.profiles = profiles
        self.now = now
        """Aware UTC."""
        self.ledger = Ledger(writers, profiles, now)
        self.state: Literal["running", "done", "interrupted", "failed"] = "running"
        """At the end `done`, `interrupted` or `failed`."""
        self._archive = archive
        self._catalog_url = catalog
        self._spool = spool
        self._gate = gate
        self._command = command
        self._writers = writers
        self._problems: dict[str, str] = {}
        self._troubles: Mapping[str, tuple[SourceTrouble, ...]] = {}
        self._haste = Haste()
        self._committing = Committing(
            writers, self.ledger, self._problems, spool=spool, haste=self._haste, give_up=self.give_up
        )
        self._stop = stop
        self._new_pool = new_pool
        self._traffic = traffic
        self._peak_memory = peak_memory
        self._health = health
        self._stopping: asyncio.Future[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Reads the PRESSKEEP_* settings, see crawler/settings.py."""
        settings, spool = crawler.settings, Path(crawler.settings["PRESSKEEP_SPOOL"])
        extension = cls(
            archive=settings["PRESSKEEP_ARCHIVE"],
            catalog=settings["PRESSKEEP_CATALOG"],
            spool=spool,
            gate=SpoolGate(
                spool,
                settings.getint("PRESSKEEP_SPOOL_MB") * MEGABYTE,
                pause=partial(crawler.signals.send_catch_log, signal=PAUSE),
                resume=partial(crawler.signals.send_catch_log, signal=RESUME),
            ),
            profiles=settings["PRESSKEEP_PROFILES"],
            run=settings["PRESSKEEP_RUN"] or new_run_id(),
            command=settings["PRESSKEEP_COMMAND"],
            stop=crawler.stop_async,
            new_pool=partial(ExtractionPool.from_settings, settings),
            traffic=lambda: Traffic.of(crawler).sites,
            peak_memory=partial(crawl_peak, crawler),
            health=settings["PRESSKEEP_HEALTH"],
            now=load_object(settings["PRESSKEEP_CLOCK"]),
        )
        crawler.signals.connect(extension.hurry, signal=STOPPING)
        crawler.signals.connect(extension.engine_stopped, signal=signals.engine_stopped)
        crawler.signals.connect(extension.close, signal=signals.spider_closed)
        crawler.signals.connect(extension.spider_error, signal=signals.spider_error)
        crawler.signals.connect(extension.item_error, signal=signals.item_error)
        return extension

    @classmethod
    def of(cls, crawler: Crawler) -> Self:
        """The extension of this crawl."""
        extension = crawler.get_extension(cls)
        if extension is None:
            raise CrawlerError(
                "the extension crawler.archiving.Archiving is switched off; take it back into EXTENSIONS"
            )
        return extension

    @property
    def begun(self) -> bool:
        """Whether the archive was opened."""
        return self._watching is not None

    @property
    def hosts(self) -> HostMemory | None:
        """What earlier runs learnt of hosts; None when the archive was not opened, as in Scrapy's shell."""
        return self._catalog.hosts if self.begun else None

    @property
    def problems(self) -> list[str]:
        """What went wrong with the archive itself and is not over, a line each."""
        return list(self._problems.values())

    async def begin(self, sites: Iterable[str]) -> set[str]:
        """Open the archive and start the run; ArchiveError when it cannot be used.

        Returns the sites that may be crawled: those that no other run holds. What an earlier run of theirs left in the
        spool is finished first, and then what dead runs left of other sites.
        """
        self._store, self._catalog = await asyncio.to_thread(self._open)
        self._tenancy = Tenancy(self._catalog, self.run)
        leases, refused = await self._tenancy.take(sites)
        self._problems.update(refused)
        for site, lease in leases.items():
            await self._recover(site, self._store, lease)
            record = await asyncio.to_thread(self._catalog.checks.record, site)
            self.ledger.ladders[site] = thinned(self.profiles[site].fetch.recheck, record)
            self._writers[site] = ArchiveWriter(
                store=self._store,
                catalog=self._catalog,
                spool=self._spool,
                site=site,
                run=self.run,
                software=SOFTWARE,
                limits=BatchLimits(),
                lease=lease,
                clean=remove_repeated,
            )
        await self._recover_others()
        self._committing.begin()
        self._watching = asyncio.create_task(self._watch())
        return set(leases)

    def fail(self, error: Exception) -> None:
        """The crawl cannot do its work."""
        logger.warning("the crawl ends: %s", error)
        self._problems["crawl"] = str(error)

    def give_up(self, error: Exception) -> None:
        """Stop the crawl: what it fetches from now on could not be kept."""
        if self._stopping is None:
            self.fail(error)
            self._stopping = asyncio.ensure_future(self._stop())

    def tally(self) -> list[SiteTally]:
        """What the run has done so far, a site."""
        return tally(self._writers, self.ledger.found, self.ledger.counts, self._committing.batches)

    def profile(self, site: str) -> SiteProfile:
        """The profile of a site of this run."""
        return self.profiles[site]

    async def in_catalog(self, work: Callable[[Catalog], T]) -> T:
        """What work with the catalog gives; ArchiveError, and the end of the crawl, when it cannot be used."""
        try:
            return await asyncio.to_thread(work, self._catalog)
        except ArchiveError as exc:
            self.give_up(exc)
            raise

    async def record(self, capture: Capture) -> Ticket:
        """Spool a capture of an expected URL; ArchiveError, and the end of the crawl, when the disk refuses it."""
        large = len(capture.body) > _LARGE
        encoded = await asyncio.to_thread(encode_capture, capture) if large else encode_capture(capture)
        try:
            return self._writers[capture.site].record(encoded)
        except ArchiveError as exc:
            self.give_up(exc)
            raise

    def spider_error(self, failure: Failure, response: Response | Failure | None) -> None:
        """Settle a URL whose callback broke: a fault of ours, which Scrapy has logged."""
        request = getattr(response, "request", None)
        if request is not None and META in request.meta:
            self.ledger.settle_broken(request.meta[META], type(failure.value).__name__)

    def item_error(self, item: Visit, failure: Failure) -> None:
        """Settle a URL whose visit broke a pipeline: a fault of ours, which Scrapy has logged."""
        self.ledger.settle_broken(item.errand, type(failure.value).__name__)

    def hurry(self) -> None:
        """The crawl is told to stop: wait no more for a store or catalog that does not answer."""
        self._haste.hurry()

    def engine_stopped(self) -> None:
        """When it is told to stop while it ends already, Scrapy does not wait for `close`."""
        self._haste.hurry()
        if self.state == "running":
            self.state = "interrupted"
            self._problems["crawl"] = f"stopped before all was safe; captures wait in {self._spool}"

    async def close(self, spider: Spider, reason: str) -> None:
        """End the run: commit what is left, record the counts."""
        if self._watching is None:
            self._problems.setdefault("crawl", f"the crawl ended before it began: {reason}")
            self.state = "failed"
            return
        if reason != "finished":
            self._haste.hurry()
        await self._committing.finish()
        self._watching.cancel()
        self.state = "failed" if self._problems else "done" if reason == "finished" else "interrupted"
        await asyncio.to_thread(self._remember_failures)
        await self._tenancy.give_back()
        await asyncio.to_thread(self._finish_run)

    async def _recover(self, site: str, store: Store, lease: Lease) -> None:
        try:
            batches = await recover(
                self._spool,
                self.profiles[site],
                store=store,
                catalog=self._catalog,
                software=SOFTWARE,
                lease=lease,
                new_pool=self._new_pool,
            )
        except (ArchiveError, NoWorkers, OSError) as exc:
            logger.warning("the spool of an earlier run cannot be finished: %s", exc, extra={"site": site})
            self._problems[f"{site} spool"] = f"{site}: what an earlier run left in {self._spool / site}: {exc}"
        else:
            self._committing.batches += batches

    async def _recover_others(self) -> None:
        recovered = await recover_all(
            self._spool,
            self.profiles,
            besides=self._writers,
            store=self._store,
            catalog=self._catalog,
            software=SOFTWARE,
            new_pool=self._new_pool,
        )
        for problem in recovered.problems:
            # It is not this run that fails: housekeeping tells of it as its own problem.
            logger.warning("%s", problem)

    def _open(self) -> tuple[Store, Catalog]:
        store = open_archive(self._archive, self._spool, self._haste)
        catalog = open_catalog(self._catalog_url, self._haste)
        self._started = self.now()
        for run in catalog.interrupt_dead_runs(self._started):
            logger.warning("run %s was killed; what it left in the spool is finished with each of its sites", run)
        catalog.tombstones.bring_up_to_date(store)
        catalog.start_run(self.run, self._command, self._started)
        return store, catalog

    def _remember_failures(self) -> None:
        try:
            self._troubles = remember_failures(self._catalog, self.ledger, self.now())
        except ArchiveError as exc:
            self.state = "failed"
            self._problems["sources"] = f"the failures of sources are not kept: {exc}"

    def _finish_run(self) -> None:
        report = run_report(
            run=self.run,
            command=self._command,
            state="interrupted" if self.state == "running" else self.state,
            started=self._started,
            finished=self.now(),
            problems=self.problems,
            software=SOFTWARE,
            tallies=self.tally(),
            counts=self.ledger.counts,
            committed=self._committing.batches,
            traffic=self._traffic(),
            troubles=self._troubles,
            peak_memory=self._peak_memory(),
        )
        if problem := keep_report(report, self._store, self._catalog, self._health):
            self.state = "failed"
            self._problems["report"] = problem
        self._catalog.close()

    async def _watch(self) -> None:
        """Apart from committing, which may wait for the store for minutes."""
        while True:
            await asyncio.sleep(_WATCH_INTERVAL)
            try:
                await self._tenancy.renew_when_due()
                if not self._committing.is_ending:
                    await self._gate.look(self._writers.values())
            except ArchiveError as exc:
                self.give_up(exc)
