"""The diary: how runs went, in tables of the catalog that can be read for one site or for all."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from archive import schema
from archive.database import Database
from archive.run_report import TROUBLES, RunReport, SiteReport
from archive.site_findings import SiteFinding, findings_at, record_findings

_SITE_FIELDS = [
    name for name in SiteReport.__dataclass_fields__ if name not in ("pages", "sources", "troubled_sources", "findings")
]


class Diary:
    """The runs of one catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, report: RunReport) -> None:
        """Write down how a run ended; doing it again changes nothing, a run that is not known is begun as well."""
        values = {
            "command": report.command,
            "started": report.started,
            "finished": report.finished,
            "state": report.state,
            "exit_code": report.exit_code,
            "peak_memory": report.peak_memory,
            "problems": "\n".join(report.problems),
        }
        sites = [
            {
                "run": report.run,
                "started": report.started,
                **{name: getattr(site, name) for name in _SITE_FIELDS},
                "troubled_sources": TROUBLES.dump_json(site.troubled_sources).decode(),
                "examined": site.findings is not None,
            }
            for site in report.sites
        ]
        counts = [{"run": report.run, **dataclasses.asdict(count)} for count in report.counts]

        def write(connection: Connection) -> None:
            runs = schema.runs
            known = connection.scalar(sa.select(runs.c.run).where(runs.c.run == report.run))
            if known is None:
                connection.execute(runs.insert().values(run=report.run, **values))
            else:
                connection.execute(runs.update().where(runs.c.run == report.run).values(**values))
            for table, rows in ((schema.run_sites, sites), (schema.run_counts, counts)):
                connection.execute(table.delete().where(table.c.run == report.run))
                if rows:
                    connection.execute(table.insert(), rows)
            for site in report.sites:
                if site.findings is not None:
                    record_findings(connection, site.site, site.findings, report.finished)

        self._database.write(write)

    def report(self, run: str) -> RunReport | None:
        """How a run ended; None for one that is not known or has not ended."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(schema.runs).where(schema.runs.c.run == run)).first()
            if row is None or row.finished is None:
                return None
            sites = connection.execute(
                sa.select(schema.run_sites).where(schema.run_sites.c.run == run).order_by(schema.run_sites.c.site)
            ).all()
            counts = connection.execute(sa.select(schema.run_counts).where(schema.run_counts.c.run == run)).all()
            findings = {
                site.site: findings_at(connection, site.site, row.finished) if site.examined else None for site in sites
            }
        return RunReport(
            run=row.run,
            command=row.command,
            state=row.state,
            exit_code=row.exit_code or 0,
            started=row.started,
            finished=row.finished,
            peak_memory=row.peak_memory or 0,
            problems=tuple((row.problems or "").splitlines()),
            sites=tuple(
                _site_report(site, [count for count in counts if count.site == site.site], findings[site.site])
                for site in sites
            ),
        )

    def unfinished(self, *, before: datetime) -> list[dict[str, Any]]:
        """Runs that began before then and have not told how they ended, the oldest first."""
        runs = schema.runs.c
        query = sa.select(schema.runs).where(runs.finished.is_(None), runs.started < before).order_by(runs.started)
        with self._database.reading() as connection:
            return [row._asdict() for row in connection.execute(query)]


def _site_report(
    row: sa.Row[Any], counts: Iterable[sa.Row[Any]], findings: tuple[SiteFinding, ...] | None
) -> SiteReport:
    outcomes: dict[str, dict[str, int]] = {"page": {}, "source": {}}
    for count in counts:
        outcomes[count.kind][count.outcome] = count._mapping["count"]
    fields = {name: getattr(row, name) for name in _SITE_FIELDS}
    return SiteReport(
        **fields,
        pages=outcomes["page"],
        sources=outcomes["source"],
        troubled_sources=TROUBLES.validate_json(row.troubled_sources),
        findings=findings,
    )
