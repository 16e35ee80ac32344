"""Every address of a site and what stands there when nothing goes wrong."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial

from tests.newsroom import announce, listings
from tests.newsroom.site import Page, Site


@dataclass(frozen=True, kw_only=True)
class Document:
    """One thing to be served, with its gzip twin and the ETags of both, made once."""

    body: bytes
    """The bytes without content encoding."""
    content_type: str
    """Value of Content-Type."""
    modified: datetime
    """Aware time of the last change."""

    @property
    def compressible(self) -> bool:
        """False for what is packed already."""
        return self.content_type != "application/gzip"

    @cached_property
    def gzipped(self) -> bytes:
        """`body` as one gzip member, the same bytes each time."""
        return gzip.compress(self.body, compresslevel=6, mtime=0)

    @cached_property
    def tag(self) -> str:
        """Entity tag of `body` without quotes; that of the gzip form ends in `-gzip` (RFC 9110 section 8.8.3)."""
        return hashlib.sha256(self.body).hexdigest()[:32]


def documents(site: Site, base_url: str) -> dict[str, Callable[[], Document]]:
    """Path and query -> maker of the document, for all that the site has."""
    newest = announce.last_change(site.pages)

    def made(content_type: str, maker: Callable[[], bytes]) -> Callable[[], Document]:
        return lambda: Document(body=maker(), content_type=content_type, modified=newest)

    def xml(maker: Callable[[Site, str], bytes]) -> Callable[[], Document]:
        return made("application/xml; charset=utf-8", partial(maker, site, base_url))

    def listing(maker: Callable[..., bytes], *which: str | int) -> Callable[[], Document]:
        return made("text/html; charset=utf-8", partial(maker, site, *which))

    return {
        "/": listing(listings.home),
        "/private/draft": listing(listings.draft),
        **{
            listings.section_path(name, number): listing(listings.section, name, number)
            for name in listings.sections(site)
            for number in range(1, listings.section_pages(site, name) + 1)
        },
        "/robots.txt": made("text/plain; charset=utf-8", partial(announce.robots, site, base_url)),
        "/rss.xml": made("application/rss+xml; charset=utf-8", partial(announce.rss, site, base_url)),
        "/atom.xml": made("application/atom+xml; charset=utf-8", partial(announce.atom, site, base_url)),
        "/sitemap.xml": xml(announce.sitemap_index),
        "/sitemap-articles.xml": xml(announce.article_sitemap),
        "/sitemap-articles.xml.gz": made("application/gzip", partial(_packed_sitemap, site, base_url)),
        "/sitemap-pages.xml": xml(announce.page_sitemap),
        "/news-sitemap.xml": xml(announce.news_sitemap),
        **{page.path: partial(_page, page, base_url) for page in site.pages},
    }


def fill(template: bytes, base_url: str) -> bytes:
    """The template with the site's base URL put in; `{{base}}` is ASCII in every charset we serve."""
    return template.replace(b"{{base}}", base_url.encode())


def _page(page: Page, base_url: str) -> Document:
    charset = f"; charset={page.charset}" if page.charset else ""
    return Document(body=fill(page.read(), base_url), content_type=f"text/html{charset}", modified=page.changed)


def _packed_sitemap(site: Site, base_url: str) -> bytes:
    return gzip.compress(announce.article_sitemap(site, base_url), mtime=0)
