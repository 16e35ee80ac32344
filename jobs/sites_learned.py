"""What sample pages tell of a site: its name, time zone, language and order of dates, each with the reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from archive.records import ArticleDraft
from crawler.announced import tidy
from crawler.metadata import Statements
from crawler.time_zones import countries_of, find_zone, fixed_zone

_NUMERIC_DATE = re.compile(r"(?<!\d)(\d{1,2})\s?[./-]\s?(\d{1,2})\s?[./-]\s?(\d{4})(?!\d)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Learned:
    """A value, and the reason for it."""

    value: str
    why: str


def find_title(statements: Iterable[Statements | None], host: str) -> Learned:
    """The name that the pages give the site."""
    said = [each for each in statements if each]
    names = Counter(name for each in said if (name := tidy(each.first("og:site_name", "application-name"), 100)))
    if names:
        return Learned(value=names.most_common(1)[0][0], why="og:site_name of its pages")
    title = next((each.document_title for each in said if each.document_title), None)
    if title:
        return Learned(value=tidy(re.split(r"\s[|–—-]\s", title)[0], 100) or host, why="title of the home page")
    return Learned(value=host, why="its host; no page says a name")


def find_time_zone(drafts: Sequence[ArticleDraft], home: str, languages: Sequence[str]) -> Learned:
    """From the offsets that the pages state, and the countries that the site speaks of."""
    countries = countries_of(home, languages)
    moments = list(_stated_moments(drafts))
    abroad = [moment for moment in moments if moment.utcoffset()]
    shown = ", ".join(sorted({f"{moment:%z}" for moment in moments})) or "no offset"
    if abroad:
        zone = find_zone(moments if abroad == moments else abroad, countries)
        if zone:
            return Learned(value=zone, why=f"sample pages state {shown}, and the site speaks of {', '.join(countries)}")
        return Learned(
            value=fixed_zone(abroad[0]), why=f"sample pages state {shown}; name the city's zone if you know it"
        )
    zone = find_zone((), countries)
    if zone:
        return Learned(value=zone, why=f"sample pages state {shown}; the only zone of {countries[0]}")
    return Learned(value="UTC", why=f"sample pages state {shown}; put in the zone of the newsroom if you know it")


def find_language(drafts: Sequence[ArticleDraft]) -> Learned | None:
    """What most of the sample pages are written in."""
    languages = Counter(draft.language for draft in drafts if draft.language)
    if not languages:
        return None
    [(language, count)] = languages.most_common(1)
    return Learned(value=language, why=f"{count} of {len(drafts)} sample pages")


def find_date_order(drafts: Iterable[ArticleDraft]) -> Learned | None:
    """The order of day and month in numeric dates of pages whose day is known otherwise."""
    for draft in drafts:
        for candidate in draft.date_candidates:
            match = _NUMERIC_DATE.search(candidate.value)
            if match and (order := _order(int(match[1]), int(match[2]), int(match[3]), draft.published)):
                return Learned(value=order, why=f"{draft.published} is written {match[0]} in {draft.url}")
    return None


def _stated_moments(drafts: Iterable[ArticleDraft]) -> Iterator[datetime]:
    """Moments with an offset that the pages' dates state."""
    for draft in drafts:
        for candidate in draft.date_candidates:
            try:
                moment = datetime.fromisoformat(candidate.value)
            except ValueError:
                continue
            if moment.tzinfo is not None:
                yield moment


def _order(first: int, second: int, year: int, day: date | None) -> str | None:
    if day is None or day.year != year or first == second or {first, second} != {day.day, day.month}:
        return None
    return "DMY" if first == day.day else "MDY"
