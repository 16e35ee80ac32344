"""From a fetched page to an article's fields.

    bytes -> markup -> statements and JSON-LD -> title, authors, dates, language
                    -> blocks of text -> boilerplate taken out -> text, structure, flags

All of it is a pure function of the page, its announcement and the site's profile, so that an archive can be extracted
again years later with the same result.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from archive.records import Announcement, DateCandidate, Headers, RemovedBlock
from crawler import metadata
from crawler.authors import find_authors
from crawler.blocks import Block, beside_headline, find_headline
from crawler.body import read_body
from crawler.boilerplate import Context, remove_boilerplate
from crawler.breadcrumbs import find_section
from crawler.corrections import CORRECTED, notes_correction
from crawler.dates import usual_order
from crawler.errors import ExtractionFailed, NotAnArticle
from crawler.flags import find_flags
from crawler.jsonld import ArticleNode, read_article
from crawler.language import find_language
from crawler.markup import Markup, Unreadable, read_markup
from crawler.metadata import Statements
from crawler.profile import SiteProfile
from crawler.publication import DateRules, Publication, find_publication
from crawler.reservations import find_reservations
from crawler.structure import read_structure
from crawler.text import clean, word_count
from crawler.titles import Titles, find_titles
from crawler.walls import find_walls


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What extraction reads."""

    url: str
    """Address it was fetched from, after redirects."""
    html: bytes
    """Body after content decoding."""
    content_type: str | None = None
    """The HTTP header field, for the charset."""
    headers: Headers = ()
    """All response fields, for what the publisher reserves."""
    announcement: Announcement | None = None
    """What feed or sitemap said of it: hints for title and dates."""
    fetched: datetime
    """Aware UTC; nothing later than a day after it can be a date of publication."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extraction:
    """The fields of `archive.records.Article` that come from the page; see there for formats."""

    title: str | None
    alt_title: str | None
    authors: tuple[str, ...]
    published: date | None
    published_at: datetime | None
    published_precision: str | None
    published_source: str | None
    date_candidates: tuple[DateCandidate, ...]
    modified: date | None
    modified_at: datetime | None
    language: str | None
    section: str | None
    tags: tuple[str, ...]
    description: str | None
    image: str | None
    canonical_link: str | None
    text: str
    structure: tuple[str, ...]
    word_count: int
    flags: tuple[str, ...]
    removed_blocks: tuple[RemovedBlock, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reading:
    """A page once read: what it says of itself and its blocks of text."""

    markup: Markup
    statements: Statements
    node: ArticleNode
    names: tuple[str, ...]
    """Names of the site, not to be taken for titles or authors."""
    titles: Titles
    found: list[Block]
    """Blocks of the body, boilerplate still among them."""
    blocks: list[Block]
    """All blocks of the page."""
    headline: int
    """Place of the headline among `blocks`."""

    @property
    def beside(self) -> list[Block]:
        """Blocks where byline and date stand."""
        return beside_headline(self.blocks, self.headline)


def extract(page: Page, profile: SiteProfile) -> Extraction:
    """Extract one page; ExtractionFailed or NotAnArticle if there is no text to keep, or only a wall."""
    reading = _read(page, profile)
    authors = _find_authors(reading, profile.extract.authors)
    kept, removed = remove_boilerplate(reading.found, _context(reading, authors, profile))
    text = "\n\n".join(block.text for block in kept)
    if not text:
        raise NotAnArticle(next(_find_walls(reading), "no_text"))
    statements, node = reading.statements, reading.node
    language = find_language(text, statements, node, editions=profile.extract.languages, default=profile.language)
    dates = _find_dates(reading, page, profile, language)
    words = word_count(text)
    flags = find_flags(
        title=reading.titles.title,
        text=text,
        words=words,
        blocks=reading.blocks,
        statements=statements,
        node=node,
        dated=dates.published is not None,
    )
    if {"listing", "short"} <= set(flags):
        raise NotAnArticle("listing")
    paragraphs = (*(block.text for block in kept), *(block.text for block in removed))
    corrected = {CORRECTED} if notes_correction(paragraphs) else set()
    published, modified = dates.published, dates.modified
    return Extraction(
        title=reading.titles.title,
        alt_title=reading.titles.alternative,
        authors=authors,
        published=published.day if published else None,
        published_at=published.at if published else None,
        published_precision=published.precision if published else None,
        published_source=dates.source,
        date_candidates=dates.candidates,
        modified=modified.day if modified else None,
        modified_at=modified.at if modified else None,
        language=language,
        section=_find_section(reading),
        tags=metadata.tags(statements, node),
        description=metadata.description(statements, node),
        image=metadata.image(statements, node),
        canonical_link=statements.canonical,
        text=text,
        structure=read_structure(kept),
        word_count=words,
        flags=tuple(sorted({*flags, *find_reservations(page.headers, statements), *corrected})),
        removed_blocks=removed,
    )


def _find_walls(reading: _Reading) -> Iterator[str]:
    """What stands in place of an article on a page without one, told from all of its text."""
    text = "\n\n".join(block.text for block in reading.blocks)
    return find_walls(
        title=reading.titles.title,
        text=text,
        words=word_count(text),
        blocks=reading.blocks,
        statements=reading.statements,
        node=reading.node,
        dated=False,
    )


def _read(page: Page, profile: SiteProfile) -> _Reading:
    rules = profile.extract
    try:
        markup = read_markup(page.html, page.content_type, drop=rules.drop)
    except Unreadable as exc:
        raise ExtractionFailed(str(exc)) from exc
    statements = Statements(markup.tree, page.url)
    node = read_article(markup.json_ld, page.url)
    names = _site_names(profile, statements, node)
    titles = find_titles(
        markup.tree,
        statements,
        node,
        selected=next(iter(_selected(markup, rules.title)), None),
        announced=page.announcement.title if page.announcement else None,
        names=names,
    )
    found, blocks = read_body(
        markup,
        titles=titles,
        description=metadata.description(statements, node),
        stated=node.body,
        selector=rules.body,
    )
    return _Reading(
        markup=markup,
        statements=statements,
        node=node,
        names=names,
        titles=titles,
        found=found,
        blocks=blocks,
        headline=find_headline(blocks, titles.forms),
    )


def _find_authors(reading: _Reading, selector: str | None) -> tuple[str, ...]:
    return find_authors(
        reading.markup.tree,
        reading.statements,
        reading.node,
        beside=reading.beside,
        selected=_selected(reading.markup, selector),
        names=reading.names,
    )


def _context(reading: _Reading, authors: tuple[str, ...], profile: SiteProfile) -> Context:
    return Context(
        titles=reading.titles.forms,
        authors=authors,
        body=reading.node.body or "",
        page=reading.blocks,
        stop_at=profile.extract.stop_at,
        drop_lines=profile.extract.drop_lines,
    )


def _find_dates(reading: _Reading, page: Page, profile: SiteProfile, language: str | None) -> Publication:
    rules = profile.extract
    return find_publication(
        reading.markup,
        reading.statements,
        reading.node,
        blocks=reading.blocks,
        beside=reading.beside,
        announcement=page.announcement,
        rules=DateRules(
            zone=ZoneInfo(profile.timezone),
            order=rules.date_order or usual_order(language, region=_region(reading.statements)),
            fetched=page.fetched,
            selected=next(iter(_selected(reading.markup, rules.date)), None),
            in_url=_url_date(page.url, rules.url_date),
        ),
    )


def _find_section(reading: _Reading) -> str | None:
    above = reading.blocks[: reading.headline]
    return find_section(reading.markup.tree, reading.statements, reading.node, above=above, titles=reading.titles.forms)


def _selected(markup: Markup, selector: str | None) -> list[str]:
    """Texts of the elements that the profile's selector matches."""
    elements = markup.tree.cssselect(selector) if selector else []
    return [text for element in elements if (text := clean(element.text_content()))]


def _region(statements: Statements) -> str | None:
    """The country that the page's language tag (`en-GB`) or its address (`.uk`) names."""
    _, _, stated = (statements.html_language or "").partition("-")
    host = urlsplit(statements.url).hostname or ""
    return stated if len(stated) == 2 else host.rpartition(".")[2]


def _url_date(url: str, pattern: str | None) -> str | None:
    match = re.search(pattern, url) if pattern else None
    return f"{match['year']}-{match['month']:0>2}-{match['day']:0>2}" if match else None


def _site_names(profile: SiteProfile, statements: Statements, node: ArticleNode) -> tuple[str, ...]:
    """The site's names: as its profile and its pages give them, its hosts, and the first label of each host."""
    hosts = [host.removeprefix("www.") for host in profile.hosts]
    labels = [host.partition(".")[0] for host in hosts]
    return (profile.title, statements.first("og:site_name") or "", node.publisher or "", *hosts, *labels)
