"""How many requests a site gets: no more than its profile says, in one run and in one day (UTC)."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime

from scrapy.exceptions import IgnoreRequest

from crawler.archiving import Archiving


class PutOff(IgnoreRequest):
    """Raised for what is not fetched in this run; retry in a later one. `reason` is a slug."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Budget:
    """The requests that each site of a run may still send; robots.txt, sources, redirects and retries count too."""

    def __init__(self, archiving: Archiving) -> None:
        self._archiving = archiving
        self._run: Counter[str] = Counter()
        self._before: dict[str, int] = {}

    async def spend(self, site: str) -> None:
        """Take one request; PutOff when there is none left."""
        rules = self._archiving.profile(site).fetch
        if rules.requests_per_run is not None and self._run[site] >= rules.requests_per_run:
            raise PutOff("budget", f"{site}: {rules.requests_per_run} requests were sent in this run")
        if rules.requests_per_day is not None and await self._today(site) >= rules.requests_per_day:
            raise PutOff("budget", f"{site}: {rules.requests_per_day} requests were sent today")
        self._run[site] += 1
        if rules.requests_per_day is not None:
            await self._keep(site)

    async def _today(self, site: str) -> int:
        """By all runs; what others sent is read once."""
        memory = self._archiving.hosts
        if site not in self._before:
            day = datetime.now(UTC).date()
            self._before[site] = await asyncio.to_thread(memory.requests, site, day) if memory else 0
        return self._before[site] + self._run[site]

    async def _keep(self, site: str) -> None:
        # At once: a run that is killed has sent them all the same.
        if memory := self._archiving.hosts:
            day = datetime.now(UTC).date()
            await asyncio.to_thread(memory.keep_requests, site, day, self._archiving.run, self._run[site])
