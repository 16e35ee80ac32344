"""Promises of crontab lines: they mean what crontab(5) says, in the site's time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from jobs.errors import ConfigError
from jobs.schedule import check_crontab

SUNDAY = datetime(2026, 3, 1, tzinfo=UTC)
"""The first day of a month that is a Sunday."""


def days(line: str, count: int = 7) -> list[int]:
    """Days after SUNDAY, of the `count` that follow, on which a line fires (it fires once a day)."""
    trigger = check_crontab(line, "UTC", where="test")
    fired, now = [], SUNDAY
    while (then := trigger.get_next_fire_time(None, now)) < SUNDAY + timedelta(days=count):
        fired.append((then - SUNDAY).days)
        now = then + timedelta(minutes=1)
    return fired


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
    trigger = check_crontab("30 6 * * *", "Asia/Baghdad", where="test")
    assert trigger.get_next_fire_time(None, SUNDAY) == datetime(2026, 3, 1, 6, 30, tzinfo=ZoneInfo("Asia/Baghdad"))


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
        check_crontab(line, "UTC", where="site daily: schedule")
    message = str(caught.value)
    assert message.startswith(f"site daily: schedule: {line!r}: ")
    assert reason in message
    assert "\n" not in message
