"""Rebuilding the catalog from the bucket alone, row for row as it was.

Batches are committed again in the order of their time, each after those that it replaced; then the reports of runs are
read. The newest run of each site counts as its last tick, so that not all sites are due at once. What is lost with a
catalog is only the list of outcomes by URL, and the leases.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from archive import schema
from archive.catalog import Catalog
from archive.contents import object_fault, one_line
from archive.errors import ArchiveError, CatalogError, DamagedObject, ObjectMissing
from archive.fetching import read_ahead
from archive.findings import Finding, Kind
from archive.inventory import Inventory, Progress, no_progress, place_of, read_manifest, take_inventory
from archive.keys import manifest_key
from archive.leases import Lease
from archive.manifest import Manifest, StoredObject
from archive.marker import read_marker
from archive.records import Article
from archive.run_report import RunReport, read_report
from archive.shards import read_shard
from archive.store import Store
from archive.ticks import Claim


class Rebuilding:
    """Fills an empty catalog from a bucket."""

    def __init__(self, store: Store, catalog: Catalog, *, on_progress: Progress = no_progress) -> None:
        self._store = store
        self._catalog = catalog
        self._on_progress = on_progress
        self.batches = 0
        """Committed so far, without those that were replaced."""
        self.captures = 0
        self.articles = 0
        """Each revision by itself."""
        self.runs = 0
        """Whose reports were read."""

    def findings(self) -> Iterator[Finding]:
        """Do it; the findings are what could not be read and so is not in the catalog.

        ArchiveError where there is no archive or the catalog is not empty, StoreError or CatalogError when it cannot be
        done.
        """
        if next(self._catalog.rows(schema.batches), None) is not None:
            raise CatalogError("the catalog to be filled is not empty; give the archive a new database")
        if read_marker(self._store) is None:
            raise ArchiveError(f"{self._store.url}: there is no archive; correct `archive` in the configuration")
        inventory = take_inventory(self._store, on_progress=self._on_progress)
        for key, reason in inventory.damaged.items():
            yield Finding(kind="manifest_damaged", key=key, detail=f"{reason}; its batch is left out")
        held = read_ahead(partial(read_batch, self._store), (batch.manifest_key for batch in inventory.live))
        for batch in held:
            self._on_progress(self.batches, len(inventory.live))
            adoption = Adoption(self._store, self._catalog)
            yield from adoption.adopt(batch)
            self.batches += 1
            self.captures += adoption.captures
            self.articles += adoption.articles
        self._on_progress(self.batches, self.batches)
        self._catalog.tombstones.bring_up_to_date(self._store)
        yield from self._reports(inventory)

    def _reports(self, inventory: Inventory) -> Iterator[Finding]:
        newest: dict[str, RunReport] = {}
        for key in sorted(inventory.objects):
            if (place := place_of(key)) and place.kind == "run":
                try:
                    report = read_report(self._store, key)
                except (ObjectMissing, DamagedObject) as exc:
                    yield Finding(kind="report_damaged", key=key, detail=f"{one_line(exc)}; its run is left out")
                    continue
                self._catalog.diary.record(report)
                self.runs += 1
                # By key, so by time.
                newest |= {site.site: report for site in report.sites}
        for site, report in newest.items():
            self._catalog.ticks.claim([Claim(site=site, tick=report.started)], report.run, report.started)


@dataclass(frozen=True, kw_only=True)
class HeldBatch:
    """A batch as it lies in the bucket."""

    manifest: Manifest
    key: str
    """Of the manifest."""
    sha256: str
    """Of the manifest."""
    articles: Sequence[tuple[Article, str]]
    """With the keys of their shards."""
    findings: Sequence[Finding]
    """Shards that are not as they were written."""


class Adoption:
    """Commits one batch of the bucket to the catalog."""

    def __init__(self, store: Store, catalog: Catalog, *, lease: Lease | None = None) -> None:
        """With a lease, nothing is committed once it is no longer ours: LeaseLost."""
        self._store = store
        self._catalog = catalog
        self._lease = lease
        self.captures = 0
        """Committed; like `articles`, known when `findings` has ended."""
        self.articles = 0

    def findings(self, key: str) -> Iterator[Finding]:
        """Commit the batch whose manifest has this key, and those that it replaces before it.

        The findings are its shards that are not as they were written, and its articles whose number another batch has
        in the catalog: both are left out.
        """
        yield from self.adopt(read_batch(self._store, key))

    def adopt(self, held: HeldBatch) -> Iterator[Finding]:
        """As `findings`, of a batch that was read already."""
        manifest = held.manifest
        self._commit_history(manifest, {manifest.batch})
        yield from held.findings
        taken = taken_revisions(self._catalog, manifest, [article for article, _ in held.articles])
        free = []
        for article, shard_key in held.articles:
            if (article.url_id, article.revision) in taken:
                detail = f"revision {article.revision} of {article.url} is in another batch too"
                yield _finding("revision_taken", shard_key, manifest, detail)
            else:
                free.append((article, shard_key))
        self._catalog.commit(manifest, held.key, held.sha256, free, lease=self._lease)
        self.captures, self.articles = len(manifest.captures), len(free)

    def _commit_history(self, manifest: Manifest, met: set[str]) -> None:
        for batch in manifest.replaces:
            key = manifest_key(manifest.site, batch)
            with suppress(ObjectMissing, DamagedObject):
                old, sha256 = read_manifest(self._store, key)
                if batch not in met:
                    self._commit_history(old, met | {batch})
                    self._catalog.commit(old, key, sha256, (), lease=self._lease)


def read_batch(store: Store, key: str) -> HeldBatch:
    """The batch whose manifest has this key; errors of the store, and DamagedObject where the manifest is damaged."""
    manifest, sha256 = read_manifest(store, key)
    articles: list[tuple[Article, str]] = []
    findings: list[Finding] = []
    for stored in manifest.objects:
        if stored.kind == "articles":
            try:
                articles += [(article, stored.key) for article in read_stored_shard(store, stored)]
            except ObjectMissing as exc:
                findings.append(_finding("object_missing", stored.key, manifest, one_line(exc)))
            except DamagedObject as exc:
                findings.append(_finding("object_damaged", stored.key, manifest, one_line(exc)))
    return HeldBatch(manifest=manifest, key=key, sha256=sha256, articles=articles, findings=findings)


def read_stored_shard(store: Store, stored: StoredObject) -> list[Article]:
    """The articles of a shard; ObjectMissing, or DamagedObject unless it has the bytes that its manifest says."""
    data = store.get(stored.key)
    if fault := object_fault(stored, len(data), hashlib.sha256(data).hexdigest()):
        raise DamagedObject(fault)
    return list(read_shard(io.BytesIO(data)))


def taken_revisions(catalog: Catalog, manifest: Manifest, articles: Sequence[Article]) -> set[tuple[str, int]]:
    """URL id and number of revisions of these that the catalog has from batches which this one does not replace."""
    return catalog.revisions_elsewhere({article.url_id for article in articles}, [manifest.batch, *manifest.replaces])


def _finding(kind: Kind, key: str, manifest: Manifest, detail: str) -> Finding:
    return Finding(kind=kind, key=key, batch=manifest.batch, detail=detail)
