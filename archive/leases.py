"""Leases: at most one process works on a site, and one that was taken for dead cannot commit when it wakes up.

A lease is held until it is released, expires, or its process is known to have ended. Each change of hands gives a
higher fence, and a commit under an older fence is refused (M. Kleppmann, "How to do distributed locking", 2016).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from archive import schema
from archive.column_types import Moment
from archive.database import Database
from archive.errors import LeaseHeld, LeaseLost
from archive.process import Process, is_gone, this_process

Clock = Callable[[Connection], datetime]
"""The present moment, aware UTC."""

_TABLE = schema.leases


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """The right to work on a site."""

    site: str
    holder: str
    """Who works on it, e.g. the id of a run."""
    fence: int
    """Higher than that of every earlier lease on the site."""
    ttl: timedelta
    """How long it lasts from the last time it was acquired or renewed."""
    expires: datetime
    """Aware UTC, by the clock of the leases."""


def database_clock(connection: Connection) -> datetime:
    """The database's time to the second, so that machines whose clocks differ agree."""
    return connection.execute(sa.select(sa.type_coerce(sa.func.current_timestamp(), Moment))).scalar_one()


class Leases:
    """The leases of one catalog, as seen by one process."""

    def __init__(
        self, database: Database, *, clock: Clock = database_clock, process: Callable[[], Process] = this_process
    ) -> None:
        self._database = database
        self._clock = clock
        self._process = process

    def acquire(self, site: str, holder: str, ttl: timedelta) -> Lease:
        """Get the lease of a site, also from a process that has ended; LeaseHeld while another holds it.

        Acquiring again under the same name in the same process renews.
        """
        return self._database.write(lambda connection: self._acquire(connection, site, holder, ttl))

    def renew(self, lease: Lease) -> Lease:
        """Let it last for its `ttl` from now; LeaseLost if somebody else took it over, but not if it only expired."""
        return self._database.write(lambda connection: self._renew(connection, lease))

    def release(self, lease: Lease) -> None:
        """Give it back; one that is lost already stays with its new holder."""
        self._database.write(lambda connection: self._release(connection, lease))

    def holder(self, site: str) -> str | None:
        """Who holds the lease at this moment, None if it can be had."""

        def read(connection: Connection) -> str | None:
            row = _row(connection, site)
            if row is None or self._clock(connection) >= row.expires or is_gone(_process_of(row)):
                return None
            return str(row.holder)

        return self._database.read(read)

    def holders(self, connection: Connection) -> dict[str, bool]:
        """Everyone who holds or held a lease -> whether he may still be at work."""
        now = self._clock(connection)
        found: dict[str, bool] = {}
        for row in connection.execute(sa.select(_TABLE)):
            found[row.holder] = found.get(row.holder, False) or (now < row.expires and not is_gone(_process_of(row)))
        return found

    def _acquire(self, connection: Connection, site: str, holder: str, ttl: timedelta) -> Lease:
        now, process = self._clock(connection), self._process()
        row = _row(connection, site)
        fence = 1 if row is None else _free_fence(row, holder, process, now)
        values = {"site": site, "holder": holder, "fence": fence, "expires": now + ttl, **asdict(process)}
        connection.execute(_TABLE.insert().values(values) if row is None else _of(site).values(values))
        return Lease(site=site, holder=holder, fence=fence, ttl=ttl, expires=now + ttl)

    def _renew(self, connection: Connection, lease: Lease) -> Lease:
        check_lease(connection, lease)
        lease = replace(lease, expires=self._clock(connection) + lease.ttl)
        connection.execute(_of(lease.site).values(expires=lease.expires))
        return lease

    def _release(self, connection: Connection, lease: Lease) -> None:
        row = _row(connection, lease.site)
        if _is_newest(lease, row):
            # A fence that is passed on keeps a released lease from being used.
            connection.execute(_of(lease.site).values(fence=lease.fence + 1, expires=self._clock(connection)))


def check_lease(connection: Connection, lease: Lease) -> None:
    """LeaseLost unless the lease is still the newest of its site, as seen by the transaction of `connection`."""
    row = _row(connection, lease.site)
    if not _is_newest(lease, row):
        holder = row.holder if row is not None else "nobody"
        raise LeaseLost(
            f"site {lease.site}: its lease has passed from {lease.holder} to {holder} meanwhile; nothing was changed, "
            "and what was fetched waits in the spool for the next run"
        )


def _free_fence(row: sa.Row[Any], holder: str, process: Process, now: datetime) -> int:
    """The fence under which a site can be had that was held before; LeaseHeld if it cannot."""
    before = _process_of(row)
    if now < row.expires:
        if (row.holder, before) == (holder, process):
            return int(row.fence)
        if not is_gone(before):
            raise LeaseHeld(
                f"site {row.site}: {row.holder} works on it until {row.expires:%Y-%m-%d %H:%M:%S} UTC or longer "
                f"(process {row.pid} on {row.host}); wait for it, or end that process",
                holder=row.holder,
                expires=row.expires,
            )
    return int(row.fence) + 1


def _process_of(row: sa.Row[Any]) -> Process:
    return Process(host=row.host, boot=row.boot, pid=row.pid, started=row.started)


def _is_newest(lease: Lease, row: sa.Row[Any] | None) -> bool:
    # The name counts too, because fences begin anew in a catalog that was rebuilt.
    return row is not None and (row.fence, row.holder) == (lease.fence, lease.holder)


def _row(connection: Connection, site: str) -> sa.Row[Any] | None:
    return connection.execute(sa.select(_TABLE).where(_TABLE.c.site == site)).first()


def _of(site: str) -> sa.Update:
    return _TABLE.update().where(_TABLE.c.site == site)
