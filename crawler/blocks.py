"""A page as its blocks of text in reading order, each knowing where it stands.

A block is a run of text between two boundaries of block-level elements (HTML Living Standard, section 15.3 "flow
content") or line breaks; a table row is one block. trafilatura's result is matched against these blocks, so that text
is taken whole from the page and each line can be judged by the elements around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from crawler.markup import Element
from crawler.text import clean, letters

Signature: TypeAlias = tuple[str, str]
"""An element's tag and its class attribute, or its id where there is none."""

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})

_BLOCK_NAMES = """
    address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure form h1
    h2 h3 h4 h5 h6 header hr html iframe legend li main menu ol option p pre section summary table tbody tfoot
    thead tr ul
"""
_BLOCK_TAGS = frozenset(_BLOCK_NAMES.split())
_BEFORE = 4
_AFTER = 16
_CELL_TAGS = frozenset({"td", "th"})
# `rt` and `rp` tell how the word before them is read.
_SILENT_TAGS = frozenset(["head", "title", "script", "style", "noscript", "template", "rt", "rp"])
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Block:
    """A run of text without a block boundary inside."""

    text: str
    key: str
    """`letters(text)`, for comparison."""
    around: tuple[Element, ...]
    """The elements around it, the innermost block-level one first."""
    signatures: tuple[Signature, ...]
    """Those of `around`."""
    words: int
    """Its words, or a sixth of its letters for scripts that set no spaces between words."""
    linked: float
    """Share of its letters that are inside links."""

    @property
    def element(self) -> Element:
        """The innermost block-level element around it."""
        return self.around[0]


def signature(element: Element) -> Signature:
    """Tag and class (or id): equal for elements the publisher's template treats alike."""
    return element.tag, element.get("class") or element.get("id") or ""


def read_blocks(tree: Element) -> list[Block]:
    """All blocks of the page in reading order."""
    reader = _Reader()
    reader.read(tree, tree, in_link=False)
    reader.close(tree)
    return reader.blocks


def find_headline(blocks: Sequence[Block], titles: Iterable[str]) -> int:
    """Place of the headline: the first h1 that equals one of the titles, else the first block that does, else 0."""
    keys = frozenset(map(letters, titles))
    same = [place for place, block in enumerate(blocks) if block.key in keys]
    return next((place for place in same if blocks[place].element.tag == "h1"), same[0] if same else 0)


def beside_headline(blocks: Sequence[Block], headline: int) -> list[Block]:
    """Where byline and date stand: the blocks after the headline, nearest first, then the few before it."""
    return [*blocks[headline : headline + _AFTER], *blocks[max(0, headline - _BEFORE) : headline]]


class _Reader:
    """Walks the tree once, gathering text until a boundary closes the block."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._parts: list[str] = []
        self._linked: list[str] = []
        self._around: dict[Element, tuple[tuple[Element, ...], tuple[Signature, ...]]] = {}

    def read(self, element: Element, block: Element, *, in_link: bool) -> None:
        tag = element.tag
        if tag in _SILENT_TAGS:
            return
        bounded = tag in _BLOCK_TAGS
        if bounded:
            self.close(block)
        inner = element if bounded else block
        linked = in_link or tag == "a"
        if tag == "br":
            self.close(inner)
        elif tag in _CELL_TAGS:
            self._add(" ", linked)
        typed = inner.tag == "pre"
        if text := element.text:
            self._add_lines(text, inner, linked) if typed else self._add(text, linked)
        for child in element:
            self.read(child, inner, in_link=linked)
            if tail := child.tail:
                self._add_lines(tail, inner, linked) if typed else self._add(tail, linked)
        if bounded:
            self.close(element)

    def close(self, block: Element) -> None:
        """End the current block, which stands in `block`."""
        if not self._parts:
            return
        text = clean("".join(self._parts))
        if text and (key := letters(text)):
            linked = len(letters("".join(self._linked))) / len(key) if self._linked else 0.0
            words = max(text.count(" ") + 1, len(key) // 6)
            around, signatures = self._standing(block)
            self.blocks.append(
                Block(text=text, key=key, around=around, signatures=signatures, words=words, linked=linked)
            )
        self._parts, self._linked = [], []

    def _standing(self, element: Element) -> tuple[tuple[Element, ...], tuple[Signature, ...]]:
        """The element and those around it, and their signatures: worked out once for all blocks inside."""
        if element not in self._around:
            parent = element.getparent()
            around, signatures = self._standing(parent) if parent is not None else ((), ())
            self._around[element] = (element, *around), (signature(element), *signatures)
        return self._around[element]

    def _add_lines(self, text: str, block: Element, linked: bool) -> None:
        """Text as typed: a blank line ends a block."""
        first, *rest = _BLANK_LINE.split(text)
        self._add(first, linked)
        for part in rest:
            self.close(block)
            self._add(part, linked)

    def _add(self, text: str, linked: bool) -> None:
        if not self._parts and text.isspace():
            return
        self._parts.append(text)
        if linked:
            self._linked.append(text)
