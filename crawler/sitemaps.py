"""Sitemaps (sitemaps.org protocol 0.9 with Google's news fields 0.9) and the `Sitemap:` lines of robots.txt.

An own reader on lxml's iterparse: the usual libraries lose the title and the date of news sitemaps, and hold whole
files in memory.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lxml import etree

from archive.records import Announcement
from crawler.announced import MAX_BYTES, Announced, Found, SourceError, looks_like_html, resolve, tidy
from crawler.urls import InvalidUrl, absolute_url
from crawler.xml_guard import SAFE, local_name, mended, refuse_entities

MAX_ENTRIES = 50_000
"""Entries read of one sitemap, the protocol's limit."""

_GZIP_MAGIC = b"\x1f\x8b"
_ROBOTS_BYTES = 512_000
_ROBOTS_SITEMAP = re.compile(r"^\s*sitemap\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)

_Entry = tuple[str, Announcement]


def read_sitemap(body: bytes, base_url: str) -> Announced:
    """The entries of a sitemap (`found`) or of a sitemap index (`sitemaps`); gzip is recognised by its magic bytes.

    A damaged file yields what stands before the damage, with a warning. A sound one without entries has the reason
    `sitemap_empty`. SourceError: `sitemap_is_html`, `not_a_sitemap`, `bad_xml`, `bad_gzip`, `xml_bomb`, `too_large`.
    """
    body, warnings = _unpacked(body, base_url)
    is_text = re.match(rb"(\xef\xbb\xbf)?\s*https?://", body)
    reading = _read_text(body, base_url) if is_text else _read_xml(body, base_url)
    found, skipped = resolve(reading.pages, base_url)
    sitemaps, skipped_sitemaps = resolve(reading.children, base_url)
    return Announced(
        found=found,
        sitemaps=sitemaps,
        reason="sitemap_empty" if reading.count == 0 else None,
        warnings=(*warnings, *reading.warnings, *skipped, *skipped_sitemaps),
    )


def read_robots_sitemaps(body: bytes) -> tuple[str, ...]:
    """The absolute URLs of the `Sitemap:` lines of a robots.txt, each once.

    The first 500 KiB count (RFC 9309 section 2.5); a value that is no absolute http(s) URL is passed over.
    """
    lines = body[:_ROBOTS_BYTES].decode("utf-8-sig", errors="replace")
    return tuple(dict.fromkeys(_usable(_ROBOTS_SITEMAP.findall(lines))))


def read_robots(body: bytes, base_url: str) -> Announced:
    """The sitemaps that a robots.txt names; one that names none is no empty source."""
    announcement = Announcement(source=base_url, kind="robots")
    return Announced(sitemaps=tuple(Found(url=url, announcement=announcement) for url in read_robots_sitemaps(body)))


def _usable(links: list[str]) -> Iterator[str]:
    for link in links:
        try:
            yield absolute_url(link)
        except InvalidUrl:
            continue


@dataclass
class _Reading:
    """What was read so far: the entries of `url` and of `sitemap` elements, and what went wrong."""

    pages: list[_Entry] = field(default_factory=list)
    children: list[_Entry] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    damaged: bool = False

    @property
    def count(self) -> int:
        return len(self.pages) + len(self.children)


def _unpacked(body: bytes, base_url: str) -> tuple[bytes, list[str]]:
    """The body without gzip, and a warning if the gzip is cut or damaged."""
    warnings: list[str] = []
    if body.startswith(_GZIP_MAGIC):
        body, whole = _gunzip(body)
        if not body:
            raise SourceError(base_url, "bad_gzip", "is damaged gzip and holds nothing readable")
        if not whole:
            warnings.append("damaged gzip, read as far as possible")
    if len(body) > MAX_BYTES:
        raise SourceError(base_url, "too_large", f"is a sitemap of more than {MAX_BYTES:,} bytes, the protocol's limit")
    return body, warnings


def _gunzip(body: bytes) -> tuple[bytes, bool]:
    """At most one byte more than the cap, and whether the gzip was sound that far."""
    pieces: list[bytes] = []
    room = MAX_BYTES + 1
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
        try:
            while room > 0 and (piece := file.read1(min(room, 65_536))):
                pieces.append(piece)
                room -= len(piece)
        except (OSError, EOFError, zlib.error):
            return b"".join(pieces), False
    return b"".join(pieces), True


def _read_text(body: bytes, base_url: str) -> _Reading:
    """A plain list of URLs, which the protocol allows as well."""
    reading = _Reading()
    announcement = Announcement(source=base_url, kind="sitemap")
    lines = body.decode("utf-8-sig", errors="replace").split("\n")
    _fill(reading, ((False, (line.strip(), announcement)) for line in lines if line.strip()))
    return reading


def _read_xml(body: bytes, base_url: str) -> _Reading:
    reading = _read_sound_xml(body, base_url)
    if reading.damaged:
        # A bare `&` in one headline must not cost the entries after it.
        retried = _read_sound_xml(mended(body), base_url)
        if retried.count > reading.count:
            retried.warnings.append("damaged XML, mended")
            reading = retried
    if reading.damaged and reading.count == 0:
        if looks_like_html(body):
            raise _is_html(base_url)
        raise SourceError(base_url, "bad_xml", f"is no readable sitemap: {reading.warnings[0]}")
    return reading


def _read_sound_xml(body: bytes, base_url: str) -> _Reading:
    reading = _Reading()
    try:
        _fill(reading, _entries(body, base_url))
    except etree.XMLSyntaxError as exc:
        reading.damaged = True
        reading.warnings.append(f"damaged XML after {reading.count:,} entries: {exc.msg}")
    return reading


def _fill(reading: _Reading, entries: Iterable[tuple[bool, _Entry]]) -> None:
    for is_child, entry in entries:
        if reading.count == MAX_ENTRIES:
            reading.warnings.append(f"more than {MAX_ENTRIES:,} entries, the rest is not read")
            return
        (reading.children if is_child else reading.pages).append(entry)


def _entries(body: bytes, base_url: str) -> Iterator[tuple[bool, _Entry]]:
    """Each `url` or `sitemap` element as it ends, freed behind us; True for a `sitemap`."""
    root: etree._Element | None = None
    for event, element in etree.iterparse(io.BytesIO(body), events=("start", "end"), **SAFE):
        if root is None:
            root = element
            _check_root(root, base_url)
        if event == "end" and element.getparent() is root:
            name = local_name(element)
            if name in ("url", "sitemap"):
                yield name == "sitemap", _entry(element, base_url)
            # Emptied first: removing a full element takes quadratic time.
            element.clear()
            root.remove(element)


def _check_root(root: etree._Element, base_url: str) -> None:
    refuse_entities(root, base_url)
    name = local_name(root)
    if name == "html":
        raise _is_html(base_url)
    if name in ("rss", "feed", "RDF"):
        raise SourceError(base_url, "not_a_sitemap", "is a feed, not a sitemap; list it under feeds")
    if name not in ("urlset", "sitemapindex"):
        raise SourceError(base_url, "not_a_sitemap", f"is not a sitemap, its root is <{name[:50]}>; correct the URL")


def _is_html(base_url: str) -> SourceError:
    return SourceError(base_url, "sitemap_is_html", "is a web page, not a sitemap; correct the URL")


def _entry(element: etree._Element, base_url: str) -> _Entry:
    values = {local_name(child): child.text for child in element}
    news = next((child for child in element if local_name(child) == "news"), ())
    news_values = {local_name(child): child.text for child in news}
    announcement = Announcement(
        source=base_url,
        kind="news_sitemap" if news_values else "sitemap",
        title=tidy(news_values.get("title")),
        published=tidy(news_values.get("publication_date"), 100),
        modified=tidy(values.get("lastmod"), 100),
    )
    return values.get("loc") or "", announcement
