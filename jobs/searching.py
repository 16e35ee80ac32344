"""Searching an archive: what the index finds, as it stands in the archive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from archive.errors import ObjectMissing
from archive.fetching import read_ahead
from archive.records import Article
from archive.search_engine import Hit, Order
from archive.search_index import SearchIndex, ShardSource
from archive.search_words import words_of
from archive.selection import Selection
from jobs.snippet import Piece, snippet


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """An article that was found."""

    article: Article
    """The revision that has the words."""
    snippet: list[Piece]
    """Where they stand."""

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        article = self.article
        return {
            "url": article.url,
            "title": article.title,
            "site": article.site,
            "published": article.published and article.published.isoformat(),
            "language": article.language,
            "authors": list(article.authors),
            "snippet": "".join(text for text, _ in self.snippet),
            "words": [text for text, sought in self.snippet if sought],
            "revision": article.revision,
            "fetched": article.fetched.isoformat(),
            "url_id": article.url_id,
        }


def search(
    index: SearchIndex, source: ShardSource, text: str, wanted: Selection, *, order: Order = "relevance"
) -> Iterator[Found]:
    """The articles that have all words of the text, and meet the conditions; what was taken down is not among them."""
    shards = {stored.key: stored for stored in source.shards()}
    words = set(words_of(text))

    def fetch(hit: Hit) -> Article | None:
        # A shard may have been replaced since the last update of the index, or meanwhile.
        if hit.shard not in shards:
            return None
        try:
            articles = source.shard(shards[hit.shard], url_ids={hit.url_id})
            return next((article for article in articles if article.revision == hit.revision), None)
        except ObjectMissing:
            return None

    for article in read_ahead(fetch, index.find(text, wanted, order=order)):
        if article is not None and wanted.matches(article):
            yield Found(article=article, snippet=snippet(article.text, words))
