"""Taking articles down: everything of them goes from bucket, catalog and spool, and a tombstone keeps them away.

    1. the tombstone is put: from here no crawl fetches the addresses, and no batch takes them up
    2. each batch that has some of it is replaced by one without; what is left empty goes as a whole
    3. the old objects are deleted at once, with the manifests that speak of the pages, and orphans that hold some
    4. the spool of this machine and the diary are cleaned

The tombstone is also the intent: whatever a crash or a crawl under way left is found by it and removed the next time,
see `Removal.enforce`, which housekeeping calls too. Old versions that a versioned bucket keeps are beyond it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from archive import keys
from archive.catalog import Catalog
from archive.errors import DamagedObject, ObjectMissing
from archive.failpoints import failpoint
from archive.held_batches import HeldBatch
from archive.held_site import HeldSite, held_site
from archive.inventory import place_of, read_manifest, take_inventory
from archive.manifest import CaptureEntry, Manifest, StoredObject
from archive.objects import ObjectInfo
from archive.records import Article, url_id
from archive.replacement import Replacing, finish_replacements
from archive.shards import read_shard
from archive.spool_cut import cut_spool
from archive.store import Store
from archive.warc_cut import cut_captures
from archive.warc_reader import salvage_captures


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed:
    """What one enforcement did at a site."""

    site: str
    batches: int = 0
    """Written anew without what had to go, or removed as a whole."""
    captures: int = 0
    """Taken out of them."""
    objects: tuple[str, ...] = ()
    """Keys of all objects that were deleted."""
    spooled: int = 0
    """Captures cut out of the spool of this machine."""


class Removal:
    """Removes what tombstones name."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        *,
        spool: Path,
        run: str,
        software: Mapping[str, str],
        identify: Callable[[str, str], str] = lambda site, url: url_id(url),
    ) -> None:
        """`spool` is the folder of all spools, with room for a batch; `run` and `software` go into new manifests.

        `identify` gives the id of a URL of a site, in its canonical form, for pages that no manifest speaks of.
        """
        self._identify = identify
        self._store = store
        self._catalog = catalog
        self._spool = spool
        self._run = run
        self._software = software

    def enforce(self, site: str) -> Removed:
        """Remove all that the tombstones of a site name and that is still there; again is harmless.

        LeaseHeld while the site is crawled or changed by others. DamagedObject when a batch is not whole.
        """
        self._catalog.tombstones.bring_up_to_date(self._store)
        gone = self._catalog.tombstones.of_site(site)
        with held_site(self._catalog.leases, site, f"remove {self._run}") as held:
            finish_replacements(self._store, self._catalog, held)
            self._spool.mkdir(parents=True, exist_ok=True)
            done = [self._rewrite(batch, gone, held) for batch in self._catalog.batches.live(site)]
            objects = tuple(self._delete(site, gone, held))
            failpoint("removed_objects")
            spooled = cut_spool(self._spool / site, lambda capture: self._is_gone(site, capture.url, gone))
            self._catalog.erasure.erase(site, gone, lease=held.lease)
        return Removed(
            site=site, batches=sum(cut > 0 for cut in done), captures=sum(done), objects=objects, spooled=spooled
        )

    def _rewrite(self, batch: HeldBatch, gone: Collection[str], held: HeldSite) -> int:
        """Take out of a batch what has to go; how many captures that was."""
        manifest, _ = read_manifest(self._store, batch.manifest_key)
        cut = _cut_offsets(manifest, gone) | self._catalog.erasure.offsets(batch.batch, gone)
        if not cut:
            return 0
        held.keep(now=True)
        kept = [entry for entry in manifest.captures if entry.offset not in cut]
        if not kept:
            self._catalog.forget(batch.batch, lease=held.lease)
            return len(cut)
        raw, entries = self._cut_warc(manifest, cut)
        failpoint("replacing_warc_put")
        places = {old.offset: new.offset for old, new in entries}
        Replacing(self._store, self._catalog, held, folder=self._spool).replace(
            [manifest],
            raw=raw,
            captures=[new for _, new in entries],
            articles=self._articles(manifest, places, raw),
            run=manifest.run,
            software=self._software,
        )
        return len(cut)

    def _cut_warc(
        self, manifest: Manifest, cut: Collection[int]
    ) -> tuple[StoredObject | None, list[tuple[CaptureEntry, CaptureEntry]]]:
        """Put the WARC without the captures at these offsets; what stays, with where it lies now."""
        raw = next((stored for stored in manifest.objects if stored.kind == "raw"), None)
        if raw is None:
            return None, [(entry, entry) for entry in manifest.captures if entry.offset not in cut]
        with self._store.open(raw.key) as source, TemporaryFile(dir=self._spool) as target:
            kept = cut_captures(source, manifest.captures, target, lambda entry: entry.offset in cut)
            size = target.tell()
            target.seek(0)
            sha256 = hashlib.file_digest(target, "sha256").hexdigest()
            batch = keys.batch_id(min(entry.fetched for entry, _ in kept), sha256)
            new = StoredObject(
                key=keys.raw_key(manifest.site, batch), kind="raw", size=size, sha256=sha256, records=len(kept)
            )
            self._store.put(new.key, target, size=size, sha256=sha256)
        return new, [(entry, dataclasses.replace(entry, offset=offset)) for entry, offset in kept]

    def _articles(self, manifest: Manifest, places: Mapping[int, int], raw: StoredObject | None) -> Iterator[Article]:
        for stored in manifest.objects:
            if stored.kind != "articles":
                continue
            data = self._store.get(stored.key)
            if hashlib.sha256(data).hexdigest() != stored.sha256:
                raise DamagedObject(f"{stored.key}: has other bytes than its manifest says; run `presskeep repair`")
            for article in read_shard(io.BytesIO(data)):
                if article.warc_offset in places:
                    yield dataclasses.replace(
                        article,
                        warc_key=raw.key if raw else article.warc_key,
                        warc_offset=places[article.warc_offset],
                    )

    def _delete(self, site: str, gone: Collection[str], held: HeldSite) -> Iterator[str]:
        """Delete what no batch that counts names and that holds some of it; the manifests last, the oldest first."""
        inventory = take_inventory(self._store, site=site)
        live = {batch.batch for batch in self._catalog.batches.live(site)}
        named = {stored.key for batch in inventory.batches.values() if batch.batch in live for stored in batch.objects}
        manifests = []
        for batch in sorted(inventory.batches.values(), key=lambda batch: (batch.written, batch.batch)):
            if batch.batch in live:
                continue
            manifest, _ = read_manifest(self._store, batch.manifest_key)
            if _cut_offsets(manifest, gone):
                held.keep()
                manifests.append(batch.manifest_key)
                for stored in batch.objects:
                    if stored.key not in named and stored.key in inventory.objects:
                        self._store.delete(stored.key)
                        yield stored.key
        failpoint("removed_before_manifests")
        history = {stored.key for batch in inventory.batches.values() for stored in batch.objects}
        for info in inventory.unnamed():
            if info.key not in history and self._holds(site, info, gone):
                self._store.delete(info.key)
                yield info.key
        for key in manifests:
            self._store.delete(key)
            yield key

    def _is_gone(self, site: str, url: str, gone: Collection[str]) -> bool:
        return url_id(url) in gone or self._identify(site, url) in gone

    def _holds(self, site: str, info: ObjectInfo, gone: Collection[str]) -> bool:
        """Whether an orphan has some of it, or cannot be read."""
        place = place_of(info.key)
        try:
            with self._store.open(info.key) as stream:
                if place and place.kind == "raw":
                    return any(self._is_gone(site, found.capture.url, gone) for found in salvage_captures(stream))
                return any(article.url_id in gone for article in read_shard(stream))
        except DamagedObject:
            return True
        except ObjectMissing:
            return False


def _cut_offsets(manifest: Manifest, gone: Collection[str]) -> set[int]:
    return {entry.offset for entry in manifest.captures if entry.is_of(gone)}
