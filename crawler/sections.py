"""Section and home pages: their links with headlines, and the page that continues them.

libxml2 reads the pages, because it stops at 2,048 levels of nesting; parsers that follow the HTML standard to the
letter take quadratic time on deep pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

from lxml import etree
from lxml.cssselect import CSSSelector

from archive.records import Announcement
from crawler.announced import Announced, SourceError, resolve, tidy
from crawler.charset import decode
from crawler.urls import InvalidUrl, absolute_url, canonical_url

MAX_BYTES = 10_485_760
"""Bytes read of one page: 10 MiB."""

MAX_LINKS = 10_000
"""Anchors read of one page."""

_LONGEST_HEADLINE = 300
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_NEXT = CSSSelector("link[rel~=next][href], a[rel~=next][href]")
_CURRENT = CSSSelector("[aria-current=page], .current, .active, .selected, .is-active, .is-current")
_ALTERNATE = CSSSelector("link[rel~=alternate][href][type]")
_FEED_TYPE = re.compile(r"application/((rss|atom|rdf)\+xml|feed\+json)\b", re.IGNORECASE)
_OF_COMMENTS = re.compile(r"/comments?/|[?&]feed=comments")
_OTHER_SCHEME = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_PAGE_SUFFIX = re.compile(r"(/page)?/?\d*/?$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Anchor:
    """A link of the page."""

    href: str
    headline: str
    in_heading: bool
    number: int | None

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """A heading beats other text, a whole teaser is no headline, and "read more" is shorter than one."""
        return self.in_heading, len(self.headline) <= _LONGEST_HEADLINE, len(self.headline)


def read_section(body: bytes, base_url: str, content_type: str | None = None) -> Announced:
    """The links of an HTML page in page order, each address once, with the best headline among its anchors.

    `content_type` is the HTTP header. `next_page` is what `rel=next` names, else the pager's link to the number after
    the current one, always on the same host; `feeds` are those that its head offers (HTML Standard, link type
    "alternate"). A page without links has the reason `section_empty`.
    SourceError: `too_large`.
    """
    if len(body) > MAX_BYTES:
        raise SourceError(base_url, "too_large", f"is a page of {len(body):,} bytes, over the limit of {MAX_BYTES:,}")
    page, warnings = _parsed(body, content_type)
    base = _base(page, base_url)
    anchors = list(islice(_anchors(page), MAX_LINKS))
    if len(anchors) == MAX_LINKS:
        warnings.append(f"{MAX_LINKS:,} links read, the rest is not")
    links, skipped = resolve(_announced(anchors, base_url), base)
    found = tuple({link.url: link for link in links if link.url != base_url}.values())
    pages = (*(_href(element) for element in _NEXT(page)), *_next_number(anchors, page, base, base_url))
    return Announced(
        found=found,
        feeds=tuple(dict.fromkeys(_feeds(page, base))),
        next_page=next(_continuations(pages, base, base_url), None),
        reason=None if found else "section_empty",
        warnings=(*warnings, *skipped),
    )


def _feeds(page: etree._Element, base: str) -> Iterator[str]:
    """Feeds of the page's site; a page of ten thousand of them is no honest one."""
    for element in islice(_ALTERNATE(page), 100):
        if not _FEED_TYPE.match(element.get("type", "").strip()):
            continue
        try:
            url = absolute_url(_href(element), base)
        except InvalidUrl:
            continue
        if not _OF_COMMENTS.search(url):
            yield url


def _parsed(body: bytes, content_type: str | None) -> tuple[etree._Element, list[str]]:
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, no_network=True, remove_comments=True, remove_pis=True)
    try:
        page = etree.fromstring(decode(body, content_type).encode(), parser)
    except etree.XMLSyntaxError:
        page = None
    if page is None:
        return etree.Element("html"), ["holds no HTML"]
    if any(entry.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for entry in parser.error_log):
        return page, ["nested too deeply, read as far as possible"]
    return page, []


def _base(page: etree._Element, base_url: str) -> str:
    element = page.find(".//base[@href]")
    try:
        return base_url if element is None else absolute_url(_href(element), base_url)
    except InvalidUrl:
        return base_url


def _href(element: etree._Element) -> str:
    href: str = element.get("href", "")
    return href.partition("#")[0].strip()


def _anchors(page: etree._Element) -> Iterator[_Anchor]:
    """The outermost anchors; HTML knows no others, and nested ones would cost quadratic time."""
    depth = 0
    for event, element in etree.iterwalk(page, events=("start", "end"), tag="a"):
        depth += 1 if event == "start" else -1
        href = _href(element)
        if event == "start" and depth == 1 and href and not _OTHER_SCHEME.match(href):
            yield _anchor(element, href)


def _anchor(element: etree._Element, href: str) -> _Anchor:
    heading = next(element.iter(*_HEADINGS), None)
    text = "".join((element if heading is None else heading).itertext())
    in_heading = heading is not None or any(parent.tag in _HEADINGS for parent in islice(element.iterancestors(), 3))
    return _Anchor(href=href, headline=tidy(text) or "", in_heading=in_heading, number=_number(element))


def _announced(anchors: Iterable[_Anchor], base_url: str) -> Iterator[tuple[str, Announcement]]:
    best: dict[str, _Anchor] = {}
    for anchor in anchors:
        best[anchor.href] = max(best.get(anchor.href, anchor), anchor, key=lambda candidate: candidate.rank)
    for href, anchor in best.items():
        yield href, Announcement(source=base_url, kind="section", title=anchor.headline or None)


def _continuations(links: Iterable[str], base: str, base_url: str) -> Iterator[str]:
    """Those of the links that lead to another page of the same host."""
    here = canonical_url(base_url)
    for link in links:
        try:
            url = absolute_url(link, base)
        except InvalidUrl:
            continue
        if urlsplit(url).netloc == urlsplit(base_url).netloc and canonical_url(url) != here:
            yield url


def _next_number(anchors: Iterable[_Anchor], page: etree._Element, base: str, base_url: str) -> Iterator[str]:
    """Where a pager's number after the current one leads, if that is below the section's own path."""
    numbered = {anchor.number: anchor.href for anchor in anchors if anchor.number is not None}
    link = numbered.get(_current_number(page, numbered, base, base_url) + 1)
    # Without this, the days of a calendar in the margin pass for pages.
    stem = _PAGE_SUFFIX.sub("", urlsplit(base_url).path)
    for url in _continuations([link] if link else [], base, base_url):
        if urlsplit(url).path.startswith(stem):
            yield url


def _current_number(page: etree._Element, numbered: dict[int, str], base: str, base_url: str) -> int:
    """The number that is marked, or leads nowhere else, or is missing between its linked neighbours; 0 if none is."""
    marked = (_number(element) for element in _CURRENT(page))
    here = (n for n, href in numbered.items() if not any(_continuations([href], base, base_url)))
    missing = (n - 1 for n in sorted(numbered) if n - 1 not in numbered and (n == 2 or n - 2 in numbered))
    return next((n for numbers in (marked, here, missing) for n in numbers if n is not None), 0)


def _number(element: etree._Element) -> int | None:
    """The page number that the element, or its first child, shows."""
    for text in (element.text, element[0].text if len(element) else None):
        if text and text.strip().isdecimal() and len(text.strip()) < 6:
            return int(text)
    return None
