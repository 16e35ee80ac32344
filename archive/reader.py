"""Reading the archive: articles by site and date, an article or a capture by URL.

Nothing is served unchecked: shards must match the SHA-256 that the catalog recorded, captures their WARC digests. Where
an object goes while articles are read, because of a takedown or with garbage, the catalog is asked again for the rest.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import groupby
from typing import Any

import pyarrow as pa

from archive import schema
from archive.catalog import Catalog
from archive.errors import DamagedObject, ObjectMissing
from archive.fetching import Fetcher, fetch_capture, fetch_checked, fetch_row, fetch_shard, read_ahead
from archive.manifest import StoredObject
from archive.records import Article, Capture, RecordLocation
from archive.selection import EVERYTHING, Plan, Selection
from archive.shards import read_shard, read_tables
from archive.store import Store
from archive.tables import articles_of, rows_meeting

Shard = tuple[str, str | None]
"""Key and SHA-256, as the catalog knew them when reading began."""

Revisions = set[tuple[str, int]]
"""URL id and number of each revision wanted of one shard."""

_REVISION = ("url_id", "revision")


class ArchiveReader:
    """Reads through a catalog and its store."""

    def __init__(self, store: Store, catalog: Catalog, *, fetcher: Fetcher | None = None) -> None:
        """`fetcher` is one of that store, where it is to be more than a plain one."""
        self._store = store
        self._catalog = catalog
        self._fetcher = fetcher or Fetcher(store)

    def articles(self, wanted: Selection = EVERYTHING) -> Iterator[Article]:
        """The articles that meet `wanted`, in the order of `tables`."""
        return articles_of(self.tables(wanted))

    def tables(self, wanted: Selection = EVERYTHING) -> Iterator[pa.Table]:
        """The articles that meet `wanted`, shard by shard, each once; a few shards are fetched ahead."""
        served: Revisions = set()
        gone: str | None = None
        while True:
            try:
                yield from self._rest(wanted, served)
                return
            except ObjectMissing as exc:
                # What the catalog still names after it was asked again is lost.
                if exc.key is None or exc.key == gone:
                    raise
                gone = exc.key

    def _rest(self, wanted: Selection, served: Revisions) -> Iterator[pa.Table]:
        """The articles that are not served yet."""
        revisions = (
            (shard, {(row.url_id, row.revision) for row in group} - served)
            for shard, group in groupby(self._catalog.revisions(wanted), key=lambda row: (row.shard_key, row.sha256))
        )
        for data, chosen in read_ahead(self._fetched, ((shard, rest) for shard, rest in revisions if rest)):
            conditions = [(_REVISION, lambda *revision, chosen=chosen: revision in chosen), *wanted.beyond_catalog()]
            for table in read_tables(io.BytesIO(data), url_ids={url_id for url_id, _ in chosen}):
                found = rows_meeting(table, conditions)
                served.update(zip(*(found[name].to_pylist() for name in _REVISION), strict=True))
                if found.num_rows:
                    yield found

    def removed_of(self, site: str) -> Collection[str]:
        """Ids of what was taken down at a site."""
        return self._catalog.tombstones.of_site(site)

    def plan(self, wanted: Selection = EVERYTHING) -> Plan:
        """What `articles` would read."""
        in_shard = Counter(row.shard_key for row in self._catalog.revisions(wanted))
        sizes = (row["size"] for row in self._catalog.rows(schema.objects, kind="articles") if row["key"] in in_shard)
        return Plan(articles=in_shard.total(), at_most=wanted.asks_the_article, shards=len(in_shard), bytes=sum(sizes))

    def shards(self) -> list[StoredObject]:
        """Every shard, by key."""
        names = ("key", "kind", "size", "sha256", "records")
        rows = self._catalog.rows(schema.objects, kind="articles")
        shards = {row["key"]: StoredObject(**{name: row[name] for name in names}) for row in rows}
        return [shards[key] for key in sorted(shards)]

    def shard(self, stored: StoredObject) -> Iterator[tuple[int, Article]]:
        """The articles of one shard that were not taken down, each with its row."""
        articles = list(fetch_shard(self._store, stored))
        removed = self._catalog.tombstones.among(article.url_id for article in articles)
        return ((row, article) for row, article in enumerate(articles) if article.url_id not in removed)

    def row(self, stored: StoredObject, row: int, columns: Collection[str]) -> Mapping[str, Any] | None:
        """These columns of the article in that row of a shard, from 0, None if it was taken down."""
        article = fetch_row(self._store, stored, row, {"url_id", *columns})
        return None if self._catalog.tombstones.among([article["url_id"]]) else article

    def article(self, url_id: str) -> Article | None:
        """The newest revision of one article, None if we hold none."""
        entries = list(self._catalog.article_entries(url_id=url_id))
        if not entries:
            return None
        newest = max(entries, key=lambda entry: entry.order)
        data = fetch_checked(self._store, newest.shard_key, newest.shard_sha256)
        for article in read_shard(io.BytesIO(data), url_ids={url_id}):
            if article.revision == newest.revision:
                return article
        raise DamagedObject(f"{newest.shard_key}: revision {newest.revision} of {newest.url} is missing from it")

    def revisions(self, url_id: str) -> list[Article]:
        """Every revision of one article, oldest first; empty if we hold none."""
        found = []
        for entry in sorted(self._catalog.article_entries(url_id=url_id), key=lambda entry: entry.order):
            data = fetch_checked(self._store, entry.shard_key, entry.shard_sha256)
            articles = read_shard(io.BytesIO(data), url_ids={url_id})
            found += [article for article in articles if article.revision == entry.revision]
        return found

    def capture(self, location: RecordLocation) -> Capture:
        """The capture whose response record lies there; request and announcement are not read."""
        return fetch_capture(self._store, location)

    def _fetched(self, wanted: tuple[Shard, Revisions]) -> tuple[bytes, Revisions]:
        (key, sha256), revisions = wanted
        return self._fetcher.shard(key, sha256), revisions
