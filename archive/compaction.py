"""Compaction: many small batches that were fetched in one month become one of a good size.

WARC files are joined as they are: each record is a gzip member of its own, so every byte of it stays, and only its
offset changes. The articles of one month of publication go into one shard, with the new places of their records. The
old batches are replaced at one moment, see archive/replacement.py; nothing is read into memory but a row group at a
time, and the captures' entries of one group.

Left alone are batches that are large enough, those with lost pages or without a WARC, and those of whose revisions
another batch holds some too: `presskeep repair` is for them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from archive import keys
from archive.catalog import Catalog
from archive.contents import object_fault
from archive.errors import BatchReplaced, DamagedObject
from archive.failpoints import failpoint
from archive.held_batches import HeldBatch
from archive.held_site import HeldSite, held_site
from archive.inventory import read_manifest
from archive.manifest import CaptureEntry, Manifest, StoredObject
from archive.records import Article
from archive.replacement import Replacing, finish_replacements
from archive.shards import read_shard
from archive.store import Store

_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Targets:
    """How large a batch should become, whichever comes first; one of half the size is large enough already."""

    warc_bytes: int = 256 << 20
    shard_bytes: int = 16 << 20
    """Of all shards of a batch. Who reads articles holds eight shards in memory."""
    captures: int = 20_000

    def hold(self, batches: Iterable[HeldBatch], *, parts: int = 1) -> bool:
        """Whether the batches together are no larger than this, or the half, the third… of it."""
        batches = list(batches)
        return (
            parts * sum(batch.raw_bytes for batch in batches) <= self.warc_bytes
            and parts * sum(batch.shard_bytes for batch in batches) <= self.shard_bytes
            and parts * sum(batch.captures for batch in batches) <= self.captures
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Batches that should become one."""

    site: str
    month: str
    """When they were fetched, `YYYY-MM`."""
    batches: tuple[HeldBatch, ...]
    """At least two, oldest first."""

    @property
    def bytes(self) -> int:
        """Of their WARC files and shards."""
        return sum(batch.raw_bytes + batch.shard_bytes for batch in self.batches)

    @property
    def captures(self) -> int:
        """Of all of them."""
        return sum(batch.captures for batch in self.batches)


class Compaction:
    """Compacts the batches of an archive."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        *,
        targets: Targets = Targets(),
        folder: Path,
        run: str,
        software: Mapping[str, str],
    ) -> None:
        """`folder` is on a disk with room for one batch; `run` and `software` go into the manifests."""
        self._store = store
        self._catalog = catalog
        self._targets = targets
        self._folder = folder
        self._run = run
        self._software = software

    def groups(self, site: str, *, before: str | None = None) -> list[Group]:
        """What should become one batch each; with `before`, only of months before that one (`YYYY-MM`)."""
        small = [batch for batch in self._catalog.batches.live(site) if self._is_small(batch)]
        found = []
        for month, batches in groupby(small, key=lambda batch: f"{batch.batch[:4]}-{batch.batch[4:6]}"):
            if before is None or month < before:
                found += [Group(site=site, month=month, batches=packed) for packed in self._packed(batches)]
        return found

    def compact(self, group: Group) -> Manifest:
        """Make one batch of a group, and return its manifest.

        LeaseHeld while the site is crawled or changed by others, BatchReplaced when one of the group counts no more,
        DamagedObject when one is not whole; StoreError, CatalogError.
        """
        with held_site(self._catalog.leases, group.site, f"compact {self._run}") as held:
            finish_replacements(self._store, self._catalog, held)
            manifests = [self._manifest(batch) for batch in group.batches]
            self._folder.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=self._folder) as warc:
                places = self._join(manifests, warc, held)
                raw = _stored(warc, manifests)
                self._store.put(raw.key, warc, size=raw.size, sha256=raw.sha256)
            failpoint("replacing_warc_put")
            held.keep()
            return Replacing(self._store, self._catalog, held, folder=self._folder).replace(
                manifests,
                raw=raw,
                captures=list(_moved(manifests, places)),
                articles=self._articles(manifests, places, raw.key),
                run=self._run,
                software=self._software,
            )

    def finish(self, site: str) -> list[str]:
        """Finish what was cut short at a site, and return the batches; LeaseHeld as `compact`."""
        with held_site(self._catalog.leases, site, f"compact {self._run}") as held:
            return finish_replacements(self._store, self._catalog, held)

    def _is_small(self, batch: HeldBatch) -> bool:
        is_plain = batch.raw_bytes and not batch.lost and batch.articles == batch.shard_rows
        return bool(is_plain) and self._targets.hold([batch], parts=2)

    def _packed(self, batches: Iterable[HeldBatch]) -> Iterator[tuple[HeldBatch, ...]]:
        group: list[HeldBatch] = []
        for batch in batches:
            if not self._targets.hold([*group, batch]):
                yield tuple(group)
                group = []
            group.append(batch)
        if len(group) > 1:
            yield tuple(group)

    def _manifest(self, batch: HeldBatch) -> Manifest:
        manifest, sha256 = read_manifest(self._store, batch.manifest_key)
        if sha256 != batch.manifest_sha256:
            raise DamagedObject(f"{batch.manifest_key}: is not the manifest that was committed; run `presskeep repair`")
        if self._catalog.batches.is_replaced(batch.batch):
            raise BatchReplaced(
                f"batch {batch.batch}: another one has taken its place meanwhile; run the command again"
            )
        return manifest

    def _join(self, manifests: Sequence[Manifest], joined: BinaryIO, held: HeldSite) -> list[int]:
        """Write the WARC files one after the other; where each begins."""
        places = []
        for manifest in manifests:
            raw = manifest.objects[0]
            places.append(joined.tell())
            digest = hashlib.sha256()
            with self._store.open(raw.key) as stream:
                while block := stream.read(_BLOCK):
                    digest.update(block)
                    joined.write(block)
            if fault := object_fault(raw, joined.tell() - places[-1], digest.hexdigest()):
                raise DamagedObject(f"{raw.key}: {fault}; run `presskeep repair`")
            held.keep()
        return places

    def _articles(self, manifests: Sequence[Manifest], places: Sequence[int], warc_key: str) -> Iterator[Article]:
        """All articles month by month, with the new places of their records."""
        shards = [
            (keys.shard_month(stored.key), place, stored)
            for manifest, place in zip(manifests, places, strict=True)
            for stored in manifest.objects
            if stored.kind == "articles"
        ]
        for _, place, stored in sorted(shards, key=lambda shard: shard[0]):
            for article in self._read(stored):
                yield dataclasses.replace(article, warc_key=warc_key, warc_offset=article.warc_offset + place)

    def _read(self, stored: StoredObject) -> Iterator[Article]:
        data = self._store.get(stored.key)
        if fault := object_fault(stored, len(data), hashlib.sha256(data).hexdigest()):
            raise DamagedObject(f"{stored.key}: {fault}; run `presskeep repair`")
        return read_shard(io.BytesIO(data))


def _moved(manifests: Sequence[Manifest], places: Sequence[int]) -> Iterator[CaptureEntry]:
    for manifest, place in zip(manifests, places, strict=True):
        for entry in manifest.captures:
            yield dataclasses.replace(entry, offset=entry.offset + place)


def _stored(warc: BinaryIO, manifests: Sequence[Manifest]) -> StoredObject:
    """The joined WARC, under the name that its first capture and its content give it."""
    size = warc.tell()
    warc.seek(0)
    sha256 = hashlib.file_digest(warc, "sha256").hexdigest()  # type: ignore[arg-type] # a file without a name
    first = min(entry.fetched for manifest in manifests for entry in manifest.captures)
    key = keys.raw_key(manifests[0].site, keys.batch_id(first, sha256))
    records = sum(manifest.objects[0].records for manifest in manifests)
    return StoredObject(key=key, kind="raw", size=size, sha256=sha256, records=records)
