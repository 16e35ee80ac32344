"""A week of two hundred sites under the real scheduler, in minutes: is every due run begun, and begun in time?

    python -m bench.week [--sites 200] [--days 7] [--json FILE]

Newsrooms on loopback publish three stories a day each. Half of them are crawled once a day, a quarter twice, a quarter
four times, at full hours of five time zones, so that up to a hundred are due at once. A scheduler as `presskeep
schedule` runs it, in a process of its own, crawls them by a clock that leaps ahead to the next tick whenever all that
was due is done (bench/leaping_clock.py). So a second of work is a second, and only waiting is left out.

runs          that were due by the schedules, those that took place, those that were skipped
delay         from a tick to the moment when its run has begun
memory        of the scheduler's own process after the first hour, at the end and at most; of a crawl with its workers
gap           between two requests to one host, the mean of ten in a row; robots.txt asks for `--crawl-delay`
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

import psutil  # type: ignore[import-untyped]

from archive import schema
from archive.catalog import Catalog
from bench.leaping_clock import SITE_CUSTOMIZE, VARIABLE, leap, now
from bench.machine import facts
from bench.month import shortest_gap
from jobs.config import load_config
from jobs.due import due_sites, timetables
from jobs.schedule import Timetable
from jobs.scheduler import Scheduler
from tests.crawling import PROJECT, Installation, article
from tests.newsroom import Newsroom, Page, Site

HOUR = timedelta(hours=1)
STORIES_A_DAY = 3
_ZONES = ("Europe/London", "Asia/Baghdad", "Asia/Tokyo", "America/New_York", "Australia/Sydney")
_SCHEDULES = ("0 {hour} * * *", "0 {hour} * * *", "0 */12 * * *", "0 */6 * * *")
_PROFILE = """\
name = "{name}"
title = "{name}"
hosts = ["{{{{host}}}}"]
timezone = "{zone}"
schedule = "{schedule}"
[sources]
feeds = ["{{{{base}}}}/rss.xml"]
[articles]
include = ['/story-']
[fetch]
delay = 0
"""
_CONFIG = '[schedule]\nhousekeeping = ""\njitter = 0\n'
_LOOK = 0.25
"""Seconds between two looks whether all that was due is done."""


@dataclass(kw_only=True)
class Figures:
    """What came of the week."""

    sites: int
    days: float
    runs_due: int = 0
    """Ticks of all sites."""
    runs_done: int = 0
    """Those whose run has ended well."""
    runs_skipped: int = 0
    processes: int = 0
    """Crawl processes that they took."""
    delay_median: float = 0.0
    """Seconds."""
    delay_95: float = 0.0
    delay_longest: float = 0.0
    stories: int = 0
    """Published before the last crawl of their site."""
    archived: int = 0
    scheduler_mb_first: float = 0.0
    """Resident set after the first hour, 10^6 bytes."""
    scheduler_mb_last: float = 0.0
    scheduler_mb_most: float = 0.0
    crawl_mb_first: float = 0.0
    """Peak of the crawls, the median of the first day."""
    crawl_mb_last: float = 0.0
    """The same of the last day."""
    crawl_delay: float = 0.0
    shortest_gap: float = 0.0
    minutes: float = 0.0
    """That the bench took."""


@dataclass(kw_only=True)
class Week:
    """One run of the bench."""

    start: datetime
    sites: int
    days: float
    crawl_delay: float
    samples: list[tuple[datetime, int]] = field(default_factory=list)
    """When, and bytes that the scheduler's process held."""

    @property
    def end(self) -> datetime:
        """When it is over."""
        return self.start + timedelta(days=self.days)

    def site(self, number: int, moment: datetime) -> Site:
        """A newsroom as it stands there at that moment."""
        name, zone = f"site-{number:03}", _ZONES[number % len(_ZONES)]
        schedule = _SCHEDULES[number % len(_SCHEDULES)].format(hour=5 + number % 3)
        return Site(
            name=name,
            title=name,
            pages=tuple(self._pages(name, number, moment)),
            crawl_delay=self.crawl_delay,
            profile_template=_PROFILE.format(name=name, zone=zone, schedule=schedule),
        )

    def _pages(self, name: str, number: int, moment: datetime) -> Iterator[Page]:
        step = timedelta(days=1) / STORIES_A_DAY
        story, published = 0, self.start - timedelta(days=1) + number * timedelta(minutes=2)
        while published <= moment:
            yield article(f"/story-{story}", f"{name} {story}", published=published)
            story, published = story + 1, published + step

    def live(self, newsroom: Newsroom, installation: Installation, scheduler: psutil.Process) -> None:
        """From the first tick to the last."""
        ticks = timetables(load_config(installation.config).profiles())
        with installation.catalog() as catalog:
            while (moment := now()) < self.end:
                self.samples.append((moment, scheduler.memory_info().rss))
                if not scheduler.is_running() or scheduler.status() == psutil.STATUS_ZOMBIE:
                    raise RuntimeError("the scheduler has ended; see its log")
                if _is_idle(catalog, ticks, moment, scheduler):
                    following = min(tick for it in ticks.values() if (tick := it.next_after(moment)))
                    for name, timetable in ticks.items():
                        if timetable.next_after(moment) == following:
                            newsroom.replace(self.site(int(name.removeprefix("site-")), following))
                    leap(min(following, self.end))
                time.sleep(_LOOK)

    def figures(self, newsroom: Newsroom, installation: Installation) -> Figures:
        """What the catalog, the samples and the newsrooms' log tell."""
        found = Figures(sites=self.sites, days=self.days, crawl_delay=self.crawl_delay)
        with installation.catalog() as catalog:
            self._count_runs(found, catalog, installation)
            self._count_stories(found, catalog)
        first = [size for moment, size in self.samples if moment <= self.start + HOUR]
        found.scheduler_mb_first = first[-1] / 1e6
        found.scheduler_mb_last = self.samples[-1][1] / 1e6
        found.scheduler_mb_most = max(size for _, size in self.samples) / 1e6
        found.shortest_gap = shortest_gap(newsroom.log)
        return found

    def _count_runs(self, found: Figures, catalog: Catalog, installation: Installation) -> None:
        runs = {row["run"]: row for row in catalog.rows(schema.runs)}
        rows = [row for row in catalog.rows(schema.ticks) if self.start < row["tick"] < self.end]
        done = [row for row in rows if row["state"] == "claimed" and runs[row["run"]]["state"] == "done"]
        delays = [(runs[row["run"]]["started"] - row["tick"]).total_seconds() for row in done]
        ticks = timetables(load_config(installation.config).profiles())
        found.runs_due = sum(1 for it in ticks.values() for _ in _between(it, self.start, self.end))
        found.runs_done, found.runs_skipped = len(done), sum(row["state"] == "skipped" for row in rows)
        found.processes = len({row["run"] for row in done})
        found.delay_median, found.delay_95 = median(delays), quantiles(delays, n=20, method="inclusive")[-1]
        found.delay_longest = max(delays)
        peaks = [(row["started"], row["peak_memory"] / 1e6) for row in runs.values() if row["peak_memory"]]
        day = timedelta(days=1)
        found.crawl_mb_first = median(size for started, size in peaks if started < self.start + day)
        found.crawl_mb_last = median(size for started, size in peaks if started >= self.end - day)

    def _count_stories(self, found: Figures, catalog: Catalog) -> None:
        crawled: dict[str, datetime] = {}
        for row in catalog.rows(schema.run_sites):
            crawled[row["site"]] = max(row["started"], crawled.get(row["site"], row["started"]))
        for number in range(self.sites):
            name = f"site-{number:03}"
            found.stories += sum(1 for _ in self._pages(name, number, crawled[name])) if name in crawled else 0
        found.archived = sum(1 for _ in catalog.article_entries())


def run_week(*, sites: int, days: float, crawl_delay: float) -> Figures:
    """Live through it."""
    begun = time.monotonic()
    week = Week(start=datetime.now(UTC), sites=sites, days=days, crawl_delay=crawl_delay)
    newsrooms = [week.site(number, week.start) for number in range(sites)]
    with (
        TemporaryDirectory(prefix="presskeep-week-") as name,
        Newsroom(newsrooms, process=True) as newsroom,
    ):
        folder = Path(name)
        installation = Installation(folder / "installation", newsroom)
        installation.config.write_text(installation.config.read_text("utf-8") + _CONFIG, "utf-8")
        (folder / "sitecustomize.py").write_text(SITE_CUSTOMIZE, "utf-8")
        os.environ |= {VARIABLE: str(folder / "clock"), "PYTHONPATH": f"{folder}{os.pathsep}{PROJECT}"}
        leap(week.start)
        with installation.catalog() as catalog:
            catalog.prepare()
        with _scheduler(installation, folder / "scheduler.log") as scheduler:
            week.live(newsroom, installation, scheduler)
        figures = week.figures(newsroom, installation)
    figures.minutes = (time.monotonic() - begun) / 60
    return figures


@contextmanager
def _scheduler(installation: Installation, log: Path) -> Iterator[psutil.Process]:
    command = [sys.executable, "-m", "bench.week", "--scheduler", str(installation.config)]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            yield psutil.Process(process.pid)
        except RuntimeError as exc:
            raise RuntimeError(f"{exc}:\n{log.read_text('utf-8', errors='replace')[-3000:]}") from exc
        finally:
            process.terminate()


def _schedule(config: Path) -> None:
    """What the scheduler's process does."""
    import signal

    scheduler = Scheduler(config, name="the week", now=now)
    signal.signal(signal.SIGTERM, lambda *_: scheduler.stop())
    scheduler.run()


def _is_idle(catalog: Catalog, ticks: Mapping[str, Timetable], moment: datetime, scheduler: psutil.Process) -> bool:
    """Whether no site is due, and no run under way or about to begin.

    Asked in the order in which a run comes about, of one reading of the ticks: none can pass from one to the next
    between two questions and be seen by neither.
    """
    newest = catalog.ticks.newest(moment)
    if due_sites(ticks, newest, moment) or not all(tick.begun or tick.state == "skipped" for tick in newest.values()):
        return False
    # A run whose process has not quite ended is still at its sites.
    return not any(row["state"] == "running" for row in catalog.runs(limit=20)) and not scheduler.children()


def _between(ticks: Timetable, start: datetime, end: datetime) -> Iterator[datetime]:
    moment = ticks.next_after(start)
    while moment is not None and moment < end:
        yield moment
        moment = ticks.next_after(moment)


def main() -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=200)
    parser.add_argument("--days", type=float, default=7)
    parser.add_argument("--crawl-delay", type=float, default=0.2, help="seconds that robots.txt asks for")
    parser.add_argument("--json", type=Path, default=Path("bench/results/week.json"), help="write the figures here")
    parser.add_argument("--scheduler", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.scheduler:
        _schedule(options.scheduler)
        return
    figures = run_week(sites=options.sites, days=options.days, crawl_delay=options.crawl_delay)
    for name, value in asdict(figures).items():
        print(f"{name:<20}{value:>12,.2f}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"machine": facts(), **asdict(figures)}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
