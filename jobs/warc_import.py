"""`presskeep import`: foreign files through the archive's own way, as one run of the diary."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from pydantic import ValidationError

from archive import outcomes
from archive.catalog import Catalog
from archive.commit import CommittedBatch
from archive.errors import ArchiveError
from archive.foreign_warc import Place
from archive.records import new_run_id
from archive.run_report import RunReport, SiteReport
from archive.store import Store
from crawler import settings
from crawler.any_site import AnySite, Routes, any_site
from crawler.archiving import SOFTWARE
from crawler.errors import WebArchiveError
from crawler.fork_server import start_fork_server
from crawler.importing import Importing, ImportReport, Source
from crawler.opening import Haste, open_archive, open_catalog
from crawler.polite_client import PoliteClient
from crawler.pool import ExtractionPool
from crawler.run_report import keep_report, peak_memory
from jobs.config import Config
from jobs.errors import JobsError
from jobs.import_sources import find_sources


def import_files(
    config: Config,
    paths: Sequence[str],
    *,
    site: str | None,
    every: bool,
    command: str,
    on_begin: Callable[[Sequence[Source]], None],
    on_progress: Callable[[ImportReport], None],
) -> ImportReport:
    """Import the pages of the configured sites, or of one; with `every`, those of all other hosts as pages of `site`.

    JobsError when there is nothing to import, ArchiveError when the archive cannot be used; what was safe before stays
    so, and doing it again goes on from there.
    """
    routes, wanted = _routes(config, site, every=every)
    client = PoliteClient(user_agent=config.user_agent, per_minute=config.web_archives.commoncrawl_per_minute)
    sources = find_sources(paths, wanted, client)
    on_begin(sources)
    return take_in(config, routes, sources, command=command, on_progress=on_progress)


def take_in(
    config: Config,
    routes: Routes,
    sources: Sequence[Source],
    *,
    command: str,
    on_progress: Callable[[ImportReport], None] = lambda _: None,
    on_passed: Callable[[Place, str], object] = lambda place, reason: None,
) -> ImportReport:
    """Import these sources, as one run of the diary; `on_passed` as in `crawler.importing.Importing`.

    ArchiveError when the archive cannot be used.
    """
    start_fork_server()
    haste = Haste()
    store = open_archive(config.archive, config.spool_folder, haste)
    catalog = open_catalog(config.catalog_url, haste)
    try:
        started = datetime.now(UTC)
        run = new_run_id()
        catalog.interrupt_dead_runs(started)
        catalog.start_run(run, command, started)
        importing = Importing(
            store=store,
            catalog=catalog,
            spool=config.spool_folder,
            routes=routes,
            new_pool=_new_pool,
            run=run,
            now=lambda: datetime.now(UTC),
            on_progress=on_progress,
            on_passed=on_passed,
        )
        _run(importing, sources, store, catalog, command, started)
        return importing.report
    finally:
        catalog.close()


def _routes(config: Config, site: str | None, *, every: bool) -> tuple[Routes, str]:
    """Which pages are taken, and a name for that."""
    profiles = config.profiles()
    if every:
        if site is None or site in profiles:
            raise JobsError("--any needs --site with a new name: under it the pages of unknown sites are kept")
        return Routes(profiles, _rest(site)), " ".join(["any", site, *sorted(profiles)])
    if site is None:
        if not profiles:
            raise JobsError("no site is configured; write a profile, or import with --site NAME --any")
        return Routes(profiles), "sites " + " ".join(sorted(profiles))
    if site not in profiles:
        known = ", ".join(sorted(profiles)) or "none"
        raise JobsError(f"unknown site {site!r}; configured are: {known}; for a site without a profile add --any")
    return Routes({site: profiles[site]}), f"site {site}"


def _rest(site: str) -> AnySite:
    try:
        return any_site(site)
    except ValidationError as exc:
        raise JobsError(f"--site {site!r}: {exc.errors()[0]['msg'].removeprefix('Value error, ')}") from exc


def _new_pool() -> ExtractionPool:
    return ExtractionPool(
        workers=settings.PRESSKEEP_EXTRACTION_WORKERS,
        deadline=settings.PRESSKEEP_EXTRACTION_DEADLINE,
        memory=settings.PRESSKEEP_EXTRACTION_MEMORY,
    )


def _run(
    importing: Importing, sources: Sequence[Source], store: Store, catalog: Catalog, command: str, started: datetime
) -> None:
    keep = partial(_keep_report, importing, store, catalog, command, started)
    try:
        asyncio.run(importing.run(sources))
    except (ArchiveError, WebArchiveError) as exc:
        keep(problem=str(exc))
        raise
    if problem := keep():
        raise ArchiveError(problem)


def _keep_report(
    importing: Importing, store: Store, catalog: Catalog, command: str, started: datetime, problem: str = ""
) -> str:
    report = RunReport(
        run=importing.report.run,
        command=command,
        state="failed" if problem else "done",
        exit_code=2 if problem else 0,
        started=started,
        finished=datetime.now(UTC),
        peak_memory=peak_memory(),
        problems=(problem,) if problem else (),
        software=SOFTWARE,
        sites=tuple(_site_reports(importing.report, importing.committed)),
    )
    return keep_report(report, store, catalog)


def _site_reports(report: ImportReport, committed: Sequence[CommittedBatch]) -> list[SiteReport]:
    revised: Counter[str] = Counter()
    stored: Counter[str] = Counter()
    for batch in committed:
        revised[batch.site] += batch.revised
        stored[batch.site] += batch.bytes
    return [
        SiteReport(
            site=site,
            found=counts.total(),
            new=counts[outcomes.ARCHIVED] - revised[site],
            revised=revised[site],
            unchanged=counts[outcomes.UNCHANGED],
            bytes_stored=stored[site],
            pages=dict(sorted(counts.items())),
        )
        for site, counts in sorted(report.sites.items())
    ]
