"""Text as it may leave extraction: valid Unicode in NFC, white space folded, no control characters.

Scraped text may hold NUL, lone surrogates, control characters and bidi overrides, which PostgreSQL, Parquet readers and
terminals refuse or obey. All text of an article passes through `clean` once.
"""

from __future__ import annotations

import re
import unicodedata

_INVALID = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_DIRECTIONS = re.compile("[\ufeff\u202a-\u202e\u2066-\u2069]")
_QUOTES = str.maketrans("‘’‚‛′`´“”„‟″«»–—\u00a0", "'''''''\"\"\"\"\"\"\"-- ")
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_NOT_LETTERS = re.compile(r"[\W_]+")
_ASCII_LETTERS = {code: chr(code).lower() if chr(code).isalnum() else None for code in range(128)}
_WORD = re.compile(r"\w+(?:['’.\-\u00ad\u200c\u200d]\w+)*")


def clean(text: str) -> str:
    """One line of valid text: NFC, runs of white space as one space, no control characters, no bidi overrides.

    Zero-width joiners (Persian and Kurdish spelling needs them) and soft hyphens stay as the publisher set them.
    """
    line = " ".join(text.split())
    if line.isascii() and line.isprintable():
        return line
    return unicodedata.normalize("NFC", " ".join(_DIRECTIONS.sub("", _INVALID.sub("", text)).split()))


def folded(text: str) -> str:
    """A form for comparison: lower case, plain quotes and dashes, single spaces."""
    return " ".join(text.translate(_QUOTES).casefold().split())


def letters(text: str) -> str:
    """Only the letters and digits, case-folded: equal for lines that differ in spacing or punctuation."""
    return text.translate(_ASCII_LETTERS) if text.isascii() else _NOT_LETTERS.sub("", text.casefold())


def word_count(text: str) -> int:
    """Words of a text; each ideograph and kana counts as one."""
    rest, ideographs = _IDEOGRAPH.subn(" ", text)
    return ideographs + len(_WORD.findall(rest))
