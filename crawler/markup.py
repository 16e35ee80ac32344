"""From bytes to a tree: decode, prune what never holds text, parse.

lexbor (through selectolax) reads HTML as browsers do and prunes quickly; lxml then builds the tree that trafilatura
and the metadata readers walk. This module is the only one that knows lexbor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape, unescape
from typing import TypeAlias

import lxml.html
from lxml.etree import ElementDefaultClassLookup, ErrorTypes, HTMLParser
from selectolax.lexbor import LexborHTMLParser

from crawler.charset import decode

Element: TypeAlias = lxml.html.HtmlElement

MAX_PAGE = 8_000_000
"""Bytes of a page we are ready to extract; the largest article page of the labelled sets has 2.5 MB."""

MAX_ELEMENTS = 50_000
"""Elements of a page we are ready to extract: five times the most of the labelled pages, and half a minute's work."""

_MANY_TAGS = 20_000
_MUCH_TEXT = 1000
# Bytes that text never holds (WHATWG MIME Sniffing, "binary data byte"), but for NUL, which careless templates leave.
_BINARY = re.compile(r"[\x01-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_OPENING = 2_000
_MUCH_BINARY = 0.02
_TAG = re.compile(r"<(?:[a-z][a-z0-9]*[\s/>]|!doctype)", re.I)
# lxml.html asks a Python function for the class of each element; this is answered in C.
_ELEMENTS = ElementDefaultClassLookup(element=lxml.html.HtmlElement)
_EXCESSIVE_DEPTH = "Excessive depth"
_NEVER_TEXT = [
    *("script", "style", "svg", "noscript", "template", "iframe", "object", "canvas", "video", "audio"),
    *("img", "picture", "source", "nav", "footer", "dialog", "select", "input", "textarea"),
]


class Unreadable(ValueError):
    """Raised when bytes are no HTML page we can parse; the message is a slug such as `too_deep`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Markup:
    """A page after parsing."""

    source: str
    """The whole page, decoded."""
    tree: Element
    """The `html` element of the pruned page."""
    json_ld: tuple[str, ...]
    """Contents of its JSON-LD scripts, in page order."""
    drop: tuple[str, ...] = ()
    """CSS selectors of what the site's profile removes."""

    def whole(self) -> Element:
        """The `html` element of the page with everything but what the profile removes.

        Where a page has all its text for browsers without scripts, that is its text.
        """
        tree = parse(self.source, drop=self.drop)
        for element in tree.iter("noscript"):
            if len(element.text_content()) > _MUCH_TEXT:
                element.tag = "div"
        return tree


def read_markup(html: bytes, content_type: str | None, *, drop: tuple[str, ...] = ()) -> Markup:
    """Decode by byte-order mark, HTTP header, then meta element (WHATWG order) and parse; Unreadable if that fails."""
    if not html.strip():
        raise Unreadable("empty")
    if len(html) > MAX_PAGE:
        raise Unreadable("too_large")
    source = decode(html, content_type).replace("\x00", "")
    if not _TAG.search(source) or _is_binary(source):
        raise Unreadable("not_html")
    # Reading nested elements takes lexbor quadratic time, so libxml2 with its depth limit looks first.
    if source.count("<") > _MANY_TAGS and parse(source).xpath("count(//*)") > MAX_ELEMENTS:
        raise Unreadable("too_many_elements")
    page = LexborHTMLParser(source)
    json_ld = tuple(node.text() for node in page.css('script[type*="ld+json"]'))
    page.strip_tags(_NEVER_TEXT)
    return Markup(source=source, tree=parse(page.html or "", drop=drop), json_ld=json_ld, drop=drop)


def parse_text(text: str) -> Element:
    """The `html` element of a text as metadata hold it: lines as typed, or HTML."""
    plain = unescape(text)
    return parse(plain if _TAG.search(plain) else "".join(f"<p>{escape(line)}</p>" for line in plain.splitlines()))


def _is_binary(source: str) -> bool:
    """Whether a page begins like an image or an archive that was sent as a page."""
    opening = source[:_OPENING]
    return len(_BINARY.findall(opening)) > _MUCH_BINARY * len(opening)


def parse(source: str, *, drop: Iterable[str] = ()) -> Element:
    """The `html` element of a page without what the selectors match; Unreadable past libxml2's 256 levels."""
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    parser.set_element_class_lookup(_ELEMENTS)
    try:
        tree = lxml.html.document_fromstring(source.encode("utf-8", "replace"), parser=parser)
    except (lxml.etree.ParserError, lxml.etree.XMLSyntaxError) as exc:
        raise Unreadable("not_html") from exc
    limits = parser.error_log.filter_from_fatals().filter_types(ErrorTypes.ERR_RESOURCE_LIMIT)
    if any(_EXCESSIVE_DEPTH in entry.message for entry in limits):
        raise Unreadable("too_deep")
    for element in [element for selector in drop for element in tree.cssselect(selector)]:
        if element.getparent() is not None:
            element.drop_tree()
    return tree
