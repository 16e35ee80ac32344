"""The publisher's section: stated in the metadata, or the last step of the breadcrumb trail above the headline."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from crawler.blocks import Block
from crawler.jsonld import ArticleNode
from crawler.markup import Element
from crawler.metadata import Statements
from crawler.text import clean, letters

_STATED = "article:section", "og:article:section", "articlesection", "parsely-section", "section", "cxenseparse:section"
_STEPS = re.compile(r"\s*(?:[»›>→|/]|::)\s*")
_ABOVE = 6
_TRAIL_WORDS = 12
_LONGEST = 60
# What trails call the article itself: "article", "text".
_THIS_PAGE = frozenset({"article", "artikel", "正文", "本文", "текст"})


def find_section(
    tree: Element, statements: Statements, node: ArticleNode, *, above: Sequence[Block], titles: Iterable[str]
) -> str | None:
    """The section's name; `above` are the blocks before the headline, `titles` the headline's forms."""
    stated = statements.first(*_STATED) or node.section
    if stated:
        return stated
    skipped = frozenset(map(letters, titles)) | _THIS_PAGE
    for steps in _trails(tree, above):
        known = [step for step in steps if step and len(step) <= _LONGEST and letters(step) not in skipped]
        if len(known) > 1:
            return known[-1]
    return None


def _trails(tree: Element, above: Sequence[Block]) -> Iterator[list[str]]:
    """Steps of each trail: links of marked ones, then lines like `Home > Section`; the first step is the home page."""
    for trail in islice(filter(_is_trail, tree.iter()), 2):
        yield [clean(link.text_content()) for link in trail.iter("a")]
    for block in reversed(above[-_ABOVE:]):
        if block.linked > 0.5 and block.words <= _TRAIL_WORDS:
            yield _STEPS.split(block.text)


def _is_trail(element: Element) -> bool:
    named = "crumb" in element.get("class", "") or "crumb" in element.get("id", "")
    return named and element.find(".//a") is not None
