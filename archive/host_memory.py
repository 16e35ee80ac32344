"""What is remembered of hosts between runs, so that each run is as considerate as if it had never ended.

Which hosts want to be left alone and until when, what their robots.txt said, and how many requests a site had in a day.
It belongs to the machines that crawl and is not in the bucket: a catalog made anew begins without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from archive import schema
from archive.database import Database

_TURNS = "/turns"
"""Behind the name of a server, which no host has: when the next turn there is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rest:
    """A host that asked to be left alone, or that did not answer."""

    host: str
    """Host name, without port."""
    not_before: datetime
    """When it may be asked again; aware UTC."""
    strikes: int
    """How often in a row it asked or failed."""
    reason: str
    """The last one, in a few words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RobotsFile:
    """A robots.txt as it was answered."""

    origin: str
    """Scheme, host and port, as in `https://www.example.org`."""
    fetched: datetime
    """Aware UTC."""
    text: str
    """Decoded; empty where the site has none."""


class HostMemory:
    """The hosts of one catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rest(self, host: str) -> Rest | None:
        """The host's rest, over or not; None for a host that answered well the last time."""
        row = self._row(schema.hosts, host=host)
        return Rest(**row) if row else None

    def keep_rest(self, rest: Rest) -> None:
        """Remember it in place of an earlier one."""
        self._put(schema.hosts, asdict(rest), host=rest.host)

    def forget_rest(self, host: str) -> None:
        """The host answers well again."""
        self._database.write(lambda connection: connection.execute(_deleted(schema.hosts, {"host": host})))

    def take_turn(self, server: str, between: timedelta, now: datetime) -> timedelta:
        """How long to wait until one may ask a server that is asked once every `between`, by all processes together.

        The turn is taken then, asked or not.
        """

        def write(connection: Connection) -> timedelta:
            begin = max(now, self._turn(connection, server) or now)
            self._keep_turn(connection, server, begin + between)
            return begin - now

        return self._database.write(write)

    def postpone_turns(self, server: str, until: datetime) -> None:
        """Nobody gets a turn before that."""

        def write(connection: Connection) -> None:
            self._keep_turn(connection, server, max(until, self._turn(connection, server) or until))

        self._database.write(write)

    def _turn(self, connection: Connection, server: str) -> datetime | None:
        table = schema.hosts.c
        return connection.scalar(sa.select(table.not_before).where(table.host == server + _TURNS))

    def _keep_turn(self, connection: Connection, server: str, moment: datetime) -> None:
        row = Rest(host=server + _TURNS, not_before=moment, strikes=0, reason="turn")
        connection.execute(_deleted(schema.hosts, {"host": row.host}))
        connection.execute(schema.hosts.insert(), [asdict(row)])

    def robots(self, origin: str) -> RobotsFile | None:
        """The newest robots.txt, however old."""
        row = self._row(schema.robots, origin=origin)
        return RobotsFile(**row) if row else None

    def keep_robots(self, file: RobotsFile) -> None:
        """Remember it in place of an earlier one."""
        self._put(schema.robots, asdict(file), origin=file.origin)

    def requests(self, site: str, day: date) -> int:
        """How many requests all runs sent to a site on a day (UTC)."""
        table = schema.requests.c
        total = sa.select(sa.func.sum(table.count)).where(table.site == site, table.day == day)
        return int(self._database.read(lambda connection: connection.scalar(total)) or 0)

    def keep_requests(self, site: str, day: date, run: str, count: int) -> None:
        """Remember how many of them a run sent."""
        key = {"site": site, "day": day, "run": run}
        self._put(schema.requests, {**key, "count": count}, **key)

    def _row(self, table: sa.Table, **key: str) -> dict[str, Any] | None:
        def read(connection: Connection) -> dict[str, Any] | None:
            row = connection.execute(sa.select(table).filter_by(**key)).first()
            return row._asdict() if row else None

        return self._database.read(read)

    def _put(self, table: sa.Table, row: Mapping[str, Any], **key: Any) -> None:
        def write(connection: Connection) -> None:
            connection.execute(_deleted(table, key))
            connection.execute(table.insert(), [row])

        self._database.write(write)


def _deleted(table: sa.Table, key: Mapping[str, Any]) -> sa.Delete:
    return table.delete().where(*(table.c[name] == value for name, value in key.items()))
