"""One way to name and to read a source, whatever its kind."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.announced import Announced
from crawler.feeds import read_feed
from crawler.profile import SourceKind
from crawler.sections import read_section
from crawler.sitemaps import read_sitemap


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where articles are announced."""

    kind: SourceKind
    url: str
    depth: int = 0
    """Sources on the way to it; 0 for one of the profile."""
    parent: str | None = None
    """URL of the source that led to it."""
    lastmod: str | None = None
    """When it changed, exactly as its sitemap index says."""


def read_source(kind: SourceKind, body: bytes, url: str, content_type: str | None = None) -> Announced:
    """What the bytes of a source announce; `content_type` is the HTTP header. SourceError when it cannot be read."""
    if kind == "feed":
        return read_feed(body, url, content_type)
    if kind == "sitemap":
        return read_sitemap(body, url)
    return read_section(body, url, content_type)
