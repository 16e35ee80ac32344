"""What a source (feed, sitemap, section page, list) announces: the value types that all source readers return.

A reader takes the bytes of a source and the URL they came from, and returns an `Announced`. It touches no network.
What cannot be read at all is a `SourceError`; what can be read in part is read in part, with a warning.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from archive.records import Announcement
from crawler.errors import CrawlerError
from crawler.urls import InvalidUrl, absolute_url

MAX_BYTES = 52_428_800
"""Bytes read of one source, decompressed: 50 MiB, the limit of the sitemap protocol."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A URL and what was said of it."""

    url: str
    """Absolute, fetchable, ASCII; as announced, not canonical."""
    announcement: Announcement
    """Where it was announced, with title and dates exactly as given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Announced:
    """All that one source announced, in its own order."""

    found: tuple[Found, ...] = ()
    """Articles, or at least candidates: the site profile decides."""
    sitemaps: tuple[Found, ...] = ()
    """Sitemaps that a sitemap index names, with their `lastmod` as `announcement.modified`."""
    feeds: tuple[str, ...] = ()
    """Feeds that a page names in its head (`rel=alternate`), those of comments left out."""
    next_page: str | None = None
    """URL of the page of the same section or feed that continues this one."""
    reason: str | None = None
    """Why a sound source announced nothing: `feed_empty`, `sitemap_empty`, `section_empty`, `listing_empty`,
    `list_empty`."""
    warnings: tuple[str, ...] = ()
    """A line for each thing that was skipped, cut or damaged."""


class SourceError(CrawlerError):
    """Raised when a source cannot be read at all; retry only with fresh bytes.

    `reason` is a slug for counting: `feed_is_html`, `not_a_feed`, `sitemap_is_html`, `not_a_sitemap`, `bad_xml`,
    `listing_is_html`, `not_a_listing`, `bad_json`, `xml_bomb`, `bad_gzip`, `too_large`.
    """

    def __init__(self, source: str, reason: str, detail: str) -> None:
        super().__init__(f"{source}: {detail}")
        self.source = source
        self.reason = reason
        self.detail = detail


def resolve(entries: Iterable[tuple[str, Announcement]], base_url: str) -> tuple[tuple[Found, ...], tuple[str, ...]]:
    """Links made absolute, and a warning for each reason why some could not be, with the first example."""
    found: list[Found] = []
    refused: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for link, announcement in entries:
        try:
            found.append(Found(url=absolute_url(link, base_url), announcement=announcement))
        except InvalidUrl as exc:
            refused[exc.reason] += 1
            examples.setdefault(exc.reason, str(exc))
    return tuple(found), tuple(f"{n} skipped as {reason}: {examples[reason]}" for reason, n in refused.items())


def next_of(link: str | None, base_url: str) -> str | None:
    """The absolute URL of a source's next page; None for the same page, another host, or what is no URL."""
    try:
        url = absolute_url(link, base_url) if link else base_url
    except InvalidUrl:
        return None
    return url if url != base_url and urlsplit(url).netloc == urlsplit(base_url).netloc else None


def tidy(text: str | None, limit: int = 1000) -> str | None:
    """Announced text on one line, NFC, without control characters, cut to `limit`; None if nothing is left."""
    if text is None:
        return None
    words = " ".join(text[: 4 * limit].split())
    printable = "".join(c for c in words if unicodedata.category(c) not in ("Cc", "Cs"))
    return unicodedata.normalize("NFC", printable)[:limit].strip() or None


def looks_like_html(body: bytes) -> bool:
    """Whether the bytes begin as an HTML page, whatever their Content-Type said."""
    return bool(re.search(rb"<(!doctype\s+html|html|head|body)[\s>]", body[:2000], re.IGNORECASE))
