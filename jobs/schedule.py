"""When sites are crawled: crontab lines in a site's own time zone, as crontab(5) reads them.

APScheduler differs from it in two ways, which are made up for here: it counts weekdays from Monday, and where both day
of the month and weekday are given it wants both to match, not either.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from jobs.errors import ConfigError

_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")


def check_crontab(line: str, timezone: str, *, where: str) -> BaseTrigger:
    """The trigger of a five-field crontab line; ConfigError names `where`, the line and the reason."""
    fields = line.split()
    if len(fields) != 5:
        raise ConfigError(f"{where}: {line!r}: has {len(fields)} fields; write minute hour day month weekday")
    minute, hour, day, month, weekday = fields
    try:
        weekdays = _weekdays(weekday)
        days = [(day, weekdays)]
        if not day.startswith("*") and not weekday.startswith("*"):
            days = [(day, "*"), ("*", weekdays)]
        triggers = [
            CronTrigger(minute=minute, hour=hour, day=each, month=month, day_of_week=which, timezone=ZoneInfo(timezone))
            for each, which in days
        ]
    except ValueError as exc:
        raise ConfigError(f"{where}: {line!r}: not a crontab line: {exc}") from exc
    return triggers[0] if len(triggers) == 1 else OrTrigger(triggers)


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
