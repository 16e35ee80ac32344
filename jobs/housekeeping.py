"""Housekeeping: what is done once a day beside crawling.

what dead runs left in the spool is made safe
runs that were killed are closed in the diary
what is left of takedowns is removed
what is old enough by the retention of its site goes
small batches of months that are over are compacted
a part of the archive is read through, so that each batch is once in twenty days
garbage is collected
the search index of this machine is brought up to date, where there is one
old ticks are forgotten
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.catalog import Catalog
from archive.compaction import Compaction
from archive.errors import ArchiveError, LeaseHeld, ObjectMissing
from archive.findings import Finding
from archive.garbage import GarbageCollection
from archive.keys import run_key
from archive.reader import ArchiveReader
from archive.removal import Removal
from archive.retention import Retention
from archive.rota import Rota
from archive.run_report import RunReport, read_report, write_report
from archive.search_index import SearchIndex
from archive.store import Store
from crawler.profile import SiteProfile
from crawler.recovery import Recovered
from jobs.compacting import Compacted, compact_sites
from jobs.due import held_sites
from jobs.removing import pending
from jobs.retaining import retain

logger = logging.getLogger(__name__)

_BEGINNING = timedelta(minutes=15)
"""How long a run may be under way without holding a site: it is opening the archive, or recovering."""
_GARBAGE_AGE = timedelta(days=7)
_TICKS_KEPT = timedelta(days=400)


@dataclass(frozen=True, kw_only=True, slots=True)
class Housekeeping:
    """What came of it."""

    recovered: int
    """Batches that dead runs had left in the spool."""
    closed_runs: int
    """Runs that had been killed."""
    let_go: int
    """Batches of which pages or all went by the retention of their site."""
    compacted: int
    """Batches that became part of larger ones."""
    batches: int
    """Batches read through."""
    bytes: int
    """Bytes read through."""
    read_since: datetime | None
    """Since when every batch has been read through, aware UTC; None while some never were."""
    garbage: int
    """Objects and uploads removed."""
    indexed: int
    """Articles taken up by the search index."""
    findings: tuple[Finding, ...]
    """What is damaged."""
    problems: tuple[str, ...]
    """What could not be done, a line each."""


def keep_house(
    store: Store,
    catalog: Catalog,
    now: datetime,
    *,
    recover: Callable[[], Recovered] = Recovered,
    removal: Removal | None = None,
    retention: Retention | None = None,
    compaction: Compaction | None = None,
    index: SearchIndex | None = None,
    profiles: Mapping[str, SiteProfile] = {},
) -> Housekeeping:
    """Do all of it, without the chores that are None; what cannot be done does not keep the rest from being done.

    `recover` makes safe what lies in the spool of this machine; `profiles` say how long sites are kept.
    """
    recovered = recover()
    problems = list(recovered.problems)
    rota = Rota(store, catalog, now=now)
    findings: list[Finding] = []
    closed = garbage = compacted = let_go = indexed = 0
    try:
        for site in pending(catalog, since=now - _GARBAGE_AGE) if removal else ():
            _finish_removal(removal, site)
    except ArchiveError as exc:
        problems.append(f"not all that was taken down is removed: {exc}")
    try:
        for gone in retain(retention, catalog, profiles, now=now, apply=True) if retention else ():
            let_go += gone.state == "done"
            if gone.state == "failed":
                logger.info("%s: not all that is old was let go: %s", gone.site, gone.detail)
    except ArchiveError as exc:
        problems.append(f"not all that is old was let go: {exc}")
    try:
        for done in _compact(compaction, catalog, now) if compaction else ():
            compacted += done.batches
            if done.state == "failed":
                logger.info("%s: not compacted: %s", done.site, done.detail)
    except ArchiveError as exc:
        problems.append(f"not all was compacted: {exc}")
    try:
        closed = sum(1 for _ in _close_dead_runs(store, catalog, now))
        catalog.ticks.forget(now - _TICKS_KEPT)
        findings = [finding for finding in rota.findings() if finding.damage]
        read_since = rota.oldest
    except ArchiveError as exc:
        problems.append(f"not all was read through: {exc}")
        read_since = None
    try:
        garbage = sum(1 for _ in _collect(store, catalog, now))
    except ArchiveError as exc:
        problems.append(f"no garbage was collected: {exc}")
    try:
        if index is not None and index.exists:
            indexed = index.update(ArchiveReader(store, catalog)).added
    except ArchiveError as exc:
        problems.append(f"the search index is not up to date: {exc}")
    return Housekeeping(
        recovered=len(recovered.batches),
        closed_runs=closed,
        let_go=let_go,
        compacted=compacted,
        batches=rota.batches,
        bytes=rota.bytes,
        read_since=read_since,
        garbage=garbage,
        indexed=indexed,
        findings=tuple(findings),
        problems=tuple(problems),
    )


def _close_dead_runs(store: Store, catalog: Catalog, now: datetime) -> Iterator[str]:
    """Write down how runs ended that nobody wrote down: their process was killed, and none holds a site for them."""
    alive = set(held_sites(catalog).values())
    for row in catalog.diary.unfinished(before=now - _BEGINNING):
        run = row["run"]
        if run in alive:
            continue
        try:
            report = read_report(store, run_key(run))
        except ObjectMissing:
            report = RunReport(
                run=run,
                command=row["command"],
                state="failed",
                exit_code=3,
                started=row["started"],
                finished=now,
                problems=("its process was killed; what it had fetched is finished by the next run on its machine",),
            )
            write_report(store, report)
        catalog.diary.record(report)
        yield run


def _finish_removal(removal: Removal | None, site: str) -> None:
    try:
        if removal is not None:
            removal.enforce(site)
    except LeaseHeld as exc:
        logger.info("%s: what was taken down waits: %s", site, exc)


def _compact(compaction: Compaction, catalog: Catalog, now: datetime) -> Iterator[Compacted]:
    return compact_sites(compaction, catalog.batches.sites(), apply=True, before=f"{now:%Y-%m}")


def _collect(store: Store, catalog: Catalog, now: datetime) -> Iterator[str]:
    collection = GarbageCollection(store, catalog, now=now, older_than=_GARBAGE_AGE)
    for garbage in list(collection.garbage()):
        try:
            if collection.remove(garbage):
                yield garbage.key
        except LeaseHeld as exc:
            logger.info("%s: left alone: %s", garbage.key, exc)
