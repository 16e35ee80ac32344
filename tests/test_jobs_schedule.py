"""Promises of crontab lines: they mean what crontab(5) says, in the site's time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from jobs.errors import ConfigError
from jobs.schedule import Timetable, last_tick, timetable

SUNDAY = datetime(2026, 3, 1, tzinfo=UTC)
"""The first day of a month that is a Sunday."""


def crontab(line: str, timezone: str = "UTC") -> Timetable:
    return timetable(line, timezone, where="test")


def ticks(line: str, timezone: str, start: datetime, end: datetime) -> list[datetime]:
    """All ticks after start and up to end."""
    table, found = crontab(line, timezone), [start]
    while (tick := table.next_after(found[-1])) is not None and tick <= end:
        found.append(tick)
    return found[1:]


def days(line: str, count: int = 7) -> list[int]:
    """Days after SUNDAY, of the `count` that follow, on which a line fires (it fires once a day)."""
    return [(tick - SUNDAY).days for tick in ticks(line, "UTC", SUNDAY, SUNDAY + timedelta(days=count))]


@pytest.mark.parametrize(
    ("weekdays", "expected"),
    [
        ("*", [0, 1, 2, 3, 4, 5, 6]),
        ("0", [0]),
        ("7", [0]),
        ("SUN", [0]),
        ("sun", [0]),
        ("1", [1]),
        ("6", [6]),
        ("1-5", [1, 2, 3, 4, 5]),
        ("mon-fri", [1, 2, 3, 4, 5]),
        ("0-7", [0, 1, 2, 3, 4, 5, 6]),
        ("5-7", [0, 5, 6]),
        ("fri-sun", [0, 5, 6]),
        ("sun-tue", [0, 1, 2]),
        ("*/2", [0, 2, 4, 6]),
        ("1-5/2", [1, 3, 5]),
        ("1,3,sat", [1, 3, 6]),
        ("6-7,2", [0, 2, 6]),
    ],
)
def test_weekdays_are_those_of_crontab(weekdays: str, expected: list[int]) -> None:
    assert days(f"30 6 * * {weekdays}") == expected


def test_day_of_month_and_weekday_together_fire_on_either() -> None:
    """crontab(5): if both are restricted, the command runs when either matches."""
    assert days("0 6 4 * mon", count=14) == [1, 3, 8]


@pytest.mark.parametrize("line", ["0 6 */2 * mon", "0 6 * * mon"])
def test_a_field_that_begins_with_a_star_restricts_nothing_more(line: str) -> None:
    assert set(days(line, count=14)) <= {1, 8}


def test_lines_are_read_in_the_time_zone_of_the_site() -> None:
    tick = crontab("30 6 * * *", "Asia/Baghdad").next_after(SUNDAY)
    assert tick == datetime(2026, 3, 1, 6, 30, tzinfo=ZoneInfo("Asia/Baghdad"))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("0 6 * *", "has 4 fields"),
        ("0 6 * * * *", "has 6 fields"),
        ("60 6 * * *", "60"),
        ("0 24 * * *", "24"),
        ("0 6 32 * *", "32"),
        ("0 6 * 13 *", "13"),
        ("a 6 * * *", '"a"'),
        ("*/0 6 * * *", "0"),
        ("0 6 * * 8", "'8' is no weekday"),
        ("0 6 * * someday", "'someday' is no weekday"),
        ("0 6 * * ,", "'' is no weekday"),
        ("0 6 * * 1-", "'' is no weekday"),
        ("0 6 * * 1-3-5", "'3-5' is no weekday"),
        ("0 6 * * -1", "'' is no weekday"),
        ("0 6 * * 5-2", "'5-2' ends before it starts"),
        ("0 6 * * */0", "'0' is no step"),
        ("0 6 * * */", "'' is no step"),
        ("0 6 * * */x", "'x' is no step"),
    ],
)
def test_a_wrong_line_is_one_clear_error(line: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        timetable(line, "UTC", where="site daily: schedule")
    message = str(caught.value)
    assert message.startswith(f"site daily: schedule: {line!r}: ")
    assert reason in message
    assert "\n" not in message


@pytest.mark.parametrize("line", ["every", "every 0m", "every 5 minutes", "every 3d", "every -1h"])
def test_a_wrong_interval_is_one_clear_error(line: str) -> None:
    with pytest.raises(ConfigError, match=r"write minute hour day month weekday, or an interval such as every 30m"):
        crontab(line)


def test_an_interval_ticks_on_through_everything() -> None:
    start = datetime(2026, 3, 28, 23, 50, tzinfo=UTC)
    found = ticks("every 90m", "Europe/Berlin", start, start + timedelta(hours=12))
    assert {after - before for before, after in pairwise(found)} == {timedelta(minutes=90)}


def test_a_line_that_never_comes_has_no_tick() -> None:
    assert crontab("0 0 30 2 *").next_after(SUNDAY) is None


# Clocks that go forward and back.

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("line", ["*/30 0-3 * * *", "15 2 * * *", "0 0 * * *"])
def test_in_a_year_each_local_tick_comes_once(zone: str, line: str) -> None:
    """Every local time of the year that the line names comes once; one that does not exist comes with the next."""
    local = ZoneInfo(zone)
    start, end = (datetime(year, 1, 1, tzinfo=local) for year in (2026, 2027))
    found = ticks(line, zone, start.astimezone(UTC) - timedelta(seconds=1), end.astimezone(UTC) - timedelta(seconds=1))
    assert found == sorted(set(found))
    shown = [tick.astimezone(local).replace(tzinfo=None) for tick in found]
    wanted = {
        tick.replace(tzinfo=None)
        for tick in ticks(
            line, "UTC", datetime(2025, 12, 31, 23, 59, tzinfo=UTC), datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
        )
    }
    missing = {wall for wall in wanted if _exists(wall, local)} - set(shown)
    assert missing == set()
    assert len(shown) == len(set(shown))
    extra = set(shown) - wanted
    assert len(extra) <= 1
    for wall in extra:
        # The moment at which the clocks have gone forward over a tick.
        assert not _exists(wall - timedelta(minutes=1), local)


def _exists(wall: datetime, zone: ZoneInfo) -> bool:
    return wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall


def test_a_time_that_does_not_exist_comes_when_the_clocks_have_gone_forward() -> None:
    night = datetime(2026, 3, 29, 0, tzinfo=UTC)
    assert ticks("15,45 2 * * *", "Europe/Berlin", night, night + timedelta(hours=12)) == [night + timedelta(hours=1)]


def test_a_time_that_comes_twice_comes_the_first_time() -> None:
    night = datetime(2026, 10, 24, 23, tzinfo=UTC)
    found = ticks("30 * * * *", "Europe/Berlin", night, night + timedelta(hours=4))
    assert found == [night + timedelta(minutes=minutes) for minutes in (30, 90, 210)]
    between = night + timedelta(hours=2, minutes=10)
    assert crontab("30 * * * *", "Europe/Berlin").next_after(between) == night + timedelta(minutes=210)


# What is due.


def test_all_ticks_that_were_missed_are_the_last_one() -> None:
    table = crontab("*/10 * * * *")
    since, now = SUNDAY, SUNDAY + timedelta(minutes=35)
    assert last_tick(table, since, now) == SUNDAY + timedelta(minutes=30)
    assert last_tick(table, now, now + timedelta(minutes=4)) is None


@pytest.mark.parametrize(("line", "days_back"), [("* * * * *", 0), ("0 0 1 1 *", 59), ("0 0 29 2 *", 731)])
def test_the_last_tick_is_found_however_long_ago(line: str, days_back: int) -> None:
    assert last_tick(crontab(line), None, SUNDAY) == SUNDAY - timedelta(days=days_back)
