"""A clock that only waiting moves, for everything that would otherwise wait for minutes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from archive.backoff import Patience


@dataclass
class FakeTime:
    """Seconds since the test began, and every wait in order."""

    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.waits.append(seconds)
        self.now += seconds

    def patience(self) -> Patience:
        """Five minutes of this time, without jitter."""
        return Patience(limit=timedelta(minutes=5), sleep=self.sleep, clock=lambda: self.now, random=lambda: 1.0)
