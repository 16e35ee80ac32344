"""When an article was published and last changed: every date the page offers, best first, and the one taken.

The order of trust: what the site's profile points at, the main JSON-LD node, published meta elements, microdata, the
announcement (feed, news sitemap), a date in the URL, a date beside the headline, marked-up times, dates in scripts. A
candidate that cannot be read, is ambiguous or lies in the future is kept as a candidate and not used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from itertools import islice

from archive.records import Announcement, DateCandidate
from crawler.blocks import Block
from crawler.dates import Moment, Order, read_date
from crawler.jsonld import ArticleNode
from crawler.markup import Markup
from crawler.metadata import Statements
from crawler.text import clean

MAX_CANDIDATES = 40
"""Candidates recorded for a page; pages that list hundreds of dates are listings."""

_PUBLISHED_NAMES = """
    article:published_time og:article:published_time article:published datepublished date.published
    dc.date.issued dcterms.issued dcterms.created dc.date.created dcterms.date dc.date pubdate publishdate
    publish-date publish_date published-date publication_date parsely-pub-date sailthru.date
    cxenseparse:recs:publishtime article_date_original originalpublicationdate og:pubdate rbpubdate
    og:published_time citation_publication_date article.published shareaholic:article_published_time date
    timestamp
"""
_PUBLISHED = tuple(_PUBLISHED_NAMES.split())
_MODIFIED_NAMES = """
    article:modified_time og:updated_time article:modified datemodified dc.date.modified dcterms.modified
    lastmod last-modified revision_date
"""
_MODIFIED = tuple(_MODIFIED_NAMES.split())
_LONGEST = 120
_DATE_WORDS = 25
_LIKE_DATE = re.compile(r"\d{4}|[٠-٩۰-۹]{4}|\d{1,2}[./-]\d{1,2}[./-]\d{2}")
_LEADING = re.compile(r"\W*\d{1,2}\. ?(?:\d{1,2}\. ?|\w+ )\d{4}\s*[|:–—-]")
_UPDATED = re.compile(
    r"updat|aktualisier|modifi|mis à jour|actualiz|atualiz|aggiorn|güncel|uppdater|обновл|оновл|تحديث|更新", re.I
)
_LABELLED = re.compile(
    r"^\W*(?:published|posted|date|datum|stand|erschienen|veröffentlicht|erstellt|gespeichert|publié|publicado|pubblicato|"
    r"publicerad|yayın\w*|tarih|опубликовано|نُ?شر|تاريخ|发布|公開)",
    re.I,
)
_MICRODATA = '//*[contains(@itemprop, "datePublished") or contains(@itemprop, "dateCreated")]'
_URL_DATE = re.compile(
    r"(?<!\d)(?P<year>19\d\d|20\d\d)[/_-]?(?P<month>[01]\d|[a-z]{3}(?=/))[/_-]?(?P<day>[0-3]\d)(?!\d)"
)
_URL_DAY_FIRST = re.compile(r"(?<!\d)(?P<day>[0-3]\d)-?(?P<month>[01]\d)-?(?P<year>20\d\d)(?!\d)")
_IN_SCRIPT = re.compile(r'"((?:date|first|original)?_?[Pp]ubl(?:ish|ication)\w*)"\s*:\s*"([^"]{8,40})"')


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
    offers = _offers(markup, statements, node, blocks, beside, announcement, rules)
    worded = ((source, clean(value)[:_LONGEST]) for source, value in offers if value)
    seen = dict.fromkeys(DateCandidate(source=source, value=value) for source, value in worded if value)
    candidates = tuple(islice(seen, MAX_CANDIDATES))
    readable = [(candidate.source, moment) for candidate in candidates if (moment := _possible(candidate.value, rules))]
    source, published = _most_precise(readable)
    published = published and _as_shown(published, [moment.day for source, moment in readable if source == "headline"])
    changes = (_possible(value, rules) for value in _changes(statements, node, announcement))
    return Publication(
        published=published,
        source=source,
        candidates=candidates,
        modified=next((moment for moment in changes if moment), None),
    )


def _possible(value: str, rules: DateRules) -> Moment | None:
    moment = read_date(value, zone=rules.zone, order=rules.order)
    return moment if moment and moment.day <= rules.fetched.date() + timedelta(days=1) else None


def _most_precise(readable: list[tuple[str, Moment]]) -> tuple[str | None, Moment | None]:
    """The first candidate, or one of the same day that also knows the time."""
    if not readable:
        return None, None
    day = readable[0][1].day
    return next((pair for pair in readable if pair[1].day == day and pair[1].at), readable[0])


def _as_shown(published: Moment, shown: Sequence[date]) -> Moment:
    """The day that readers see beside the headline, where a time in UTC leaves the day before or after possible.

    Zones reach from UTC-12 to UTC+14.
    """
    if not (published.utc and published.at) or not shown or published.day in shown:
        return published
    possible = {(published.at + timedelta(hours=hours)).date() for hours in (-12, 14)}
    return replace(published, day=shown[0]) if shown[0] in possible else published


def _offers(
    markup: Markup,
    statements: Statements,
    node: ArticleNode,
    blocks: Sequence[Block],
    beside: Sequence[Block],
    announcement: Announcement | None,
    rules: DateRules,
) -> Iterator[tuple[str, str | None]]:
    """Source and text of every date, best first."""
    yield "profile:selector", rules.selected
    yield "profile:url_date", rules.in_url
    yield "jsonld:datePublished", node.published
    for name in _PUBLISHED:
        yield f"meta:{name}", statements.first(name)
    for element in markup.tree.xpath(_MICRODATA)[:3]:
        yield "itemprop:datePublished", element.get("content") or element.get("datetime") or element.text_content()
    if announcement:
        yield announcement.kind, announcement.published
    yield "url", _date_in_url(statements.url)
    yield from (("headline", text) for text in _dates_beside(beside))
    for element in markup.tree.xpath("//time[not(ancestor::aside)]")[:6]:
        yield "time", element.get("datetime") or element.text_content()[:_LONGEST]
    yield from (("label", block.text) for block in blocks if block.words < _DATE_WORDS and _LABELLED.match(block.text))
    if node.published is None:
        yield from ((f"script:{name}", value) for name, value in _IN_SCRIPT.findall(markup.source)[:3])
    yield "jsonld:dateModified", node.modified


def _changes(statements: Statements, node: ArticleNode, announcement: Announcement | None) -> Iterable[str]:
    values = (node.modified, *map(statements.first, _MODIFIED), announcement.modified if announcement else None)
    return filter(None, values)


def _dates_beside(beside: Sequence[Block]) -> list[str]:
    """Lines beside the headline that look like dates, those that tell of an update last."""
    lines = [
        block.text
        for block in beside
        if _LIKE_DATE.search(block.text) and (block.words < _DATE_WORDS or _LEADING.match(block.text))
    ]
    return sorted(lines, key=lambda text: _UPDATED.search(text) is not None)


def _date_in_url(url: str) -> str | None:
    match = _URL_DATE.search(url)
    if match:
        return " ".join(match.group("year", "month", "day")) if match["month"].isalpha() else "-".join(match.groups())
    match = _URL_DAY_FIRST.search(url)
    return "-".join(match.group("day", "month", "year")) if match else None
