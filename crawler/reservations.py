"""What the publisher reserves: wishes about archives and AI that a page states for machines.

Sources: the field `X-Robots-Tag` and `<meta name="robots">` (Google's robots meta tag specification: `noarchive`;
DeviantArt's `noai`, `noimageai`), and TDM-Reservation as field and `<meta>` (W3C TDM Reservation Protocol, 2024).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from archive.records import Headers
from crawler.metadata import Statements

AGENT = "presskeep"

_DIRECTIVES = frozenset({"noarchive", "noai", "noimageai"})
_SCOPED = re.compile(r"\s*([\w.-]+)\s*:(.*)", re.DOTALL)


def find_reservations(headers: Headers, statements: Statements) -> set[str]:
    """Flags for what is reserved: `noarchive`, `noai`, `noimageai`, `tdm_reserved`."""
    fields = [value for name, value in headers if name.lower() == "x-robots-tag"]
    given = [text for field in fields for text in _for_us(field)] + list(statements.all("robots", AGENT))
    found = {word.strip().lower() for text in given for word in text.split(",")} & _DIRECTIVES
    reserved = [value for name, value in headers if name.lower() == "tdm-reservation"]
    if "1" in {value.strip() for value in [*reserved, *statements.all("tdm-reservation")]}:
        found.add("tdm_reserved")
    return found


def _for_us(field: str) -> Iterable[str]:
    """The directives of one field, unless it names another agent; `unavailable_after: …` is no agent."""
    scoped = _SCOPED.fullmatch(field)
    if scoped is None or scoped[1].lower() == "unavailable_after":
        yield field
    elif scoped[1].lower() == AGENT:
        yield scoped[2]
