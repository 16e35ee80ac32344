"""Dates as newspapers write them, and what is no date."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from crawler.dates import read_date, usual_order

BAGHDAD = ZoneInfo("Asia/Baghdad")
DAY = date(2023, 12, 4)


@pytest.mark.parametrize(
    "text",
    [
        "2023-12-04",
        "20231204",
        "2023/12/4",
        "Mon, 04 Dec 2023",
        "December 4, 2023",
        "Dec. 4th, 2023",
        "Published 4 December 2023",
        "4. Dezember 2023",
        "4 décembre 2023",
        "4 de diciembre de 2023",
        "4 de dezembro de 2023",
        "4 dicembre 2023",
        "4 Aralık 2023",
        "4ی کانوونی یەکەمی 2023",
        "4 كانون الأول 2023",
        "٤ ديسمبر ٢٠٢٣",
        "4 كانون الأول/ديسمبر 2023",
        "۱۳ آذر ۱۴۰۲",
        "4 декабря 2023 г.",
        "4 грудня 2023",
        "2023年12月4日",
        "2023년 12월 4일",
        "2023. 12. 4.",
    ],
)
def test_a_day_is_read(text: str) -> None:
    moment = read_date(text, zone=BAGHDAD)
    assert moment is not None
    assert (moment.day, moment.at, moment.precision) == (DAY, None, "day")


@pytest.mark.parametrize(
    ("text", "hour", "precision"),
    [
        ("2023-12-04T10:30:15+03:00", 7, "second"),
        ("2023-12-04 10:30", 7, "minute"),
        ("4 декабря 2023, 10:30", 7, "minute"),
        ("4. Dezember 2023, 10.30 Uhr", 7, "minute"),
        ("December 4, 2023 at 10:30 a.m.", 7, "minute"),
        ("10:30, 4 Dec 2023", 7, "minute"),
        ("2023年12月4日 10時30分", 7, "minute"),
        ("2023-12-04T07:30:00Z", 7, "second"),
        ("Mon Dec 04 07:30:15 2023", 4, "second"),
    ],
)
def test_a_time_without_zone_is_in_the_publishers_zone(text: str, hour: int, precision: str) -> None:
    moment = read_date(text, zone=BAGHDAD)
    assert moment is not None
    assert moment.at is not None
    assert moment.at.tzinfo is UTC
    assert (moment.day, moment.at.hour, moment.at.minute, moment.precision) == (DAY, hour, 30, precision)


def test_unix_times_are_read_in_seconds_and_milliseconds() -> None:
    expected = datetime(2023, 12, 4, 9, tzinfo=UTC)
    for text in ("1701680400", "1701680400000"):
        moment = read_date(text, zone=BAGHDAD)
        assert moment is not None
        assert moment.at == expected


def test_utc_late_in_the_evening_is_the_next_day_in_baghdad() -> None:
    assert read_date("2023-12-03T22:00:00Z", zone=BAGHDAD) == read_date("1701640800", zone=BAGHDAD)
    moment = read_date("2023-12-03T22:00:00Z", zone=BAGHDAD)
    assert moment is not None
    assert moment.day == DAY


def test_a_stated_offset_is_the_publishers_own() -> None:
    moment = read_date("2023-12-03T23:30:00-05:00", zone=BAGHDAD)
    assert moment is not None
    assert moment.day == date(2023, 12, 3)


@pytest.mark.parametrize("text", ["04-12-2023", "4/12/2023", "04.12.2023", "3 4 2023", "04.12.23"])
def test_day_and_month_are_never_guessed(text: str) -> None:
    assert read_date(text) is None


def test_a_known_order_or_a_single_reading_decides() -> None:
    assert [
        moment.day for moment in (read_date("04-12-2023", order="DMY"), read_date("12/04/2023", order="MDY")) if moment
    ] == [DAY, DAY]
    only = read_date("25/04/2023")
    assert only is not None
    assert only.day == date(2023, 4, 25)
    short = read_date("04.12.23", order="DMY")
    assert short is not None
    assert short.day == DAY


def test_the_order_is_known_for_languages_whose_countries_agree() -> None:
    assert usual_order("de") == usual_order("tr") == "DMY"
    assert usual_order("en") is usual_order("es") is usual_order("ar") is usual_order(None) is None


def test_the_order_is_known_for_regions_that_agree() -> None:
    assert usual_order("en", region="GB") == usual_order("es", region="mx") == "DMY"
    assert usual_order("en", region="US") is usual_order("en", region="com") is None


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30",
        "31 April 2023",
        "0000-00-00T00:00:00",
        "0001-01-01",
        "1970-01-01T00:00:00Z",
        "32.12.2023",
        "2 hours ago",
        "Season 2023",
        "",
        "۳۰ اسفند ۱۴۰۲",
        "9999999999999999999",
    ],
)
def test_what_is_no_date_is_never_rounded_to_one(text: str) -> None:
    assert read_date(text) is None


def test_an_impossible_zone_leaves_the_day() -> None:
    moment = read_date("2023-12-04T10:00+99:00")
    assert moment is not None
    assert (moment.day, moment.at) == (DAY, None)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1 فروردین 1403", date(2024, 3, 20)),
        ("30 اسفند 1403", date(2025, 3, 20)),
        ("1 فروردین 1375", date(1996, 3, 20)),
        ("22 بهمن 1357", date(1979, 2, 11)),
    ],
)
def test_solar_hijri_days_are_converted(text: str, day: date) -> None:
    moment = read_date(text)
    assert moment is not None
    assert moment.day == day
