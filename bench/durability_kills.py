"""Kill -9 at random moments of a crawl, and at every named point, then look what is left.

The moments are drawn so that they meet all of a crawl: its start with the recovery of what the last one left, the
fetching (after so many requests in the access log), and the end with the commit. Most crawls begin with the spool of a
crawl that was killed; every sixth or so is left to end by itself.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from archive.failpoints import NAMES
from archive.keys import BATCHES
from archive.spool import OPEN_SUFFIX
from bench.durability_count import Count, captured, count
from bench.durability_rig import SLOWEST, Rig

FINISHING = 6
"""Crawls without a kill that may be needed to archive the last page."""

_SURVIVORS = 0.15
"""Share of crawls that are left to end by themselves."""
_DIED = 137


@dataclass(kw_only=True, slots=True)
class Killed:
    """What a series of kills met and left."""

    kills: int = 0
    series: int = 0
    """Series of kills that one plain crawl followed."""
    recovered: int = 0
    """Of these, how many it recovered: everything archived, nothing in the spool."""
    found: dict[str, int] = field(default_factory=dict)
    """How often a kill left `nothing`, an `open segment` or a `closed segment` in the spool."""
    count: Count = field(default_factory=Count)

    def __add__(self, other: Killed) -> Killed:
        return Killed(
            kills=self.kills + other.kills,
            series=self.series + other.series,
            recovered=self.recovered + other.recovered,
            found=dict(Counter(self.found) + Counter(other.found)),
            count=self.count + other.count,
        )


class InFlight:
    """The answers that kills met on their way: served in that crawl, whole neither in the spool nor in the bucket."""

    def __init__(self, rig: Rig) -> None:
        self.urls: Counter[str] = Counter()
        self._rig = rig
        self._captured: set[str] = set()
        self._manifests: set[str] = set()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch one crawl that is killed inside."""
        begun = self._rig.access.refresh()
        yield
        # What a site is about to answer, it answers whether or not anyone still listens.
        time.sleep(SLOWEST)
        self._rig.access.refresh()
        answered = self._rig.access.requests[begun:]
        served = {self._rig.newsroom.base_urls[site] + path for site, path, status in answered if status == 200}
        self.urls.update(served - self._rig.spooled() - self.archived())

    def archived(self) -> set[str]:
        """URLs of all captures that the bucket's manifests name."""
        new = set(self._rig.objects.listed(BATCHES)) - self._manifests
        self._captured.update(captured(self._rig.objects, new))
        self._manifests |= new
        return self._captured


def random_kills(rig: Rig, *, kills: int, articles: int, lot: random.Random) -> Killed:
    """Kill crawls at random moments, while `articles` are published little by little; then let the rest be archived."""
    result, found, in_flight = Killed(), Counter[str](), InFlight(rig)
    # Once, so that tables and modules are there, and to know how long a crawl takes.
    rig.announce(articles - articles * kills // (kills + 1), lot)
    begun = time.monotonic()
    rig.crawl()
    usual = time.monotonic() - begun
    while result.kills < kills:
        # Crawls that end before their kill do not count, and need no new articles.
        rig.announce(articles * (result.kills + 2) // (kills + 1) - len(rig.pages), lot)
        if lot.random() < _SURVIVORS:
            rig.crawl()
        moment = moment_of(rig, usual, len(rig.pages) - len(in_flight.archived() | rig.spooled()), lot)
        with in_flight.watched(), rig.started() as crawl:
            while crawl.poll() is None and not moment():
                time.sleep(0.005)
            if crawl.kill():
                result.kills += 1
                found[_left(rig)] += 1
    rig.announce(articles - len(rig.pages), lot)
    _finish(rig, in_flight)
    result.count, result.found = count(rig, in_flight.urls), dict(found)
    return result


def failpoint_kills(rig: Rig, *, rounds: int, pages: int, lot: random.Random) -> Killed:
    """Die at each named point; after one of them in each round, five times more in the recoveries that follow."""
    result, found, in_flight = Killed(), Counter[str](), InFlight(rig)
    rig.announce(pages, lot)
    rig.crawl()
    for _ in range(rounds):
        chosen = lot.choice(NAMES)
        for name in NAMES:
            rig.announce(pages, lot)
            again = [lot.choice(NAMES[1:]) for _ in range(5)] if name == chosen else []
            first = f"{name}:{lot.randint(1, 2 * pages)}" if name == "mid_record" else name
            for failpoint in (first, *again):
                with in_flight.watched():
                    died = rig.crawl(failpoint) == _DIED
                result.kills += died
                found[_left(rig)] += died
            rig.crawl()
            result.series += 1
            result.recovered += in_flight.archived() >= rig.pages.keys() and not rig.spool_files
    _finish(rig, in_flight)
    result.count, result.found = count(rig, in_flight.urls), dict(found)
    return result


def moment_of(rig: Rig, usual: float, waiting: int, lot: random.Random) -> Callable[[], bool]:
    """A random moment of the crawl that begins now, which usually takes so many seconds, tells when it has come.

    `waiting` is how many articles it will ask for.
    """
    begun, requests = time.monotonic(), rig.access.refresh()
    kind = lot.choices(["start", "fetching", "end"], [2, 4, 4])[0]
    delay = lot.uniform(0, usual) if kind == "start" else lot.uniform(0, usual / 4) if kind == "end" else 0.0
    wanted = requests + {"start": 0, "end": waiting, "fetching": lot.randint(1, max(1, waiting))}[kind]
    reached = begun if kind == "start" else None

    def has_come() -> bool:
        nonlocal reached
        if reached is None and rig.access.refresh() >= wanted:
            reached = time.monotonic()
        return reached is not None and time.monotonic() >= reached + delay

    return has_come


def _left(rig: Rig) -> str:
    files = rig.spool_files
    if not files:
        return "nothing"
    return "open segment" if any(path.name.endswith(OPEN_SUFFIX) for path in files) else "closed segment"


def _finish(rig: Rig, in_flight: InFlight) -> None:
    """Run the command until all is archived, or further crawls are of no use."""
    for _ in range(FINISHING):
        rig.presskeep("crawl", "--all")
        if in_flight.archived() >= rig.pages.keys() and not rig.spool_files:
            break
