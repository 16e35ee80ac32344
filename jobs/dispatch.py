"""Handing out what is due: claims ticks and gives them to crawls, as many at once as may be.

It keeps no list of what waits: what is due and not claimed waits in the catalog, so that nothing is lost with this
process, and ticks that come while a site waits are one tick.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from archive.catalog import Catalog
from archive.records import new_run_id
from jobs.due import claim, due_sites
from jobs.schedule import Timetable

logger = logging.getLogger(__name__)

Launch = Callable[[str, list[str]], None]
"""Begins a run of that id at those sites and returns; `Dispatcher.finished` is called when it has ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How much may go on at once."""

    processes: int = 2
    sites_per_process: int = 50


class Dispatcher:
    """Runs what is due, as seen by one scheduler."""

    def __init__(
        self,
        catalog: Catalog,
        launch: Launch,
        *,
        limits: Limits,
        held: Callable[[], Mapping[str, str]] = dict,
        new_id: Callable[[], str] = new_run_id,
    ) -> None:
        """`held` tells of sites that somebody else crawls, and by which run."""
        self._catalog = catalog
        self._launch = launch
        self.limits = limits
        self._held = held
        self._new_id = new_id
        self._lock = Lock()
        self.active: dict[str, frozenset[str]] = {}
        """Runs under way, and their sites."""

    def dispatch(self, sites: Mapping[str, Timetable], now: datetime, *, jitter: int = 0) -> int:
        """Begin runs for what is due, as far as there is room; returns how many sites still wait."""
        dues = due_sites(sites, self._catalog.ticks.newest(now), now, jitter=jitter)
        if not dues:
            return 0
        busy = {**self._held(), **{site: run for run, at in self._snapshot().items() for site in at}}
        claim(self._catalog, [due for due in dues if due.site in busy], "", now, busy=busy)
        waiting = [due for due in dues if due.site not in busy]
        while waiting and (room := self.limits.processes - len(self._snapshot())) > 0:
            # What is due together is spread over the processes that are free.
            share = min(self.limits.sites_per_process, -(-len(waiting) // room))
            taken, waiting = waiting[:share], waiting[share:]
            run = self._new_id()
            if claimed := claim(self._catalog, taken, run, now, busy={}):
                self._begin(run, claimed)
        return len(waiting)

    def finished(self, run: str) -> None:
        """A run has ended; may be called from any thread."""
        with self._lock:
            self.active.pop(run, None)

    def _begin(self, run: str, sites: list[str]) -> None:
        with self._lock:
            self.active[run] = frozenset(sites)
        self._launch(run, sites)

    def _snapshot(self) -> dict[str, frozenset[str]]:
        with self._lock:
            return dict(self.active)
