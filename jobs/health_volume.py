"""Whether a site gives as many new articles as it used to, and whether it has fallen silent.

What is usual is taken from the site's own weekdays. A holiday is like a Sunday, or quieter, and nobody tells us of it:
so less than a site ever gave is trouble, and silence only when so many articles are missing that even half of the
site's quietest weekday would have brought some.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from archive.site_findings import SiteFinding
from archive.site_history import SiteRun
from jobs.health_change import EVIDENCE
from jobs.health_past import SitePast, Trouble, shown

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_WEEKS = 8
"""How far back a baseline goes."""
_SAME_WEEKDAYS = 3
"""Days that tell what a weekday is like."""
_HISTORY = timedelta(days=14)
"""What a site must have before its silence means something."""
_SPANS = {1: 0.33, 3: 0.4, 7: 0.5}
"""Days that are looked at together, and the share of the least so far that is too little."""
_FALL = 0.5
_EXPECTED = 6.0
"""Articles that must be missing for certain: with so many expected, none come once in four hundred times."""
_LONGER = 1.5
"""Times the longest silence so far."""
_EXPLAIN = ("silent", "source", "pages")
_IDLE = 0.2
"""Share of the busiest weekday below which a site counts as closed on a weekday."""


@dataclass(frozen=True)
class _Days:
    """New articles a local day, of days on which the sources were looked at as often as usual."""

    zone: ZoneInfo
    counts: dict[date, int]

    @classmethod
    def of(cls, runs: Sequence[SiteRun], zone: ZoneInfo) -> _Days:
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
        levels = _levels(self.counts)
        return min(levels.values(), default=0) <= _IDLE * max(levels.values(), default=0)

    def begin(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone)


class VolumeCheck:
    """Days that bring less than half of what their weekdays do, and of the least that as many days ever did."""

    def handles(self, finding: SiteFinding) -> bool:
        return finding.kind == "volume"

    def troubles(self, past: SitePast) -> Sequence[Trouble]:
        zone, is_usual = ZoneInfo(past.profile.timezone), past.usual("volume")
        days = _Days.of([run for run in past.runs if is_usual(run.started)], zone)
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
        days = _Days.of(past.runs, zone)
        opened, today = finding.opened.astimezone(zone).date(), past.now.astimezone(zone).date()
        before = _Days(zone, {day: count for day, count in days.counts.items() if days.begin(day) < finding.since})
        for day in (today, today - _DAY):
            count = days.counts.get(day)
            usual = [c for d, c in before.counts.items() if d.weekday() == day.weekday()]
            if day > opened and count and usual and count >= 0.7 * median(usual):
                return True
        return False

    def _least(self, days: _Days, before: date, length: int) -> int:
        """The fewest articles of as many days in a row in the weeks before."""
        ends = (before - n * _DAY for n in range(1, 7 * _WEEKS + 1))
        return min((count for end in ends if (count := days.span(end, length)) is not None), default=0)


class SilenceCheck:
    """Nothing new for longer than ever, although the sources are read."""

    def handles(self, finding: SiteFinding) -> bool:
        return finding.kind == "silent"

    def troubles(self, past: SitePast) -> Sequence[Trouble]:
        is_usual = past.usual("silent")
        runs = [run for run in past.runs if is_usual(run.started)]
        silences = list(_silences(runs))
        if not silences or runs[-1].new or runs[-1].started - runs[0].started < _HISTORY:
            return []
        since, length, looks = silences[-1]
        longest = max((silence for _, silence, _ in silences[:-1]), default=timedelta(0))
        rhythm = _Rhythm.of([run for run in runs if run.started <= since], ZoneInfo(past.profile.timezone))
        if looks < 2 or length <= _LONGER * longest or not rhythm.is_missed(since, runs[-1].started):
            return []
        return [
            Trouble(
                kind="silent",
                since=since,
                summary=f"nothing new since {shown(since)}, in {looks} looks at its sources; the longest time without "
                f"anything new was {_span(longest)} before",
                cause="the sources are no longer filled, or what they announce is no longer taken for articles: "
                "open them with a browser, compare with `include` in the profile",
            )
        ]

    def is_over(self, past: SitePast, finding: SiteFinding) -> bool:
        return any(run.new for run in past.runs if run.started > finding.opened)


@dataclass(frozen=True)
class _Rhythm:
    """When new articles of a site are met."""

    zone: ZoneInfo
    hours: dict[int, float]
    """Share of each local hour."""
    levels: dict[int, float]
    """Mean articles of each weekday, Monday is 0."""

    @classmethod
    def of(cls, runs: Sequence[SiteRun], zone: ZoneInfo) -> _Rhythm:
        hours: dict[int, float] = defaultdict(float)
        for run in runs[1:]:
            hours[run.started.astimezone(zone).hour] += run.new
        total = sum(hours.values()) or 1.0
        shares = {hour: count / total for hour, count in hours.items()}
        return cls(zone, shares, _levels(_Days.of(runs, zone).counts))

    def is_missed(self, since: datetime, now: datetime) -> bool:
        """Whether in that time articles should have come, even had every day been a holiday."""
        busiest = max(self.levels.values(), default=0)
        open_days = {weekday: level for weekday, level in self.levels.items() if level > _IDLE * busiest}
        if len(self.levels) < 7 or not open_days:
            return False
        a_day = _FALL * min(open_days.values())
        # Who closes at week-ends closes on holidays as well, of which there may be two in a row.
        needed = _EXPECTED + (2 * a_day if len(open_days) < 7 else 0)
        expected, moment = 0.0, since + _HOUR
        while moment <= now and expected < needed:
            local = moment.astimezone(self.zone)
            if local.weekday() in open_days:
                expected += a_day * self.hours.get(local.hour, 0)
            moment += _HOUR
        return expected >= needed


def _levels(counts: Mapping[date, int]) -> dict[int, float]:
    """Mean articles of each weekday, Monday is 0."""
    weekdays: dict[int, list[int]] = defaultdict(list)
    for day, count in counts.items():
        weekdays[day.weekday()].append(count)
    return {weekday: sum(counts) / len(counts) for weekday, counts in weekdays.items()}


def _is_explained(past: SitePast, since: datetime) -> bool:
    """Whether there was another trouble since then because of which articles are missing."""
    return any(it.kind in _EXPLAIN and (it.closed or past.now) >= since for it in past.findings)


def _silences(runs: Sequence[SiteRun]) -> Iterator[tuple[datetime, timedelta, int]]:
    """Since when, how long and in how many looks nothing new was met, each time."""
    since, last, looks = None, None, 0
    for run in runs:
        if run.new:
            if since is not None and last is not None:
                yield since, last - since, looks
            since, last, looks = run.started, None, 0
        elif since is not None:
            last, looks = run.started, looks + 1
    if since is not None and last is not None:
        yield since, last - since, looks


def _is_low(count: int, usual: float) -> bool:
    """Whether so few are under half of what is usual, and no accident of numbers (Poisson)."""
    if count >= _FALL * usual:
        return False
    return usual - count + (count * math.log(count / usual) if count else 0) > EVIDENCE


def _volume_trouble(days: _Days, first: date, length: int, count: int, usual: float) -> Trouble:
    when = f"on {first:%A} {first}" if length == 1 else f"in the {length} days from {first}"
    return Trouble(
        kind="volume",
        since=days.begin(first),
        summary=f"{count} new articles {when}; such days usually bring {usual:.0f}",
        cause="a source is no longer filled, or a part of what it announces is no longer taken for articles: compare "
        "what the site shows with `include` in the profile",
    )


def _span(length: timedelta) -> str:
    hours = length.total_seconds() / 3600
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"
