"""From what a user asks for to a selection of articles; JobsError names what is wrong with it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Literal

from archive.selection import Selection
from jobs.errors import JobsError


def selection(
    *,
    sites: Iterable[str] | None = None,
    since: str | None = None,
    until: str | None = None,
    by: Literal["published", "fetched"] = "published",
    latest: bool = False,
    languages: Iterable[str] | None = None,
    sections: Iterable[str] | None = None,
    authors: Iterable[str] | None = None,
    words: Iterable[str] | None = None,
    flags: Iterable[str] | None = None,
    without_flags: Iterable[str] | None = None,
) -> Selection:
    """Check and combine: None and nothing mean all, days are `YYYY-MM-DD`, `words` may be separated by white space."""
    first, last = _day(since, "--from"), _day(until, "--to")
    if first and last and first > last:
        raise JobsError(f"--from {first} is later than --to {last}; exchange them")
    return Selection(
        sites=tuple(dict.fromkeys(sites or ())),
        since=first,
        until=last,
        by=by,
        latest=latest,
        languages=tuple(languages or ()),
        sections=tuple(sections or ()),
        authors=tuple(authors or ()),
        words=tuple(word for given in words or () for word in given.split()),
        flags=tuple(flags or ()),
        without_flags=tuple(without_flags or ()),
    )


def check_sites(sites: Iterable[str], known: Collection[str]) -> None:
    """JobsError for the first site that is not known."""
    for site in sites:
        if site not in known:
            there_are = ", ".join(sorted(known)) or "none yet; write a profile, see sites/example.toml"
            raise JobsError(f"unknown site {site!r}; there are: {there_are}")


def _day(given: str | None, option: str) -> date | None:
    if given is None:
        return None
    try:
        day = date.fromisoformat(given)
    except ValueError:
        day = None
    # ISO 8601 has other forms too, such as week dates; one is enough, and means the same to everybody.
    if day is None or day.isoformat() != given:
        raise JobsError(f"{option} {given!r}: is no day of the calendar; write it as YYYY-MM-DD, such as 2026-02-28")
    return day
