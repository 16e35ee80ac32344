"""Where in a page each field of its article stands, for people who write a site profile."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from archive.records import Announcement, ArticleDraft
from crawler.jsonld import ArticleNode, read_article
from crawler.language import primary_tag
from crawler.markup import Element, read_markup
from crawler.metadata import Statements
from crawler.profile import SiteProfile

_Offer = tuple[str, str | None]


def field_origins(
    html: bytes,
    content_type: str | None,
    draft: ArticleDraft,
    profile: SiteProfile,
    announcement: Announcement | None = None,
) -> dict[str, tuple[str, ...]]:
    """For each field that has a value, the places of the page that say the same, e.g. `jsonld:headline` and `h1`.

    A field is missing when no such place was found: it was then put together from the text. `html` is the page that
    `draft` was read from; crawler.markup.Unreadable if it cannot be parsed.
    """
    markup = read_markup(html, content_type)
    tree = markup.whole()
    statements = Statements(tree, draft.url)
    node = read_article(markup.json_ld, draft.url)
    offers = {
        "title": (draft.title, _titles(tree, statements, node, profile, announcement)),
        "authors": (" ".join(draft.authors), _authors(tree, statements, node, profile)),
        "language": (draft.language, _languages(statements, node, profile)),
        "section": (draft.section, _named(statements, ("article:section", "og:article:section"), node.section)),
        "tags": (" ".join(draft.tags), _tags(statements, node)),
        "description": (draft.description, _named(statements, ("og:description", "description"), node.description)),
        "image": (draft.image, _named(statements, ("og:image", "twitter:image"), node.image)),
        "canonical_link": (draft.canonical_link, [("link:canonical", statements.canonical)]),
    }
    found = {name: _agreeing(value, places) for name, (value, places) in offers.items()}
    return {name: origins for name, origins in found.items() if origins}


def _titles(
    tree: Element, statements: Statements, node: ArticleNode, profile: SiteProfile, announcement: Announcement | None
) -> Iterator[_Offer]:
    yield from _selected(tree, profile.extract.title)
    yield "jsonld:headline", node.headline
    yield from _metas(statements, "og:title", "twitter:title", "dc.title")
    yield from (("h1", element.text_content()) for element in tree.iter("h1"))
    document_title = statements.document_title or ""
    yield "title", document_title
    yield "title", re.split(r"\s[|–—-]\s", document_title)[0]
    yield "announced", announcement.title if announcement else None


def _authors(tree: Element, statements: Statements, node: ArticleNode, profile: SiteProfile) -> Iterator[_Offer]:
    selected = [value for _, value in _selected(tree, profile.extract.authors)]
    yield "profile:selector", " ".join(value or "" for value in selected)
    yield "jsonld:author", " ".join(creator.name for creator in node.creators)
    for name in ("author", "article:author", "parsely-author", "sailthru.author", "dc.creator"):
        yield f"meta:{name}", " ".join(statements.all(name))


def _languages(statements: Statements, node: ArticleNode, profile: SiteProfile) -> Iterator[_Offer]:
    edition = next((tag for regex, tag in profile.extract.languages.items() if re.search(regex, statements.url)), None)
    yield "profile:languages", edition
    yield "jsonld:inLanguage", primary_tag(node.language)
    yield "html:lang", primary_tag(statements.html_language)
    yield "meta:og:locale", primary_tag(statements.first("og:locale"))
    yield "profile:language", profile.language


def _tags(statements: Statements, node: ArticleNode) -> Iterator[_Offer]:
    yield "jsonld:keywords", " ".join(node.keywords)
    for name in ("article:tag", "news_keywords", "keywords", "parsely-tags"):
        yield f"meta:{name}", " ".join(statements.all(name))


def _named(statements: Statements, names: Iterable[str], in_node: str | None) -> Iterator[_Offer]:
    yield from _metas(statements, *names)
    yield "jsonld", in_node


def _metas(statements: Statements, *names: str) -> Iterator[_Offer]:
    return ((f"meta:{name}", statements.first(name)) for name in names)


def _selected(tree: Element, selector: str | None) -> Iterator[_Offer]:
    for element in tree.cssselect(selector) if selector else ():
        yield "profile:selector", element.text_content()


def _agreeing(value: str | None, offers: Iterable[_Offer]) -> tuple[str, ...]:
    """The places whose words are those of the value; case and marks make no difference."""
    wanted = _words(value)
    return tuple(dict.fromkeys(place for place, offer in offers if wanted and _words(offer) == wanted))


def _words(text: str | None) -> list[str]:
    return re.findall(r"\w+", (text or "").casefold())
