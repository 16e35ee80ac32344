"""A site held while its archive is changed, by work that may take longer than a lease lasts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from archive.leases import Lease, Leases

TTL = timedelta(minutes=10)
"""How long a process that has stopped keeps the site, where nobody can tell that it ended."""


class HeldSite:
    """The lease of one site; not safe for several threads at once."""

    def __init__(self, leases: Leases, lease: Lease, *, monotonic: Callable[[], float]) -> None:
        self._leases = leases
        self._monotonic = monotonic
        self._renewed = monotonic()
        self.lease = lease

    def keep(self, *, now: bool = False) -> None:
        """Renew the lease when a third of its life is over, or at once; LeaseLost when it has passed to another."""
        if now or self._monotonic() - self._renewed > self.lease.ttl.total_seconds() / 3:
            self.lease = self._leases.renew(self.lease)
            self._renewed = self._monotonic()


@contextmanager
def held_site(
    leases: Leases, site: str, holder: str, *, monotonic: Callable[[], float] = time.monotonic
) -> Iterator[HeldSite]:
    """Hold a site; LeaseHeld while another does. What takes long calls `keep` again and again."""
    held = HeldSite(leases, leases.acquire(site, holder, TTL), monotonic=monotonic)
    try:
        yield held
    finally:
        leases.release(held.lease)
