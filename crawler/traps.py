"""Addresses without end: calendars, filters and links that grow by a step with each page that is followed.

What is told here needs no knowledge of the site; `articles.include` of its profile is the better guard.
"""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import parse_qsl, urlsplit

MAX_DEPTH = 16
"""Steps of a path; addresses of articles have up to ten."""
MAX_REPEATS = 3
"""How often steps may come behind each other in one path, less one: `/a/b/a/b/a/b` is a link gone wrong."""
MAX_PARAMETERS = 8
"""Query parameters; articles are chosen by one or two, facets pile up."""
MAX_VALUES = 2
"""How often a parameter may occur, as facets do."""

_CALENDAR = re.compile(
    r"/(?:calendar|calendario|kalender|calendrier|agenda|events?)/(?:.*/)?\d{4}[/-]\d{1,2}(?:[/-]\d{1,2})?/?$"
    r"|[?&](?:month|monat|mois|mes|cal(?:endar)?|date|day|week)=\d{4}-?\d{2}",
    re.I,
)


def trap(canonical_url: str) -> str | None:
    """Why an address looks as if there were no end of such, None where it does not.

    `depth`, `repeats`, `parameters` or `calendar`.
    """
    parts = urlsplit(canonical_url)
    steps = [step for step in parts.path.split("/") if step]
    if len(steps) > MAX_DEPTH:
        return "depth"
    if _repeats_a_pattern(steps):
        return "repeats"
    names = Counter(name for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    if names.total() > MAX_PARAMETERS or any(count > MAX_VALUES for count in names.values()):
        return "parameters"
    return "calendar" if _CALENDAR.search(canonical_url) else None


def _repeats_a_pattern(steps: list[str]) -> bool:
    """Whether one to three steps come MAX_REPEATS times behind each other."""
    return any(
        steps[start : start + size] * MAX_REPEATS == steps[start : start + size * MAX_REPEATS]
        for size in (1, 2, 3)
        for start in range(len(steps) - size * MAX_REPEATS + 1)
    )
