"""The rota: every batch is read through once in a while, the one that was read longest ago first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil

from archive.catalog import Catalog
from archive.contents import BatchReading
from archive.findings import Finding
from archive.store import Store

TURN = timedelta(days=20)
"""Within so long each batch has its turn, whether there is a turn of duty every hour or every week."""

_FIRST = timedelta(days=1)


class Rota:
    """One turn of duty."""

    def __init__(self, store: Store, catalog: Catalog, *, now: datetime) -> None:
        """`now` is aware UTC."""
        self._store = store
        self._catalog = catalog
        self._now = now
        self.batches = 0
        """Read so far."""
        self.bytes = 0
        """Read so far."""

    def findings(self) -> Iterator[Finding]:
        """Everything in those batches that is not as it was archived; StoreError when it cannot be read."""
        for batch in self._turn():
            manifest = self._catalog.manifest(batch)
            if manifest is None:
                continue
            reading = BatchReading(self._store, manifest)
            findings = list(reading.findings())
            if findings and self._catalog.batches.is_replaced(batch):
                continue
            yield from findings
            self._catalog.verified.record(batch, self._now, sum(finding.damage for finding in findings))
            self.batches += 1
            self.bytes += reading.bytes

    @property
    def oldest(self) -> datetime | None:
        """Since when every batch has been read, None while some never were."""
        order = self._catalog.verified.order()
        return order[0][1] if order else self._now

    def _turn(self) -> list[str]:
        order = self._catalog.verified.order()
        last = max((at for _, at in order if at is not None), default=self._now - _FIRST)
        return [batch for batch, _ in order[: ceil(len(order) * min(1.0, (self._now - last) / TURN))]]
