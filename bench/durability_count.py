"""What became of every article that was announced: counted in the access log and in the bucket.

The bucket's objects are read with pyarrow and json alone; then everything is read back through presskeep too, because
what its reader cannot serve is as good as lost.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import pyarrow.parquet as pq

from archive.catalog import Catalog
from archive.errors import ArchiveError
from archive.keys import ARTICLES, BATCHES, RAW
from archive.reader import ArchiveReader
from archive.records import RecordLocation
from archive.store import open_store
from archive.verify import WHOLE, Verification
from bench.durability_rig import Objects, Rig
from crawler.errors import CrawlerError
from crawler.payload import decoded_body


@dataclass(kw_only=True, slots=True)
class Count:
    """The end of one rig; the first three are what there was, the others should be 0."""

    announced: int = 0
    """Articles that the sites published."""
    requests: int = 0
    """Requests for them."""
    in_flight: int = 0
    """Answers that a kill met on their way: served, and not yet whole on the crawler's disk."""
    unserved: int = 0
    """Articles that were never asked for."""
    lost: int = 0
    """Articles that were served, and are in no live shard of the bucket."""
    duplicated: int = 0
    """Rows in live shards beyond one for each URL and revision, and for each URL and text."""
    altered: int = 0
    """Articles whose title or text is not that of the page."""
    unreadable: int = 0
    """Articles that the reader does not serve with their very page, and damage that `verify --read-data` found."""
    refetched: int = 0
    """Requests beyond one for an article and beyond those that were in flight."""
    orphans: int = 0
    """Objects that no manifest names."""

    def __add__(self, other: Count) -> Count:
        return Count(**{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(self)})

    @property
    def faults(self) -> int:
        """How many promises were broken."""
        return sum((self.unserved, self.lost, self.duplicated, self.altered, self.unreadable, self.refetched))


def count(rig: Rig, in_flight: Counter[str]) -> Count:
    """Count everything; `in_flight` are the URLs that each kill met on their way."""
    rig.access.refresh()
    requests = Counter(rig.newsroom.base_urls[site] + path for site, path, status in rig.access.requests)
    rows, named = live_rows(rig.objects)
    urls = Counter(row["url"] for row in rows)
    distinct = {(row["url"], row["revision"]) for row in rows}, {(row["url"], row["content_hash"]) for row in rows}
    return Count(
        announced=len(rig.pages),
        requests=requests.total(),
        in_flight=in_flight.total(),
        unserved=sum(url not in requests for url in rig.pages),
        lost=sum(url in requests and url not in urls for url in rig.pages),
        duplicated=max(len(rows) - len(keys) for keys in distinct),
        altered=sum(not _as_published(row, rig.pages[row["url"]]) for row in rows),
        unreadable=_unreadable(rig, rows),
        refetched=sum(max(0, times - 1 - in_flight[url]) for url, times in requests.items()),
        orphans=sum(key.startswith((RAW, ARTICLES)) and key not in named for key in rig.objects.listed()),
    )


def live_rows(objects: Objects) -> tuple[list[dict[str, Any]], set[str]]:
    """The rows of all shards that a manifest names, and the keys that manifests name."""
    manifests = [json.loads(objects.get(key)) for key in objects.listed(BATCHES)]
    named = {stored["key"] for manifest in manifests for stored in manifest["objects"]}
    shards = sorted(key for key in named if key.startswith(ARTICLES))
    rows: list[dict[str, Any]] = []
    for key in shards:
        rows += pq.read_table(io.BytesIO(objects.get(key)), partitioning=None).to_pylist()
    return rows, named


def captured(objects: Objects, keys: Iterable[str]) -> Iterator[str]:
    """URLs of the captures that these manifests name."""
    for key in keys:
        yield from (entry["url"] for entry in json.loads(objects.get(key))["captures"])


def _as_published(row: dict[str, Any], page: bytes) -> bool:
    html = page.decode()
    paragraphs = [part.partition("</p>")[0].strip() for part in html.split("<p>")[1:]]
    return f"<h1>{row['title']}</h1>" in html and row["text"].split("\n\n") == paragraphs


def _unreadable(rig: Rig, rows: Iterable[dict[str, Any]]) -> int:
    store, catalog = open_store(rig.place.archive), Catalog(rig.place.catalog)
    try:
        catalog.prepare()
        damage = [found for found in Verification(store, catalog, read=WHOLE).findings() if found.damage]
        for found in damage[:5]:
            print(f"{rig.place.name}: {found.kind} {found.key}: {found.detail}", flush=True)
        reader = ArchiveReader(store, catalog)
        return len(damage) + sum(not _served(reader, row, rig.pages[row["url"]]) for row in rows)
    finally:
        catalog.close()


def _served(reader: ArchiveReader, row: dict[str, Any], page: bytes) -> bool:
    """Whether presskeep's reader gives the row as it lies in the bucket, and its page as the site sent it."""
    place = RecordLocation(
        warc_key=row["warc_key"],
        offset=row["warc_offset"],
        length=row["warc_length"],
        payload_digest=row["payload_digest"],
    )
    try:
        article = reader.article(row["url_id"])
        raw = decoded_body(reader.capture(place))
    except (ArchiveError, CrawlerError) as exc:
        print(f"{row['url']}: {exc}", flush=True)
        return False
    return article is not None and article.text == row["text"] and raw == page
