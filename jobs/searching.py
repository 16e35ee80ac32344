"""Searching an archive: what the index finds, as it stands in the archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from archive.errors import ArchiveError, ObjectMissing
from archive.fetching import read_ahead
from archive.records import Article
from archive.search_engine import Hit, Order
from archive.search_index import SearchIndex, ShardSource
from archive.search_words import phrases_of, spaced, words_of
from archive.selection import Selection
from jobs.snippet import Piece, snippet

_MORE = 20
"""Articles that are looked at together, where of the first ones not all are wanted."""


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


def forget_removed(index: SearchIndex, source: ShardSource) -> list[str]:
    """Bring the index up to date where there is one, because articles have gone; what keeps it from that."""
    try:
        if index.exists:
            index.update(source)
    except ArchiveError as exc:
        return [f"the search index of this machine may still have words of them, delete its folder: {exc}"]
    return []


def search(
    index: SearchIndex,
    source: ShardSource,
    text: str,
    wanted: Selection,
    *,
    order: Order = "relevance",
    limit: int,
) -> list[Found]:
    """The first articles, so many, that have all words of the text and meet the conditions.

    Nothing that was taken down is among them. What stands in quotation marks has to stand so in headline or text; the
    index knows only its words, so each article with all of them is looked at.
    """
    shards = {stored.key: stored for stored in source.shards()}
    words, phrases = set(words_of(text)), phrases_of(text)

    def fetch(hit: Hit) -> Article | None:
        # A shard may have been replaced since the last update of the index, or meanwhile.
        if hit.shard not in shards:
            return None
        try:
            article = source.row(shards[hit.shard], hit.row)
        except ObjectMissing:
            return None
        is_it = article is not None and (article.url_id, article.revision) == (hit.url_id, hit.revision)
        return article if is_it else None

    found: list[Found] = []
    hits, at_once = index.find(text, wanted, order=order), limit
    while len(found) < limit and (some := list(islice(hits, at_once))):
        for article in read_ahead(fetch, some):
            if article is not None and wanted.matches(article) and _has_all(phrases, article):
                found.append(Found(article=article, snippet=snippet(article.text, words)))
        at_once = max(limit, _MORE)
    return found[:limit]


def _has_all(phrases: Sequence[str], article: Article) -> bool:
    places = [spaced(article.title or ""), spaced(article.text)] if phrases else []
    return all(any(phrase in place for place in places) for phrase in phrases)
