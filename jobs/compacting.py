"""Compacting the sites of an archive, by command and in housekeeping; what the table `[compact]` says of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from archive.catalog import Catalog
from archive.compaction import Compaction, Group, Targets
from archive.errors import ArchiveError, BatchReplaced, DamagedObject, LeaseHeld, LeaseLost, ObjectMissing
from archive.store import Store

_MEGABYTE = 10**6


class CompactRules(BaseModel):
    """How large batches should become: whatever is reached first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    warc_mb: int = Field(default=256, ge=1)
    """Megabytes (of 10**6 bytes) of a WARC file."""
    parquet_mb: int = Field(default=16, ge=1)
    """Megabytes of the Parquet files of a batch."""
    captures: int = Field(default=20_000, ge=2)
    """Pages of a batch."""
    scheduled: bool = True
    """Whether housekeeping compacts the months that are over."""

    @property
    def targets(self) -> Targets:
        """As the archive wants them."""
        return Targets(
            warc_bytes=self.warc_mb * _MEGABYTE, shard_bytes=self.parquet_mb * _MEGABYTE, captures=self.captures
        )


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
    return Compaction(store, catalog, targets=rules.targets, folder=folder, run=run, software=software)


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
