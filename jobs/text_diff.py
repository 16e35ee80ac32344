"""What changed between two texts, word by word.

Texts are compared by paragraph first and by word where paragraphs differ, with the algorithm of difflib (Ratcliff and
Obershelp). A word is what Unicode calls letters, marks and digits in a row; of scripts written without spaces, each
letter by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal

Change = Literal["same", "removed", "added"]

PARAGRAPH = "\n\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A part of the two texts laid over each other."""

    change: Change
    text: str


def word_diff(before: str, after: str) -> list[Piece]:
    """The pieces of both texts in order: without those added they are `before`, without those removed `after`."""
    pieces = _pieces(_paragraphs(before), _paragraphs(after), deeper=True)
    runs = groupby(pieces, key=lambda piece: piece.change)
    return [Piece(change=change, text="".join(piece.text for piece in run)) for change, run in runs]


def paragraphs(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """The pieces of each paragraph, without the blank lines between them."""
    paragraph: list[Piece] = []
    for piece in pieces:
        first, *rest = piece.text.split(PARAGRAPH)
        paragraph.append(Piece(change=piece.change, text=first))
        for text in rest:
            yield paragraph
            paragraph = [Piece(change=piece.change, text=text)]
    yield paragraph


def words_changed(pieces: Iterable[Piece]) -> tuple[int, int]:
    """How many words were added, and how many removed."""
    counts = {"added": 0, "removed": 0, "same": 0}
    for piece in pieces:
        counts[piece.change] += sum(token[0].isalnum() for token in _WORD.findall(piece.text))
    return counts["added"], counts["removed"]


def _pieces(before: Sequence[str], after: Sequence[str], *, deeper: bool) -> Iterator[Piece]:
    for kind, a, b, c, d in SequenceMatcher(None, before, after).get_opcodes():
        old, new = "".join(before[a:b]), "".join(after[c:d])
        if kind == "equal":
            yield Piece(change="same", text=old)
        elif kind == "replace" and deeper:
            yield from _pieces(_WORD.findall(old), _WORD.findall(new), deeper=False)
        else:
            if old:
                yield Piece(change="removed", text=old)
            if new:
                yield Piece(change="added", text=new)


def _paragraphs(text: str) -> list[str]:
    """Each with the blank line behind it."""
    return re.findall(rf"(?s).+?(?:{PARAGRAPH}|\Z)", text)


_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Thai, Lao, Burmese, Khmer, kana and ideographs."""

_WORD = re.compile(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])\w)+|\s+|[^\w\s]")
