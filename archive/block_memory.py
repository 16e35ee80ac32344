"""What the articles of a site have in common: blocks of text that stand on several of them.

The catalog keeps a print of every block beside its article, so that the memory of a site is a query: it survives runs,
is rebuilt with the catalog, goes with the batches that are replaced, and ages out. A block that was taken out of a text
because it stood on other articles still counts as seen on its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Protocol, TypeVar

from archive.records import Article, ArticleDraft

REPEATED = "repeated"
"""Reason of a `RemovedBlock` that was taken out because it stands on other articles of the site."""

NEWEST = 300
"""Revisions of a site that are remembered, at most."""

AGE = timedelta(days=90)
"""How long before a batch a revision was fetched that is still remembered for it, at most."""

MIN_LETTERS = 12
"""Letters and digits of a block below which it has no print: names of sections, days and agencies are that short."""

Draft = TypeVar("Draft", bound=ArticleDraft)

_SIZE = 8
_MOST = 0xFFFF
_NOT_LETTERS = re.compile(r"[\W_]+")
# Twenty times as fast.
_ASCII_LETTERS = {code: chr(code).lower() if chr(code).isalnum() else None for code in range(128)}


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockPrints:
    """An article of a site, reduced to the prints of its blocks."""

    url_id: str
    prints: frozenset[bytes]
    """Of the blocks of its text and of those taken out as repeated."""


class Cleaner(Protocol):
    """Takes repeated blocks out of new articles of a site."""

    def __call__(self, articles: Sequence[Draft], known: Sequence[BlockPrints], /) -> Sequence[Draft]:
        """As many articles, in their order; `known` are those that the site had before."""


def clean_nothing(articles: Sequence[Draft], known: Sequence[BlockPrints], /) -> Sequence[Draft]:
    """The articles as they are."""
    return articles


def split_blocks(text: str) -> list[str]:
    """The blocks of an article's text."""
    return text.split("\n\n")


def block_print(block: str) -> bytes | None:
    """Eight bytes, equal for blocks with equal letters and digits; None for a block that is too short.

    Six bytes of BLAKE2b (RFC 7693) over the case-folded letters and digits in UTF-8, then their number, capped, as two
    bytes, big-endian.
    """
    key = block.translate(_ASCII_LETTERS) if block.isascii() else _NOT_LETTERS.sub("", block.casefold())
    if len(key) < MIN_LETTERS:
        return None
    return hashlib.blake2b(key.encode(), digest_size=_SIZE - 2).digest() + min(len(key), _MOST).to_bytes(2, "big")


# Each article of a batch is asked for when the batch is compared, when it is cleaned, and for the catalog.
@lru_cache(maxsize=1024)
def block_prints(text: str) -> tuple[bytes | None, ...]:
    """A print, or None, for each block of a text."""
    return tuple(map(block_print, split_blocks(text)))


def letters_in(print_: bytes) -> int:
    """How many letters and digits the block has that gave this print."""
    return int.from_bytes(print_[-2:], "big")


def text_prints(article: ArticleDraft) -> Iterator[bytes]:
    """Prints of the blocks of the text, in their order."""
    return (found for found in block_prints(article.text) if found is not None)


def repeated_prints(article: ArticleDraft) -> Iterator[bytes]:
    """Prints of the blocks that were taken out as repeated."""
    prints = (block_print(block.text) for block in article.removed_blocks if block.reason == REPEATED)
    return (found for found in prints if found is not None)


def prints_of(article: ArticleDraft) -> BlockPrints:
    """The article as it is remembered."""
    return BlockPrints(url_id=article.url_id, prints=frozenset((*text_prints(article), *repeated_prints(article))))


def prints_row(article: Article) -> dict[str, bytes]:
    """Columns of the article's row in the catalog."""
    return {"text_prints": b"".join(text_prints(article)), "repeated_prints": b"".join(repeated_prints(article))}


def unpacked(prints: bytes | None) -> Iterator[bytes]:
    """Prints out of a column of the catalog; none where a catalog of version 1 did not know them."""
    packed = prints or b""
    return (packed[start : start + _SIZE] for start in range(0, len(packed), _SIZE))


def whole_text(article: ArticleDraft) -> str:
    """The text with the blocks that were taken out as repeated, behind it.

    Two captures of one page are the same if these are, whatever has been learned in between.
    """
    repeated = (block.text for block in article.removed_blocks if block.reason == REPEATED)
    return "\n\n".join((article.text, *repeated))
