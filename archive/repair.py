"""Repairing: what verifying finds, and what is done about it, batch by batch.

    marker missing                    written anew
    manifest missing or damaged       written again from the catalog, to the byte
    shard missing or damaged          made again from its captures; put back where it gives the recorded bytes
    raw pages lost                    recorded as lost in a manifest that replaces the old one; their URLs become due
    batch unknown to the catalog      committed from its manifest and shards, once all of it has been read
    rows of the catalog wrong         the same

Nothing is overwritten. A damaged object is deleted only when the very bytes that were recorded for it are at hand to
take its place at once; a damaged WARC stays where it is. Each step may be repeated after a crash at any point.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Literal

from archive import keys
from archive.block_memory import Cleaner, clean_nothing
from archive.catalog import Catalog
from archive.errors import ArchiveError, CatalogError, DamagedObject, StoreUnavailable
from archive.findings import Finding, Kind
from archive.inventory import Progress, no_progress, place_of, read_manifest
from archive.manifest import Manifest
from archive.marker import ensure_marker, read_marker
from archive.rebuild import Adoption
from archive.reconcile import committed_manifest
from archive.restoration import BatchRestorer, Extractor, Loss, Restoration
from archive.store import Store, put_bytes
from archive.verify import NOTHING, Part, Verification


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing that has to be done, or cannot be."""

    kind: Literal["write_marker", "rewrite_manifest", "restore_shard", "replace_batch", "commit_batch", "none_possible"]
    key: str
    """The object that is written, or cannot be; the manifest where the catalog is."""
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
        self._verification = Verification(store, catalog, site=site, read=read, on_progress=on_progress)

    def steps(self) -> Iterator[Step]:
        """Find damage and mend it; what a step could not do is in its state, and the others go on.

        ArchiveError if the prefix is no archive of ours or cannot be reached.
        """
        if read_marker(self._store) is None and not any(self._store.list(keys.BATCHES)):
            raise ArchiveError(f"{self._store.url}: no archive is there, damaged or not; correct `archive`")
        for batch, group in groupby(self._verification.findings(), key=lambda finding: finding.batch):
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
        plan = BatchRestorer(self._store, self._catalog, manifest, self._extract, self._clean, self._software).plan()
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
        self._catalog.forget(batch)
        self._adopt(key)

    def _adopt(self, key: str) -> None:
        left_out = list(Adoption(self._store, self._catalog).findings(key))
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
            action()
        except (StoreUnavailable, CatalogError):
            raise
        except ArchiveError as exc:
            return dataclasses.replace(step, state="failed", detail=f"{step.detail}: {exc}")
        return dataclasses.replace(step, state="done")


def _manifest_key(batch: str, key: str) -> str:
    place = place_of(key)
    site = place.site if place else None
    return keys.manifest_key(site or "", batch)
