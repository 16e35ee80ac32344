"""One way to read a source, whatever its kind."""

from __future__ import annotations

from typing import Literal

from crawler.announced import Announced
from crawler.feeds import read_feed
from crawler.sections import read_section
from crawler.sitemaps import read_sitemap

SourceKind = Literal["feed", "sitemap", "section"]


def read_source(kind: SourceKind, body: bytes, url: str, content_type: str | None = None) -> Announced:
    """What the bytes of a source announce; `content_type` is the HTTP header. SourceError when it cannot be read."""
    if kind == "feed":
        return read_feed(body, url, content_type)
    if kind == "sitemap":
        return read_sitemap(body, url)
    return read_section(body, url, content_type)
