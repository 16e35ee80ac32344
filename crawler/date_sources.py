"""Every place of a page that may hold its date of publication, best first.

`offers` yields what is stated (JSON-LD, meta elements, microdata), announced, in the URL or shown beside the headline;
`last_resorts` looks where only a page that states nothing needs to be searched. Texts are passed on as found: which
can be read, and which to take, is for `crawler.publication` to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import TypeAlias

from lxml.etree import XPath

from archive.records import Announcement
from crawler.blocks import Block
from crawler.jsonld import ArticleNode
from crawler.markup import Element, Markup
from crawler.metadata import Statements
from crawler.placement import ancestry
from crawler.text import clean, letters

Offer: TypeAlias = tuple[str, str | None]
"""The name of the source, and its text."""

_PUBLISHED_NAMES = """
    article:published_time og:article:published_time article:published datepublished date.published
    dc.date.issued dcterms.issued dcterms.created dc.date.created dcterms.date dc.date pubdate publishdate
    publish-date publish_date published-date publication_date parsely-pub-date sailthru.date
    cxenseparse:recs:publishtime article_date_original originalpublicationdate og:pubdate rbpubdate
    og:published_time citation_publication_date article.published shareaholic:article_published_time
"""
_PUBLISHED = tuple(_PUBLISHED_NAMES.split())
# Some templates put the last change, or the day of the request, into these.
_VAGUE = "date", "timestamp"
_MODIFIED_NAMES = """
    article:modified_time og:updated_time article:modified datemodified dc.date.modified dcterms.modified
    lastmod last-modified revision_date
"""
_MODIFIED = tuple(_MODIFIED_NAMES.split())
_LONGEST = 120
_DATE_WORDS = 25
_PLAIN_WORDS = 8
_SOON = 60
_LIKE_DATE = re.compile(r"\d{4}|[٠-٩۰-۹]{4}|\d{1,2}[./-]\d{1,2}[./-]\d{2}")
# A date that opens a paragraph, alone or behind a place or the word for a press release: `BERLIN, 25 January 2022 –`.
_LEADING = re.compile(
    r"\W*(?:[^\W\d][\w'’.]*[ ,]+){0,4}(?:\d{1,2}[. ] ?(?:\d{1,2}\. ?|[^\W\d]+\.? )|[^\W\d]{3,9}\.? \d{1,2}, )\d{4}"
    r"(?:\.?\s*[|:–—/(-]|\. )"
)
_UPDATED = re.compile(
    r"updat|aktualisier|modifi|mis à jour|actualiz|atualiz|aggiorn|güncel|uppdater|обновл|оновл|تحديث|更新", re.I
)
_LABELLED = re.compile(
    r"^\W*(?:published|posted|updated|date|datum|stand|erschienen|aktualisiert|veröffentlicht|erstellt|gespeichert|publié|publicado|pubblicato|"
    r"publicerad|yayın\w*|tarih|опубликовано|نُ?شر|تاريخ|发布|公開)",
    re.I,
)
# Few elements have these attributes, and asking for them first halves the time.
_MICRODATA = XPath(
    '//*[@itemprop or @property][contains(@itemprop, "datePublished") or contains(@itemprop, "dateCreated")'
    ' or contains(@property, "datePublished") or contains(@property, "dateCreated")][not(self::meta[@name])]'
)
_MARKED = XPath(
    '//*[contains(@class, "date") or contains(@class, "datum") or contains(@class, "publish")'
    ' or contains(@class, "posted") or contains(@class, "created") or contains(@class, "fecha")'
    ' or contains(@class, "time") or contains(@id, "date")]'
)
_TIMES = XPath("//time[not(ancestor::aside)]")
_ELSEWHERE = re.compile(r"related|teaser|sidebar|aside|recommend|comment|card\b|popular|latest|footer-|widget", re.I)
_POST = re.compile(r"\(@\w+\)")
"""As embedded posts of social media are signed."""
_URL_DATE = re.compile(
    r"(?<!\d)(?P<year>19\d\d|20\d\d)[/_-]?(?P<month>[01]\d|[a-z]{3}(?=/))[/_-]?(?P<day>[0-3]\d)(?!\d)"
)
_URL_DAY_FIRST = re.compile(r"(?<!\d)(?P<day>[0-3]\d)-?(?P<month>[01]\d)-?(?P<year>20\d\d)(?!\d)")
_URL_MONTH = re.compile(r"/(?P<year>19\d\d|20\d\d)[/-](?P<month>0[1-9]|1[0-2])(?=/)")
_IN_SCRIPT = re.compile(r'"((?:date|first|original)?_?[Pp]ubl(?:ish|ication)\w*)"\s*:\s*"([^"]{8,40})"')


def offers(
    markup: Markup,
    statements: Statements,
    node: ArticleNode,
    *,
    blocks: Sequence[Block],
    beside: Sequence[Block],
    announcement: Announcement | None,
) -> Iterator[Offer]:
    """Source and text of every date, best first; `blocks` are the page's, `beside` those beside the headline."""
    yield "jsonld:datePublished", node.published
    for name in _PUBLISHED:
        yield f"meta:{name}", statements.first(name)
    for element in _MICRODATA(markup.tree)[:3]:
        yield "itemprop:datePublished", element.get("content") or element.get("datetime") or element.text_content()
    if announcement:
        yield announcement.kind, announcement.published
    yield "url", _date_in_url(statements.url)
    yield from _dates_beside(beside)
    for name in _VAGUE:
        yield f"meta:{name}", statements.first(name)
    for element in _TIMES(markup.tree)[:6]:
        yield "time", element.get("datetime") or element.text_content()[:_LONGEST]
    yield from (("label", block.text) for block in blocks if block.words < _DATE_WORDS and _LABELLED.match(block.text))
    if node.published is None:
        yield from ((f"script:{name}", value) for name, value in _IN_SCRIPT.findall(markup.source)[:3])
    yield "jsonld:dateModified", node.modified


def last_resorts(markup: Markup) -> Iterator[Offer]:
    """Elements marked as dates anywhere on the page, even where text never stands, such as the footer of an article."""
    tree = markup.whole()
    for element in _MICRODATA(tree)[:3]:
        yield "itemprop:datePublished", element.get("content") or element.get("datetime") or element.text_content()
    for element in _MARKED(tree):
        text = clean(element.text_content())
        if len(text) <= _LONGEST and _LIKE_DATE.search(text) and not _stands_elsewhere(element):
            yield "marked", text


def changes(statements: Statements, node: ArticleNode, announcement: Announcement | None) -> Iterable[str]:
    """Texts of the dates of the last change, best first."""
    values = (node.modified, *map(statements.first, _MODIFIED), announcement.modified if announcement else None)
    return filter(None, values)


def _stands_elsewhere(element: Element) -> bool:
    return any(
        one.tag == "aside" or _ELSEWHERE.search(f"{one.get('class') or ''} {one.get('id') or ''}")
        for one in islice(ancestry(element), 6)
    )


def _dates_beside(beside: Sequence[Block]) -> list[Offer]:
    """Lines beside the headline that look like dates: plain ones first, those that tell of an update last."""
    lines = [block for block in beside if _LIKE_DATE.search(block.text) and _tells_date(block)]
    lines.sort(key=lambda block: block.words > _PLAIN_WORDS)
    updates = [block for block in lines if _UPDATED.search(block.text)]
    shown: list[Offer] = [("headline", _spaced(block)) for block in lines if block not in updates]
    return shown + [("headline:updated", _spaced(block)) for block in updates]


def _tells_date(block: Block) -> bool:
    """Whether it is a plain line, a longer one that soon comes to the date, or a paragraph that opens with it."""
    if block.element.tag == "h1" or _POST.search(block.text):
        return False
    if block.words <= _PLAIN_WORDS or _LEADING.match(block.text):
        return True
    return block.words < _DATE_WORDS and _LIKE_DATE.search(block.text, 0, _SOON) is not None


def _spaced(block: Block) -> str:
    """The block's text with spaces where only style sheets set them: `Ada Lovelace<span>4 May 2023</span>`."""
    nodes = block.element.xpath(".//text()[not(parent::style or parent::script)]")
    keys = [letters(node) for node in nodes]
    start = "".join(keys).find(block.key)
    end = start + len(block.key)
    places = zip(nodes, keys, accumulate(map(len, keys)), strict=True)
    text = clean(" ".join(node for node, key, after in places if start <= after - len(key) and after <= end))
    return text if letters(text) == block.key else block.text


def _date_in_url(url: str) -> str | None:
    match = _URL_DATE.search(url)
    if match:
        return " ".join(match.group("year", "month", "day")) if match["month"].isalpha() else "-".join(match.groups())
    match = _URL_DAY_FIRST.search(url)
    return "-".join(match.group("day", "month", "year")) if match else None


def month_in_url(url: str) -> tuple[int, int] | None:
    """Year and month of a URL such as `/2023/12/title`."""
    match = _URL_MONTH.search(url)
    return (int(match["year"]), int(match["month"])) if match else None
