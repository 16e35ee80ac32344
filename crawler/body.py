"""Which blocks of a page are the article's text.

trafilatura finds the text, in one quick pass or a second thorough one; its result only points at blocks of the page,
which are then taken whole and in the page's own order. Corrections follow, because what trafilatura loses it loses
in the middle of articles: blocks that stand exactly like the found ones are taken with them, a far larger cluster of
prose elsewhere in the page is added, and a lead between headline and text. Where all that is next to nothing of what
the page's JSON-LD gives as the article's body, that is taken.

Measured on labelled pages: the fast precision mode on a pruned page suffices for 95 pages in 100; where it finds under
`ENOUGH` letters, the whole page is read again in full precision mode, because pruning and haste empty a few.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import trafilatura
from lxml.etree import _Element

from crawler.blocks import Block, Signature, find_headline, read_blocks
from crawler.markup import Element, Markup, parse_text
from crawler.text import clean, letters
from crawler.titles import Titles

ENOUGH = 500
"""Letters below which the quick pass is not trusted."""

_DISTINCT = 24
"""Letters at the start of a line by which it is found again when trafilatura cut it short."""
_JOINED = 200
_ALIKE = 5
_FOUND_ALIKE = 2
_MORE_ALIKE = 3
_DOMINANT = 0.3
_PROSE_WORDS = 8
_PROSE_LINKED = 0.4
_RIVAL_WORDS = 10
_RIVAL_LETTERS = 600
_RIVAL_RATIO = 1.3
_LEAD_WORDS = 25
_LEAD_LETTERS = 60
_DECK = re.compile(r"de(?:k|ck)(?![a-z])|standfirst|sub-?(?:head|line|title)|strapline", re.I)
_SCRAPS = 0.4
_COMMON = 0.2
_NO_RIVAL = re.compile(
    r"comment|disqus|related|recommend|teaser|cookie|consent|modal|popup|newsletter|bio\b|disclaimer|promo|sidebar|"
    r"rail\b|outbrain|taboola|gdpr|privacy",
    re.I,
)
_BLOCKS = frozenset(["p", "head", "item", "quote", "row", "list", "table", "ab", "code", "div", "cell"])


def read_body(
    markup: Markup, *, titles: Titles, description: str | None, stated: str | None, selector: str | None
) -> tuple[list[Block], list[Block]]:
    """The blocks of the article's text (none if there is none) and all blocks of the page, in page order.

    A CSS selector from the site's profile decides alone where it matches anything. Other stories on the page are
    told from this one by its title, its lead by its description; `stated` is the `articleBody` of the JSON-LD.
    """
    tree, title = markup.tree, letters(titles.title or "")
    _drop_other_stories(tree, title)
    selected = tree.cssselect(selector) if selector else []
    if selected:
        blocks = read_blocks(tree)
        return [block for block in blocks if not set(selected).isdisjoint(block.around)], blocks
    found = _lines(tree, fast=True)
    if sum(map(len, found)) < ENOUGH:
        whole = markup.whole()
        _drop_other_stories(whole, title)
        thorough = _lines(whole, fast=False)
        if sum(map(len, thorough)) > sum(map(len, found)):
            tree, found = whole, thorough
    blocks = read_blocks(tree)
    places = _places(blocks, found)
    places |= _standing_alike(blocks, places)
    places |= _rival(blocks, places)
    places |= _lead(blocks, places, find_headline(blocks, titles.forms), letters(description or ""))
    return _repaired([blocks[place] for place in sorted(places)], stated or ""), blocks


def _drop_other_stories(tree: Element, title: str) -> None:
    """Remove `article` elements with an h1 of their own where another one has the title as h1."""
    headed = [(article, {letters(h1.text_content()) for h1 in article.iter("h1")}) for article in tree.iter("article")]
    this = [article for article, headings in headed if title in headings]
    for article, headings in headed:
        if this and headings and title not in headings and not any(one in this for one in article.iterancestors()):
            article.drop_tree()


def _lines(tree: Element, *, fast: bool) -> list[str]:
    """trafilatura's text, line by line, as `letters`."""
    body = tree.find("body")
    if body is None:
        return []
    document: Any = trafilatura.bare_extraction(
        body, fast=fast, favor_precision=True, include_comments=False, with_metadata=False
    )
    if document is None or document.body is None:
        return []
    return [key for line in _walk(document.body) if (key := letters(clean(line)))]


def _walk(element: _Element) -> Iterator[str]:
    """Text of each innermost block, and of what stands between blocks."""
    pending = [element.text or ""]
    for child in element:
        if child.tag == "lb" or child.tag in _BLOCKS:
            yield "".join(pending)
            yield from (" ".join(child.itertext()),) if child.tag == "row" else _walk(child)
            pending = [child.tail or ""]
        else:
            pending += ["".join(child.itertext()), child.tail or ""]
    yield "".join(pending)


def _places(blocks: Sequence[Block], keys: Iterable[str]) -> set[int]:
    """Where in the page each found line stands: the next block that equals it, or begins like it if it was cut."""
    whole: dict[str, list[int]] = {}
    starts: dict[str, list[int]] = {}
    for place, block in enumerate(blocks):
        whole.setdefault(block.key, []).append(place)
        starts.setdefault(block.key[:_DISTINCT], []).append(place)
    places: set[int] = set()
    last = -1
    for key in keys:
        known = whole.get(key) or (starts.get(key[:_DISTINCT]) if len(key) >= _DISTINCT else None)
        if known:
            last = known[bisect_right(known, last) % len(known)]
            places.add(last)
        if len(key) > _JOINED and key not in whole:
            places |= {place for place, block in enumerate(blocks) if len(block.key) > _DISTINCT and block.key in key}
    return places


def _standing_alike(blocks: Sequence[Block], places: set[int]) -> set[int]:
    """Prose that stands in elements of the same tags and classes as found blocks.

    Between found blocks two examples are enough; beyond them, three that hold much of the text, in the same `article`.
    """
    if not places:
        return set()
    examples = Counter(_stand(blocks[place]) for place in places)
    weights: Counter[tuple[Signature, ...]] = Counter()
    for place in places:
        weights[_stand(blocks[place])] += len(blocks[place].key)
    articles = {_article(blocks[place]) for place in places}
    dominant = {stand for stand, weight in weights.items() if weight >= _DOMINANT * weights.total()}
    first, last = min(places), max(places)
    alike = set()
    for place, block in enumerate(blocks):
        if block.words < _PROSE_WORDS or block.linked >= _PROSE_LINKED:
            continue
        stand = _stand(block)
        between = first < place < last
        if (between and examples[stand] >= _FOUND_ALIKE) or (
            examples[stand] >= _MORE_ALIKE and stand in dominant and _article(block) in articles
        ):
            alike.add(place)
    return alike


def _stand(block: Block) -> tuple[Signature, ...]:
    return block.signatures[:_ALIKE]


def _article(block: Block) -> Element | None:
    pairs = zip(block.around, block.signatures, strict=True)
    return next((element for element, (tag, _) in pairs if tag == "article"), None)


def _rival(blocks: Sequence[Block], places: set[int]) -> set[int]:
    """The largest cluster of prose in one element, if it is far larger than all that was found.

    Elements that hold anything, such as `div`, are clusters themselves, and with their like beside them. Where the text
    found lies in an `article`, another `article` is another story.
    """
    articles = {_article(blocks[place]) for place in places} or {None}
    clusters: dict[tuple[Element, Signature | None], list[int]] = {}
    for place, block in enumerate(blocks):
        if block.words >= _RIVAL_WORDS and block.linked < _PROSE_LINKED and not _never_body(block):
            if None not in articles and _article(block) not in articles:
                continue
            own, parent = block.element, block.element.getparent()
            if own.tag in ("div", "td", "section", "article"):
                clusters.setdefault((own, None), []).append(place)
                clusters.setdefault((parent, block.signatures[0]), []).append(place)
            else:
                clusters.setdefault((parent, None), []).append(place)
    largest = max(clusters.values(), key=lambda cluster: _size(blocks, cluster), default=[])
    size = _size(blocks, largest)
    if len(largest) >= _MORE_ALIKE and size > max(_RIVAL_LETTERS, _RIVAL_RATIO * _size(blocks, places)):
        return set(largest)
    return set()


def _lead(blocks: Sequence[Block], places: set[int], headline: int, description: str) -> set[int]:
    """The paragraph between headline and text that the page also gives as its description.

    Shorter ones, and those that are called so, belong to the headline; and a text may begin with its description by
    itself.
    """
    start = description[:_LEAD_LETTERS]
    first = min((place for place in places if place > headline and blocks[place].words >= _PROSE_WORDS), default=0)
    if len(start) < _LEAD_LETTERS or any(blocks[place].key.startswith(start) for place in places):
        return set()
    between = ((place, blocks[place]) for place in range(headline + 1, first))
    return {
        place
        for place, block in between
        if block.words >= _LEAD_WORDS
        and block.linked < _PROSE_LINKED
        and block.key.startswith(start)
        and not any(_DECK.search(names) for _, names in block.signatures[:2])
    }


def _repaired(found: list[Block], stated: str) -> list[Block]:
    """The blocks found, or those of the page's `articleBody` where next to nothing of it is among them."""
    whole = letters(stated)
    size = sum(len(block.key) for block in found)
    common = sum(len(block.key) for block in found if block.key in whole)
    if len(whole) < ENOUGH or size > _SCRAPS * len(whole) or common > _COMMON * size:
        return found
    return read_blocks(parse_text(stated))


def _size(blocks: Sequence[Block], places: Iterable[int]) -> int:
    return sum(len(blocks[place].key) for place in places)


def _never_body(block: Block) -> bool:
    return any(_NO_RIVAL.search(names) for _, names in block.signatures[:3])
