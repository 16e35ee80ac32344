"""Whether a site gives as many new articles as it used to.

What is usual is taken from the site's own weekdays. A holiday is like a Sunday, or quieter, and nobody tells us of it:
so only less than a site ever gave is trouble. Whether it gives none at all is for jobs/health_silence.py.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from archive.site_findings import SiteFinding
from archive.site_history import SiteRun
from jobs.health_change import EVIDENCE
from jobs.health_past import SitePast, Trouble

_DAY = timedelta(days=1)
_WEEKS = 8
"""How far back a baseline goes."""
_SAME_WEEKDAYS = 3
"""Days that tell what a weekday is like."""
_SPANS = {1: 0.33, 3: 0.4, 7: 0.5}
"""Days that are looked at together, and the share of the least so far that is too little."""
_FALL = 0.5
_EXPLAIN = ("silent", "frozen", "source", "pages")
IDLE = 0.2
"""Share of the busiest weekday below which a site counts as closed on a weekday."""


@dataclass(frozen=True)
class Days:
    """New articles a local day, of days on which the sources were looked at as often as usual."""

    zone: ZoneInfo
    counts: dict[date, int]

    @classmethod
    def of(cls, runs: Sequence[SiteRun], zone: ZoneInfo) -> Days:
        """What these runs have brought."""
        new: dict[date, int] = defaultdict(int)
        looks: dict[date, int] = defaultdict(int)
        for run in runs:
            day = run.started.astimezone(zone).date()
            new[day] += run.new
            looks[day] += 1
        usual = median(looks.values()) if looks else 0
        # Not the first day, which has all that the sources still held.
        return cls(zone, {day: new[day] for day in sorted(new)[1:] if looks[day] >= usual / 2})

    def expected(self, day: date) -> float | None:
        """What this weekday usually brings, None if there were too few of them in the weeks before."""
        same = [self.counts.get(day - 7 * week * _DAY) for week in range(1, _WEEKS + 1)]
        held = [count for count in same if count is not None]
        return float(median(held)) if len(held) >= _SAME_WEEKDAYS else None

    def span(self, end: date, length: int) -> int | None:
        """Articles of so many days up to `end`, None if not all were looked at."""
        held = [self.counts.get(end - n * _DAY) for n in range(length)]
        return None if None in held else sum(count or 0 for count in held)

    @property
    def has_closed_weekdays(self) -> bool:
        """Whether next to nothing appears on some weekday; then single days tell little, for holidays are like it."""
        usual = levels(self.counts).values()
        return min(usual, default=0) <= IDLE * max(usual, default=0)

    def begin(self, day: date) -> datetime:
        """Its first moment."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone)


class VolumeCheck:
    """Days that bring less than half of what their weekdays do, and of the least that as many days ever did."""

    def handles(self, finding: SiteFinding) -> bool:
        return finding.kind == "volume"

    def troubles(self, past: SitePast) -> Sequence[Trouble]:
        zone, is_usual = ZoneInfo(past.profile.timezone), past.usual("volume")
        days = Days.of([run for run in past.runs if is_usual(run.started)], zone)
        yesterday = past.now.astimezone(zone).date() - _DAY
        for length, share in _SPANS.items():
            expected = [days.expected(yesterday - n * _DAY) for n in range(length)]
            count = days.span(yesterday, length)
            if count is None or None in expected:
                continue
            usual = sum(value or 0 for value in expected)
            first = yesterday - (length - 1) * _DAY
            if _is_explained(past, days.begin(first)) or (length < 7 and days.has_closed_weekdays):
                continue
            if _is_low(count, usual) and count < share * self._least(days, first, length):
                return [_volume_trouble(days, first, length, count, usual)]
        return []

    def is_over(self, past: SitePast, finding: SiteFinding) -> bool:
        zone = ZoneInfo(past.profile.timezone)
        days = Days.of(past.runs, zone)
        opened, today = finding.opened.astimezone(zone).date(), past.now.astimezone(zone).date()
        before = Days(zone, {day: count for day, count in days.counts.items() if days.begin(day) < finding.since})
        for day in (today, today - _DAY):
            count = days.counts.get(day)
            usual = [c for d, c in before.counts.items() if d.weekday() == day.weekday()]
            if day > opened and count and usual and count >= 0.7 * median(usual):
                return True
        return False

    def _least(self, days: Days, before: date, length: int) -> int:
        """The fewest articles of as many days in a row in the weeks before."""
        ends = (before - n * _DAY for n in range(1, 7 * _WEEKS + 1))
        return min((count for end in ends if (count := days.span(end, length)) is not None), default=0)


def levels(counts: Mapping[date, int]) -> dict[int, float]:
    """Mean articles of each weekday, Monday is 0."""
    weekdays: dict[int, list[int]] = defaultdict(list)
    for day, count in counts.items():
        weekdays[day.weekday()].append(count)
    return {weekday: sum(counts) / len(counts) for weekday, counts in weekdays.items()}


def _is_explained(past: SitePast, since: datetime) -> bool:
    """Whether there was another trouble since then because of which articles are missing."""
    return any(it.kind in _EXPLAIN and (it.closed or past.now) >= since for it in past.findings)


def _is_low(count: int, usual: float) -> bool:
    """Whether so few are under half of what is usual, and no accident of numbers (Poisson)."""
    if count >= _FALL * usual:
        return False
    return usual - count + (count * math.log(count / usual) if count else 0) > EVIDENCE


def _volume_trouble(days: Days, first: date, length: int, count: int, usual: float) -> Trouble:
    when = f"on {first:%A} {first}" if length == 1 else f"in the {length} days from {first}"
    return Trouble(
        kind="volume",
        since=days.begin(first),
        summary=f"{count} new articles {when}; such days usually bring {usual:.0f}",
        cause="a source is no longer filled, or a part of what it announces is no longer taken for articles: compare "
        "what the site shows with `include` in the profile",
    )
