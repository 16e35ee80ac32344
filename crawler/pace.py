"""How often a server is asked: by one client, or by all processes that share a catalog."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from archive.host_memory import HostMemory


class Pace(Protocol):
    """Whose turn it is."""

    def take_turn(self) -> float:
        """Seconds to wait until one may ask; the turn is taken then."""

    def rest(self, seconds: float) -> None:
        """Nobody gets a turn for so long."""


class OwnPace:
    """The pace of one client that shares it with nobody."""

    def __init__(self, per_minute: float, monotonic: Callable[[], float]) -> None:
        self._between = 60 / per_minute
        self._monotonic = monotonic
        self._next = float("-inf")

    def take_turn(self) -> float:
        """As in `Pace`."""
        now = self._monotonic()
        begin = max(now, self._next)
        self._next = begin + self._between
        return begin - now

    def rest(self, seconds: float) -> None:
        """As in `Pace`."""
        self._next = max(self._next, self._monotonic() + seconds)


class SharedPace:
    """The pace of all processes that share a catalog."""

    def __init__(
        self,
        hosts: HostMemory,
        server: str,
        per_minute: float,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`server` names it in the catalog."""
        self._hosts = hosts
        self._server = server
        self._between = timedelta(minutes=1) / per_minute
        self._now = now

    def take_turn(self) -> float:
        """As in `Pace`; CatalogError when the catalog cannot be used."""
        return self._hosts.take_turn(self._server, self._between, self._now()).total_seconds()

    def rest(self, seconds: float) -> None:
        """As in `Pace`; CatalogError when the catalog cannot be used."""
        self._hosts.postpone_turns(self._server, self._now() + timedelta(seconds=seconds))
