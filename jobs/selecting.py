"""From what a user asks for to a selection of articles; JobsError names what is wrong with it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Literal

from archive.selection import Selection
from jobs.errors import JobsError


def selection(
    *,
    sites: Iterable[str] = (),
    since: str | None = None,
    until: str | None = None,
    by: Literal["published", "fetched"] = "published",
    latest: bool = False,
    languages: Iterable[str] = (),
    sections: Iterable[str] = (),
    authors: Iterable[str] = (),
    words: Iterable[str] = (),
    flags: Iterable[str] = (),
    without_flags: Iterable[str] = (),
) -> Selection:
    """Check and combine; days are `YYYY-MM-DD`, each of `words` may hold several, separated by white space."""
    first, last = _day(since, "--from"), _day(until, "--to")
    if first and last and first > last:
        raise JobsError(f"--from {first} is later than --to {last}; exchange them")
    return Selection(
        sites=tuple(dict.fromkeys(sites)),
        since=first,
        until=last,
        by=by,
        latest=latest,
        languages=tuple(languages),
        sections=tuple(sections),
        authors=tuple(authors),
        words=tuple(word for given in words for word in given.split()),
        flags=tuple(flags),
        without_flags=tuple(without_flags),
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
