"""Addresses that hold the day of publication, counted up day by day.

A pattern such as `https://www.example.org/{section}/{dd}{mm}{yyyy}{n}` names, in braces, `{yyyy}`, `{yy}`, `{mm}`,
`{dd}`, and with `{n}` a number that begins anew each day. The first article of a day has no number, the next one has 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

MISSES = 3
"""So many numbers in a row that give no article end a day."""

_FIELD = re.compile(r"\{(\w*)\}")
_FIELDS = frozenset({"yyyy", "yy", "mm", "dd", "n"})


def check_pattern(pattern: str) -> str:
    """The pattern; ValueError if it is none that names days."""
    names = set(_FIELD.findall(pattern))
    if unknown := names - _FIELDS:
        raise ValueError(f"knows no {{{sorted(unknown)[0]}}}; there are {{yyyy}}, {{yy}}, {{mm}}, {{dd}} and {{n}}")
    if not names & {"yyyy", "yy"} or not {"mm", "dd"} <= names:
        raise ValueError("must name year, month and day: {yyyy} or {yy}, {mm} and {dd}")
    if not pattern.startswith(("http://", "https://")):
        raise ValueError("must be an absolute http or https URL")
    return pattern


def is_counted(pattern: str) -> bool:
    """Whether a day has several addresses."""
    return "{n}" in pattern


def dated_url(pattern: str, day: date, number: int) -> str:
    """One address of a day; number 0 is the first."""
    values = {
        "yyyy": f"{day.year:04}",
        "yy": f"{day.year % 100:02}",
        "mm": f"{day.month:02}",
        "dd": f"{day.day:02}",
        "n": str(number) if number else "",
    }
    return _FIELD.sub(lambda match: values[match[1]], pattern)


def days(since: date, until: date) -> Iterator[date]:
    """Each day from the first to the last."""
    for offset in range((until - since).days + 1):
        yield since + timedelta(days=offset)
