"""Whether a site has fallen silent, or one of its sources has while the others go on.

A holiday is like a Sunday, or quieter, and nobody tells us of it: so silence is trouble only when so many articles are
missing that even half of the quietest weekday would have brought some.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from archive.site_findings import SiteFinding
from archive.site_history import SiteRun, SourceNews
from jobs.health_past import SitePast, Trouble, shown
from jobs.health_volume import IDLE, Days, levels

_HOUR = timedelta(hours=1)
_HISTORY = timedelta(days=14)
"""What there must be before silence means something."""
_FALL = 0.5
_EXPECTED = 6.0
"""Articles that must be missing for certain: with so many expected, none come once in four hundred times."""
_LONGER = 1.5
"""Times the longest silence so far."""


class SilenceCheck:
    """Nothing new for longer than ever, although the sources are read."""

    def handles(self, finding: SiteFinding) -> bool:
        return finding.kind == "silent"

    def troubles(self, past: SitePast) -> Sequence[Trouble]:
        is_usual = past.usual("silent")
        silence = _missed([run for run in past.runs if is_usual(run.started)], ZoneInfo(past.profile.timezone))
        if silence is None:
            return []
        return [
            Trouble(
                kind="silent",
                since=silence.since,
                summary=f"nothing new since {shown(silence.since)}, in {silence.looks} looks at its sources; the "
                f"longest time without anything new was {_span(silence.longest)} before",
                cause="the sources are no longer filled, or what they announce is no longer taken for articles: "
                "open them with a browser, compare with `include` in the profile",
            )
        ]

    def is_over(self, past: SitePast, finding: SiteFinding) -> bool:
        return any(run.new for run in past.runs if run.started > finding.opened)


class FrozenCheck:
    """A source of the profile lists nothing new for longer than ever, while others of the site do."""

    def handles(self, finding: SiteFinding) -> bool:
        return finding.kind == "frozen"

    def troubles(self, past: SitePast) -> Sequence[Trouble]:
        return list(self._troubles(past))

    def is_over(self, past: SitePast, finding: SiteFinding) -> bool:
        mine = [source for source in past.sources if source.url == finding.subject]
        is_dropped = not mine or past.now - mine[0].fetched > _HISTORY
        return is_dropped or any(at > finding.opened for at in mine[0].first_listed)

    def _troubles(self, past: SitePast) -> Iterator[Trouble]:
        for source in past.sources:
            # What cannot be read is another trouble.
            if not past.runs or source.is_failing or source.fetched < past.runs[-1].started:
                continue
            is_usual = past.usual("frozen", source.url)
            runs = [run for run in _as_seen_from(source, past.runs) if is_usual(run.started)]
            silence = _missed(runs, ZoneInfo(past.profile.timezone))
            if silence and any(run.new for run in past.runs if run.started > silence.since):
                yield Trouble(
                    kind="frozen",
                    subject=source.url,
                    since=silence.since,
                    summary=f"a {source.kind} lists nothing new since {shown(silence.since)}, though it was read "
                    f"{silence.looks} times and the site goes on; before, that lasted {_span(silence.longest)} at most",
                    cause="the site fills it no more: open it with a browser, look for another source",
                    examples=[source.url],
                )


@dataclass(frozen=True, kw_only=True)
class _Silence:
    since: datetime
    looks: int
    longest: timedelta
    """Of those before it."""


def _missed(runs: Sequence[SiteRun], zone: ZoneInfo) -> _Silence | None:
    """The silence at the end of these runs, where it is longer than ever and articles should have come in it."""
    silences = list(_silences(runs))
    if not silences or runs[-1].new or runs[-1].started - runs[0].started < _HISTORY:
        return None
    since, length, looks = silences[-1]
    longest = max((silence for _, silence, _ in silences[:-1]), default=timedelta(0))
    rhythm = _Rhythm.of([run for run in runs if run.started <= since], zone)
    if looks < 2 or length <= _LONGER * longest or not rhythm.is_missed(since, runs[-1].started):
        return None
    return _Silence(since=since, looks=looks, longest=longest)


def _as_seen_from(source: SourceNews, runs: Sequence[SiteRun]) -> list[SiteRun]:
    """The runs since it was first read, with what it alone brought."""
    starts = [run.started for run in runs]
    new: Counter[int] = Counter()
    for at, count in source.first_listed.items():
        new[bisect_right(starts, at) - 1] += count
    first = max(min(new, default=len(runs)), 0)
    return [replace(runs[number], new=new[number]) for number in range(first, len(runs))]


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
        return cls(zone, shares, levels(Days.of(runs, zone).counts))

    def is_missed(self, since: datetime, now: datetime) -> bool:
        """Whether in that time articles should have come, even had every day been a holiday."""
        busiest = max(self.levels.values(), default=0)
        open_days = {weekday: level for weekday, level in self.levels.items() if level > IDLE * busiest}
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


def _span(length: timedelta) -> str:
    hours = length.total_seconds() / 3600
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"
