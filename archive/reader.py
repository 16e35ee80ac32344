"""Reading the archive: articles by site and date, an article or a capture by URL.

Nothing is served unchecked: shards must match the SHA-256 that the catalog recorded, captures their WARC digests.
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby

from archive import schema
from archive.catalog import Catalog
from archive.errors import DamagedObject
from archive.records import Article, Capture, RecordLocation
from archive.selection import EVERYTHING, Selection
from archive.shards import read_shard
from archive.store import Store
from archive.warc_reader import read_record

_SHARDS_AHEAD = 8
"""A shard holds a month of a batch: some hundred kilobytes, a few megabytes at most."""

Shard = tuple[str, str | None]
"""Key and SHA-256, as the catalog knew them when reading began."""

Revisions = set[tuple[str, int]]
"""URL id and number of each revision wanted of one shard."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How much there is to read."""

    articles: int
    """As far as the catalog knows; the selection may ask more of them."""
    shards: int
    """Objects to be fetched."""
    bytes: int
    """Bytes of those objects."""


class ArchiveReader:
    """Reads through a catalog and its store."""

    def __init__(self, store: Store, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog

    def articles(self, wanted: Selection = EVERYTHING) -> Iterator[Article]:
        """The articles that meet `wanted`, shard by shard; a few shards are fetched ahead."""
        entries = self._catalog.article_entries(wanted)
        revisions = (
            (shard, {(entry.url_id, entry.revision) for entry in group})
            for shard, group in groupby(entries, key=lambda entry: (entry.shard_key, entry.shard_sha256))
        )
        for data, chosen in self._fetched_ahead(revisions):
            for article in read_shard(io.BytesIO(data), url_ids={url_id for url_id, _ in chosen}):
                if (article.url_id, article.revision) in chosen and wanted.admits(article):
                    yield article

    def plan(self, wanted: Selection = EVERYTHING) -> Plan:
        """What `articles` would read."""
        in_shard = Counter(entry.shard_key for entry in self._catalog.article_entries(wanted))
        sizes = (row["size"] for row in self._catalog.rows(schema.objects, kind="articles") if row["key"] in in_shard)
        return Plan(articles=in_shard.total(), shards=len(in_shard), bytes=sum(sizes))

    def article(self, url_id: str) -> Article | None:
        """The newest revision of one article, None if we hold none."""
        entries = list(self._catalog.article_entries(url_id=url_id))
        if not entries:
            return None
        newest = max(entries, key=lambda entry: entry.order)
        data = self._shard(newest.shard_key, newest.shard_sha256)
        for article in read_shard(io.BytesIO(data), url_ids={url_id}):
            if article.revision == newest.revision:
                return article
        raise DamagedObject(f"{newest.shard_key}: revision {newest.revision} of {newest.url} is missing from it")

    def capture(self, location: RecordLocation) -> Capture:
        """The capture whose response record lies there; request and announcement are not read."""
        record = self._store.get(location.warc_key, offset=location.offset, length=location.length)
        capture = read_record(record)
        if capture.payload_digest != location.payload_digest:
            raise DamagedObject(
                f"{location.warc_key} at {location.offset}: holds {capture.payload_digest}, the catalog says "
                f"{location.payload_digest}"
            )
        return capture

    def _fetched_ahead(self, shards: Iterable[tuple[Shard, Revisions]]) -> Iterator[tuple[bytes, Revisions]]:
        """The bytes of shards in their order, `_SHARDS_AHEAD` of them under way while one is used."""
        waiting: deque[tuple[Future[bytes], Revisions]] = deque()
        with ThreadPoolExecutor(_SHARDS_AHEAD) as pool:
            try:
                for shard, revisions in shards:
                    waiting.append((pool.submit(self._shard, *shard), revisions))
                    if len(waiting) > _SHARDS_AHEAD:
                        future, chosen = waiting.popleft()
                        yield future.result(), chosen
                for future, chosen in waiting:
                    yield future.result(), chosen
            finally:
                # Whoever stops in the middle shall not wait for shards that nobody reads.
                pool.shutdown(wait=False, cancel_futures=True)

    def _shard(self, key: str, sha256: str | None) -> bytes:
        data = self._store.get(key)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise DamagedObject(f"{key}: its SHA-256 is not the one recorded; run `presskeep verify`")
        return data
