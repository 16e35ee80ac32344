"""What is wrong with sites: findings that open once and are closed when the site has recovered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from archive import schema
from archive.database import Database

_TABLE = schema.site_findings
_KEY = ("site", "kind", "subject", "opened")


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteFinding:
    """One change at one site that someone should look at; its words stay what they were when it opened."""

    site: str
    kind: str
    """What changed, see `jobs.health.KINDS`."""
    subject: str = ""
    """Which one of its kind: the address of a source, the name of a flag; empty where there is but one."""
    since: datetime
    """When the change began, as far as the archive can tell; aware UTC."""
    opened: datetime
    """When it was noticed: the end of that run, aware UTC."""
    closed: datetime | None = None
    """When it was over or accepted, aware UTC; None while it is open."""
    accepted: bool = False
    """Whether someone closed it, because the site is so now."""
    run: str
    """The run in which it was noticed."""
    summary: str
    """What changed, one line."""
    cause: str
    """The likely cause and what to do, one line."""
    examples: tuple[str, ...] = ()
    """Addresses where it can be seen."""


class SiteFindings:
    """The findings of one catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_site(self, site: str) -> list[SiteFinding]:
        """All that there ever was, in the order of opening."""
        return self._select(_TABLE.c.site == site)

    def open(self, sites: Iterable[str] | None = None) -> list[SiteFinding]:
        """Those that are open, at these sites or at all; by site, then in the order of opening."""
        where = _TABLE.c.site.in_(list(sites)) if sites is not None else sa.true()
        return self._select(_TABLE.c.closed.is_(None), where)

    def closed_since(self, moment: datetime) -> list[SiteFinding]:
        """Those that were closed since then."""
        return self._select(_TABLE.c.closed >= moment)

    def accept(self, site: str, now: datetime) -> list[SiteFinding]:
        """Close all that is open at a site, because what it tells of is how the site is now; returns them."""
        accepted = self.open([site])
        this = (_TABLE.c.site == site) & _TABLE.c.closed.is_(None)
        values = {"closed": now, "accepted": True}
        self._database.write(lambda connection: connection.execute(_TABLE.update().where(this).values(values)))
        return accepted

    def untold(self) -> list[SiteFinding]:
        """Those that opened, or were closed after having been told of, and nobody was told of it."""
        opened = _TABLE.c.told.is_(None) & _TABLE.c.closed.is_(None)
        closed = (_TABLE.c.told == "opened") & _TABLE.c.closed.is_not(None)
        return self._select(opened | closed)

    def last_told(self) -> datetime | None:
        """When somebody was told of any the last time, aware UTC."""
        query = sa.select(sa.func.max(_TABLE.c.told_at))
        moment: datetime | None = self._database.read(lambda connection: connection.scalar(query))
        return moment

    def tell(self, findings: Iterable[SiteFinding], now: datetime) -> None:
        """Somebody was told of these as they are."""
        told = list(findings)

        def write(connection: Connection) -> None:
            for finding in told:
                state = "opened" if finding.closed is None else "closed"
                connection.execute(_TABLE.update().where(_this(finding)).values(told=state, told_at=now))

        self._database.write(write)

    def _select(self, *where: sa.ColumnElement[bool]) -> list[SiteFinding]:
        query = sa.select(_TABLE).where(*where).order_by(_TABLE.c.site, _TABLE.c.opened, _TABLE.c.kind)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [_finding(row) for row in rows]


def record_findings(connection: Connection, site: str, findings: Sequence[SiteFinding], finished: datetime) -> None:
    """Write down what a run found at a site: all that was open when it ended, and what it closed.

    What was opened before and is not among them was accepted meanwhile.
    """
    met = set()
    for finding in findings:
        met.add((finding.kind, finding.subject, finding.opened))
        values = {field.name: getattr(finding, field.name) for field in fields(finding)}
        values["examples"] = "\n".join(finding.examples)
        known = connection.execute(sa.select(_TABLE.c.closed).where(_this(finding))).first()
        if known is None:
            connection.execute(_TABLE.insert().values(values))
        elif known.closed is None:
            connection.execute(_TABLE.update().where(_this(finding)).values(closed=finding.closed))
    values = {"closed": finished, "accepted": True}
    still = sa.select(_TABLE).where(_TABLE.c.site == site, _TABLE.c.closed.is_(None), _TABLE.c.opened < finished)
    for row in connection.execute(still).all():
        if (row.kind, row.subject, row.opened) not in met:
            connection.execute(_TABLE.update().where(_this(_finding(row))).values(values))


def findings_at(connection: Connection, site: str, finished: datetime) -> tuple[SiteFinding, ...]:
    """What the run that ended then found at a site, as `record_findings` was given it."""
    table = _TABLE.c
    over = (table.closed == finished) & ~table.accepted
    query = sa.select(_TABLE).where(
        table.site == site, table.opened <= finished, table.closed.is_(None) | (table.closed > finished) | over
    )
    found = []
    for row in connection.execute(query.order_by(table.opened, table.kind, table.subject)):
        values = row._asdict()
        if row.closed is not None and row.closed > finished:
            values |= {"closed": None, "accepted": False}
        found.append(_finding(values))
    return tuple(found)


def _this(finding: SiteFinding) -> sa.ColumnElement[bool]:
    return sa.and_(*(_TABLE.c[name] == getattr(finding, name) for name in _KEY))


def _finding(row: sa.Row[Any] | dict[str, Any]) -> SiteFinding:
    values = dict(row if isinstance(row, dict) else row._asdict())
    del values["told"], values["told_at"]
    values["examples"] = tuple(values["examples"].split("\n")) if values["examples"] else ()
    return SiteFinding(**values)
