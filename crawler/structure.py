"""What each block of an article is: paragraph, subhead, item of a list, quote.

Only the page's own elements say so, and only those that hold a small part of the text: a list item or a quote around
the whole article is layout.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crawler.blocks import HEADINGS, Block
from crawler.markup import Element
from crawler.placement import Placement

_PARAGRAPH = "p"


def read_structure(blocks: Sequence[Block]) -> tuple[str, ...]:
    """A name for each block, as in `archive.records.Article.structure`; none at all where all are paragraphs."""
    placement = Placement(blocks)
    items: set[Element] = set()
    kinds = tuple(_kind(placement.small(block), items) for block in blocks)
    return kinds if any(kind != _PARAGRAPH for kind in kinds) else ()


def _kind(around: Iterable[Element], items: set[Element]) -> str:
    """The name that the innermost telling element gives; only the first block of a list item is one."""
    for element in around:
        if element.tag in HEADINGS or element.tag == "blockquote":
            return str(element.tag)
        if element.tag == "li":
            if element in items:
                return _PARAGRAPH
            items.add(element)
            parent = element.getparent()
            return "ol" if parent is not None and parent.tag == "ol" else "ul"
    return _PARAGRAPH
