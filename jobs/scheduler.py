"""The scheduler: a process in the foreground that crawls each site when it is due, for years.

    APScheduler rings for each site -> the dispatcher claims what is due -> slots crawl it

APScheduler is only the alarm clock, its jobs are made anew from the configuration. What is due is decided from ticks in
the catalog, so a ring that comes late, twice or not at all changes nothing but the moment. Between rings the main loop
beats: it stays leader or becomes it, reads a changed configuration, and notices a clock that was set.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from archive.catalog import Catalog
from archive.errors import CatalogError
from crawler.errors import CrawlerError
from jobs.config import load_config
from jobs.dispatch import Dispatcher, Limits
from jobs.due import delay, held_sites, timetables
from jobs.errors import JobsError
from jobs.metrics import PresskeepCollector, SchedulerState, metrics_text
from jobs.metrics_server import MetricsServer
from jobs.schedule import Timetable, timetable
from jobs.slots import Slots

logger = logging.getLogger(__name__)

# It tells of each job that it adds and runs.
logging.getLogger("apscheduler").setLevel(logging.WARNING)

HOUSEKEEPING = "schedule/housekeeping"
"""What the ticks of housekeeping are claimed for; no site can be called so."""

_SILENCE = 300.0
"""Seconds without a beat after which something is wrong; a database that is away is waited for."""
_BEAT = 2.0
"""Seconds between two looks at leadership, configuration and clock."""
_LOOK = timedelta(seconds=30)
"""How long what waits for room or was abandoned waits until it is looked for again, if nothing rings before."""
_CLOCK_SET = timedelta(seconds=30)
"""By how much clock and stopwatch must differ to call the clock set."""


class TickTrigger(BaseTrigger):  # type: ignore[misc] # it has no types
    """Rings at the ticks of a timetable, each site its own part of the jitter later."""

    def __init__(self, site: str, ticks: Timetable, jitter: int) -> None:
        self._ticks = ticks
        self._delay = delay(site, jitter)

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """The next moment to ring."""
        tick = self._ticks.next_after((previous or now) - self._delay)
        return tick and tick + self._delay


class Scheduler:
    """Carries out the schedules of one configuration file until it is told to stop."""

    def __init__(self, path: Path, *, name: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """`name` tells this scheduler from others in messages."""
        self._path = path
        self._now = now
        self._name = name
        self._wake = threading.Event()
        self._reload = threading.Event()
        self._stopping = threading.Event()
        self._seen: tuple[object, ...] = ()
        self._config = load_config(path)
        self._sites: dict[str, Timetable] = {}
        self._catalog = Catalog(self._config.catalog_url)
        self._leadership = self._catalog.leadership(name)
        self._alarms = BackgroundScheduler(
            timezone=UTC,
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(1)},
            # A tick is never too late, all that were missed are one, and one ring at a time is enough.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._beaten = time.monotonic()
        self.leading = False
        self.waiting = 0
        """Sites that are due and wait for a process."""
        self.slots = Slots(path, lambda: self._config.schedule, self._ended)
        self.dispatcher = Dispatcher(
            self._catalog, self.slots.crawl, limits=self._limits(), held=lambda: held_sites(self._catalog)
        )
        self._housekeeping = Dispatcher(
            self._catalog, self.slots.keep_house, limits=Limits(processes=1, sites_per_process=1)
        )

    def run(self) -> None:
        """Work until `stop`; CatalogError or JobsError when it cannot begin."""
        self._catalog.prepare()
        self._read()
        self._alarms.start(paused=True)
        try:
            with self._served():
                self._beat_until_stopped()
        finally:
            self._alarms.shutdown(wait=False)
            self.slots.end()
            self._leadership.resign()
            self._catalog.close()

    def stop(self) -> None:
        """End in good order: runs commit what they have fetched. A second time ends them at once."""
        if self._stopping.is_set():
            self.slots.kill()
        self._stopping.set()
        self._wake.set()

    def reload(self) -> None:
        """Read configuration and profiles again."""
        self._reload.set()
        self._wake.set()

    @property
    def state(self) -> SchedulerState:
        """How it is now."""
        return SchedulerState(
            leading=self.leading, waiting=self.waiting, running=len(self.dispatcher.active), scheduled=len(self._sites)
        )

    @property
    def ailing(self) -> str:
        """Why it should be restarted, empty if it should not."""
        silence = time.monotonic() - self._beaten
        return f"its main loop has not turned for {silence:.0f} s" if silence > _SILENCE else ""

    @property
    def sites(self) -> Mapping[str, Timetable]:
        """The sites that have a schedule."""
        return self._sites

    def _served(self) -> AbstractContextManager[object]:
        """`/metrics` and `/healthz`, where the configuration named an address when this began."""
        if not (address := self._config.schedule.metrics):
            return nullcontext()
        collector = PresskeepCollector(self._catalog, scheduler=lambda: self.state, now=self._now)
        return MetricsServer(address, metrics=lambda: metrics_text(collector), ailing=lambda: self.ailing)

    def _beat_until_stopped(self) -> None:
        clock, looked = _Clock(self._now), self._now() - _LOOK
        while not self._stopping.is_set():
            self._beaten = time.monotonic()
            if self._reload.is_set() or self._fingerprint() != self._seen:
                self._reload.clear()
                self._read_again()
            if clock.was_set():
                logger.warning("the clock was set; alarms are set anew")
                self._set_alarms()
                looked = self._now() - _LOOK
            rung = self._wake.is_set()
            self._wake.clear()
            if self._lead() and (rung or self._now() - looked >= _LOOK):
                looked = self._now()
                self._dispatch()
            self._wake.wait(_BEAT)

    def _lead(self) -> bool:
        try:
            leading = self._leadership.lead()
        except CatalogError as exc:
            logger.warning("cannot lead: %s", exc)
            leading = False
        if leading != self.leading:
            logger.warning("%s: %s", self._name, "leads" if leading else "stands by")
            self.leading = leading
            if leading:
                self._alarms.resume()
                # What came due meanwhile.
                self._wake.set()
            else:
                self._alarms.pause()
        return leading

    def _dispatch(self) -> None:
        crawled = {site: ticks for site, ticks in self._sites.items() if site != HOUSEKEEPING}
        house = {site: ticks for site, ticks in self._sites.items() if site == HOUSEKEEPING}
        try:
            self.waiting = self.dispatcher.dispatch(crawled, self._now(), jitter=self._config.schedule.jitter)
            self._housekeeping.dispatch(house, self._now())
        except CatalogError as exc:
            logger.warning("what is due cannot be found out: %s", exc)

    def _limits(self) -> Limits:
        rules = self._config.schedule
        return Limits(processes=rules.processes, sites_per_process=rules.sites_per_process)

    def _ended(self, run: str) -> None:
        self.dispatcher.finished(run)
        self._housekeeping.finished(run)
        self._wake.set()

    def _read_again(self) -> None:
        try:
            self._read()
        except (JobsError, CrawlerError) as exc:
            self._seen = self._fingerprint()
            logger.error("the configuration is not taken over, the old one still holds: %s", exc)

    def _read(self) -> None:
        config = load_config(self._path)
        before, self._sites = self._sites, timetables(config.profiles())
        if config.schedule.housekeeping:
            self._sites[HOUSEKEEPING] = timetable(config.schedule.housekeeping, "UTC", where="schedule.housekeeping")
        self._config = config
        self._seen = self._fingerprint()
        self.dispatcher.limits = self._limits()
        self._set_alarms()
        for change, sites in (("scheduled", self._sites.keys() - before), ("dropped", before.keys() - self._sites)):
            if sites:
                logger.info("%s: %s", change, ", ".join(sorted(sites)))
        self._wake.set()

    def _set_alarms(self) -> None:
        self._alarms.remove_all_jobs()
        jitter = self._config.schedule.jitter
        for site, ticks in self._sites.items():
            self._alarms.add_job(self._wake.set, TickTrigger(site, ticks, jitter), id=site)

    def _fingerprint(self) -> tuple[object, ...]:
        """Changes when the configuration file, a profile, or a folder of profiles does."""
        files = [self._path]
        for entry in (self._path.parent / entry for entry in self._config.sites):
            files += sorted(entry.glob("*.toml")) if entry.is_dir() else [entry]
        return tuple((str(file), stat.st_mtime_ns, stat.st_size) for file in files if (stat := _stat(file)))


class _Clock:
    """Notices that the clock was set, by a stopwatch that cannot be."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._before = (now(), time.monotonic())

    def was_set(self) -> bool:
        """Whether it was since the last time this was asked; sleeping counts as well."""
        (clock, watch), self._before = self._before, (self._now(), time.monotonic())
        apart = (self._before[0] - clock).total_seconds() - (self._before[1] - watch)
        return abs(apart) > _CLOCK_SET.total_seconds()


def _stat(file: Path) -> os.stat_result | None:
    try:
        return file.stat()
    except OSError:
        return None
