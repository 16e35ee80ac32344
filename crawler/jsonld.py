"""What a page's JSON-LD says of its article (schema.org NewsArticle and kin).

Publishers' JSON-LD is often broken (raw line breaks, trailing commas, HTML comments around it) and often describes
more than one thing. `read_article` repairs what is cheap to repair, follows `@graph` and `@id`, and returns the node
that describes this page. Scripts over a size cap are not read: parsers have been brought down by them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

from crawler.text import clean

Node = dict[str, Any]

MAX_SCRIPT = 1_000_000
"""Characters of one script; the longest of the labelled pages that parses has about 300,000."""

_MAX_NODES = 5_000
_ARTICLE_TYPES = """
    advertisercontentarticle analysisnewsarticle article askpublicnewsarticle backgroundnewsarticle blogposting
    liveblogposting newsarticle opinionnewsarticle report reportagenewsarticle reviewnewsarticle
    satiricalarticle scholarlyarticle socialmediaposting techarticle
"""
_ARTICLES = frozenset(_ARTICLE_TYPES.split())
_OTHER_TYPES = """
    webpage itempage recipe review videoobject audioobject podcastepisode creativework qapage
"""
_OTHERS = frozenset(_OTHER_TYPES.split())
_OTHER_THING_KEYS = """
    liveBlogUpdate hasPart isPartOf mentions citation comment review itemListElement relatedLink
"""
_OTHER_THINGS = frozenset(_OTHER_THING_KEYS.split())
_WRAPPING = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)|(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>|;)\s*$"
)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Creator:
    """An author as the node names it."""

    name: str
    """Name as given."""
    person: bool
    """False for an Organization and kin."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ArticleNode:
    """The fields of the page's main node that extraction uses; None or empty where it says nothing."""

    headline: str | None = None
    published: str | None = None
    """`datePublished` as found."""
    modified: str | None = None
    """`dateModified` as found."""
    creators: tuple[Creator, ...] = ()
    publisher: str | None = None
    """Name of the publisher."""
    description: str | None = None
    section: str | None = None
    keywords: tuple[str, ...] = ()
    language: str | None = None
    image: str | None = None
    body: str | None = None
    """`articleBody` as found."""
    paywalled: bool = False
    """Whether `isAccessibleForFree` denies it."""
    types: frozenset[str] = frozenset()
    """Its types, in lower case."""

    @property
    def is_article(self) -> bool:
        """Whether its type is an article, not merely a page."""
        return not self.types.isdisjoint(_ARTICLES)


def read_article(scripts: Iterable[str], url: str) -> ArticleNode:
    """The node that describes the article at `url`; an empty one if no script does."""
    nodes = list(_nodes(scripts))
    known = {node["@id"]: node for node in reversed(nodes) if isinstance(node.get("@id"), str) and len(node) > 2}
    main = max(nodes, key=lambda node: _claim(node, url), default=None)
    if main is None or _claim(main, url) <= 0:
        return ArticleNode()
    creators = tuple(_creators(main.get("author") or main.get("creator") or (), known))
    return ArticleNode(
        headline=_string(main.get("headline")) or (_string(main.get("name")) if _types(main) & _ARTICLES else None),
        published=_string(main.get("datePublished")),
        modified=_string(main.get("dateModified")),
        creators=creators,
        publisher=next((one.name for one in _creators(main.get("publisher") or (), known)), None),
        description=_string(main.get("description")),
        section=_string(main.get("articleSection")),
        keywords=tuple(_keywords(main.get("keywords"))),
        language=_string(main.get("inLanguage")),
        image=_image(main.get("image"), known),
        body=main["articleBody"] if isinstance(main.get("articleBody"), str) else None,
        paywalled=str(main.get("isAccessibleForFree")).rpartition("/")[2].lower() == "false",
        types=frozenset(_types(main)),
    )


def _claim(node: Node, url: str) -> int:
    """How strongly a node claims to be the page's article."""
    types = _types(node)
    if not types & (_ARTICLES | _OTHERS):
        return 0
    claim = 10 if types & _ARTICLES else 1
    claim += 4 * ("datePublished" in node) + 3 * ("headline" in node) + 2 * ("author" in node) + ("articleBody" in node)
    page = node.get("mainEntityOfPage") or node.get("url") or ""
    named = page.get("@id") or page.get("url") if isinstance(page, dict) else page
    same = isinstance(named, str) and named.rstrip("/").rpartition("/")[2] == url.rstrip("/").rpartition("/")[2]
    return claim + 8 * same


def _nodes(scripts: Iterable[str]) -> Iterator[Node]:
    """Every object that has a type, outermost first, at most _MAX_NODES."""
    queue: list[Any] = [_load(script) for script in scripts if len(script) <= MAX_SCRIPT]
    seen = 0
    while queue and seen < _MAX_NODES:
        value = queue.pop(0)
        if isinstance(value, list):
            queue[:0] = value[: _MAX_NODES - len(queue)]
        elif isinstance(value, dict):
            seen += 1
            if "@type" in value:
                yield value
            queue += [
                child for key, child in value.items() if key not in _OTHER_THINGS and isinstance(child, dict | list)
            ]


def _load(script: str) -> Any:
    """The script's value, None if it cannot be repaired."""
    text = _WRAPPING.sub("", script).strip()
    for attempt in (text, _TRAILING_COMMA.sub(r"\1", text), unescape(text)):
        try:
            return json.JSONDecoder(strict=False).raw_decode(attempt)[0]
        except (ValueError, RecursionError):
            continue
    return None


def _types(node: Node) -> set[str]:
    value = node.get("@type")
    names = value if isinstance(value, list) else [value]
    return {name.rpartition("/")[2].lower() for name in names if isinstance(name, str)}


def _creators(value: Any, known: dict[str, Node]) -> Iterator[Creator]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, list):
            yield from _creators(one, known)
        elif isinstance(one, str):
            yield Creator(name=clean(unescape(one)), person=True)
        elif isinstance(one, dict):
            node = one if one.get("name") else known.get(str(one.get("@id")), one)
            person = not _types(node) & {"organization", "newsmediaorganization", "corporation"}
            for name in node["name"] if isinstance(node.get("name"), list) else [node.get("name")]:
                if isinstance(name, str) and name.strip():
                    yield Creator(name=clean(unescape(name)), person=person)


def _keywords(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        value = value.split(",")
    for one in value if isinstance(value, list) else ():
        word = _string(one.get("name") if isinstance(one, dict) else one)
        if word:
            yield word


def _image(value: Any, known: dict[str, Node]) -> str | None:
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        node = value if value.get("url") else known.get(str(value.get("@id")), value)
        value = node.get("url") or node.get("contentUrl")
    return _string(value)


def _string(value: Any) -> str | None:
    """The first string of a value, cleaned; languages may come as {"name": …}."""
    if isinstance(value, list):
        value = next((one for one in value if one), None)
    if isinstance(value, dict):
        value = value.get("@value") or value.get("name") or value.get("alternateName")
    text = clean(unescape(value)) if isinstance(value, str) else ""
    return text or None
