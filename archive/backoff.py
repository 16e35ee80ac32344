"""How long to wait before trying again, and when to give up."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

BASE = 0.5
"""Seconds that the first wait lasts at most; it doubles with every try."""
CAP = 30.0
"""Seconds that a wait lasts at most, so that work goes on soon after the other side is back."""
RETRY_AFTER_CAP = 120.0
"""Seconds that we let the other side make us wait."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How patient to be, and by which clock."""

    limit: timedelta = timedelta(minutes=5)
    """How long one call goes on trying; zero means one try."""
    sleep: Callable[[float], object] = time.sleep
    """Waits for so many seconds; it may raise, to end the waiting at shutdown."""
    clock: Callable[[], float] = time.monotonic
    """Seconds since any fixed moment."""
    random: Callable[[], float] = random.random
    """A number from 0 up to 1."""


class Backoff:
    """The waits between the tries of one call: capped exponential with full jitter.

    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._end = patience.clock() + patience.limit.total_seconds()
        self._ceiling = BASE

    def next_delay(self, retry_after: float = 0.0) -> float | None:
        """Seconds to wait now, at least the (capped) `retry_after`; None when that would exceed the patience."""
        jittered = self._patience.random() * self._ceiling
        self._ceiling = min(CAP, self._ceiling * 2)
        delay = max(jittered, min(retry_after, RETRY_AFTER_CAP))
        return delay if self._patience.clock() + delay <= self._end else None
