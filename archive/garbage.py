"""Collecting garbage: what lies in the bucket and is no part of the archive.

    orphan      a WARC or shard that no manifest names, because its commit failed
    replaced    an object that only manifests name which others have replaced; then such a manifest itself
    probe       the throw-away object of a trial that was cut off
    leftover    an upload that was begun and never finished

Only objects with names of ours are ever touched, and only when they are old enough not to belong to a commit under way.
What was replaced stays as long as the catalog does not know what took its place. Its manifest goes last, because it
says what became of its objects, and because without it a batch that it had replaced itself would count again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from archive import keys
from archive.catalog import Catalog
from archive.errors import ArchiveError, DamagedObject
from archive.inventory import Batch, Inventory, Progress, no_progress, place_of, read_manifest, take_inventory
from archive.marker import read_marker
from archive.objects import Leftover
from archive.reconcile import reconcile
from archive.store import Store

YOUNGEST = timedelta(hours=1)
"""Nothing younger is ever taken: a commit puts its manifest last, and may wait for the store before that."""

_PROBES = "probe/"

_LEASE = timedelta(minutes=2)
_BATCH_TIME = 19
"""Characters of a batch id that tell the time of its first capture, the same in all batches that name one WARC."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Garbage:
    """One thing that can go."""

    kind: Literal["orphan", "replaced", "probe", "leftover"]
    key: str
    size: int | None
    """Bytes; None for a leftover, whose size the store does not tell."""
    since: datetime
    """When it was written, or replaced, by the store's clock, aware UTC."""
    leftover: Leftover | None = None
    """The store's handle of a leftover."""


class GarbageCollection:
    """One collection of garbage."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        *,
        now: datetime,
        older_than: timedelta,
        on_progress: Progress = no_progress,
    ) -> None:
        """`now` is aware UTC; `older_than` is at least `YOUNGEST`, or ArchiveError."""
        if older_than < YOUNGEST:
            raise ArchiveError("what is younger than an hour is not garbage, a commit may be under way: ask for older")
        self._store = store
        self._catalog = catalog
        self._before = now - older_than
        self._on_progress = on_progress
        self._known_batches: dict[str, set[str]] = {}
        self._whole: set[str] = set()

    def garbage(self) -> Iterator[Garbage]:
        """All that is old enough, nothing of it removed.

        ArchiveError when the marker or any manifest cannot be read, or is missing though the catalog knows it: then
        nobody can tell what is garbage.
        """
        inventory = self._whole_inventory()
        unnamed, manifests = self._unnamed(inventory), self._manifests(inventory)
        for found in (*unnamed, *manifests, *self._probes(inventory), *self._leftovers()):
            if found.since < self._before:
                yield found

    def remove(self, garbage: Garbage) -> bool:
        """Remove it; False if it has become part of the archive meanwhile. LeaseHeld while its site is crawled."""
        if garbage.leftover is not None:
            self._store.discard(garbage.leftover)
            return True
        place = place_of(garbage.key)
        if garbage.kind != "orphan" or place is None or place.site is None or place.batch is None:
            self._store.delete(garbage.key)
            return True
        # A crawl that recovers may commit the batch of an old orphan at any moment, but not without the lease.
        lease = self._catalog.leases.acquire(place.site, "gc", _LEASE)
        try:
            named = self._is_named(garbage.key, f"{keys.BATCHES}{place.site}/{place.batch[:_BATCH_TIME]}")
            if not named:
                self._store.delete(garbage.key)
        finally:
            self._catalog.leases.release(lease)
        return not named

    def _whole_inventory(self) -> Inventory:
        if read_marker(self._store) is None:
            raise ArchiveError(
                f"{self._store.url}: has no marker {keys.MARKER}; run `presskeep repair` if it is an archive"
            )
        inventory = take_inventory(self._store, on_progress=self._on_progress)
        inventory, findings = reconcile(inventory, self._catalog, self._store)
        if findings:
            raise DamagedObject(
                f"{findings[0].key}: {findings[0].detail}; without it nobody can tell what is garbage: run "
                "`presskeep repair` first"
            )
        return inventory

    def _unnamed(self, inventory: Inventory) -> Iterator[Garbage]:
        history = {stored.key: batch for batch in inventory.replaced_batches for stored in batch.objects}
        for info in inventory.unnamed():
            batch = history.get(info.key)
            if batch is None:
                yield Garbage(kind="orphan", key=info.key, size=info.size, since=info.modified)
            elif (since := self._replaced_since(inventory, batch)) is not None:
                yield Garbage(kind="replaced", key=info.key, size=info.size, since=max(info.modified, since))

    def _manifests(self, inventory: Inventory) -> Iterator[Garbage]:
        """Those of replaced batches of which nothing else is left."""
        settled = {old for batch in inventory.live for old in batch.replaces}
        for batch in inventory.replaced_batches:
            rest = {stored.key for stored in batch.objects} - inventory.named
            older = set(batch.replaces) & set(inventory.batches) - settled
            info = inventory.objects.get(batch.manifest_key)
            if info is None or older or any(key in inventory.objects for key in rest):
                continue
            if (since := self._replaced_since(inventory, batch)) is not None:
                yield Garbage(kind="replaced", key=info.key, size=info.size, since=max(info.modified, since))

    def _replaced_since(self, inventory: Inventory, batch: Batch) -> datetime | None:
        """When a batch that does not count was replaced; None while what took its place is not whole and known."""
        if batch.batch in inventory.void:
            return batch.written
        first = last = inventory.replaced[batch.batch]
        while last.batch in inventory.replaced:
            last = inventory.replaced[last.batch]
        return first.written if last.batch in self._known(last.site) and self._is_whole(last) else None

    def _known(self, site: str) -> set[str]:
        if site not in self._known_batches:
            self._known_batches[site] = self._catalog.batches.known(site)
        return self._known_batches[site]

    def _is_whole(self, batch: Batch) -> bool:
        """Whether what took the place of others is really there."""
        if batch.batch in self._whole:
            return True
        for stored in batch.objects:
            info = self._store.head(stored.key)
            if info is None or info.size != stored.size or info.sha256 not in (None, stored.sha256):
                return False
        self._whole.add(batch.batch)
        return True

    def _probes(self, inventory: Inventory) -> Iterator[Garbage]:
        for key, info in inventory.objects.items():
            if key.startswith(_PROBES):
                yield Garbage(kind="probe", key=key, size=info.size, since=info.modified)

    def _leftovers(self) -> Iterator[Garbage]:
        for leftover in self._store.leftovers():
            yield Garbage(kind="leftover", key=leftover.key, size=None, since=leftover.started, leftover=leftover)

    def _is_named(self, key: str, manifests: str) -> bool:
        """Whether a manifest names the object by now; `manifests` is what the keys begin with that it may have."""
        for info in self._store.list(manifests):
            manifest, _ = read_manifest(self._store, info.key)
            if key in {stored.key for stored in manifest.objects}:
                return True
        return False
