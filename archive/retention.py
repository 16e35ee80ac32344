"""Retention: what a site's rules let go when it is old enough, batch by batch.

    raw     the WARC of a batch goes, its articles stay; their `warc_key` names what was
    all     articles and pages go; that their addresses were fetched stays known, so that they are not fetched again

A batch is as old as its newest page, so nothing goes too early, and in a compacted month up to a month late. What goes
is replaced as compaction does it, see archive/replacement.py, and removed by `presskeep gc` after its time of grace.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from archive.catalog import Catalog
from archive.held_batches import HeldBatch
from archive.held_site import held_site
from archive.inventory import read_manifest
from archive.manifest import CaptureEntry, Manifest
from archive.outcomes import EXPIRED
from archive.replacement import Replacing, finish_replacements
from archive.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """How long a site's pages and articles are kept, from when they were fetched; None for ever."""

    raw: timedelta | None = None
    all: timedelta | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Expired:
    """A batch of which something may go."""

    held: HeldBatch
    what: Literal["raw", "all"]

    @property
    def bytes(self) -> int:
        """That are freed."""
        return self.held.raw_bytes + (self.held.shard_bytes if self.what == "all" else 0)


class Retention:
    """Lets go what is old enough."""

    def __init__(self, store: Store, catalog: Catalog, *, folder: Path, run: str, software: Mapping[str, str]) -> None:
        """`folder` is that of the spool; `run` and `software` go into new manifests."""
        self._store = store
        self._catalog = catalog
        self._folder = folder
        self._run = run
        self._software = software

    def expired(self, site: str, rules: Rules, *, now: datetime) -> Iterator[Expired]:
        """What may go by now, aware UTC; the oldest first."""
        for batch in self._catalog.batches.live(site):
            age = now - batch.created
            if rules.all is not None and age > rules.all and (batch.raw_bytes or batch.shard_bytes):
                yield Expired(held=batch, what="all")
            elif rules.raw is not None and age > rules.raw and batch.raw_bytes:
                yield Expired(held=batch, what="raw")

    def let_go(self, expired: Expired) -> Manifest:
        """Let it go; the manifest that says so. LeaseHeld while the site is crawled or changed by others."""
        batch = expired.held
        with held_site(self._catalog.leases, batch.site, f"retention {self._run}") as held:
            finish_replacements(self._store, self._catalog, held)
            manifest, _ = read_manifest(self._store, batch.manifest_key)
            keeps = expired.what == "raw"
            self._folder.mkdir(parents=True, exist_ok=True)
            return Replacing(self._store, self._catalog, held, folder=self._folder).replace(
                [manifest],
                raw=None,
                captures=manifest.captures if keeps else [_expired(entry) for entry in manifest.captures],
                kept=[stored for stored in manifest.objects if keeps and stored.kind == "articles"],
                run=manifest.run,
                software=self._software,
            )


def _expired(entry: CaptureEntry) -> CaptureEntry:
    return dataclasses.replace(entry, outcome=EXPIRED, etag=None, last_modified=None, next_check=None)
