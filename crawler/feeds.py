"""Feeds: RSS 0.9x, 1.0, 2.0 and Atom, read by feedparser; and JSON Feed.

feedparser alone takes quadratic time or gigabytes on hostile feeds (a long author, repeated entities, deep nesting),
and spends most of an honest one on article texts that we fetch from the page anyway. So lxml reads the feed first,
mends it if need be, and hands feedparser only the elements that announce something: links, titles, dates.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import feedparser
from lxml import etree
from w3lib.html import remove_tags, replace_entities

from archive.records import Announcement
from crawler.announced import MAX_BYTES, Announced, SourceError, looks_like_html, next_of, resolve, tidy
from crawler.charset import decode
from crawler.json_feeds import read_json_feed
from crawler.xml_guard import SAFE, local_name, mended, refuse_entities

MAX_ENTRIES = 5_000
"""Entries read of one feed; feedparser takes half a millisecond for each."""

_CONTAINERS = frozenset(("rss", "rdf", "channel", "feed", "item", "entry"))
_LEAVES = frozenset(
    ("title", "link", "guid", "id", "origlink", "pubdate", "published", "issued", "date", "updated", "modified")
)
_ATTRIBUTES = frozenset(
    (
        "href",
        "rel",
        "type",
        "version",
        "isPermaLink",
        "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about",
        "{http://www.w3.org/XML/1998/namespace}base",
    )
)
_MAX_TEXT = 4000
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


def read_feed(body: bytes, base_url: str, content_type: str | None = None) -> Announced:
    """The entries of a feed; `content_type` is the HTTP header, for its charset.

    `next_page` is the page of older entries that the feed names (RFC 5005, section 3), on the same host. A sound feed
    without entries has the reason `feed_empty`. SourceError: `feed_is_html`, `not_a_feed`, `bad_xml`, `bad_json`,
    `xml_bomb`, `too_large`.
    """
    if len(body) > MAX_BYTES:
        raise SourceError(base_url, "too_large", f"is a feed of {len(body):,} bytes, over the limit of {MAX_BYTES:,}")
    if re.match(rb"(\xef\xbb\xbf)?\s*\{", body):
        return read_json_feed(body, base_url)
    root, warnings = _parsed(body, base_url, content_type)
    if root is None or local_name(root).lower() not in _CONTAINERS:
        raise _not_a_feed(body, base_url)
    warnings += _trim(root)
    feed = feedparser.parse(
        io.BytesIO(etree.tostring(root, encoding="utf-8")),
        response_headers={"content-location": base_url, "content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if warnings and not feed.entries:
        raise SourceError(base_url, "bad_xml", f"is no readable feed: {warnings[0]}")
    found, skipped = resolve(_entries(feed, base_url), base_url)
    reason = None if feed.entries else "feed_empty"
    links = feed.feed.get("links", ())
    older = next((link.get("href") for link in links if link.get("rel") == "next"), None)
    return Announced(found=found, next_page=next_of(older, base_url), reason=reason, warnings=(*warnings, *skipped))


def _parsed(body: bytes, base_url: str, content_type: str | None) -> tuple[etree._Element | None, list[str]]:
    """The root of the feed, None if there is none, and a warning if it had to be mended."""
    text = _XML_DECLARATION.sub("", decode(body, content_type), count=1).strip().encode()
    try:
        root, warnings = etree.fromstring(text, etree.XMLParser(**SAFE)), []
    except etree.XMLSyntaxError as exc:
        root, warnings = _recovered(text), [f"damaged XML, read as far as possible: {exc.msg}"]
    if root is not None:
        refuse_entities(root, base_url)
    return root, warnings


def _recovered(damaged: bytes) -> etree._Element | None:
    try:
        return etree.fromstring(mended(damaged), etree.XMLParser(**SAFE, recover=True))
    except etree.XMLSyntaxError:
        return None


def _not_a_feed(body: bytes, base_url: str) -> SourceError:
    if looks_like_html(body):
        return SourceError(base_url, "feed_is_html", "is a web page, not a feed; list it under sections")
    return SourceError(base_url, "not_a_feed", "is neither RSS nor Atom; correct the URL")


def _trim(root: etree._Element) -> list[str]:
    """Leave only what announces; the warning tells of entries beyond the cap."""
    entries = 0
    for element in list(root.iter()):
        name = local_name(element).lower()
        entries += name in ("item", "entry")
        if name in _LEAVES:
            _flatten(element)
        elif name not in _CONTAINERS or entries > MAX_ENTRIES:
            _remove(element)
        for attribute in element.attrib:
            if attribute not in _ATTRIBUTES:
                del element.attrib[attribute]
    return [f"more than {MAX_ENTRIES:,} entries, the rest is not read"] if entries > MAX_ENTRIES else []


def _flatten(element: etree._Element) -> None:
    """Markup inside a title becomes text, of bounded length."""
    text = "".join(element.itertext())[:_MAX_TEXT]
    if len(element):
        element.attrib["type"] = "text"
        del element[:]
    element.text = text


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        # Emptied first: removing a full element takes quadratic time.
        element.clear()
        parent.remove(element)


def _entries(feed: feedparser.FeedParserDict, base_url: str) -> Iterator[tuple[str, Announcement]]:
    for entry in feed.entries:
        # FeedParserDict.get would silently offer `published` as `updated`.
        published, updated = dict.get(entry, "published"), dict.get(entry, "updated")
        if published is None and not feed.version.startswith("atom"):
            # In RSS the Dublin Core date, which feedparser calls `updated`, is the date of publication.
            published, updated = updated, None
        yield (
            _link(entry),
            Announcement(
                source=base_url,
                kind="feed",
                title=_title(entry),
                published=tidy(published, 100),
                modified=tidy(updated, 100),
            ),
        )


def _link(entry: feedparser.FeedParserDict) -> str:
    """FeedBurner's note of the original link, the entry's link, or an id that is a URL."""
    alternates = (link.get("href") for link in entry.get("links", ()) if link.get("rel") == "alternate")
    candidates = (entry.get("feedburner_origlink"), entry.get("link"), *alternates, entry.get("id"))
    return next((candidate for candidate in candidates if candidate), "")


def _title(entry: feedparser.FeedParserDict) -> str | None:
    title = entry.get("title")
    if title and entry.get("title_detail", {}).get("type") in ("text/html", "application/xhtml+xml"):
        title = replace_entities(remove_tags(title))
    return tidy(title)
