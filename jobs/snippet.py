"""The place of a text where the words that were looked for stand closest together."""

from __future__ import annotations

from collections.abc import Collection

from archive.search_words import spans_of

LENGTH = 240
"""Characters of a snippet, but for the ellipses."""

Piece = tuple[str, bool]
"""Some characters, and whether they were looked for."""


def snippet(text: str, words: Collection[str]) -> list[Piece]:
    """The pieces of the snippet, in order; the beginning of a text in which none of the words stands."""
    plain = " ".join(text.split())
    found = list(spans_of(plain, words))
    start = _start(plain, found)
    end = min(len(plain), start + LENGTH)
    pieces: list[Piece] = [("… ", False)] if start else []
    place = start
    for begin, close, _ in found:
        if place <= begin and close <= end:
            pieces += [(plain[place:begin], False), (plain[begin:close], True)]
            place = close
        elif begin < place < close <= end and begin >= start:
            pieces.append((plain[place:close], True))
            place = close
    pieces += [(plain[place:end], False), (" …", False)] if end < len(plain) else [(plain[place:end], False)]
    return [piece for piece in pieces if piece[0]]


def _start(text: str, found: list[tuple[int, int, str]]) -> int:
    """Where the window begins that has most of the words: a little before the first of them, at a word's beginning."""
    best, most = 0, 0
    for place, (begin, _, _) in enumerate(found):
        within = {word for other, close, word in found[place : place + 50] if close <= begin + LENGTH * 3 // 4}
        if len(within) > most:
            best, most = begin, len(within)
    if best <= LENGTH // 4:
        return 0
    start = best - LENGTH // 4
    blank = text.find(" ", start, best)
    return blank + 1 if blank >= 0 else start
