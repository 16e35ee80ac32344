"""Verifying: does the archive hold what its manifests and its catalog say, and can all of it be read?

    marker -> names -> manifests -> size and SHA-256 of every object -> rows of the catalog -> what is inside

Findings come one by one while the work goes on, and one damaged thing does not hide another. Nothing is changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from archive.catalog import Catalog
from archive.contents import BatchReading, object_fault
from archive.errors import ArchiveError, StoreError
from archive.findings import Finding
from archive.inventory import Batch, Inventory, Progress, no_progress, take_inventory
from archive.keys import MARKER
from archive.manifest import Manifest, StoredObject
from archive.marker import read_marker
from archive.objects import sha256_of
from archive.outcomes import LOST
from archive.reconcile import article_differences, batch_differences, load_manifest, reconcile
from archive.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One of `of` parts of all batches, much of a size; together they are everything."""

    number: int
    """0 to `of` - 1."""
    of: int

    def __contains__(self, batch: str) -> bool:
        return int(hashlib.sha256(batch.encode()).hexdigest(), 16) % self.of == self.number


WHOLE = Part(number=0, of=1)
NOTHING = Part(number=1, of=1)


class Verification:
    """One check of an archive, or of one site in it.

    Sizes and digests are taken from what the store says of its objects, and from reading where it has no digest. The
    batches in `read` are read through, and so is every batch that has a damaged object, to name the records.
    """

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        *,
        site: str | None = None,
        read: Part = NOTHING,
        on_progress: Progress = no_progress,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._site = site
        self._part = read
        self._on_progress = on_progress
        self.batches = 0
        """Checked so far."""
        self.objects = 0
        """Checked so far, manifests not counted."""
        self.batches_read = 0
        """Read through so far."""
        self.bytes_read = 0

    def findings(self) -> Iterator[Finding]:
        """Everything that is not as it should be; StoreError or CatalogError when it cannot be checked."""
        yield from self._marker()
        listed = take_inventory(self._store, site=self._site, on_progress=self._on_progress)
        inventory, findings = reconcile(listed, self._catalog, self._store, site=self._site)
        yield from findings
        yield from self._names(inventory)
        total = sum(len(batch.objects) for batch in inventory.live)
        for batch in inventory.live:
            self._on_progress(self.objects, total)
            findings = list(self._batch(batch))
            # Another may have taken its place since the bucket was listed.
            if not findings or not self._catalog.batches.is_replaced(batch.batch):
                yield from findings
            self.batches += 1
        self._on_progress(total, total)

    def _marker(self) -> Iterator[Finding]:
        try:
            if read_marker(self._store) is None:
                yield Finding(kind="marker_missing", key=MARKER, detail="is not there")
        except StoreError:
            raise
        except ArchiveError as exc:
            yield Finding(kind="marker_damaged", key=MARKER, detail=str(exc))

    def _names(self, inventory: Inventory) -> Iterator[Finding]:
        for info in inventory.foreign:
            detail = f"{info.size} bytes that presskeep did not name; it leaves them alone"
            yield Finding(kind="foreign", key=info.key, detail=detail)
        history = {stored.key for batch in inventory.replaced_batches for stored in batch.objects}
        for info in inventory.unnamed():
            if info.key not in history:
                detail = f"{info.size} bytes that no manifest names; `presskeep gc` removes them when they are old"
                yield Finding(kind="orphan", key=info.key, detail=detail)

    def _batch(self, batch: Batch) -> Iterator[Finding]:
        manifest = load_manifest(self._store, self._catalog, batch)
        yield from self._lost(manifest, batch)
        damaged = set()
        for stored in manifest.objects:
            for finding in self._object(manifest, stored):
                damaged.add(stored.key)
                yield finding
            self.objects += 1
        known = True
        for finding in batch_differences(self._catalog, manifest, batch.manifest_key, batch.manifest_sha256):
            known = known and finding.kind != "catalog_missing"
            yield finding
        if damaged or manifest.batch in self._part:
            yield from self._read(manifest, batch, damaged, known=known)

    def _object(self, manifest: Manifest, stored: StoredObject) -> Iterator[Finding]:
        info = self._store.head(stored.key)
        if info is None:
            yield Finding(
                kind="object_missing",
                key=stored.key,
                batch=manifest.batch,
                detail="is not there; its manifest names it",
            )
        elif (info.size, info.sha256) != (stored.size, stored.sha256) and (fault := self._fault(stored)):
            yield Finding(kind="object_damaged", key=stored.key, batch=manifest.batch, detail=fault)

    def _fault(self, stored: StoredObject) -> str:
        """By the bytes themselves: the store may have no digest, or that of bytes which have decayed since."""
        with self._store.open(stored.key) as stream:
            sha256 = sha256_of(stream)
            return object_fault(stored, stream.tell(), sha256)

    def _read(self, manifest: Manifest, batch: Batch, damaged: set[str], *, known: bool) -> Iterator[Finding]:
        reading = BatchReading(self._store, manifest, damaged=damaged)
        yield from reading.findings()
        if known:
            yield from article_differences(
                self._catalog, manifest, batch.manifest_key, reading.rows, unread=reading.damaged
            )
        self.batches_read += 1
        self.bytes_read += reading.bytes

    def _lost(self, manifest: Manifest, batch: Batch) -> Iterator[Finding]:
        lost = sum(entry.outcome == LOST for entry in manifest.captures)
        if lost:
            detail = f"{lost} of {len(manifest.captures)} raw pages of batch {manifest.batch} are recorded as lost"
            yield Finding(kind="lost", key=batch.manifest_key, batch=manifest.batch, detail=detail)
