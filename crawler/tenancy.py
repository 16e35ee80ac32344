"""The sites that a run holds: leases taken at its start, renewed while it works, given back at its end.

A site at which a backfill or an import is at work is waited for: they give it up when they are asked.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import timedelta

from archive.catalog import Catalog
from archive.errors import ArchiveError, CatalogError, LeaseHeld
from archive.leases import Lease

logger = logging.getLogger(__name__)

TTL = timedelta(seconds=90)
"""How long a run that has stopped answering keeps its sites; one whose process has ended loses them at once."""

_LONGEST_WAIT = 300.0
"""Seconds to wait for a site that is to be given up."""

_LOOK = 0.5
"""Seconds between two looks whether it was."""

_RENEWAL = TTL.total_seconds() / 3


class Tenancy:
    """The leases of one run."""

    def __init__(self, catalog: Catalog, run: str) -> None:
        self._leases = catalog.leases
        self._precedence = catalog.precedence
        self._run = run
        self._held: dict[str, Lease] = {}
        self._renewed = time.monotonic()

    async def take(self, sites: Iterable[str]) -> tuple[dict[str, Lease], dict[str, str]]:
        """Leases of the sites that are free, or are given up for us, and for each of the others why it is not."""
        refused = {}
        for site in sites:
            try:
                self._held[site] = await self._acquire(site)
            except LeaseHeld as exc:
                refused[site] = str(exc)
        return dict(self._held), refused

    async def _acquire(self, site: str) -> Lease:
        end = time.monotonic() + _LONGEST_WAIT
        with ExitStack() as stack:
            asked = False
            while True:
                try:
                    return await asyncio.to_thread(self._leases.acquire, site, self._run, TTL)
                except LeaseHeld:
                    # Between the two looks its holder may just have ended.
                    yields = await asyncio.to_thread(self._precedence.yields, site)
                    if time.monotonic() > end or not (yields or asked):
                        raise
                if not asked:
                    stack.enter_context(self._precedence.asking(site, self._run))
                    asked = True
                await asyncio.sleep(_LOOK)
                await self.renew_when_due()

    async def renew_when_due(self) -> None:
        """Renew all leases, a third of their life after the last time; LeaseLost when one has passed to another.

        While the catalog is away nobody else can take the sites either, so that is only logged.
        """
        if time.monotonic() - self._renewed < _RENEWAL:
            return
        self._renewed = time.monotonic()
        try:
            for site, lease in self._held.items():
                self._held[site] = await asyncio.to_thread(self._leases.renew, lease)
        except CatalogError as exc:
            logger.warning("leases not renewed: %s", exc)

    async def give_back(self) -> None:
        """Release all leases; those that cannot be released expire by themselves."""
        for lease in self._held.values():
            try:
                await asyncio.to_thread(self._leases.release, lease)
            except ArchiveError as exc:
                logger.warning("%s: its lease is not given back: %s", lease.site, exc)
        self._held.clear()
