"""Reading the archive by its manifests alone: no catalog, no configuration, and credentials that can only read.

The manifests say which batches make up the archive, as for a rebuild of the catalog: what a later batch replaced is
history, and what a tombstone names is not served. One reader sees the archive as it was when the manifests were first
read, until an object is gone that it wants, because of a takedown or with garbage: then it reads them again, and goes
on with what it has not served yet. Where two batches claim the same revision of an article, the first one is served and
the other passed over, never both.

It takes about a hundred bytes of memory for each revision read, to serve none twice.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from archive import keys
from archive.errors import ArchiveError, DamagedObject, ObjectMissing
from archive.fetching import Fetcher, fetch_capture, fetch_row, fetch_shard, read_ahead
from archive.inventory import Batch, read_batches, read_manifest
from archive.known_batches import KnownBatches
from archive.manifest import CaptureEntry, Manifest, StoredObject
from archive.marker import read_marker
from archive.records import Article, Capture, RecordLocation
from archive.selection import EVERYTHING, Plan, Selection
from archive.shards import read_order, read_tables
from archive.store import Store
from archive.tables import articles_of, rows_meeting

if TYPE_CHECKING:
    from archive.tombstones import Tombstone

_ORDER = ("url_id", "fetched", "revision")


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


class Past(Protocol):
    """What somebody has of an archive already."""

    @property
    def batches(self) -> Container[str]:
        """Ids of batches of which everything that is wanted is there, or was not wanted."""

    def has(self, url_id: str, revision: int, content_hash: str) -> bool:
        """Whether that revision is there, with the same text."""


class ManifestReader:
    """Reads what the manifests of a store name."""

    def __init__(
        self, store: Store, *, fetcher: Fetcher | None = None, known_batches: KnownBatches | None = None
    ) -> None:
        """Nothing is fetched before the first question.

        `fetcher` is one of that store, if not a plain one. Manifests in `known_batches` are not read again.
        """
        self._store = store
        self._known = known_batches
        self._fetcher = fetcher or Fetcher(store)

    def articles(self, wanted: Selection = EVERYTHING) -> Iterator[Article]:
        """The articles that meet `wanted`, in the order of `tables`."""
        return articles_of(self.tables(wanted))

    def tables(self, wanted: Selection = EVERYTHING, *, past: Past | None = None) -> Iterator[pa.Table]:
        """The articles that meet `wanted`, shard by shard in the order of their keys; a few are fetched ahead.

        With `past`, only those that are not in it; afterwards `batches` says what it has besides. DamagedObject for a
        manifest or shard that is not as it was written, ObjectMissing: nothing is left out in silence.
        """
        newest = self._newest(wanted.sites) if wanted.latest else None
        conditions = wanted.conditions()
        if newest is not None:
            conditions.append((_ORDER, lambda url_id, *order: newest.get(url_id) == order))
        if past is not None:
            conditions.append((("url_id", "revision", "content_hash"), lambda *revision: not past.has(*revision)))
        served: set[str] = set()
        read: set[str] = set()
        while True:
            try:
                for key, data in read_ahead(self._fetched, self._shards(wanted, past=past, read=read)):
                    for table in read_tables(io.BytesIO(data)):
                        # Whether it was served is the last question, because whatever is asked for counts as served.
                        rest = rows_meeting(table, [*conditions, (("url_id", "revision"), self._first(served))])
                        if rest.num_rows:
                            yield rest
                    read.add(key)
                return
            except ObjectMissing as exc:
                self.look_again(exc)

    def removed_of(self, site: str) -> Collection[str]:
        """Ids of what was taken down at a site, and elsewhere."""
        return self.removed

    def plan(self, wanted: Selection = EVERYTHING, *, past: Past | None = None) -> Plan:
        """What `articles` would read."""
        shards = self._shards(wanted, past=past)
        return Plan(
            articles=sum(stored.records for stored in shards),
            at_most=past is not None or bool(self.removed) or wanted != Selection(sites=wanted.sites),
            shards=len(shards),
            bytes=sum(stored.size for stored in shards),
        )

    def shards(self, wanted: Selection = EVERYTHING, *, past: Past | None = None) -> list[StoredObject]:
        """Every shard that may hold what `articles` would give, by key; what was taken down may still be in one."""
        return self._shards(wanted, past=past)

    def shard(self, stored: StoredObject) -> Iterator[tuple[int, Article]]:
        """The articles of one shard that were not taken down, each with its row."""
        found = enumerate(fetch_shard(self._store, stored))
        return ((row, article) for row, article in found if article.url_id not in self.removed)

    def row(self, stored: StoredObject, row: int, columns: Collection[str]) -> Mapping[str, Any] | None:
        """These columns of the article in that row of a shard, from 0, None if it was taken down."""
        article = fetch_row(self._store, stored, row, {"url_id", *columns})
        return None if article["url_id"] in self.removed else article

    def captures(
        self, sites: Collection[str] = (), *, since: date | None = None, until: date | None = None
    ) -> Iterator[ListedCapture]:
        """What was fetched from those days on and up to those (UTC), batch by batch, in the order of the records."""
        batches = [batch for batch in self._of_sites(sites) if since is None or batch.created.date() >= since]
        for manifest in read_ahead(self._manifest, batches):
            for listed in _listed(manifest):
                day = listed.entry.fetched.date()
                if self.removed.intersection((listed.entry.url_id, listed.entry.article)):
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
        return self._fetcher.span(key, begin, end)

    def sites(self) -> list[SiteTotals]:
        """Every site that the archive holds anything of, by name."""
        names = sorted({batch.site for batch in self._live})
        return [_totals(name, [batch for batch in self._live if batch.site == name]) for name in names]

    @property
    def batches(self) -> frozenset[str]:
        """Ids of the batches that make up the archive."""
        return frozenset(batch.batch for batch in self._live)

    @cached_property
    def archive_id(self) -> str | None:
        """UUID of the archive, None if its marker is lost."""
        marker = read_marker(self._store)
        return marker.archive_id if marker else None

    @cached_property
    def tombstones(self) -> Mapping[str, Tombstone]:
        """What was taken down, by key."""
        found = [info.key for info in self._store.list(keys.REMOVED) if keys.is_tombstone(info.key)]
        if not found:
            return {}
        # It brings SQLAlchemy along, and most archives have no tombstone.
        from archive.tombstones import read_tombstone

        return {key: read_tombstone(self._store, key) for key in found}

    def look_again(self, missing: ObjectMissing) -> None:
        """See the archive as it is now, because an object is gone; raises `missing` if it should be there still."""
        for name in ("_live", "removed", "tombstones"):
            self.__dict__.pop(name, None)
        for batch in self._live:
            if missing.key in {stored.key for stored in batch.objects}:
                # Of a batch that is taken down as a whole, the objects go before the manifest.
                if not all(entry.is_of(self.removed) for entry in self._manifest(batch).captures):
                    raise missing
                self._live = [one for one in self._live if one != batch]

    @cached_property
    def _live(self) -> list[Batch]:
        marker = read_marker(self._store)
        known = self._known.read() if self._known else {}
        inventory = read_batches(self._store, known=known)
        if self._known and known != {batch.manifest_key: batch for batch in inventory.batches.values()}:
            self._known.write(inventory.batches.values())
        if marker is None and not inventory.batches:
            raise ArchiveError(f"{self._store.url}: there is no archive; check its address and the credentials")
        for key, reason in inventory.damaged.items():
            # Garbage collection may have taken a replaced batch since it was listed; that is no loss.
            if self._store.head(key) is not None:
                raise DamagedObject(f"{key}: {reason}; its articles would be missing, run `presskeep verify`")
        return inventory.live

    @cached_property
    def removed(self) -> frozenset[str]:
        """Ids of what was taken down: a removal that is under way, or was cut short, counts from its tombstone on."""
        return frozenset(url_id for tombstone in self.tombstones.values() for url_id in tombstone.url_ids)

    def _first(self, served: set[str]) -> Callable[[str, int], bool]:
        """Whether a revision is there and asked for the first time."""

        def first(url_id: str, revision: int) -> bool:
            identity = f"{url_id}{revision}"
            if identity in served or url_id in self.removed:
                return False
            served.add(identity)
            return True

        return first

    def _of_sites(self, sites: Collection[str]) -> list[Batch]:
        return [batch for batch in self._live if not sites or batch.site in sites]

    def _shards(self, wanted: Selection, *, past: Past | None = None, read: Container[str] = ()) -> list[StoredObject]:
        """Those that may hold an article that is wanted and not in `past`, by key, without those that were read."""
        shards = {
            stored.key: stored
            for batch in self._of_sites(wanted.sites)
            if past is None or batch.batch not in past.batches
            if wanted.by != "fetched" or wanted.since is None or batch.created.date() >= wanted.since
            for stored in batch.objects
            if stored.kind == "articles" and stored.key not in read and _may_hold(stored.key, wanted)
        }
        return [shards[key] for key in sorted(shards)]

    def _newest(self, sites: Collection[str]) -> dict[str, tuple[datetime, int]]:
        """By URL id, what orders the newest revision behind all others."""
        newest: dict[str, tuple[datetime, int]] = {}
        while True:
            try:
                for _, data in read_ahead(self._fetched, self._shards(Selection(sites=tuple(sites)))):
                    for url_id, fetched, revision in read_order(io.BytesIO(data)):
                        newest[url_id] = max(newest.get(url_id, (fetched, revision)), (fetched, revision))
                return newest
            except ObjectMissing as exc:
                self.look_again(exc)

    def _fetched(self, stored: StoredObject) -> tuple[str, bytes]:
        return stored.key, self._fetcher.shard(stored.key, stored.sha256)

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
