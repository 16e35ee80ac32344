"""Promises of the dispatcher: each tick is run once, whatever happens to schedulers, clocks and profiles."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

import pytest

from archive.catalog import Catalog
from archive.process import Process, this_process
from archive.ticks import PATIENCE, Claim, Ticks
from jobs.dispatch import Dispatcher, Limits
from jobs.due import delay
from jobs.schedule import Interval, Timetable

START = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

GONE = Process(host=this_process().host, boot=this_process().boot, pid=2**22 + 1, started="1")
"""A process that has certainly ended."""


class Killed(Exception):
    """A scheduler dies on the spot."""


@dataclass
class World:
    """One catalog, and every run that ever began there."""

    catalog: Catalog
    runs: list[tuple[str, list[str]]] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=count)

    def dispatcher(self, launch: Callable[[str, list[str]], None] | None = None, **options: int) -> Dispatcher:
        """A scheduler whose runs take no time."""
        dispatcher = Dispatcher(
            self.catalog,
            lambda run, sites: (launch or self.begin)(run, sites),
            limits=Limits(**options) if options else Limits(processes=100),
            new_id=lambda: f"run-{next(self.ids):06d}",
        )
        return dispatcher

    def begin(self, run: str, sites: list[str]) -> None:
        """What a crawl does first."""
        self.catalog.start_run(run, "schedule", START)
        self.runs.append((run, sites))

    def ran(self) -> Counter[str]:
        """How often each site was crawled."""
        return Counter(site for _, sites in self.runs for site in sites)


@pytest.fixture
def world(catalog: Catalog) -> World:
    return World(catalog)


def every(minutes: int, *sites: str) -> dict[str, Timetable]:
    return {site: Interval(minutes * MINUTE) for site in sites or ("daily",)}


def done(dispatcher: Dispatcher) -> None:
    """All runs of this scheduler end."""
    for run in list(dispatcher.active):
        dispatcher.finished(run)


@pytest.mark.slow
def test_a_thousand_ticks_with_two_schedulers_of_which_one_is_killed_at_random(world: World) -> None:
    """Killed before its run begins, or during it, and started again: none doubled, none missed."""
    random, kills = Random(7), Counter[str]()
    sites = every(1, *(f"site-{number}" for number in range(20)))

    def unlucky(run: str, at: list[str]) -> None:
        moment = random.choice(["no", "no", "before", "after"])
        kills[moment] += 1
        if moment != "before":
            world.begin(run, at)
        if moment != "no":
            raise Killed

    steady, mortal = world.dispatcher(processes=4), world.dispatcher(unlucky, processes=4)
    for minute in range(50):
        now = START + minute * MINUTE
        for dispatcher in random.sample([steady, mortal], 2):
            try:
                dispatcher.dispatch(sites, now)
            except Killed:
                orphaned(world.catalog, now)
                mortal = world.dispatcher(unlucky, processes=4)
            done(dispatcher)
        steady.dispatch(sites, now)
        done(steady)
    assert min(kills["before"], kills["after"]) > 5
    assert world.ran() == dict.fromkeys(sites, 50)


def orphaned(catalog: Catalog, now: datetime) -> None:
    """Make it so that the processes have ended which claimed ticks for runs that have not begun."""
    dead = Ticks(catalog._database, process=lambda: GONE)
    for site, tick in catalog.ticks.newest(now).items():
        if not tick.begun:
            dead.claim([Claim(site=site, tick=tick.tick, instead_of=tick.run)], f"{tick.run}-dead", now)


def test_three_missed_ticks_are_one_run_and_it_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    dispatcher = world.dispatcher()
    dispatcher.dispatch(every(10), START)
    done(dispatcher)
    with caplog.at_level(logging.WARNING):
        dispatcher.dispatch(every(10), START + 35 * MINUTE)
        done(dispatcher)
        dispatcher.dispatch(every(10), START + 36 * MINUTE)
    assert world.ran() == {"daily": 2}
    assert "makes up for the ticks up to 2026-03-04 12:30 UTC, the first of them 2026-03-04 12:10 UTC" in caplog.text


def test_a_run_longer_than_its_period_skips_ticks_and_says_so(world: World, caplog: pytest.LogCaptureFixture) -> None:
    dispatcher = world.dispatcher()
    with caplog.at_level(logging.WARNING):
        for minute in (0, 10, 20):
            dispatcher.dispatch(every(10), START + minute * MINUTE)
    done(dispatcher)
    dispatcher.dispatch(every(10), START + 25 * MINUTE)
    assert world.ran() == {"daily": 1}
    assert caplog.text.count("skipped: run run-000000 is still at the site") == 2
    assert world.catalog.ticks.newest(START + 25 * MINUTE)["daily"].state == "skipped"
    dispatcher.dispatch(every(10), START + 30 * MINUTE)
    assert world.ran() == {"daily": 2}


def test_a_site_that_another_run_holds_is_skipped(world: World) -> None:
    dispatcher = Dispatcher(world.catalog, world.begin, limits=Limits(), held=lambda: {"daily": "by-hand"})
    assert dispatcher.dispatch(every(10), START) == 0
    assert world.runs == []
    assert world.catalog.ticks.newest(START)["daily"].run == "by-hand"


@pytest.mark.parametrize("holder", ["gc", "repair-20260304T120000Z-aaaaaa", "recovery-20260304T120000Z-aaaaaa"])
def test_a_site_that_is_held_for_upkeep_stays_due(world: World, holder: str) -> None:
    """What holds it is no crawl, so its tick is not done with."""
    busy = {"daily": holder}
    dispatcher = world.dispatcher()
    dispatcher._held = lambda: busy
    assert dispatcher.dispatch(every(60), START) == 0
    assert world.ran() == {}
    busy.clear()
    dispatcher.dispatch(every(60), START + MINUTE)
    assert world.ran() == {"daily": 1}


def test_a_clock_a_day_ahead_and_back_doubles_nothing_and_stops_nothing(world: World) -> None:
    dispatcher, sites, day = world.dispatcher(), every(60), timedelta(days=1)
    for moment in (START, START + day, START + day, START, START + timedelta(hours=1), START + timedelta(hours=2)):
        dispatcher.dispatch(sites, moment)
        done(dispatcher)
    assert world.ran() == {"daily": 4}
    for hour in (23, 24, 25):
        dispatcher.dispatch(sites, START + timedelta(hours=hour))
        done(dispatcher)
    # The tick that was run a day too early is not run again.
    assert world.ran() == {"daily": 6}


def test_a_site_removed_or_renamed_while_it_is_crawled_disturbs_nothing(world: World) -> None:
    dispatcher = world.dispatcher()
    dispatcher.dispatch(every(10, "old", "other"), START)
    dispatcher.dispatch(every(10, "new", "other"), START + 10 * MINUTE)
    done(dispatcher)
    dispatcher.dispatch(every(10, "new", "other"), START + 20 * MINUTE)
    assert world.ran() == {"old": 1, "new": 2, "other": 2}


def test_a_claim_whose_run_never_begins_is_taken_over_in_minutes(world: World) -> None:
    """Its process lives, perhaps on another machine, but has stalled."""
    dispatcher = world.dispatcher(lambda run, sites: None)
    dispatcher.dispatch(every(60), START)
    done(dispatcher)
    other = world.dispatcher()
    other.dispatch(every(60), START + PATIENCE)
    assert world.ran() == {}
    other.dispatch(every(60), START + PATIENCE + timedelta(seconds=1))
    done(other)
    other.dispatch(every(60), START + 2 * PATIENCE + MINUTE)
    assert world.ran() == {"daily": 1}
    assert world.catalog.ticks.sites_of("run-000000") == set()


def test_what_is_due_together_shares_the_processes_that_are_free(world: World) -> None:
    names = [f"site-{number}" for number in range(10)]
    dispatcher = world.dispatcher(processes=2, sites_per_process=4)
    assert dispatcher.dispatch(every(10, *names), START) == 2
    assert [len(sites) for _, sites in world.runs] == [4, 4]
    assert dispatcher.dispatch(every(10, *names), START + MINUTE) == 2
    dispatcher.finished(world.runs[0][0])
    assert dispatcher.dispatch(every(10, *names), START + 2 * MINUTE) == 0
    assert world.ran() == dict.fromkeys(names, 1)


def test_with_jitter_each_site_is_due_its_own_delay_after_the_tick(world: World) -> None:
    names = [f"site-{number}" for number in range(20)]
    dispatcher, sites = world.dispatcher(), every(60, *names)
    dispatcher.dispatch(sites, START + 30 * MINUTE, jitter=600)
    done(dispatcher)
    world.runs.clear()
    late = {site: delay(site, 600) for site in names}
    for minute in range(61, 72):
        dispatcher.dispatch(sites, START + minute * MINUTE, jitter=600)
        done(dispatcher)
        assert set(world.ran()) == {site for site in names if late[site] <= (minute - 60) * MINUTE}
    assert len(world.runs) > 3
