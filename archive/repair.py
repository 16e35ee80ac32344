"""Repairing: what verifying finds, and what is done about it, batch by batch.

    marker missing                    written anew
    manifest missing or damaged       written again from the catalog, to the byte
    shard missing or damaged          made again from its captures; put back where it gives the recorded bytes
    raw pages lost                    recorded as lost in a manifest that replaces the old one; their URLs become due
    batch unknown to the catalog      committed from its manifest and shards, once all of it has been read
    rows of the catalog wrong         the same

One site after another is looked at and mended under its lease, so that no crawl and no second repair works on it
meanwhile; a site that another holds is left alone.

Nothing is overwritten. A damaged object is deleted only when the very bytes that were recorded for it are at hand to
take its place at once; a damaged WARC stays where it is. Each step may be repeated after a crash at any point.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Literal

from archive import keys, schema
from archive.block_memory import Cleaner, clean_nothing
from archive.catalog import Catalog
from archive.errors import ArchiveError, CatalogError, DamagedObject, LeaseHeld, LeaseLost, StoreUnavailable
from archive.findings import Finding, Kind
from archive.held_site import HeldSite, held_site
from archive.inventory import Progress, no_progress, place_of, read_manifest
from archive.leases import Lease
from archive.manifest import Manifest
from archive.marker import ensure_marker, read_marker
from archive.rebuild import Adoption
from archive.reconcile import committed_manifest
from archive.records import ArticleDraft, Capture, new_run_id
from archive.restoration import BatchRestorer, Extractor, Loss, Restoration
from archive.store import Store, put_bytes
from archive.verify import NOTHING, Part, Verification


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing that has to be done, or cannot be."""

    kind: Literal[
        "write_marker",
        "rewrite_manifest",
        "restore_shard",
        "replace_batch",
        "commit_batch",
        "none_possible",
        "site_in_use",
    ]
    key: str
    """The object that is written, or cannot be; the manifest where the catalog is; the folder of a site in use."""
    detail: str
    """What is done and why, one line."""
    batch: str | None = None
    state: Literal["planned", "done", "failed", "impossible"] = "planned"
    losses: tuple[Loss, ...] = ()
    """Pages and articles that the step records as lost."""


class Repair:
    """One repair of an archive, or of one site in it."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        extract: Extractor,
        *,
        clean: Cleaner = clean_nothing,
        software: Mapping[str, str],
        apply: bool = False,
        site: str | None = None,
        read: Part = NOTHING,
        on_progress: Progress = no_progress,
    ) -> None:
        """Without `apply` nothing is written; `software` is name -> version of the tools behind `extract` and `clean`.

        `site`, `read` and `on_progress` are those of `Verification`.
        """
        self._store = store
        self._catalog = catalog
        self._extract = extract
        self._clean = clean
        self._software = software
        self._apply = apply
        self._site = site
        self._read = read
        self._on_progress = on_progress
        self._held: HeldSite | None = None
        self._holder = f"repair-{new_run_id()}"

    def steps(self) -> Iterator[Step]:
        """Find damage and mend it; what a step could not do is in its state, and the others go on.

        ArchiveError if the prefix is no archive of ours or cannot be reached.
        """
        if read_marker(self._store) is None and not any(self._store.list(keys.BATCHES)):
            raise ArchiveError(f"{self._store.url}: no archive is there, damaged or not; correct `archive`")
        for site in self._sites():
            try:
                with ExitStack() as stack:
                    if self._apply:
                        held = held_site(self._catalog.leases, site, self._holder)
                        self._held = stack.enter_context(held)
                    yield from self._site_steps(site)
            except (LeaseHeld, LeaseLost) as exc:
                detail = f"left alone: {exc}; then repair again"
                yield Step(kind="site_in_use", key=f"{keys.BATCHES}{site}/", detail=detail, state="failed")

    def _sites(self) -> list[str]:
        """All that the bucket or the catalog knows a batch of, or the one that was asked for."""
        if self._site is not None:
            return [self._site]
        places = (place_of(info.key) for info in self._store.list(keys.BATCHES))
        listed = {place.site for place in places if place and place.site is not None}
        return sorted(listed | {row["site"] for row in self._catalog.rows(schema.batches)})

    def _site_steps(self, site: str) -> Iterator[Step]:
        verification = Verification(
            self._store, self._catalog, site=site, read=self._read, on_progress=self._show_progress
        )
        for batch, group in groupby(verification.findings(), key=lambda finding: finding.batch):
            damage = [finding for finding in group if finding.damage]
            for finding in damage:
                if finding.kind == "marker_missing":
                    step = Step(kind="write_marker", key=finding.key, detail="the marker is missing")
                    yield self._carry_out(step, lambda: ensure_marker(self._store))
                elif finding.kind in ("manifest_missing", "manifest_damaged"):
                    yield self._rewrite_manifest(finding)
            rest = {finding.kind for finding in damage} - {"manifest_missing", "manifest_damaged"}
            if batch is not None and rest:
                yield from self._mend_batch(batch, _manifest_key(batch, damage[0].key), rest)

    def _rewrite_manifest(self, finding: Finding) -> Step:
        manifest = committed_manifest(self._catalog, finding.batch) if finding.batch else None
        if manifest is None:
            detail = f"{finding.detail}; nothing knows what it said: restore it from another copy of the archive"
            return Step(kind="none_possible", key=finding.key, batch=finding.batch, detail=detail, state="impossible")
        data = manifest.to_json()
        step = Step(
            kind="rewrite_manifest",
            key=finding.key,
            batch=finding.batch,
            detail=f"{finding.detail}; written again from the catalog",
        )
        return self._carry_out(step, lambda: self._put_back(finding.key, data))

    def _mend_batch(self, batch: str, key: str, kinds: set[Kind]) -> Iterator[Step]:
        manifest = committed_manifest(self._catalog, batch) or read_manifest(self._store, key)[0]
        extract, clean = self._extract_held, self._clean
        plan = BatchRestorer(self._store, self._catalog, manifest, extract, clean, self._software).plan()
        for step in self._restore_shards(batch, plan):
            yield step
            if step.state == "failed":
                return
        if plan.replacement is not None:
            yield self._replace(batch, plan.replacement, plan)
        elif kinds & {"catalog_missing", "catalog_differs"} or not plan.cataloged:
            step = Step(kind="commit_batch", key=key, batch=batch, detail="committed to the catalog from the bucket")
            yield self._carry_out(step, lambda: self._commit_again(batch, key))

    def _restore_shards(self, batch: str, plan: Restoration) -> Iterator[Step]:
        for key, data in plan.restored.items():
            step = Step(
                kind="restore_shard",
                key=key,
                batch=batch,
                detail="made again from its captures, with the SHA-256 that was recorded",
            )
            yield self._carry_out(step, partial(self._put_back, key, data))

    def _replace(self, batch: str, replacement: Manifest, plan: Restoration) -> Step:
        key = keys.manifest_key(replacement.site, replacement.batch)
        pages, texts = sum(loss.page for loss in plan.losses), sum(loss.text for loss in plan.losses)
        step = Step(
            kind="replace_batch",
            key=key,
            batch=batch,
            detail=f"replaces {batch}, {len(plan.shards)} new shards; {pages} raw pages and {texts} articles are lost",
            losses=plan.losses,
        )

        def write() -> None:
            for shard_key, data in plan.shards.items():
                put_bytes(self._store, shard_key, data)
            put_bytes(self._store, key, replacement.to_json())
            self._adopt(key)

        return self._carry_out(step, write)

    def _commit_again(self, batch: str, key: str) -> None:
        self._catalog.forget(batch, lease=self._lease)
        self._adopt(key)

    def _adopt(self, key: str) -> None:
        left_out = list(Adoption(self._store, self._catalog, lease=self._lease).findings(key))
        if left_out:
            raise DamagedObject(f"{left_out[0].key}: {left_out[0].detail}; run the command again")

    def _put_back(self, key: str, data: bytes) -> None:
        # What decays in a bucket keeps the digest that the store wrote down, and would be taken for whole.
        self._store.delete(key)
        put_bytes(self._store, key, data)

    def _carry_out(self, step: Step, action: Callable[[], object]) -> Step:
        if not self._apply:
            return step
        try:
            self._keep(now=True)
            action()
        except (StoreUnavailable, CatalogError, LeaseLost):
            raise
        except ArchiveError as exc:
            return dataclasses.replace(step, state="failed", detail=f"{step.detail}: {exc}")
        return dataclasses.replace(step, state="done")

    @property
    def _lease(self) -> Lease | None:
        return self._held.lease if self._held else None

    def _keep(self, *, now: bool = False) -> None:
        if self._held is not None:
            self._held.keep(now=now)

    def _show_progress(self, done: int, total: int) -> None:
        self._keep()
        self._on_progress(done, total)

    def _extract_held(self, capture: Capture) -> ArticleDraft | None:
        self._keep()
        return self._extract(capture)


def _manifest_key(batch: str, key: str) -> str:
    place = place_of(key)
    site = place.site if place else None
    return keys.manifest_key(site or "", batch)
