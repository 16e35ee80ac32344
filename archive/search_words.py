"""Words of a text as the search index knows them: spelled alike in whatever way they were written.

Case, accents and compatibility forms are folded (Unicode Standard Annex 15, NFKD without combining marks). Arabic,
Persian and Kurdish letters that readers take for one another become one, short vowels and the tatweel go, as Lucene's
ArabicNormalizer, PersianNormalizer and SoraniNormalizer do. Scripts that set no spaces between words, and Korean,
become overlapping pairs of characters, as Lucene's CJKBigramFilter makes them. There is no stemming: a word is found in
the form in which it is asked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator
from functools import lru_cache

_MARKS = "\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u200c\u200d\u00ad"
_PAIRED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3041-\u309f\u30a1-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
# Vowel signs of the scripts of India are no letters to Python, and part of the word.
_SIGNED = "\u0900-\u0963\u0966-\u0dff"
_WORD = re.compile(rf"([{_PAIRED}]+)|(?:[^\W_{_PAIRED}]|[{_MARKS}{_SIGNED}])+")
_QUOTED = re.compile('["“„«]([^"“”„«»]+)["”“»]')
_DROPPED = re.compile(f"[{_MARKS}]")
_LETTERS = {
    **dict.fromkeys("يىیێې", "ي"),
    **dict.fromkeys("كکڪ", "ك"),
    **dict.fromkeys("ةەھۀہ", "ه"),
    **dict.fromkeys("ۆ", "و"),
    **dict.fromkeys("ڵ", "ل"),
    **dict.fromkeys("ڕ", "ر"),
    "ı": "i",
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "æ": "ae",
    "œ": "oe",
}
_FOLDED = str.maketrans(_LETTERS)
_LONGEST = 64
"""Letters of a word that count: longer ones are addresses and noise."""


def words_of(text: str) -> list[str]:
    """The words of a text in its order, repeated as often as they stand there."""
    return [word for match in _WORD.finditer(text) for word in _words(match)]


def phrases_of(text: str) -> list[str]:
    """What stands in quotation marks, as words with a space before, between and behind them."""
    return [spaced(found) for found in _QUOTED.findall(text)]


def spaced(text: str) -> str:
    """The words of a text in its order, with a space before, between and behind them."""
    return f" {' '.join(words_of(text))} "


def spans_of(text: str, words: Container[str]) -> Iterator[tuple[int, int, str]]:
    """Where each of these words begins and ends in the text, and which it is, in order; pairs of characters overlap."""
    for match in _WORD.finditer(text):
        run = match[1]
        if run is None:
            # An empty tuple is a run of nothing but marks.
            for word in _folded(match[0]):
                if word in words:
                    yield match.start(), match.end(), word
            continue
        pairs, start, end = _pairs(run), match.start(), match.end()
        # Compatibility forms can have another length; then the run is one place.
        paired = len(pairs) == max(1, len(run) - 1)
        found = [(place, word) for place, word in enumerate(pairs) if word in words]
        for place, word in found:
            yield (start + place, min(end, start + place + 2), word) if paired else (start, end, word)


def _words(match: re.Match[str]) -> tuple[str, ...]:
    return _pairs(match[1]) if match[1] else _folded(match[0])


@lru_cache(maxsize=200_000)
def _folded(word: str) -> tuple[str, ...]:
    if word.isascii():
        return (word.lower()[:_LONGEST],)
    plain = _DROPPED.sub("", unicodedata.normalize("NFKD", word)).casefold().translate(_FOLDED)
    digits = "".join(str(unicodedata.digit(char, char)) for char in plain)
    return (digits[:_LONGEST],) if digits else ()


@lru_cache(maxsize=50_000)
def _pairs(run: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKC", run)
    return tuple(plain[place : place + 2] for place in range(max(1, len(plain) - 1)))
