"""The machine-readable half of a site: robots.txt, RSS 2.0, Atom (RFC 4287), sitemaps and the news sitemap."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from email.utils import format_datetime

from lxml import etree
from lxml.builder import ElementMaker

from tests.newsroom.site import Page, Site

_ATOM = "http://www.w3.org/2005/Atom"
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"

_rss = ElementMaker()
_atom = ElementMaker(namespace=_ATOM, nsmap={None: _ATOM})
_map = ElementMaker(namespace=_SITEMAP, nsmap={None: _SITEMAP, "news": _NEWS})
_news = ElementMaker(namespace=_NEWS)


def robots(site: Site, base_url: str) -> bytes:
    """robots.txt (RFC 9309) with the customary Crawl-delay and Sitemap lines."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in site.disallow)]
    if site.crawl_delay is not None:
        lines.append(f"Crawl-delay: {site.crawl_delay:g}")
    lines += ["", f"Sitemap: {base_url}/sitemap.xml", f"Sitemap: {base_url}/news-sitemap.xml", ""]
    return "\n".join(lines).encode()


def rss(site: Site, base_url: str) -> bytes:
    """RSS 2.0 with the newest articles; `pubDate` is an RFC 2822 date."""
    items = (
        _rss.item(
            _rss.title(page.title),
            _rss.link(base_url + page.path),
            _rss.guid(base_url + page.path, isPermaLink="true"),
            _rss.category(page.section),
            _rss.pubDate(format_datetime(page.published)),
        )
        for page in _newest(site)
    )
    channel = _rss.channel(_rss.title(site.title), _rss.link(base_url + "/"), _rss.description(site.title), *items)
    return _xml(_rss.rss(channel, version="2.0"))


def atom(site: Site, base_url: str) -> bytes:
    """Atom with the newest articles; both `published` and `updated` are RFC 3339 dates."""
    entries = (
        _atom.entry(
            _atom.title(page.title),
            _atom.link(href=base_url + page.path, rel="alternate"),
            _atom.id(base_url + page.path),
            _atom.published(page.published.isoformat()),
            _atom.updated(page.changed.isoformat()),
        )
        for page in _newest(site)
    )
    return _xml(
        _atom.feed(
            _atom.title(site.title),
            _atom.id(base_url + "/"),
            _atom.link(href=base_url + "/atom.xml", rel="self"),
            _atom.updated(last_change(site.pages).isoformat()),
            *entries,
        )
    )


def sitemap_index(site: Site, base_url: str) -> bytes:
    """The index: articles in a gzip sitemap, everything else in a plain one."""
    changed = _map.lastmod(last_change(site.pages).isoformat())
    return _xml(
        _map.sitemapindex(
            _map.sitemap(_map.loc(base_url + "/sitemap-articles.xml.gz"), changed),
            _map.sitemap(_map.loc(base_url + "/sitemap-pages.xml")),
        )
    )


def article_sitemap(site: Site, base_url: str) -> bytes:
    """All articles with the time of their last change."""
    return _xml(_map.urlset(*(_entry(page, base_url) for page in site.articles)))


def page_sitemap(site: Site, base_url: str) -> bytes:
    """The home page and all pages that are not articles."""
    others = (_entry(page, base_url) for page in site.pages if not page.article)
    return _xml(_map.urlset(_map.url(_map.loc(base_url + "/")), *others))


def news_sitemap(site: Site, base_url: str) -> bytes:
    """All articles as a Google News sitemap, with title, language and date of publication.

    Google lists two days only; ours lists everything, for our pages do not grow younger.
    """
    urls = (
        _map.url(
            _map.loc(base_url + page.path),
            _news.news(
                _news.publication(_news.name(site.title), _news.language(page.language)),
                _news.publication_date(page.published.isoformat()),
                _news.title(page.title),
            ),
        )
        for page in site.articles
    )
    return _xml(_map.urlset(*urls))


def last_change(pages: Iterable[Page]) -> datetime:
    """When the latest of these pages changed."""
    return max(page.changed for page in pages)


def _newest(site: Site) -> list[Page]:
    return site.articles[: site.feed_size]


def _entry(page: Page, base_url: str) -> etree._Element:
    return _map.url(_map.loc(base_url + page.path), _map.lastmod(page.changed.isoformat()))


def _xml(root: etree._Element) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True))
