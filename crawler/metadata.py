"""The page's own statements: meta elements, link elements, microdata.

`Statements` gathers them once; titles, authors, dates and language then ask it by name. Names are those in use by
publishers: Open Graph (ogp.me), Dublin Core, schema.org microdata, Parse.ly, Sailthru, Chartbeat.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from crawler.jsonld import ArticleNode
from crawler.markup import Element
from crawler.text import clean

_MAX_META = 2_000


class Statements:
    """What a page's head says; keys are lower-case names, values as given, cleaned."""

    def __init__(self, tree: Element, url: str) -> None:
        self.url = url
        self._values: dict[str, list[str]] = {}
        for count, meta in enumerate(tree.iter("meta")):
            if count == _MAX_META:
                break
            value = clean(meta.get("content") or "")
            for attribute in ("property", "name", "itemprop"):
                key = meta.get(attribute)
                if key and value:
                    self._values.setdefault(key.strip().lower(), []).append(value)
        self.html_language = clean(tree.get("lang") or tree.get("xml:lang") or "") or None
        self.document_title = clean(tree.findtext(".//title") or "") or None
        self.canonical = next(self._links(tree, "canonical"), None)

    def first(self, *names: str) -> str | None:
        """The first value of the first name that has one."""
        return next((value for name in names for value in self._values.get(name, ())), None)

    def all(self, *names: str) -> tuple[str, ...]:
        """Every value of every name, in the order of names."""
        return tuple(value for name in names for value in self._values.get(name, ()))

    def _links(self, tree: Element, relation: str) -> Iterator[str]:
        for link in tree.iter("link"):
            if relation in (link.get("rel") or "").lower().split() and link.get("href"):
                target = absolute(link.get("href"), self.url)
                if target:
                    yield target


def tags(statements: Statements, node: ArticleNode) -> tuple[str, ...]:
    """Keywords in page order, each once."""
    given = statements.all("article:tag", "og:article:tag") or node.keywords
    if len(given) < 2:
        given = tuple(word for line in given for word in line.split(","))
    if not given:
        given = tuple(
            word for line in statements.all("news_keywords", "keywords", "parsely-tags") for word in line.split(",")
        )
    return tuple(dict.fromkeys(word for word in map(clean, given) if word))


def description(statements: Statements, node: ArticleNode) -> str | None:
    """Summary or deck."""
    return (
        statements.first("og:description", "description", "twitter:description", "dc.description") or node.description
    )


def image(statements: Statements, node: ArticleNode) -> str | None:
    """Absolute URL of the lead image."""
    found = (
        statements.first("og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src")
        or node.image
    )
    return absolute(found, statements.url) if found else None


def absolute(link: str, base: str) -> str | None:
    """The http(s) URL a link means on its page; None for other schemes and for what is no URL."""
    try:
        url = urljoin(base, clean(link))
        return url if urlsplit(url).scheme in ("http", "https") else None
    except ValueError:
        return None
