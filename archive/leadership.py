"""Leadership: of several schedulers on one catalog one works, and the others stand by.

On PostgreSQL the leader holds an advisory lock, which the server takes back when its connection ends
(https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS). On SQLite, which knows no such thing,
it holds a lease, which is free at once when its process has ended, and a little later when nobody can tell.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any, Protocol

from archive.database import Database
from archive.errors import CatalogError, LeaseHeld, LeaseLost
from archive.leases import Lease, Leases

TTL = timedelta(seconds=15)
"""How long a leader that has stopped answering stays leader."""

LEADER = "schedule/leader"
"""Name of the lease; no site can be called so."""

_KEY = int.from_bytes(b"presslea")
"""Key of the advisory lock."""


class Leadership(Protocol):
    """The right to lead, as seen by one process; used by one thread."""

    def lead(self) -> bool:
        """Become or stay leader, to be asked every few seconds; False while another leads. Raises CatalogError."""

    def resign(self) -> None:
        """Let another lead."""


class LeaseLeadership:
    """By a lease."""

    def __init__(self, leases: Leases, holder: str, *, ttl: timedelta = TTL) -> None:
        self._leases = leases
        self._holder = holder
        self._ttl = ttl
        self._lease: Lease | None = None

    def lead(self) -> bool:
        try:
            if self._lease is None:
                self._lease = self._leases.acquire(LEADER, self._holder, self._ttl)
            else:
                self._lease = self._leases.renew(self._lease)
        except (LeaseHeld, LeaseLost):
            self._lease = None
        return self._lease is not None

    def resign(self) -> None:
        if self._lease is not None:
            self._leases.release(self._lease)
            self._lease = None


class LockLeadership:
    """By an advisory lock of PostgreSQL, on a connection of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Any = None

    def lead(self) -> bool:
        try:
            if self._connection is not None:
                # Who has the connection has the lock.
                self._connection.execute("SELECT 1")
                return True
            self._connection = self._database.session()
            # A leader whose machine vanished is noticed within the time that a lease would last.
            for setting, seconds in (("idle", 5), ("interval", 5), ("count", 2)):
                self._connection.execute(f"SET tcp_keepalives_{setting} = {seconds}")
            [locked] = self._connection.execute(f"SELECT pg_try_advisory_lock({_KEY})").fetchone()
        except self._database.foreign_errors as exc:
            self.resign()
            raise CatalogError(f"catalog {self._database.name}: the leader's connection is broken") from exc
        if not locked:
            self.resign()
        return bool(locked)

    def resign(self) -> None:
        if self._connection is not None:
            with suppress(*self._database.foreign_errors):
                self._connection.close()
            self._connection = None


def leadership(database: Database, leases: Leases, holder: str) -> Leadership:
    """The kind that this database can do; `holder` is who asks, for messages."""
    return LeaseLeadership(leases, holder) if database.is_sqlite else LockLeadership(database)
