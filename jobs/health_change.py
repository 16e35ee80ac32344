"""Whether a series that was one thing for weeks is another now, and since when.

A series is a sample a run: how many observations, and their sum. Every run of the recent past is tried as the moment of
change, and the best one is weighed by its likelihood ratio (generalized likelihood ratio, M. Basseville, I. Nikiforov,
"Detection of Abrupt Changes", 1993, section 2.4). Series of news sites come in bursts and have week-ends, so what is
improbable by itself must also be lower than any stretch of that size ever was.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import NormalDist

EVIDENCE = 13.0
"""Natural logarithm of the likelihood ratio from which a change counts: one in four hundred thousand."""
ENOUGH = 40
"""Observations that a baseline needs."""
_SPAN = timedelta(days=7)
"""What a baseline must span, so that it has seen a week-end."""
_RECENT = 60
"""Observations within which a change is looked for, and"""
_RECENT_RUNS = 3
"""runs, whichever goes further back."""
_RUNS = 2
"""Runs that must show a change, for one alone can have bad luck."""
_LEAST = 4
"""Observations that must show a change."""
_STRETCH = 40
"""Observations of the longest stretch that is compared with what was."""
_UNSEEN = 5.0
"""As EVIDENCE, against the lowest stretch that there ever was, and"""
_OTHERS = 3.0
"""without the run that shows the change most."""
_RECOVERED = 10
"""Observations, of two runs at least, by which recovery is judged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """The observations of one run."""

    at: datetime
    """Aware UTC."""
    count: int
    total: float
    """Their sum."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A series is lower than it was."""

    since: datetime
    """When the first sample was taken that is, aware UTC."""
    before: float
    """Mean of the observations before."""
    after: float
    """Mean of those since."""
    count: int
    """Observations since."""


Likelihood = Callable[[float, float, int], float]
"""Logarithm of the likelihood ratio of so many observations with the second mean against the first."""


def of_shares(before: float, after: float, count: int) -> float:
    """For observations that are 0 or 1."""
    # What always was so is taken to have failed once in a hundred times.
    before = min(max(before, 0.01), 0.99)
    return count * sum(x * math.log(x / y) for x, y in ((after, before), (1 - after, 1 - before)) if x)


def of_scores(before: float, after: float, count: int) -> float:
    """For observations with a standard deviation of 1."""
    return count * (after - before) ** 2 / 2


def find_drop(samples: Sequence[Sample], likelihood: Likelihood, *, least: float) -> Change | None:
    """The change to a mean that is lower by `least` or more; samples are oldest first."""
    usual, recent = split(samples)
    base = sum(sample.count for sample in usual)
    if base < ENOUGH or usual[-1].at - usual[0].at < _SPAN:
        return None
    before = _mean(usual)
    best, found = EVIDENCE, None
    for start in range(len(recent) - _RUNS + 1):
        part = recent[start:]
        count, after = sum(sample.count for sample in part), _mean(part)
        if count < _LEAST or before - after < least:
            continue
        if (evidence := likelihood(before, after, count)) > best and _by_many(part, before, likelihood, least):
            best, found = evidence, Change(since=part[0].at, before=before, after=after, count=count)
    if found is None:
        return None
    lowest = min(_stretches(usual, min(found.count, _STRETCH)))
    return found if found.after < lowest and likelihood(lowest, found.after, found.count) > _UNSEEN else None


def is_over(samples: Sequence[Sample], *, since: datetime, opened: datetime) -> bool:
    """Whether a series that changed then, as was noticed at `opened`, is back where it was before."""
    usual = [sample for sample in samples if sample.at < since]
    changed = [sample for sample in samples if since <= sample.at <= opened]
    later = [sample for sample in samples if sample.at > opened]
    last: list[Sample] = []
    while later and (len(last) < _RUNS or sum(sample.count for sample in last) < _RECOVERED):
        last.append(later.pop())
    if not usual or not changed or len(last) < _RUNS or sum(sample.count for sample in last) < _RECOVERED:
        return False
    return _mean(last) > (_mean(usual) + _mean(changed)) / 2


def split(samples: Sequence[Sample]) -> tuple[Sequence[Sample], Sequence[Sample]]:
    """Samples with observations: those that a baseline is made of, and those of the recent past."""
    held = [sample for sample in samples if sample.count]
    start, count = len(held), 0
    while start and (count < _RECENT or len(held) - start < _RECENT_RUNS):
        start -= 1
        count += held[start].count
    return held[:start], held[start:]


class Scores:
    """Where a value stands among the usual ones, as a quantile of the normal distribution (van der Waerden, 1952).

    Nothing is assumed of how the usual values are distributed; equal ones share the middle of their ranks.
    """

    def __init__(self, usual: Iterable[float]) -> None:
        self._ordered = sorted(usual)
        self._quantile = NormalDist().inv_cdf

    def __call__(self, value: float) -> float:
        """0 for the middle one, -1 for what one in six lies below."""
        ordered = self._ordered
        return self._quantile((bisect_left(ordered, value) + bisect_right(ordered, value) + 1) / (2 * len(ordered) + 2))


def _by_many(samples: Sequence[Sample], before: float, likelihood: Likelihood, least: float) -> bool:
    """Whether a change still shows without the one run that shows it most."""
    worst = max(samples, key=lambda sample: before * sample.count - sample.total)
    others = [sample for sample in samples if sample is not worst]
    after = _mean(others)
    return before - after >= least and likelihood(before, after, sum(it.count for it in others)) > _OTHERS


def _stretches(samples: Sequence[Sample], size: int) -> Iterator[float]:
    """The means of stretches of at least so many observations, one after the other; of all if they are fewer."""
    count, total, whole = 0, 0.0, False
    for sample in samples:
        count, total = count + sample.count, total + sample.total
        if count >= size:
            yield total / count
            count, total, whole = 0, 0.0, True
    if not whole:
        yield total / count


def _mean(samples: Sequence[Sample]) -> float:
    return sum(sample.total for sample in samples) / sum(sample.count for sample in samples)
