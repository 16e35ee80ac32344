"""Who goes first at a site: a crawl before a backfill, and whatever can wait before whatever cannot.

Who can wait says so while it holds a site. Who needs the site asks for it, and the holder, who looks now and then, ends
what it is doing in good order. Both are leases of names that no site has, so that they go with their process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

from archive.errors import LeaseHeld
from archive.leases import Leases

YIELDS = "/yields"
ASKED = "/asked"

_TTL = timedelta(days=2)
"""Longer than a slice of any backfill; a process that has ended loses it at once."""


class Precedence:
    """The precedence at the sites of one catalog."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases

    def yielding(self, site: str, holder: str) -> AbstractContextManager[None]:
        """Meanwhile `holder` gives the site up when it is asked."""
        return self._named(site + YIELDS, holder)

    def asking(self, site: str, holder: str) -> AbstractContextManager[None]:
        """Meanwhile `holder` asks for the site."""
        return self._named(site + ASKED, holder)

    def yields(self, site: str) -> bool:
        """Whether the one who holds the site gives it up when asked."""
        holder = self._leases.holder(site)
        return holder is not None and holder == self._leases.holder(site + YIELDS)

    def is_asked(self, site: str) -> bool:
        """Whether somebody asks for the site."""
        return self._leases.holder(site + ASKED) is not None

    def is_free(self, site: str) -> bool:
        """Whether nobody holds the site, can wait there, or asks for it."""
        return not any(self._leases.holder(site + what) for what in ("", YIELDS, ASKED))

    @contextmanager
    def _named(self, name: str, holder: str) -> Iterator[None]:
        try:
            lease = self._leases.acquire(name, holder, _TTL)
        except LeaseHeld:
            # Another one says the same already.
            yield
            return
        try:
            yield
        finally:
            self._leases.release(lease)
