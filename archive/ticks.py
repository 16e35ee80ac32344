"""Ticks: each moment at which a site was due, and the run that took it over.

A tick is claimed by one row, whoever wants it, so no tick is run twice. A claim is kept by beginning the run that it
names; one whose process ended before that, or that came to nothing for minutes, may be claimed by another run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from archive import schema
from archive.database import Database
from archive.process import Process, is_gone, this_process

PATIENCE = timedelta(minutes=5)
"""How long a run may take to begin, before its claims count as abandoned."""

_TABLE = schema.ticks
_RUNS = schema.runs.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    """One tick of one site."""

    site: str
    tick: datetime
    """Aware UTC."""
    run: str
    """Id of the run that claimed it, or during which it was skipped."""
    state: Literal["claimed", "skipped"]
    """`skipped` when the site was still being crawled."""
    claimed: datetime
    """When, aware UTC, by the clock of the machine that did."""
    begun: bool
    """Whether its run has begun."""
    process: Process
    """Who claimed it."""

    def abandoned(self, now: datetime) -> bool:
        """Whether it was claimed in vain."""
        if self.state == "skipped" or self.begun:
            return False
        return is_gone(self.process) or now - self.claimed > PATIENCE


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A tick that a run wants."""

    site: str
    tick: datetime
    """Aware UTC."""
    instead_of: str | None = None
    """The run that has claimed it in vain, if one has."""


class Ticks:
    """The ticks of one catalog, as seen by one process."""

    def __init__(self, database: Database, *, process: Callable[[], Process] = this_process) -> None:
        self._database = database
        self._process = process

    def newest(self, now: datetime) -> dict[str, Tick]:
        """The newest tick of each site that is not in the future, by site."""
        last = (
            sa.select(_TABLE.c.site, sa.func.max(_TABLE.c.tick).label("tick"))
            .where(_TABLE.c.tick <= now)
            .group_by(_TABLE.c.site)
            .subquery()
        )
        query = (
            sa.select(_TABLE, _RUNS.run.is_not(None).label("begun"))
            .join(last, (_TABLE.c.site == last.c.site) & (_TABLE.c.tick == last.c.tick))
            .outerjoin(schema.runs, _RUNS.run == _TABLE.c.run)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return {row.site: _tick(row) for row in rows}

    def claim(self, wanted: Iterable[Claim], run: str, now: datetime) -> list[str]:
        """Claim ticks for a run, all at once; returns the sites whose ticks no other run had or got."""
        return self._take(wanted, run, now, state="claimed")

    def skip(self, site: str, tick: datetime, run: str, now: datetime) -> bool:
        """Note that a tick is not run, because `run` is still at the site; False if it is claimed or noted already."""
        return bool(self._take([Claim(site=site, tick=tick)], run, now, state="skipped"))

    def sites_of(self, run: str) -> set[str]:
        """The sites whose ticks this run has still claimed."""
        query = sa.select(_TABLE.c.site).where(_TABLE.c.run == run, _TABLE.c.state == "claimed")
        return set(self._database.read(lambda connection: connection.scalars(query).all()))

    def forget(self, before: datetime) -> None:
        """Drop ticks from before then."""
        self._database.write(lambda connection: connection.execute(_TABLE.delete().where(_TABLE.c.tick < before)))

    def _take(self, wanted: Iterable[Claim], run: str, now: datetime, *, state: str) -> list[str]:
        values = {"run": run, "state": state, "claimed": now, **asdict(self._process())}
        claims = list(wanted)
        return self._database.write(
            lambda connection: [claim.site for claim in claims if _taken(connection, claim, values)]
        )


def _taken(connection: Connection, claim: Claim, values: dict[str, Any]) -> bool:
    this = (_TABLE.c.site == claim.site) & (_TABLE.c.tick == claim.tick)
    row = connection.execute(
        sa.select(_TABLE.c.run, _RUNS.run.is_not(None).label("begun"))
        .outerjoin(schema.runs, _RUNS.run == _TABLE.c.run)
        .where(this)
    ).first()
    if row is None:
        connection.execute(_TABLE.insert().values(site=claim.site, tick=claim.tick, **values))
    elif row.run == claim.instead_of and not row.begun:
        connection.execute(_TABLE.update().where(this).values(**values))
    else:
        # Our own claim, when the connection broke after it was written.
        return bool(row.run == values["run"] and values["state"] == "claimed")
    return True


def _tick(row: sa.Row[Any]) -> Tick:
    return Tick(
        site=row.site,
        tick=row.tick,
        run=row.run,
        state=row.state,
        claimed=row.claimed,
        begun=row.begun,
        process=Process(host=row.host, boot=row.boot, pid=row.pid, started=row.started),
    )
