"""Who wrote it: people first, organisations only where nobody is named.

Sources in order: the profile's selector, the main JSON-LD node and the author meta elements that agree with it,
elements marked as author or byline, a byline beside the headline. Names are cut out of bylines ("By A. B. and C. D.,
Reuters"), and what is no name is dropped: addresses, handles, roles, agencies beside people, the site's own name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from lxml.etree import XPath

from crawler.blocks import Block, signature
from crawler.jsonld import ArticleNode
from crawler.markup import Element
from crawler.metadata import Statements
from crawler.months import MONTH_NAME
from crawler.text import clean, letters

_META_NAMES = """
    author article:author og:article:author parsely-author sailthru.author dc.creator dcterms.creator byl byline
    citation_author cxenseparse:author
"""
_META = tuple(_META_NAMES.split())
_BY = re.compile(
    r"^\W*(?:(?:news|written|reported|posted|published|edited|story|words|text|interview|veröffentlicht|eingestellt|geschrieben|"
    r"publié|écrit|escrito|und|and)\s+)*(?:by|von|vom|par|por|di|av|af|od|door|przez|автор|بقلم|كتب|نووسین|"
    r"(?:author|autor|auteur|autore|autorin|text|texte|texto|interview|yazar|نویسنده|مؤلف)(?:\(s\)|s|/in)?\s*:)"
    r"(?:\s*[:—–-]\s*|\s+|$)|^\W*(?-i:[Bb]y|[Vv]on)(?=(?-i:[A-ZÀ-Þ]))",
    re.I,
)
_REST = re.compile(
    r"\s*(?:[@\d(]|\s[-–—]\s|\b(?:on|is|for|usa today network|contributions?|"
    r"photograph\w*|fotos?|im gespräch|alle (?:artikel|beiträge)|more (?:posts|by|from)|view all|"
    r"posts by|see all|follow|updated|published|stand)\b).*",
    re.I | re.S,
)
_WIRE_TAIL = re.compile(r"(?<=\S)(?<!^the)[\s,|/–—-]+(?:and\s+)?(?:the\s+)?associated press\b.*", re.I | re.S)
_SPLIT = re.compile(r"\s*(?:[,;/&|·•]|\s(?:and|und|et|y|e|en|og|och|ve|û|with|mit|و)\s|、|，)\s*", re.I)
_PLACE = re.compile(r", [^\W\d_]+$")
_DEGREE = re.compile(r"(?:[\s,]+(?:ph\.?d|m\.?d|m\.?s|m\.?a|rdn?|ld|mph|rn|jd|cpt|mba|msc)\.?)+$", re.I)
_DOUBLED = re.compile(r"(.{4,}?)\s*\1")
_NO_NAME = re.compile(
    r"://|www\.|[@#<>{}=_*:()!?\"]|\b(?:image|photo|staff|desk|team|editors?|redaktion\w*|correspondent|reporter|writer|name|"
    r"journalist\w*|comments?|kommentare?|sponsored|posted|admin|unknown|antworten|reply|says?|sagt)\b",
    re.I,
)
_HOUSE = re.compile(
    r"\b(?:times|press|media|news|magazine|journal|post|network|agency|agentur|agenturen|enquirer|daily|radio|tv|online|digital|"
    r"courier|herald|tribune|gazette|telegraph|zeitung|nachrichten\w*|university|institute|wire)\b|\.(?:com|de|net|org)\b",
    re.I,
)
_AGENCY_NAMES = """
    afp ap apa dpa reuters thomsonreuters efe ansa xinhua tass ria ritzau ntb tt sda sid kna epd belga lusa pti
    ani bloomberg wires associatedpress theassociatedpress agencefrancepresse anadoluagency
"""
_AGENCIES = frozenset(_AGENCY_NAMES.split())
_PARTICLE_WORDS = """
    von van de da del der den dem di do dos du la le al el bin ibn bint ter ten zu zum of y e i
"""
_PARTICLES = frozenset(_PARTICLE_WORDS.split())
_BYLINE = re.compile(
    r"(?:[Bb][Yy]|[Vv]on|[Pp]ar|[Pp]or|[Dd]i|[Aa]v|[Aa]f|[Dd]oor|[Tt]exte?:|[Aa]uth?or:)\s+(?=[A-ZÀ-Þ])|[Bb]y(?=[A-Z])"
)
_POSTED = re.compile(r"^\W*(?:posted|published|written|updated|last updated)\b.{0,60}?\bby\s+(?=[A-ZÀ-Þ])", re.I)
_AUTHOR_PAGE = re.compile(
    r"/(?:authors?|autor(?:en|es|i)?|auteurs?|profiles?|journalists?|redakteure?|columnists?|contributors?|people|by|byline)/",
    re.I,
)
# "Written by" in the languages of Yoast SEO, which sets most of these cards.
_WRITTEN_BY = re.compile(
    r"written by|author|verfasst von|geschrieben von|autor|écrit par|escrito por|scritto da|geschreven door|"
    r"napisane przez|skrevet av|skriven av|av|автор|написано автором|yazan|كُتب بواسطة|نویسنده",
    re.I,
)
_ACRONYM = re.compile(r"[A-Z]{2,5}")
_MONTH = re.compile(rf"(?:^|\s+)(?:{MONTH_NAME})$", re.I)
_LONGEST = 50
_MOST_WORDS = 5
_BYLINE_LENGTH = 120
_BYLINE_WORDS = 20
_NEAR = 12
_READERS = "comment", "reply", "respond"


def find_authors(
    tree: Element,
    statements: Statements,
    node: ArticleNode,
    *,
    beside: Sequence[Block],
    selected: Iterable[str],
    names: Iterable[str],
) -> tuple[str, ...]:
    """Names in page order, each once.

    `beside` are the blocks beside the headline, `selected` is what the profile's selector found, `names` are the
    site's names.
    """
    chosen = [name for text in selected for name in split_byline(text, trusted=True)]
    if chosen:
        return _unique(chosen)
    stated = [name for one in node.creators if one.person for name in split_byline(one.name, trusted=True)]
    meta = [split_byline(text, trusted=True) for text in (*statements.all(*_META), *_card_authors(statements))]
    agreeing = [name for line in meta if {*map(letters, line)} & {*map(letters, stated)} for name in line]
    site = {letters(name) for name in names if name} | _AGENCIES
    houses = [name for one in node.creators if (name := clean(one.name).strip(" ,"))]
    sources: tuple[Callable[[], list[str]], ...] = (
        lambda: agreeing,
        lambda: stated,
        lambda: [name for line in meta for name in line],
        lambda: _marked(tree),
        lambda: _first_byline(beside),
        lambda: _first_link(beside),
    )
    for find in sources:
        found = find()
        if people := _people([name for name in found if letters(name) not in site]):
            return _unique(people)
        houses = houses or found
    return _unique(houses)


def split_byline(text: str, *, trusted: bool = False) -> list[str]:
    """The names in a byline; a trusted source may name people by a nickname in lower case."""
    text = clean(text)
    if "://" in text or ("@" in text and " " not in text):
        return []
    text = _BY.sub("", _POSTED.sub("", text))
    text = _REST.sub("", _WIRE_TAIL.sub("", text))
    text = _DOUBLED.sub(r"\1", text) if _DOUBLED.fullmatch(text) else text
    parts = (_MONTH.sub("", _DEGREE.sub("", part)).strip(" ,;|-–—") for part in _SPLIT.split(_DEGREE.sub("", text)))
    names = [part for part in parts if _is_name(part, trusted=trusted)]
    # "Ada Lovelace, London"
    placed = _PLACE.search(text) and len(names) > 1 and " " in names[0] and names[-1] == text.split()[-1]
    return names[:-1] if placed else names


def _people(names: list[str]) -> list[str]:
    """The names without houses, acronyms and handles, unless there is nothing else."""
    people = [name for name in names if not _HOUSE.search(name) and not _ACRONYM.fullmatch(name)]
    spelled = [name for name in people if " " in name and not name.isupper()]
    if not spelled:
        return people or names
    return [name for name in people if not name[0].islower() and not (" " in name and name.isupper())]


def _is_name(text: str, *, trusted: bool) -> bool:
    words = text.split()
    if (
        not 1 < len(text) <= _LONGEST
        or len(words) > _MOST_WORDS
        or _NO_NAME.search(text)
        or _DEGREE.fullmatch(f" {text}")
    ):
        return False
    if len(text) == 2 and text.isascii():
        return False
    lower = [
        word
        for word in words
        if word[0].islower() and word not in _PARTICLES and not word.startswith(("al-", "d'", "d’"))
    ]
    return not lower or (trusted and len(words) == 1)


def _marked(tree: Element) -> list[str]:
    """Names in the first element marked as author, and in those marked alike close beside it."""
    for find in _MARKS:
        marked = list(islice(find(tree), 8))
        first = next((place for place, element in enumerate(marked) if _names_in(element)), None)
        if first is not None:
            return [name for one in marked[first:] if _beside(marked[first], one) for name in _names_in(one)]
    return []


def _beside(first: Element, other: Element) -> bool:
    """Whether both have the same parent, or parents alike in the same element."""
    around, others = first.getparent(), other.getparent()
    if around is others or around is None or others is None:
        return around is others
    return around.getparent() is others.getparent() and signature(around) == signature(others) != (others.tag, "")


def _names_in(element: Element) -> list[str]:
    """Names in a byline element, or in those inside it that are marked themselves."""
    if not _is_byline(element):
        return []
    inner = [one for one in element.iterdescendants("a", "span", "div", "strong") if _is_byline(one)]
    names = [name for one in inner for name in split_byline(one.text_content())]
    return names or split_byline(element.text_content())


def _named_author(tree: Element) -> Iterator[Element]:
    """Elements whose class or id speaks of an author."""
    for element in tree.iter():
        if _AUTHOR_CLASS.search(element.get("class", "")) or "author" in element.get("id", ""):
            yield element


_AUTHOR_CLASS = re.compile("[Bb]yline|[Aa]uthor|autor")
_MARKS: tuple[Callable[[Element], Iterable[Element]], ...] = (
    XPath('//*[@itemprop="author"]'),
    XPath('//*[@rel="author"]'),
    _named_author,
)


def _is_byline(element: Element) -> bool:
    """Short, marked as author, and neither a reader's name nor a form field."""
    marks = " ".join(element.get(name) or "" for name in ("class", "rel", "itemprop", "id")).lower()
    if element.tag in ("label", "input", "form") or not any(
        word in marks for word in ("autho", "byline", "autor", "name")
    ):
        return False
    around = " ".join(
        f"{one.get('class') or ''} {one.get('id') or ''}" for one in (element, *islice(element.iterancestors(), 4))
    )
    readers = any(word in around.lower() for word in _READERS)
    return not readers and len(clean(element.text_content())) <= _BYLINE_LENGTH


def _first_byline(blocks: Sequence[Block]) -> list[str]:
    """Names in the first line that begins like a byline."""
    near = (block.text for block in blocks[:_NEAR] if len(block.text) <= _BYLINE_LENGTH)
    lines = (text for text in near if _BYLINE.match(text) or _POSTED.match(text))
    return next((found for line in lines if (found := split_byline(line))), [])


def _first_link(blocks: Sequence[Block]) -> list[str]:
    """The name in the first link beside the headline that leads to an author's page."""
    links = (link for block in blocks[:_NEAR] if block.words < _BYLINE_WORDS for link in block.element.iter("a"))
    texts = (link.text_content() for link in links if _AUTHOR_PAGE.search(link.get("href") or ""))
    return next((found for text in texts if (found := split_byline(text))), [])


def _card_authors(statements: Statements) -> Iterator[str]:
    """The author as Twitter cards of WordPress sites label it: any of two free pairs of label and text."""
    for number in ("1", "2"):
        if _WRITTEN_BY.fullmatch(statements.first(f"twitter:label{number}") or ""):
            yield statements.first(f"twitter:data{number}") or ""


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    seen: dict[str, str] = {}
    for name in names:
        seen.setdefault(letters(name), name)
    return tuple(seen.values())
