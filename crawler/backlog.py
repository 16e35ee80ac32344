"""What waits for extraction, a host: one that sends more than can be extracted waits for that itself.

Scrapy asks nobody for anything while five megabytes wait in all. A few large pages would so hold up every other site
for as long as they take.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

OWN = 5_000_000
"""Bytes that wait, at which their host is asked for no more; what Scrapy permits to all."""

ALL = 250_000_000
"""Bytes that wait in all, at which no host of them is asked for more."""


class Backlog:
    """Bytes of pages that were fetched and wait for their extraction, or are in it."""

    def __init__(self) -> None:
        self._waiting: Counter[str] = Counter()
        self._all = 0

    @contextmanager
    def of(self, host: str, size: int) -> Iterator[None]:
        """So many bytes of a host wait until the block ends."""
        self._add(host, size)
        try:
            yield
        finally:
            self._add(host, -size)

    def holds_up(self, host: str) -> bool:
        """Whether too much waits for this host to be asked for more."""
        own = self._waiting[host]
        return own > OWN or (own > 0 and self._all > ALL)

    def _add(self, host: str, size: int) -> None:
        self._waiting[host] += size
        self._all += size
