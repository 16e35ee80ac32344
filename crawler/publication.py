"""When an article was published and last changed: every date the page offers, best first, and the one taken.

The order of trust: what the site's profile points at, the main JSON-LD node, published meta elements, microdata, the
announcement (feed, news sitemap), a date in the URL, a date beside the headline, marked-up times, dates in scripts. A
candidate that cannot be read, is ambiguous or lies in the future is kept as a candidate and not used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from itertools import chain, islice

from archive.records import Announcement, DateCandidate
from crawler.blocks import Block
from crawler.date_sources import Offer, changes, last_resorts, month_in_url, offers
from crawler.dates import Moment, Order, read_date
from crawler.jsonld import ArticleNode
from crawler.markup import Markup
from crawler.metadata import Statements
from crawler.text import clean

MAX_CANDIDATES = 40
"""Candidates recorded for a page; pages that list hundreds of dates are listings."""

_LONGEST = 120
_DAY = timedelta(days=1)
_SHOWN = frozenset({"headline", "headline:updated", "time", "label", "marked", "jsonld:dateModified"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Publication:
    """The dates of an article."""

    published: Moment | None
    source: str | None
    """The candidate's source that was taken."""
    candidates: tuple[DateCandidate, ...]
    """Every date seen, best first."""
    modified: Moment | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DateRules:
    """What site, language and moment of fetching say about reading dates."""

    zone: tzinfo
    """Zone of times that name none."""
    order: Order | None
    """Of day and month in numeric dates; None where it is unknown."""
    fetched: datetime
    """Aware UTC; nothing later than a day after it can be a date of publication."""
    selected: str | None = None
    """What the profile's selector found."""
    in_url: str | None = None
    """What the profile's URL pattern found."""


def find_publication(
    markup: Markup,
    statements: Statements,
    node: ArticleNode,
    *,
    blocks: Sequence[Block],
    beside: Sequence[Block],
    announcement: Announcement | None,
    rules: DateRules,
) -> Publication:
    """Choose among all dates; `blocks` are the page's, `beside` those beside the headline."""
    from_profile = (("profile:selector", rules.selected), ("profile:url_date", rules.in_url))
    found = offers(markup, statements, node, blocks=blocks, beside=beside, announcement=announcement)
    candidates = _candidates(chain(from_profile, found))
    readable = _readable(candidates, rules)
    if not readable:
        candidates = _candidates(chain(((one.source, one.value) for one in candidates), last_resorts(markup)))
        readable = _readable(candidates, rules)
    readable = _by_consent(_of_month(month_in_url(statements.url), readable))
    source, published = _most_precise(readable)
    shown = [moment for name, moment in readable if name == "headline"]
    published = published and _as_shown(published, shown, by_url=source == "url")
    changed = (_possible(value, rules) for value in changes(statements, node, announcement))
    return Publication(
        published=published,
        source=source,
        candidates=candidates,
        modified=next((moment for moment in changed if moment), None),
    )


def _candidates(found: Iterable[Offer]) -> tuple[DateCandidate, ...]:
    worded = ((source, clean(value)[:_LONGEST]) for source, value in found if value)
    seen = dict.fromkeys(DateCandidate(source=source, value=value) for source, value in worded if value)
    return tuple(islice(seen, MAX_CANDIDATES))


def _readable(candidates: Iterable[DateCandidate], rules: DateRules) -> list[tuple[str, Moment]]:
    return [(candidate.source, moment) for candidate in candidates if (moment := _possible(candidate.value, rules))]


def _possible(value: str, rules: DateRules) -> Moment | None:
    moment = read_date(value, zone=rules.zone, order=rules.order)
    return moment if moment and moment.day <= rules.fetched.date() + timedelta(days=1) else None


def _most_precise(readable: list[tuple[str, Moment]]) -> tuple[str | None, Moment | None]:
    """The first candidate, or one of the same day that also knows the time."""
    if not readable:
        return None, None
    day = readable[0][1].day
    return next((pair for pair in readable if pair[1].day == day and pair[1].at), readable[0])


def _of_month(month: tuple[int, int] | None, readable: list[tuple[str, Moment]]) -> list[tuple[str, Moment]]:
    """Dates that merely stand in the page behind the others where the URL names another month."""
    return sorted(
        readable,
        key=lambda pair: bool(month) and pair[0] in _SHOWN and (pair[1].day.year, pair[1].day.month) != month,
    )


def _by_consent(readable: list[tuple[str, Moment]]) -> list[tuple[str, Moment]]:
    """The day on which page and meta elements agree goes before JSON-LD that stands alone.

    Articles that are published anew often keep the first day in their JSON-LD.
    """
    shown = next((moment.day for name, moment in readable if name == "headline"), None)
    stated = {moment.day for name, moment in readable if name.startswith(("meta:", "itemprop:"))}
    if not readable or readable[0][0] != "jsonld:datePublished" or shown not in stated:
        return readable
    alone = all(abs(day - readable[0][1].day) > _DAY for day in stated)
    return sorted(readable, key=lambda pair: alone and pair[1].day != shown)


def _as_shown(published: Moment, shown: Sequence[Moment], *, by_url: bool) -> Moment:
    """The day that readers see beside the headline, where a day in the URL or a time in UTC may mean the one beside it.

    Zones reach from UTC-12 to UTC+14.
    """
    if not shown or any(moment.day == published.day for moment in shown):
        return published
    if by_url and abs(published.day - shown[0].day) == _DAY:
        return shown[0]
    if not (published.utc and published.at):
        return published
    possible = {(published.at + timedelta(hours=hours)).date() for hours in (-12, 14)}
    return replace(published, day=shown[0].day) if shown[0].day in possible else published
