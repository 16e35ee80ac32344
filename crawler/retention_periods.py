"""How long something is kept, as profiles write it: `forever`, or a number of days, months or years."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator

FOREVER = "forever"

_DAYS = {"d": 1.0, "m": 365.25 / 12, "y": 365.25}


def period(given: str) -> timedelta | None:
    """`30d`, `18m` or `2y` in days of the mean Gregorian year; None for `forever`. ValueError for anything else."""
    if given == FOREVER:
        return None
    match = re.fullmatch(r"([1-9]\d{0,3})([dmy])", given)
    if match is None:
        raise ValueError("write forever, or a number with d, m or y for days, months or years, such as 2y")
    return timedelta(days=int(match[1]) * _DAYS[match[2]])


def _checked(given: str) -> str:
    period(given)
    return given


Period = Annotated[str, AfterValidator(_checked)]
"""A text that `period` understands."""
