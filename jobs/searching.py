"""Searching an archive: what the index finds, as it stands in the archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from archive.errors import ArchiveError, ObjectMissing
from archive.fetching import read_ahead
from archive.search_engine import Hit, Order
from archive.search_index import SearchIndex, ShardSource
from archive.search_words import phrases_of, spaced, words_of
from archive.selection import Condition, Selection
from jobs.snippet import Piece, snippet

Row = Mapping[str, Any]
"""Columns of an article by name."""

_MORE = 20
"""Articles that are looked at together, where of the first ones not all are wanted."""


_SHOWN = ("url", "title", "site", "published", "language", "authors", "revision", "fetched", "url_id")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The revision of an article that has the words; its fields are those of `Article`."""

    url: str
    title: str | None
    site: str
    published: date | None
    language: str | None
    authors: Sequence[str]
    revision: int
    fetched: datetime
    url_id: str
    snippet: list[Piece]
    """Where the words stand."""

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "url": self.url,
            "title": self.title,
            "site": self.site,
            "published": self.published and self.published.isoformat(),
            "language": self.language,
            "authors": list(self.authors),
            "snippet": "".join(text for text, _ in self.snippet),
            "words": [text for text, sought in self.snippet if sought],
            "revision": self.revision,
            "fetched": self.fetched.isoformat(),
            "url_id": self.url_id,
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
    words, phrases, conditions = set(words_of(text)), phrases_of(text), wanted.conditions()
    columns = {"text", *_SHOWN, *(name for names, _ in conditions for name in names)}

    def fetch(hit: Hit) -> Row | None:
        # A shard may have been replaced since the last update of the index, or meanwhile.
        if hit.shard not in shards:
            return None
        try:
            row = source.row(shards[hit.shard], hit.row, columns)
        except ObjectMissing:
            return None
        return row if row and (row["url_id"], row["revision"]) == (hit.url_id, hit.revision) else None

    found: list[Found] = []
    hits, at_once = index.find(text, wanted, order=order), limit
    while len(found) < limit and (some := list(islice(hits, at_once))):
        for row in read_ahead(fetch, some):
            if row is not None and _meets(row, conditions) and _has_all(phrases, row):
                shown = {name: row[name] for name in _SHOWN}
                found.append(Found(**shown, snippet=snippet(row["text"], words)))
        at_once = max(limit, _MORE)
    return found[:limit]


def _meets(row: Row, conditions: Sequence[Condition]) -> bool:
    return all(holds(*(row[name] for name in names)) for names, holds in conditions)


def _has_all(phrases: Sequence[str], row: Row) -> bool:
    places = [spaced(row["title"] or ""), spaced(row["text"])] if phrases else []
    return all(any(phrase in place for place in places) for phrase in phrases)
