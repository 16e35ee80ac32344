"""The gap report of a backfill: what each day or month of its plan has come to, and where that is too little."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from archive import outcomes
from archive.backfills import Part

UNKNOWN = "unknown"
"""Stands for the day or month of addresses that tell none."""

MISSES = "misses"
"""Counted addresses at which there is nothing: the end of a day, no gap."""

GOT_OR_OPEN = ("archived", "to_fetch", MISSES)

_GOT = (outcomes.ARCHIVED, outcomes.UNCHANGED, outcomes.KNOWN, outcomes.DOUBTFUL, outcomes.REMOVED)
_NOTHING_THERE = ("http_404", "http_410")

_NEIGHBOURS = 7
"""Days, or months, before and after that tell what is usual."""

_SHARE = 0.5
"""Less of what is usual than this is a gap."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One day or month."""

    counts: Counter[str]
    """`archived`, `to_fetch`, `misses`, and outcomes of what is missing."""
    expected: int
    """What its neighbours have archived, their median."""

    @property
    def planned(self) -> int:
        """Addresses, without those that were counted in vain."""
        return self.counts.total() - self.counts[MISSES]

    @property
    def is_gap(self) -> bool:
        """Whether less is archived than the neighbours let expect, and nothing is left to fetch."""
        return not self.counts["to_fetch"] and self.counts["archived"] < self.expected * _SHARE


def gaps(parts: Sequence[Part], *, by_day: bool) -> dict[str, Line]:
    """Day or month -> what became of its addresses, in order; the last one may be `unknown`."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for part in parts:
        counts[_name(part, by_day=by_day)][_kind(part)] += part.count
    names = sorted(counts)
    archived = [counts[name]["archived"] for name in names if name != UNKNOWN]
    return {
        name: Line(counts=counts[name], expected=_usual(archived, place) if name != UNKNOWN else 0)
        for place, name in enumerate(names)
    }


def is_got(part: Part) -> bool:
    """Whether the archive holds the articles at these addresses."""
    return part.outcome is not None and outcomes.name_of(part.outcome) in _GOT


def _name(part: Part, *, by_day: bool) -> str:
    if part.day is None:
        return UNKNOWN
    return part.day.isoformat() if by_day else f"{part.day:%Y-%m}"


def _kind(part: Part) -> str:
    if part.outcome is None:
        return "to_fetch"
    if is_got(part):
        return "archived"
    return MISSES if part.counted and part.outcome in _NOTHING_THERE else part.outcome


def _usual(archived: Sequence[int], place: int) -> int:
    around = [*archived[max(0, place - _NEIGHBOURS) : place], *archived[place + 1 : place + 1 + _NEIGHBOURS]]
    return round(median(around)) if around else 0
