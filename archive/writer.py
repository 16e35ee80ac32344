"""The one way into the archive: record captures, settle each with its outcome, commit in batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from archive.block_memory import Cleaner, clean_nothing
from archive.catalog import Catalog
from archive.catalog_rows import OutcomeRow
from archive.commit import CommittedBatch, commit_batch
from archive.leases import Lease
from archive.outcomes import INTERRUPTED
from archive.records import ArticleDraft, Capture, url_id
from archive.settled import Settled
from archive.spool import OpenSegment, Spooled
from archive.store import Store
from archive.warc import EncodedCapture


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchLimits:
    """When a batch is full: whichever comes first."""

    captures: int = 1000
    bytes: int = 64 * 1024 * 1024
    """Compressed bytes of the WARC."""


class Ticket(NamedTuple):
    """Stands for a recorded capture until it is settled."""

    batch: _OpenBatch
    position: int


@dataclass
class _OpenBatch:
    segment: OpenSegment
    spooled: list[Spooled] = field(default_factory=list)
    settled: dict[int, Settled] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return len(self.settled) == len(self.spooled)


class ArchiveWriter:
    """Writes the captures of one site in one run.

    `record`, `settle`, `note` and `close_batch` are quick and belong to one thread; `commit` and `finish` block on the
    network and may run in another, one at a time.
    """

    def __init__(
        self,
        *,
        store: Store,
        catalog: Catalog,
        spool: Path,
        site: str,
        run: str,
        software: Mapping[str, str],
        limits: BatchLimits,
        lease: Lease | None = None,
        clean: Cleaner = clean_nothing,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._spool = spool / site
        self._site = site
        self._run = run
        self._software = dict(software)
        self._warcinfo = {"software": " ".join(f"{name}/{number}" for name, number in software.items()), "run": run}
        self._limits = limits
        self._lease = lease
        self._clean = clean
        self._batches = 0
        self._filling: _OpenBatch | None = None
        self._closed: list[_OpenBatch] = []
        self._done: list[CommittedBatch] = []
        self._notes: list[OutcomeRow] = []

    def record(self, capture: Capture | EncodedCapture) -> Ticket:
        """Spool a capture; it must be settled later, whatever becomes of it."""
        batch = self._filling or self._open_batch()
        batch.spooled.append(batch.segment.append(capture))
        if len(batch.spooled) >= self._limits.captures or batch.segment.size >= self._limits.bytes:
            self.close_batch()
        return Ticket(batch, len(batch.spooled) - 1)

    def settle(
        self,
        ticket: Ticket,
        outcome: str,
        *,
        url_id: str,
        draft: ArticleDraft | None = None,
        next_check: datetime | None = None,
        row: OutcomeRow | None = None,
    ) -> None:
        """Say what became of a capture, and when its URL should be fetched again.

        With a draft the final outcome is `archived`, `unchanged` or `doubtful`, see archive/revisions.py.
        `row` is the outcome of the URL whose pursuit ended here; it is recorded, with that final outcome, when the
        batch is safe.
        """
        batch, position = ticket
        batch.settled[position] = Settled(
            spooled=batch.spooled[position],
            url_id=url_id,
            outcome=outcome,
            draft=draft,
            next_check=next_check,
            row=row,
        )

    def note(self, row: OutcomeRow) -> None:
        """Record the outcome of a URL that led to no capture."""
        self._notes.append(row)

    def close_batch(self) -> None:
        """Let later captures go to a new batch; the present one can be committed once it is settled."""
        batch, self._filling = self._filling, None
        if batch is not None and batch.spooled:
            self._closed.append(batch)
        elif batch is not None:
            # The disk refused even its first capture.
            batch.segment.close().delete()

    @property
    def ready(self) -> bool:
        """Whether `commit` has a whole batch to work on."""
        return any(batch.complete for batch in self._closed)

    @property
    def waiting(self) -> bool:
        """Whether captures lie in the spool."""
        return bool(self._filling or self._closed)

    def commit(self) -> list[CommittedBatch]:
        """Make all batches that are closed and settled safe; blocks on the store and the catalog.

        After an error it may be called again; batches that became safe before the error are returned then.
        """
        for batch in [batch for batch in self._closed if batch.complete]:
            self._done.append(self._commit(batch))
            self._closed.remove(batch)
        done, self._done = self._done, []
        return done

    def finish(self) -> list[CommittedBatch]:
        """Commit everything; captures that nobody settled are kept with the outcome `interrupted`."""
        self.close_batch()
        for batch in self._closed:
            for position, spooled in enumerate(batch.spooled):
                if position not in batch.settled:
                    self.settle(Ticket(batch, position), INTERRUPTED, url_id=url_id(spooled.url))
        done = self.commit()
        if self._notes:
            self._catalog.note(self._run, self._notes)
            self._notes = []
        return done

    def _open_batch(self) -> _OpenBatch:
        self._batches += 1
        path = self._spool / f"{self._run}-{self._batches:04d}"
        batch = _OpenBatch(OpenSegment.create(path, info=self._warcinfo))
        self._filling = batch
        return batch

    def _commit(self, batch: _OpenBatch) -> CommittedBatch:
        notes = list(self._notes)
        done = commit_batch(
            store=self._store,
            catalog=self._catalog,
            site=self._site,
            run=self._run,
            software=self._software,
            segment=batch.segment.close(),
            settled=[batch.settled[position] for position in range(len(batch.spooled))],
            notes=notes,
            lease=self._lease,
            clean=self._clean,
        )
        # Others may have come while the commit was under way.
        del self._notes[: len(notes)]
        return done
