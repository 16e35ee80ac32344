"""The sites that a run holds: leases taken at its start, renewed while it works, given back at its end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from datetime import timedelta

from archive.catalog import Catalog
from archive.errors import ArchiveError, CatalogError, LeaseHeld
from archive.leases import Lease

logger = logging.getLogger(__name__)

TTL = timedelta(seconds=90)
"""How long a run that has stopped answering keeps its sites; one whose process has ended loses them at once."""

_RENEWAL = TTL.total_seconds() / 3


class Tenancy:
    """The leases of one run."""

    def __init__(self, catalog: Catalog, run: str) -> None:
        self._leases = catalog.leases
        self._run = run
        self._held: dict[str, Lease] = {}
        self._renewed = time.monotonic()

    async def take(self, sites: Iterable[str]) -> tuple[dict[str, Lease], dict[str, str]]:
        """Leases of the sites that are free, and for each of the others why it is not."""
        refused = {}
        for site in sites:
            try:
                self._held[site] = await asyncio.to_thread(self._leases.acquire, site, self._run, TTL)
            except LeaseHeld as exc:
                refused[site] = str(exc)
        return dict(self._held), refused

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
