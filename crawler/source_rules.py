"""The table `sources` of a site profile: where the site announces its articles."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field

from crawler.profile_fields import DatedUrl, JsonPath, Listed, ListingUrl, SourceUrl, Table

SourceKind = Literal["feed", "sitemap", "section", "listing", "robots"]

PAGE = "{page}"
"""Stands for the number of the page in the URL of a listing."""


class Listing(Table):
    """A list of articles in JSON; paths are keys with dots between them, numbers count into lists."""

    url: ListingUrl
    """Absolute http(s) URL; `{page}` stands for the number of the page."""
    items: JsonPath = ""
    """Path of the list of articles; empty for the whole document."""
    link: JsonPath
    """Path of the URL in an item, absolute or relative to the listing."""
    title: JsonPath | None = None
    """Path of the headline in an item."""
    date: JsonPath | None = None
    """Path of the date of publication in an item."""
    modified: JsonPath | None = None
    """Path of the date of the last change in an item."""
    first_page: int = Field(default=1, ge=0, le=1)
    """Number of the first page."""

    @property
    def is_paged(self) -> bool:
        """Whether it has numbered pages."""
        return PAGE in self.url

    def page(self, number: int) -> str:
        """URL of one page."""
        return self.url.replace(PAGE, str(number))

    def number(self, url: str) -> int | None:
        """Number of the page at this URL, None if it is not one of this listing."""
        pattern = re.escape(self.url).replace(re.escape(PAGE), r"(?P<number>\d{1,9})", 1)
        match = re.fullmatch(pattern, url)
        if match is None:
            return None
        return int(match["number"]) if self.is_paged else self.first_page


class Sources(Table):
    """Where the site announces its articles; absolute http(s) URLs."""

    feeds: Listed[SourceUrl] = ()
    """RSS, Atom or JSON feeds."""
    sitemaps: Listed[SourceUrl] = ()
    """Sitemaps, news sitemaps or sitemap indexes, plain or gzip."""
    sections: Listed[SourceUrl] = ()
    """Section or home pages whose links are searched for articles."""
    listings: Listed[Listing] = ()
    """Lists of articles in JSON."""
    dated: Listed[DatedUrl] = ()
    """Addresses of articles that hold their day, such as `https://www.example.org/{dd}{mm}{yyyy}{n}`; for backfills,
    see crawler/dated_urls.py."""
    section_pages: int = Field(default=1, ge=1, le=50)
    """How many pages of a paged section, feed or listing to follow (rel=next, the link after the current number)."""
    discover: bool | None = None
    """Whether to read also the sitemaps that robots.txt names and the feeds that section pages name; by default where
    nothing else is given, and then the home page too."""

    @property
    def discovers(self) -> bool:
        """Whether sources are looked for that the profile does not name."""
        return not self.named if self.discover is None else self.discover

    @property
    def named(self) -> tuple[tuple[SourceKind, str], ...]:
        """Kind and URL of each that the profile names."""
        kinds: tuple[tuple[SourceKind, tuple[str, ...]], ...] = (
            ("feed", self.feeds),
            ("sitemap", self.sitemaps),
            ("section", self.sections),
            ("listing", tuple(listing.page(listing.first_page) for listing in self.listings)),
        )
        return tuple((kind, url) for kind, urls in kinds for url in urls)

    def listing(self, url: str) -> tuple[Listing, int] | None:
        """The listing whose page this is, and the number of the page."""
        numbered = ((listing, listing.number(url)) for listing in self.listings)
        return next(((listing, number) for listing, number in numbered if number is not None), None)
