"""Compacting the sites of an archive, by command and in housekeeping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from archive.catalog import Catalog
from archive.compaction import Compaction, Group, Targets
from archive.errors import ArchiveError, BatchReplaced, DamagedObject, LeaseHeld, LeaseLost, ObjectMissing
from archive.store import Store
from jobs.compact_rules import CompactRules

_MEGABYTE = 10**6


@dataclass(frozen=True, kw_only=True, slots=True)
class Compacted:
    """What became of one group of batches."""

    site: str
    month: str
    """When they were fetched, `YYYY-MM`; empty where the site as a whole is meant."""
    batches: int
    captures: int
    bytes: int
    """Of their WARC files and shards."""
    state: Literal["planned", "done", "failed"]
    detail: str = ""
    """The new batch, or why there is none, one line."""


def new_compaction(
    rules: CompactRules, store: Store, catalog: Catalog, *, folder: Path, run: str, software: dict[str, str]
) -> Compaction:
    """As the configuration says; `folder` is that of the spool."""
    targets = Targets(
        warc_bytes=rules.warc_mb * _MEGABYTE, shard_bytes=rules.parquet_mb * _MEGABYTE, captures=rules.captures
    )
    return Compaction(store, catalog, targets=targets, folder=folder, run=run, software=software)


def compact_sites(
    compaction: Compaction, sites: Iterable[str], *, apply: bool, before: str | None = None
) -> Iterator[Compacted]:
    """Compact group after group; what cannot be done at one site does not keep the others from being done.

    Without `apply` nothing is changed; with `before`, only months before that one (`YYYY-MM`) are compacted.
    """
    for site in sites:
        try:
            if apply:
                compaction.finish(site)
            for group in compaction.groups(site, before=before):
                yield _result(group, "done", compaction.compact(group).batch) if apply else _result(group, "planned")
        except (LeaseHeld, LeaseLost, BatchReplaced, DamagedObject, ObjectMissing) as exc:
            yield _failure(site, exc)


def _result(group: Group, state: Literal["planned", "done"], detail: str = "") -> Compacted:
    return Compacted(
        site=group.site,
        month=group.month,
        batches=len(group.batches),
        captures=group.captures,
        bytes=group.bytes,
        state=state,
        detail=detail,
    )


def _failure(site: str, error: ArchiveError) -> Compacted:
    return Compacted(site=site, month="", batches=0, captures=0, bytes=0, state="failed", detail=str(error))
