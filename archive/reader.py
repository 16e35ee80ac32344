"""Reading the archive: articles by site and date, an article or a capture by URL.

Nothing is served unchecked: shards must match the SHA-256 that the catalog recorded, captures their WARC digests.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import date
from itertools import groupby

from archive.catalog import Catalog
from archive.errors import DamagedObject
from archive.records import Article, Capture, RecordLocation
from archive.shards import read_shard
from archive.store import Store
from archive.warc_reader import read_record


class ArchiveReader:
    """Reads through a catalog and its store."""

    def __init__(self, store: Store, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog

    def articles(
        self,
        *,
        site: str | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> Iterator[Article]:
        """All revisions of all articles, shard by shard; `since` and `until` are days of publication, both included."""
        entries = self._catalog.article_entries(site=site, since=since, until=until)
        for shard_key, group in groupby(entries, key=lambda entry: entry.shard_key):
            wanted = {(entry.url_id, entry.revision) for entry in group}
            for article in self._shard(shard_key, {url_id for url_id, _ in wanted}):
                if (article.url_id, article.revision) in wanted:
                    yield article

    def article(self, url_id: str) -> Article | None:
        """The newest revision of one article, None if we hold none."""
        entries = list(self._catalog.article_entries(url_id=url_id))
        if not entries:
            return None
        newest = max(entries, key=lambda entry: entry.revision)
        for article in self._shard(newest.shard_key, {url_id}):
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

    def _shard(self, key: str, url_ids: set[str]) -> Iterator[Article]:
        data = self._store.get(key)
        if hashlib.sha256(data).hexdigest() != self._catalog.object_sha256(key):
            raise DamagedObject(f"{key}: its SHA-256 is not the one recorded; run `presskeep verify`")
        yield from read_shard(io.BytesIO(data), url_ids=url_ids)
