"""The bucket away for ten minutes, and a bucket that answers 503 to three requests of ten.

Crawls run one after the other, as cron would start them, through a proxy in front of the bucket.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from archive.keys import BATCHES
from bench.durability_count import Count, captured, count
from bench.durability_rig import Rig
from tests.fault_proxy import FaultProxy, Forward, Reply, Request, answer

_PAUSE = 10.0
"""Seconds between two crawls."""
_PATIENCE = 300.0
"""Seconds after which nothing more is expected of a bucket that is back."""


@dataclass(kw_only=True, slots=True)
class Outage:
    """What an unreliable bucket did."""

    seconds: float = 0.0
    """How long it was away."""
    drained_after: float = 0.0
    """Seconds from its return until all that was served lay in it."""
    refusals: int = 0
    """Requests that it cut or answered with 503."""
    count: Count = field(default_factory=Count)


class Gate:
    """Decides what a proxy does with each request; may be used from several threads."""

    def __init__(self, proxy: FaultProxy, lot: random.Random) -> None:
        self.away = threading.Event()
        self.busy = 0.0
        """Share of requests that are answered with 503."""
        self.refusals = 0
        self._lot = lot
        self._refuse = answer(503, "SlowDown")
        for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
            proxy.plan(method, self._decide, times=1 << 60)

    def _decide(self, request: Request, forward: Forward) -> Reply | None:
        if self.away.is_set():
            self.refusals += 1
            return None
        if self._lot.random() < self.busy:
            self.refusals += 1
            return self._refuse(request, forward)
        return forward(request)


def bucket_away(rig: Rig, gate: Gate, *, seconds: float, articles: int, lot: random.Random) -> Outage:
    """The bucket goes away while articles are fetched, and comes back after so many seconds."""
    rig.announce(articles // 4, lot)
    rig.crawl()
    rig.announce(articles - len(rig.pages), lot)
    before = rig.access.refresh()
    ended = threading.Event()
    crawls = threading.Thread(target=_crawl_repeatedly, args=(rig, ended))
    crawls.start()
    try:
        _wait(lambda: rig.access.refresh() > before + articles // 8, _PATIENCE)
        gate.away.set()
        time.sleep(seconds)
        gate.away.clear()
        returned = time.monotonic()
        _wait(lambda: _drained(rig), _PATIENCE)
        drained_after = time.monotonic() - returned
    finally:
        gate.away.clear()
        ended.set()
        crawls.join()
    return Outage(seconds=seconds, drained_after=drained_after, refusals=gate.refusals, count=_counted(rig))


def bucket_busy(rig: Rig, gate: Gate, *, share: float, crawls: int, articles: int, lot: random.Random) -> Outage:
    """The bucket refuses that share of all requests during so many crawls."""
    gate.busy = share
    for number in range(crawls):
        rig.announce(articles * (number + 1) // crawls - len(rig.pages), lot)
        rig.crawl()
    gate.busy = 0.0
    return Outage(refusals=gate.refusals, count=_counted(rig))


def _crawl_repeatedly(rig: Rig, ended: threading.Event) -> None:
    while not ended.is_set():
        rig.crawl()
        ended.wait(_PAUSE)


def _drained(rig: Rig) -> bool:
    """Whether everything that was announced lies in the bucket, and nothing waits in the spool."""
    return not rig.spool_files and set(captured(rig.objects, rig.objects.listed(BATCHES))) >= rig.pages.keys()


def _counted(rig: Rig) -> Count:
    rig.crawl()
    return count(rig, Counter())


def _wait(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.2)
