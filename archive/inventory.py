"""What lies in the bucket, by the bucket's own word: every object sorted by its name, every manifest read.

Verifying, repairing, collecting garbage and rebuilding the catalog all begin here. A batch that a later one `replaces`
is history: its manifest stays, and the objects that only such manifests name are no part of the archive any more.

An inventory takes a few hundred bytes an object in memory, and there are about five objects in a thousand pages.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

from archive import keys
from archive.errors import DamagedObject, ObjectMissing
from archive.fetching import read_ahead
from archive.manifest import Manifest, StoredObject
from archive.objects import ObjectInfo
from archive.store import Store

Progress = Callable[[int, int], object]
"""Is told how many objects are done, and how many there are."""


def no_progress(done: int, total: int) -> None:
    """Takes no notice."""


Kind = Literal["marker", "manifest", "raw", "articles", "removed", "run", "probe"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What a key of ours says."""

    kind: Kind
    site: str | None = None
    """Name of the site profile, for manifests, WARCs and shards."""
    batch: str | None = None
    """Batch id, for manifests, WARCs and shards."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """What a manifest says of its batch, without the captures."""

    batch: str
    site: str
    manifest_key: str
    manifest_sha256: str
    """Of the bytes that were read."""
    written: datetime
    """When the manifest was written, by the store's clock, aware UTC."""
    created: datetime
    """When its last capture was taken, aware UTC."""
    objects: tuple[StoredObject, ...]
    replaces: tuple[str, ...]

    @classmethod
    def of(cls, manifest: Manifest, *, sha256: str, written: datetime) -> Batch:
        """What that manifest says."""
        return cls(
            batch=manifest.batch,
            site=manifest.site,
            manifest_key=keys.manifest_key(manifest.site, manifest.batch),
            manifest_sha256=sha256,
            written=written,
            created=manifest.created,
            objects=manifest.objects,
            replaces=manifest.replaces,
        )


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """All that lies below the archive's prefix, or of one site in it."""

    objects: Mapping[str, ObjectInfo]
    """Objects with a name of ours, by key."""
    foreign: Sequence[ObjectInfo]
    """Objects with any other name."""
    batches: Mapping[str, Batch]
    """By id, oldest first, those that were replaced among them."""
    damaged: Mapping[str, str]
    """Manifests that cannot be read: key -> reason."""

    @cached_property
    def replaced(self) -> Mapping[str, Batch]:
        """Ids of batches that count no more -> the batch that took their place."""
        return {old: self.batches[by] for old, by in self._succession[0].items()}

    @property
    def void(self) -> frozenset[str]:
        """Ids of batches that never counted: another one had taken the place of theirs before they were written.

        Only a process that slept through the end of its lease leaves one, see archive/replacement.py.
        """
        return self._succession[1]

    @property
    def replaced_batches(self) -> list[Batch]:
        """The batches that do not count, or no more, and whose manifests are still there."""
        return [batch for batch in self.batches.values() if batch.batch in self.replaced or batch.batch in self.void]

    @property
    def live(self) -> list[Batch]:
        """The batches that make up the archive, oldest first."""
        replaced, void = self._succession
        return [batch for batch in self.batches.values() if batch.batch not in replaced and batch.batch not in void]

    @cached_property
    def _succession(self) -> tuple[Mapping[str, str], frozenset[str]]:
        """Replaced batch -> its successor, and the void ones: who was written first has taken a place."""
        taken: dict[str, str] = {}
        void = set()
        for batch in sorted(self.batches.values(), key=lambda batch: (batch.written, batch.batch)):
            if any(taken.get(old, batch.batch) not in (batch.batch, *batch.replaces) for old in batch.replaces):
                void.add(batch.batch)
            else:
                taken |= dict.fromkeys(batch.replaces, batch.batch)
        return taken, frozenset(void)

    @cached_property
    def named(self) -> frozenset[str]:
        """Keys of all objects that live batches name."""
        return frozenset(stored.key for batch in self.live for stored in batch.objects)

    def unnamed(self) -> Iterator[ObjectInfo]:
        """WARCs and shards that no live batch names."""
        for key, info in self.objects.items():
            place = place_of(key)
            if place and place.kind in ("raw", "articles") and key not in self.named:
                yield info


def place_of(key: str) -> Place | None:
    """What a key says; None for the name of a foreign object."""
    for kind, pattern in _NAMES.items():
        if match := pattern.fullmatch(key):
            found = match.groupdict()
            return Place(kind=kind, site=found.get("site"), batch=found.get("batch"))
    return None


def take_inventory(store: Store, *, site: str | None = None, on_progress: Progress = no_progress) -> Inventory:
    """List the archive, or what lies in the folders of one site, and read its manifests; tells how many are read.

    Raises StoreError when the store cannot be listed or read.
    """
    folders = [f"{keys.RAW}{site}/", f"{keys.ARTICLES}site={site}/", f"{keys.BATCHES}{site}/"]
    return _inventory(store, [""] if site is None else folders, on_progress)


def read_batches(store: Store, *, known: Mapping[str, Batch] = {}) -> Inventory:
    """As `take_inventory`, of nothing but the manifests: enough to tell which batches make up the archive.

    Manifests that are `known` by their key, and were written when that says, are not read again.
    """
    return _inventory(store, [keys.BATCHES], no_progress, known)


def _inventory(
    store: Store, prefixes: Sequence[str], on_progress: Progress, known: Mapping[str, Batch] = {}
) -> Inventory:
    objects: dict[str, ObjectInfo] = {}
    foreign = []
    for info in (info for prefix in prefixes for info in store.list(prefix)):
        if place_of(info.key):
            objects[info.key] = info
        else:
            foreign.append(info)
    manifests = sorted((place.batch, key) for key in objects if (place := place_of(key)) and place.kind == "manifest")

    def read(named: tuple[str | None, str]) -> Batch | tuple[str, str]:
        key = named[1]
        if key in known and known[key].written == objects[key].modified:
            return known[key]
        try:
            manifest, sha256 = read_manifest(store, key)
            return Batch.of(manifest, sha256=sha256, written=objects[key].modified)
        except (DamagedObject, ObjectMissing) as exc:
            return key, str(exc)

    batches, damaged = {}, {}
    for done, found in enumerate(read_ahead(read, manifests)):
        on_progress(done, len(manifests))
        if isinstance(found, Batch):
            batches[found.batch] = found
        else:
            key, reason = found
            damaged[key] = reason
    return Inventory(objects=objects, foreign=foreign, batches=batches, damaged=damaged)


def read_manifest(store: Store, key: str) -> tuple[Manifest, str]:
    """The manifest at `key` and the SHA-256 of its bytes.

    Raises DamagedObject unless it is the manifest of that key, with the digest that the store recorded, and names only
    objects of its own site; ObjectMissing.
    """
    data = store.get(key)
    sha256 = hashlib.sha256(data).hexdigest()
    manifest = Manifest.from_json(data)
    info = store.head(key)
    if info is not None and info.sha256 not in (None, sha256):
        raise DamagedObject(f"its SHA-256 is {sha256}, the store recorded {info.sha256} when it was written")
    if keys.manifest_key(manifest.site, manifest.batch) != key:
        raise DamagedObject(f"is the manifest of batch {manifest.batch!a} of site {manifest.site!a}, not of this key")
    for stored in manifest.objects:
        place = place_of(stored.key)
        if place is None or (place.kind, place.site) != (stored.kind, manifest.site):
            raise DamagedObject(f"names {stored.key!a}, which is no {stored.kind} object of site {manifest.site}")
    return manifest, sha256


_SITE = r"(?P<site>[a-z0-9-]+)"
_BATCH = r"(?P<batch>\d{8}T\d{9}Z-[0-9a-f]{12}(r\d+)?)"
_NAMES: dict[Kind, re.Pattern[str]] = {
    "marker": re.compile(re.escape(keys.MARKER)),
    "manifest": re.compile(rf"batches/{_SITE}/{_BATCH}\.json"),
    # Year and month are those of the batch id.
    "raw": re.compile(rf"raw/{_SITE}/(?P<year>\d{{4}})/(?P<month>\d\d)/(?=(?P=year)(?P=month)){_BATCH}\.warc\.gz"),
    "articles": re.compile(rf"articles/site={_SITE}/month=(\d{{4}}-\d\d|unknown)/{_BATCH}\.parquet"),
    # Year and month are those of the run id.
    "run": re.compile(r"runs/(?P<year>\d{4})/(?P<month>\d\d)/(?=(?P=year)(?P=month))\d{8}T\d{6}Z-[0-9a-f]{6}\.json"),
    "removed": re.compile(r"removed/[0-9a-f]{32}\.json"),
    "probe": re.compile(r"probe/[0-9a-f]+"),
}
