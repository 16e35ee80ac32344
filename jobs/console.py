"""What commands print: tables and lines for people, JSON for programs, one line for an error.

Text that came from the web is stripped of control characters first, so that a title cannot move the cursor, change
colours or forge a line (terminal escapes, FAQ of every log viewer).
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from datetime import date, datetime
from typing import Any

from rich.console import Console

out = Console(highlight=False, markup=False, emoji=False)
"""Standard output."""

err = Console(stderr=True, highlight=False, markup=False, emoji=False)
"""Standard error: progress, warnings, errors."""


def safe(text: str) -> str:
    """The text without control and direction-override characters; line feeds are kept."""
    return "".join(c for c in text if c == "\n" or (unicodedata.category(c) != "Cc" and c not in _OVERRIDES))


def print_json(value: Any) -> None:
    """One JSON document on standard output; datetimes as ISO 8601."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=_encode)
    sys.stdout.write(_UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n")


def size(count: int) -> str:
    """Bytes for people: `1.2 MB`."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_UNSAFE = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def _encode(value: Any) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
