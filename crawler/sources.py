"""One way to name and to read a source, whatever its kind."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.announced import Announced, SourceError
from crawler.feeds import read_feed
from crawler.listings import read_listing
from crawler.sections import read_section
from crawler.sitemaps import read_robots, read_sitemap
from crawler.source_rules import Listing, SourceKind


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
    hinted: bool = False
    """Whether it is a feed that a page names, and the profile does not."""


def read_source(
    kind: SourceKind,
    body: bytes,
    url: str,
    content_type: str | None = None,
    listing: tuple[Listing, int] | None = None,
) -> Announced:
    """What the bytes of a source announce; SourceError when it cannot be read.

    `content_type` is the HTTP header, `listing` the rules and the number of the page, where it is one.
    """
    if kind == "feed":
        return read_feed(body, url, content_type)
    if kind == "sitemap":
        return read_sitemap(body, url)
    if kind == "robots":
        return read_robots(body, url)
    if kind == "listing":
        if listing is None:
            raise SourceError(url, "not_a_listing", "belongs to no listing of the profile")
        return read_listing(body, url, *listing)
    return read_section(body, url, content_type)
