"""Dates as newspapers write them, read without guessing.

`read_date` understands ISO 8601, RFC 5322, Unix times in metadata, dates with month names (crawler/months.py) and
numeric dates. A numeric date such as 04-12-2023, which is two different days depending on the country, is read only
when the order is known; 2026-02-30 is no date at all, and nothing is ever rounded to one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Literal

from crawler.months import DIGITS, MONTH_NAME, jalali_to_gregorian, month_number

Order = Literal["DMY", "MDY", "YMD"]
Precision = Literal["second", "minute", "day"]

EARLIEST = date(1800, 1, 1)
"""Nothing on the web claims to be older than its newspaper; earlier days are errors such as 0001-01-01."""

_DAY_FIRST_TAGS = """
    bg ca cs da de el et fi fr hr id is it ku nb nl nn no pl pt ro ru sk sl sq sr sv tr uk vi
"""
_DAY_FIRST = frozenset(_DAY_FIRST_TAGS.split())
_DAY_FIRST_REGION_CODES = """
    ae ar at au bd be bg bh bo br ch cl cr cu cy cz de dk do dz ec ee eg es fi fr gb gh gr gt hk hn hr id ie il in iq it
    jo ke kw lb lk lu lv ma mt mx my ng ni nl no nz om pe pk pl ps pt py qa ro rs ru sa sd sg si sk sv sy tn tr ua ug uk
    uy ve vn ye zw
"""
_DAY_FIRST_REGIONS = frozenset(_DAY_FIRST_REGION_CODES.split())
_EPOCH = date(1970, 1, 1)
_MAX_LENGTH = 200

_TIME = r"""
    (?P<hour>[01]?\d|2[0-4])\s?[:.h時시]\s?(?P<minute>[0-5]\d)(?:[:.](?P<second>[0-5]\d)(?:[.,]\d+)?)?
    \s*(?P<half>[ap]\.?m\b\.?)?
    \s*(?:(?P<zone>Z\b|UTC|GMT|[+-]\d\d:?\d\d|[+-]\d\d\b))?
"""
_CLOCK = re.compile(rf"(?<![\d.:/-]){_TIME}(?![\d/])", re.X | re.I)
# After the year: no digit, unless a time or another date was set right behind it.
_END = r"(?!\d(?!\d?[:./-]))"
_ISO = re.compile(r"(?<!\d)(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?:T|\s+|(?!\d))")
_COMPACT = re.compile(r"(?<!\d)(?P<year>[12]\d{3})(?P<month>\d\d)(?P<day>\d\d)(?:T|(?!\d))")
_YEAR_FIRST = re.compile(
    r"(?<!\d)(?P<year>\d{4})\s?[./年년-]\s?(?P<month>\d{1,2})\s?[./月월-]\s?(?P<day>\d{1,2})(?!\d)"
)
_YEAR_LAST = re.compile(
    rf"(?<!\d)(?P<a>\d{{1,2}})\s?(?P<sep>[./-])\s?(?P<b>\d{{1,2}})\s?(?P=sep)\s?(?P<year>\d{{4}}|\d\d)(?!:){_END}"
)
_DAY_MONTH = re.compile(
    rf"(?<!\d)(?P<day>\d{{1,2}})(?:\s?(?:st|nd|rd|th)|er|ª|º|\.|-?[еї]|ê|ی|ى|ي)?[\s,./-]*(?:de\s+|d['’]|of\s+|ê\s+)?"
    rf"(?P<month>{MONTH_NAME})(?:/{MONTH_NAME}|ی)?[\s,./-]*(?:de[l]?\s+|of\s+|ê\s+|a\s+|ی\s+)?(?P<year>\d{{4}}){_END}",
    re.I,
)
_MONTH_DAY = re.compile(
    rf"(?P<month>{MONTH_NAME})[\s,./-]*(?P<day>\d{{1,2}})(?:\s?(?:st|nd|rd|th))?[\s,./-]+(?P<year>\d{{4}}){_END}", re.I
)
_YEAR_MONTH_DAY = re.compile(
    rf"(?<!\d)(?P<year>\d{{4}})[\s,./-]+(?P<month>{MONTH_NAME})[\s,./-]*(?P<day>\d{{1,2}})(?!\d)", re.I
)
# As C's asctime() and Java's Date write it: Fri Feb 18 10:27:24 2022.
_YEAR_AFTER_TIME = re.compile(
    rf"(?P<month>{MONTH_NAME})\s+(?P<day>\d{{1,2}})\s+(?=\d\d:\d\d(?::\d\d)?\s+(?:\S+\s+)?(?P<year>\d{{4}})(?!\d))",
    re.I,
)
_PATTERNS = (_ISO, _YEAR_FIRST, _COMPACT, _DAY_MONTH, _MONTH_DAY, _YEAR_AFTER_TIME, _YEAR_MONTH_DAY, _YEAR_LAST)
_UNIX = re.compile(r"\s*(?P<seconds>\d{10})(?:\d{3})?\s*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """A date that was read."""

    day: date
    """The day in the publisher's own zone."""
    at: datetime | None = None
    """Aware UTC; None when only the day is known."""
    precision: Precision = "day"
    utc: bool = False
    """Whether the text gave the time in UTC, as machines do, so that `day` rests on the zone assumed."""


def read_date(text: str, *, zone: tzinfo = UTC, order: Order | None = None) -> Moment | None:
    """The first date in `text`, or None if there is none or it can be read two ways.

    A time without a zone, and one in UTC, is put into `zone`: machines stamp UTC whatever the publisher's day is.
    Another stated offset is taken to be the publisher's own.
    """
    text = text[:_MAX_LENGTH].translate(DIGITS)
    if unix := _UNIX.fullmatch(text):
        return _localised(datetime.fromtimestamp(int(unix["seconds"]), UTC), zone, "second", utc=True)
    match = next((match for pattern in _PATTERNS if (match := pattern.search(text))), None)
    if match is None:
        return None
    day = _numeric_day(match, order) if match.re is _YEAR_LAST else _calendar_day(*match.group("year", "month", "day"))
    if day is None or day < EARLIEST or day == _EPOCH:
        return None
    return _with_time(day, before=text[: match.start()], after=text[match.end() :], zone=zone)


def usual_order(language: str | None, *, region: str | None = None) -> Order | None:
    """`DMY` for a language or region that always writes the day before the month (Unicode CLDR, short date patterns).

    English and Spanish are not among the languages: the United States and Puerto Rico write the month first. Nor is
    Arabic, whose papers often come from English templates. The United States are not among the regions, because
    templates name them whoever uses them. `region` is an ISO 3166-1 code, or a country's top-level domain.
    """
    return "DMY" if language in _DAY_FIRST or (region or "").lower() in _DAY_FIRST_REGIONS else None


def _numeric_day(match: re.Match[str], order: Order | None) -> date | None:
    """A date like 04-12-2023: by the known order, else only if one reading is possible."""
    first, second, year = int(match["a"]), int(match["b"]), match["year"]
    if len(year) == 2:
        if order is None or match["sep"] != ".":
            return None
        year = f"20{year}"
    if order is None and first != second and first <= 12 and second <= 12:
        return None
    month_first = order == "MDY" or (order is None and second > 12)
    month, day = (first, second) if month_first else (second, first)
    return _calendar_day(year, str(month), str(day))


def _calendar_day(year: str, month: str, day: str) -> date | None:
    number, solar_hijri = (int(month), False) if month.isdigit() else month_number(month)
    try:
        if solar_hijri or 1300 <= int(year) <= 1450:
            return jalali_to_gregorian(int(year), number, int(day))
        return date(int(year), number, int(day))
    except ValueError:
        return None


def _with_time(day: date, *, before: str, after: str, zone: tzinfo) -> Moment:
    """Add the time that stands behind the date, or, as in `10:30, 4 Dec 2023`, before it."""
    clock = _CLOCK.search(after) or _CLOCK.search(before)
    if clock is None:
        return Moment(day=day)
    hour, minute, second = int(clock["hour"]), int(clock["minute"]), int(clock["second"] or 0)
    if half := clock["half"]:
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    precision: Precision = "second" if clock["second"] else "minute"
    try:
        offset = _offset(clock["zone"])
        at = datetime.combine(day, time(hour % 24, minute, second), tzinfo=offset or zone) + timedelta(days=hour // 24)
        if offset is None or offset.utcoffset(None) == timedelta(0):
            return _localised(at, zone, precision, utc=offset is not None)
        return Moment(day=at.date(), at=at.astimezone(UTC), precision=precision)
    except (OverflowError, ValueError):
        return Moment(day=day)


def _localised(at: datetime, zone: tzinfo, precision: Precision, *, utc: bool) -> Moment:
    return Moment(day=at.astimezone(zone).date(), at=at.astimezone(UTC), precision=precision, utc=utc)


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if offset > timedelta(hours=14):
        raise ValueError(f"no zone is {text} from UTC")
    return timezone(-offset if text[0] == "-" else offset)
