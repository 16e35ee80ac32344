"""When sites are crawled: crontab lines in a site's own time zone, as crontab(5) reads them, and plain intervals.

A tick is a moment at which a site is to be crawled. Ticks of a crontab line are local times, each of which comes once:

    a local time that does not exist (clocks go forward)   comes at the moment when the clocks have gone forward
    a local time that comes twice (clocks go back)         comes the first time only

Several local times that do not exist come as one tick, at one moment. An interval knows no time zone: its ticks lie at
whole multiples of it since 1970-01-01 00:00 UTC.

APScheduler differs from crontab(5) in two ways, which are made up for here: it counts weekdays from Monday, and where
both day of the month and weekday are given it wants both to match, not either.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from jobs.errors import ConfigError

_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_INTERVAL = re.compile(r"every ([1-9]\d{0,3})([mh])")
_INSTANT = timedelta(microseconds=1)
_SPANS = (timedelta(hours=1), timedelta(days=1), timedelta(days=32), timedelta(days=366), timedelta(days=8 * 366))
"""How far back the last tick is looked for; 29 February can be eight years away."""


class Timetable(Protocol):
    """The ticks of one site; all moments are aware, those given back are UTC."""

    def next_after(self, moment: datetime) -> datetime | None:
        """The first tick after that moment, None if there is none for years."""


class Interval:
    """A tick every so often."""

    def __init__(self, period: timedelta) -> None:
        self._period = period

    def next_after(self, moment: datetime) -> datetime | None:
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        return epoch + ((moment - epoch) // self._period + 1) * self._period


class Crontab:
    """The ticks of a crontab line."""

    def __init__(self, line: str, timezone: str) -> None:
        """ValueError for what is no crontab line."""
        minute, hour, day, month, weekday = line.split()
        weekdays = _weekdays(weekday)
        days = [(day, weekdays)]
        if not day.startswith("*") and not weekday.startswith("*"):
            days = [(day, "*"), ("*", weekdays)]
        # In UTC, because this is about local times as they stand on a clock on the wall.
        triggers = [
            CronTrigger(minute=minute, hour=hour, day=each, month=month, day_of_week=which, timezone=UTC)
            for each, which in days
        ]
        self._walls: BaseTrigger = triggers[0] if len(triggers) == 1 else OrTrigger(triggers)
        self._zone = ZoneInfo(timezone)

    def next_after(self, moment: datetime) -> datetime | None:
        wall = moment.astimezone(self._zone).replace(tzinfo=UTC, fold=0)
        while (wall := self._walls.get_next_fire_time(None, wall + _INSTANT)) is not None:
            # In the hour that comes twice, what stands on the wall can have been before.
            if (tick := _moment_of(wall.replace(tzinfo=None), self._zone)) > moment:
                return tick
        return None


def timetable(schedule: str, timezone: str, *, where: str) -> Timetable:
    """The ticks of a `schedule` of a site profile; ConfigError names `where`, the schedule and the reason."""
    if match := _INTERVAL.fullmatch(schedule):
        return Interval(timedelta(**{{"m": "minutes", "h": "hours"}[match[2]]: int(match[1])}))
    if len(schedule.split()) != 5:
        fields = f"has {len(schedule.split())} fields"
        raise ConfigError(
            f"{where}: {schedule!r}: {fields}; write minute hour day month weekday, or an interval such as every 30m"
        )
    try:
        return Crontab(schedule, timezone)
    except ValueError as exc:
        raise ConfigError(f"{where}: {schedule!r}: not a crontab line: {exc}") from exc


def last_tick(ticks: Timetable, since: datetime | None, now: datetime) -> datetime | None:
    """The last tick after `since` and not after `now`, None if there is none; all that were missed are this one."""
    for span in _SPANS:
        start = now - span if since is None else max(since, now - span)
        found, tick = None, ticks.next_after(start)
        while tick is not None and tick <= now:
            found, tick = tick, ticks.next_after(tick)
        if found is not None or start == since:
            return found
    return None


def _moment_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """When that local time comes first, or when the clocks have gone forward over it."""
    first = wall.replace(tzinfo=zone).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    # PEP 495: for a time that does not exist, fold=1 goes by the offset that holds afterwards.
    before, after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), first
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        before, after = (before, middle) if middle.astimezone(zone).utcoffset() == offset else (middle, after)
    return after.replace(microsecond=0)


def _weekdays(field: str) -> str:
    """A weekday field of crontab(5) as a list of names."""
    if field == "*":
        return field
    days: set[str] = set()
    for part in field.lower().split(","):
        span, slash, step = part.partition("/")
        first, dash, last = ("0-6" if span == "*" else span).partition("-")
        start = _weekday(first)
        end = _weekday(last) if dash else start
        if end == 0 < start:
            # `fri-sun` as well as `5-7`.
            end = 7
        if end < start:
            raise ValueError(f"the range {span!r} ends before it starts")
        days.update(_WEEKDAYS[start : end + 1 : _step(step) if slash else 1])
    return ",".join(day for day in _WEEKDAYS[:7] if day in days)


def _weekday(name: str) -> int:
    number = int(name) if name.isdecimal() else _WEEKDAYS.index(name) if name in _WEEKDAYS else len(_WEEKDAYS)
    if number >= len(_WEEKDAYS):
        raise ValueError(f"{name!r} is no weekday; write 0-7 or sun-sat")
    return number


def _step(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ValueError(f"{text!r} is no step; write a number above 0")
    return int(text)
