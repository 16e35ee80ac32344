"""A mirror: another store that is made, and kept, the same archive as the first, object by object.

    1. the marker, and the tombstones: from here nobody who reads the mirror is served what was taken down
    2. the batches that count: what a manifest names, then the manifest
    3. the reports of runs
    4. what the first archive has no more leaves the mirror too, if it is known why: another batch took its place, or it
       was taken down

Every object is checked against its SHA-256 before it is put, and objects never change, so a mirror that was interrupted
at any point is gone on with by making it again. The first archive is only read. What it lost without a reason stays in
the mirror, and is told; a batch that still holds what a tombstone names waits until the removal is done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from tempfile import TemporaryFile
from typing import Literal

from archive import keys
from archive.errors import ArchiveError, DamagedObject, ObjectMissing
from archive.failpoints import failpoint
from archive.fetching import read_ahead
from archive.inventory import Batch, Inventory, place_of, read_manifest, take_inventory
from archive.manifest import Manifest, StoredObject
from archive.marker import read_marker
from archive.objects import ObjectInfo, sha256_of
from archive.run_report import read_report
from archive.store import Store, put_bytes
from archive.tombstones import read_tombstone

_IN_MEMORY = 8 << 20
"""Bytes up to which an object is not put on a disk on its way."""

_LOOKS = 10
"""How often the archive is looked at anew because an object went while it was copied."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MirrorPlan:
    """What is to be done."""

    copied: int
    """Objects that the mirror lacks, each read with one GET."""
    bytes: int
    """Of those."""
    deleted: int
    """Objects of the mirror that were replaced or taken down."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """Something that somebody should look at."""

    kind: Literal["lost", "damaged", "waiting", "differs"]
    """The mirror alone has it; it is not as it was written; it waits for a removal; the mirror has another size."""
    key: str
    detail: str


@dataclass(kw_only=True, slots=True)
class Mirrored:
    """What was done."""

    copied: int = 0
    bytes: int = 0
    deleted: int = 0
    remarks: list[Remark] = field(default_factory=list)


class Mirror:
    """Makes `target` the same archive as `source`."""

    def __init__(
        self, source: Store, target: Store, *, on_copied: Callable[[int], object] = lambda count: None
    ) -> None:
        """`on_copied` is told of bytes, in threads."""
        self._source = source
        self._target = target
        self._on_copied = on_copied

    def plan(self) -> MirrorPlan:
        """What `make` would do, as far as listings and manifests tell; errors as there."""
        there = self._there()
        inventory = self._look()
        gone = self._removed(inventory)
        wanted = {**_of_kind(inventory, "removed"), **_of_kind(inventory, "run"), **_of_kind(inventory, "marker")}
        for batch in inventory.live:
            wanted |= {stored.key: stored.size for stored in batch.objects}
            wanted[batch.manifest_key] = inventory.objects[batch.manifest_key].size
        missing = {key: size for key, size in wanted.items() if key not in there}
        leaving, _ = self._leaving(inventory, there, gone)
        return MirrorPlan(copied=len(missing), bytes=sum(missing.values()), deleted=len(leaving))

    def make(self) -> Mirrored:
        """Do all of it.

        ArchiveError where there is no archive, or the target is another one; DamagedObject for a manifest or tombstone
        that cannot be read: then nobody can tell what belongs together. StoreError.
        """
        done, missing = Mirrored(), ""
        for _ in range(_LOOKS):
            try:
                self._make(done)
                return done
            except ObjectMissing as exc:
                # It was replaced or taken down meanwhile, and is not wanted any more; or it is lost.
                if exc.key is None or exc.key == missing:
                    raise
                missing = exc.key
                done.remarks.clear()
        raise ArchiveError(f"{self._source.url}: changes all the time; make the mirror when less is going on")

    def _make(self, done: Mirrored) -> None:
        there = self._there()
        inventory = self._look()
        if keys.MARKER not in there:
            self._copy_small(keys.MARKER, done)
        gone = self._removed(inventory)
        for key in sorted(_of_kind(inventory, "removed").keys() - there.keys()):
            self._copy_small(key, done)
        failpoint("mirrored_tombstones")
        self._copy_batches(inventory, there, gone, done)
        failpoint("mirrored_batches")
        for key in sorted(_of_kind(inventory, "run").keys() - there.keys()):
            self._copy_report(key, done)
        leaving, lost = self._leaving(inventory, self._there(), gone)
        done.remarks += lost
        for key in leaving:
            self._target.delete(key)
            done.deleted += 1

    def _there(self) -> dict[str, ObjectInfo]:
        """What the mirror has; ArchiveError unless it is one of the archive, or empty."""
        ours, theirs = read_marker(self._source), read_marker(self._target)
        if ours is None:
            raise ArchiveError(f"{self._source.url}: there is no archive; check its address and the credentials")
        if theirs is not None and theirs.archive_id != ours.archive_id:
            raise ArchiveError(f"{self._target.url}: holds another archive, {theirs.archive_id}; name another place")
        found = {info.key: info for info in self._target.list() if place_of(info.key)}
        if theirs is None and found:
            raise ArchiveError(f"{self._target.url}: holds objects and no marker; name an empty place")
        return found

    def _look(self) -> Inventory:
        inventory = take_inventory(self._source)
        for key, reason in inventory.damaged.items():
            if self._source.head(key) is not None:
                raise DamagedObject(f"{key}: {reason}; run `presskeep repair` first")
        return inventory

    def _removed(self, inventory: Inventory) -> frozenset[str]:
        """Ids of all that was taken down."""
        found = [read_tombstone(self._source, key) for key in sorted(_of_kind(inventory, "removed"))]
        return frozenset(url_id for tombstone in found for url_id in tombstone.url_ids)

    def _copy_batches(
        self, inventory: Inventory, there: Mapping[str, ObjectInfo], gone: Collection[str], done: Mirrored
    ) -> None:
        new = [batch for batch in inventory.live if batch.manifest_key not in there]
        for remarks, copied in read_ahead(partial(self._copy_batch, there, gone), new):
            done.remarks += remarks
            done.copied += len(copied)
            done.bytes += sum(copied)

    def _copy_batch(
        self, there: Mapping[str, ObjectInfo], gone: Collection[str], batch: Batch
    ) -> tuple[list[Remark], list[int]]:
        """Copy what a batch names, then its manifest; the sizes of what was put."""
        data = self._source.get(batch.manifest_key)
        if hashlib.sha256(data).hexdigest() != batch.manifest_sha256:
            return [Remark(kind="damaged", key=batch.manifest_key, detail="changed while the mirror was made")], []
        manifest = Manifest.from_json(data)
        if any(entry.is_of(gone) for entry in manifest.captures):
            detail = "holds what was taken down; run `presskeep remove --resume`, then make the mirror again"
            return [Remark(kind="waiting", key=batch.manifest_key, detail=detail)], []
        copied: list[int] = []
        for stored in manifest.objects:
            if stored.key in there and there[stored.key].size != stored.size:
                detail = f"has {there[stored.key].size} bytes in the mirror, and should have {stored.size}"
                return [Remark(kind="differs", key=stored.key, detail=detail)], copied
            if stored.key not in there:
                try:
                    self._copy(stored)
                except DamagedObject as exc:
                    return [Remark(kind="damaged", key=stored.key, detail=str(exc))], copied
                copied.append(stored.size)
        failpoint("mirrored_objects")
        put_bytes(self._target, batch.manifest_key, data)
        self._on_copied(len(data))
        return [], [*copied, len(data)]

    def _copy(self, stored: StoredObject) -> None:
        if stored.size <= _IN_MEMORY:
            data = self._source.get(stored.key)
            _check(stored, hashlib.sha256(data).hexdigest())
            put_bytes(self._target, stored.key, data)
        else:
            with self._source.open(stored.key) as source, TemporaryFile() as copy:
                while block := source.read(1 << 20):
                    copy.write(block)
                copy.seek(0)
                _check(stored, sha256_of(copy))
                self._target.put(stored.key, copy, size=stored.size, sha256=stored.sha256)
        self._on_copied(stored.size)

    def _copy_small(self, key: str, done: Mirrored) -> None:
        """The marker, a tombstone or a report, which was found to be whole."""
        data = self._source.get(key)
        put_bytes(self._target, key, data)
        done.copied += 1
        done.bytes += len(data)
        self._on_copied(len(data))

    def _copy_report(self, key: str, done: Mirrored) -> None:
        try:
            read_report(self._source, key)
        except DamagedObject as exc:
            done.remarks.append(Remark(kind="damaged", key=key, detail=str(exc)))
        else:
            self._copy_small(key, done)

    def _leaving(
        self, inventory: Inventory, there: Mapping[str, ObjectInfo], gone: Collection[str]
    ) -> tuple[list[str], list[Remark]]:
        """What has to go from the mirror, manifests last, the oldest first; and what only the mirror has."""
        replaced = {old for batch in inventory.live for old in batch.replaces}
        more = [info for key, info in there.items() if key not in inventory.objects]
        manifests, lost, named = [], [], set(inventory.named)
        for info in sorted(more, key=lambda info: (info.modified, info.key)):
            place = place_of(info.key)
            if place is None or place.kind != "manifest":
                continue
            manifest, _ = read_manifest(self._target, info.key)
            if place.batch in replaced or all(entry.is_of(gone) for entry in manifest.captures):
                manifests.append(info.key)
            else:
                lost.append(Remark(kind="lost", key=info.key, detail="is in the mirror only, and nothing replaced it"))
                named |= {stored.key for stored in manifest.objects}
        objects = (info.key for info in more if _is_data(info.key) and info.key not in named)
        return [*sorted(objects), *manifests], lost


def _of_kind(inventory: Inventory, kind: str) -> dict[str, int]:
    """Sizes by key."""
    places = ((info, place_of(key)) for key, info in inventory.objects.items())
    return {info.key: info.size for info, place in places if place and place.kind == kind}


def _is_data(key: str) -> bool:
    place = place_of(key)
    return place is not None and place.kind in ("raw", "articles")


def _check(stored: StoredObject, sha256: str) -> None:
    if sha256 != stored.sha256:
        raise DamagedObject(f"{stored.key}: its SHA-256 is not the one recorded; run `presskeep repair`")
