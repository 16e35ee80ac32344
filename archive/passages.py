"""The text of an article with its structure: subheads, lists and quotes between the paragraphs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from archive.records import Article

PARAGRAPH = "p"


def passages(article: Article) -> Iterator[tuple[str, list[str]]]:
    """A kind (`p`, `h1` to `h6`, `ul`, `ol`, `blockquote`) and the paragraphs of that kind that follow each other."""
    paragraphs = article.text.split("\n\n")
    kinds = article.structure or (PARAGRAPH,) * len(paragraphs)
    for kind, run in groupby(zip(kinds, paragraphs, strict=True), key=lambda pair: pair[0]):
        yield kind, [paragraph for _, paragraph in run]
