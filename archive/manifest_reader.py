"""Reading the archive by its manifests alone: no catalog, no configuration, and credentials that can only read.

The manifests say which batches make up the archive, as for a rebuild of the catalog: what a later batch replaced is
history, and what a tombstone names is not served. One reader sees the archive as it was when the manifests were first
read; where two batches claim the same revision of an article, the first one is served and the other passed over, never
both.

It takes about a hundred bytes of memory for each revision read, to serve none twice.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from archive import keys
from archive.errors import ArchiveError, DamagedObject
from archive.fetching import fetch_capture, fetch_checked, read_ahead
from archive.inventory import Batch, read_batches, read_manifest
from archive.manifest import CaptureEntry, Manifest, StoredObject
from archive.marker import read_marker
from archive.records import Article, Capture, RecordLocation
from archive.selection import EVERYTHING, Plan, Selection
from archive.shards import read_order, read_shard
from archive.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteTotals:
    """How much the archive holds of one site."""

    site: str
    articles: int
    """Each revision by itself."""
    captures: int
    """Pages and sources as fetched, those that gave no article among them."""
    bytes: int
    """Of its WARC and Parquet objects."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedCapture:
    """A capture that a manifest names."""

    site: str
    batch: str
    entry: CaptureEntry
    """What was asked, what came, what became of it."""
    location: RecordLocation
    """Where its response record lies."""


class ManifestReader:
    """Reads what the manifests of a store name."""

    def __init__(self, store: Store) -> None:
        """Nothing is fetched before the first question."""
        self._store = store

    def articles(self, wanted: Selection = EVERYTHING) -> Iterator[Article]:
        """The articles that meet `wanted`, shard by shard in the order of their keys; a few are fetched ahead.

        DamagedObject for a manifest or shard that is not as it was written: nothing is left out in silence.
        """
        newest = self._newest(wanted.sites) if wanted.latest else None
        served: set[str] = set()
        for data in read_ahead(self._fetched, self._shards(wanted)):
            for article in read_shard(io.BytesIO(data)):
                identity = f"{article.url_id}{article.revision}"
                is_newest = newest is None or newest[article.url_id] == (article.fetched, article.revision)
                there = is_newest and identity not in served and article.url_id not in self._removed
                if there and wanted.matches(article):
                    served.add(identity)
                    yield article

    def plan(self, wanted: Selection = EVERYTHING) -> Plan:
        """What `articles` would read."""
        shards = self._shards(wanted)
        return Plan(
            articles=sum(stored.records for stored in shards),
            at_most=wanted != Selection(sites=wanted.sites),
            shards=len(shards),
            bytes=sum(stored.size for stored in shards),
        )

    def captures(
        self, sites: Collection[str] = (), *, since: date | None = None, until: date | None = None
    ) -> Iterator[ListedCapture]:
        """What was fetched from those days on and up to those (UTC), batch by batch, in the order of the records."""
        batches = [batch for batch in self._of_sites(sites) if since is None or batch.created.date() >= since]
        for manifest in read_ahead(self._manifest, batches):
            for listed in _listed(manifest):
                day = listed.entry.fetched.date()
                if self._removed.intersection((listed.entry.url_id, listed.entry.article)):
                    continue
                if (since is None or since <= day) and (until is None or day <= until):
                    yield listed

    def record_ends(self, sites: Collection[str] = ()) -> Iterator[tuple[str, list[tuple[int, int]]]]:
        """Of each WARC its key, and by place the first byte of every response record and the byte behind it."""
        for manifest in read_ahead(self._manifest, self._of_sites(sites)):
            ends = [(entry.offset, entry.offset + entry.length) for entry in manifest.captures]
            for stored in manifest.objects:
                if stored.kind == "raw":
                    yield stored.key, sorted(ends)

    def capture(self, location: RecordLocation) -> Capture:
        """The capture whose response record lies there; request and announcement are not read."""
        return fetch_capture(self._store, location)

    def raw(self, key: str, begin: int, end: int) -> bytes:
        """The bytes of a WARC from `begin` up to `end`, unchecked."""
        return self._store.get(key, offset=begin, length=end - begin)

    def sites(self) -> list[SiteTotals]:
        """Every site that the archive holds anything of, by name."""
        names = sorted({batch.site for batch in self._live})
        return [_totals(name, [batch for batch in self._live if batch.site == name]) for name in names]

    @cached_property
    def _live(self) -> list[Batch]:
        marker = read_marker(self._store)
        inventory = read_batches(self._store)
        if marker is None and not inventory.batches:
            raise ArchiveError(f"{self._store.url}: there is no archive; check its address and the credentials")
        for key, reason in inventory.damaged.items():
            # Garbage collection may have taken a replaced batch since it was listed; that is no loss.
            if self._store.head(key) is not None:
                raise DamagedObject(f"{key}: {reason}; its articles would be missing, run `presskeep verify`")
        return inventory.live

    @cached_property
    def _removed(self) -> frozenset[str]:
        """Ids of what was taken down: a removal that is under way, or was cut short, counts from its tombstone on."""
        found = [info.key for info in self._store.list(keys.REMOVED) if keys.is_tombstone(info.key)]
        if not found:
            return frozenset()
        # It brings SQLAlchemy along, and most archives have no tombstone.
        from archive.tombstones import read_tombstone

        return frozenset(url_id for key in found for url_id in read_tombstone(self._store, key).url_ids)

    def _of_sites(self, sites: Collection[str]) -> list[Batch]:
        return [batch for batch in self._live if not sites or batch.site in sites]

    def _shards(self, wanted: Selection) -> list[StoredObject]:
        """Those that may hold an article that is wanted, by key."""
        shards = {
            stored.key: stored
            for batch in self._of_sites(wanted.sites)
            if wanted.by != "fetched" or wanted.since is None or batch.created.date() >= wanted.since
            for stored in batch.objects
            if stored.kind == "articles" and _may_hold(stored.key, wanted)
        }
        return [shards[key] for key in sorted(shards)]

    def _newest(self, sites: Collection[str]) -> dict[str, tuple[datetime, int]]:
        """By URL id, what orders the newest revision behind all others."""
        newest: dict[str, tuple[datetime, int]] = {}
        for data in read_ahead(self._fetched, self._shards(Selection(sites=tuple(sites)))):
            for url_id, fetched, revision in read_order(io.BytesIO(data)):
                newest[url_id] = max(newest.get(url_id, (fetched, revision)), (fetched, revision))
        return newest

    def _fetched(self, stored: StoredObject) -> bytes:
        return fetch_checked(self._store, stored.key, stored.sha256)

    def _manifest(self, batch: Batch) -> Manifest:
        return read_manifest(self._store, batch.manifest_key)[0]


def _may_hold(key: str, wanted: Selection) -> bool:
    if wanted.by != "published" or (wanted.since is None and wanted.until is None):
        return True
    month = keys.shard_month(key)
    begun = wanted.since is None or month >= keys.month(wanted.since)
    return month != keys.month(None) and begun and (wanted.until is None or month <= keys.month(wanted.until))


def _listed(manifest: Manifest) -> Iterator[ListedCapture]:
    raw = next((stored.key for stored in manifest.objects if stored.kind == "raw"), None)
    for entry in manifest.captures if raw else ():
        location = RecordLocation(
            warc_key=str(raw), offset=entry.offset, length=entry.length, payload_digest=entry.payload_digest
        )
        yield ListedCapture(site=manifest.site, batch=manifest.batch, entry=entry, location=location)


def _totals(site: str, batches: list[Batch]) -> SiteTotals:
    objects = {stored.key: stored for batch in batches for stored in batch.objects}.values()
    return SiteTotals(
        site=site,
        articles=sum(stored.records for stored in objects if stored.kind == "articles"),
        captures=sum(stored.records for stored in objects if stored.kind == "raw"),
        bytes=sum(stored.size for stored in objects),
    )
