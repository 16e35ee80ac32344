"""`presskeep crawl`."""

from __future__ import annotations

import dataclasses
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from archive.errors import ArchiveError
from archive.records import new_run_id
from crawler.profile import SiteProfile
from crawler.tally import SiteTally, exit_code
from crawler.url_list import read_url_list
from jobs.config import Config, find_config, load_config
from jobs.console import err, out, print_json, safe, size
from jobs.crawl import run_crawl
from jobs.crawl_order import CrawlOrder, Done
from jobs.crawl_order import Progress as Event
from jobs.errors import JobsError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(crawl)


def crawl(
    context: typer.Context,
    sites: Annotated[list[str] | None, typer.Argument(help="Names of site profiles.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All configured sites.")] = False,
    due: Annotated[bool, typer.Option("--due", help="What is due by its schedule, and nothing if nothing is.")] = False,
    url: Annotated[list[str] | None, typer.Option("--url", help="Fetch just this page; may be repeated.")] = None,
    urls: Annotated[
        Path | None, typer.Option("--urls", help="Fetch the pages listed in this file, one a line.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="At most so many pages a site; 0 for all.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="Log what happens; twice for everything.")
    ] = 0,
) -> None:
    """Crawl sites once: find what is new, fetch, clean and archive it.

    With --due, each site is crawled whose schedule named a moment since it was last crawled so; for cron, timers and
    jobs on machines without a scheduler of their own.

    Exit code 0 when all went well, 3 when a site failed in part, 2 when nothing could be done.

    Example: presskeep crawl rudaw --limit 50
    """
    path = find_config(context.obj)
    config, run = load_config(path), new_run_id()
    profiles = config.profiles()
    if due:
        if sites or every or url or urls:
            raise JobsError("--due says itself what is crawled: name no sites, and leave out --all, --url and --urls")
        names = _due(config, profiles, run)
        if not names:
            out.print("nothing is due")
            return
    else:
        names = _chosen(profiles, sites or [], every=every, urls_given=bool(url or urls))
    pairs = [(_site_of(link, profiles, names), link) for link in _links(url or [], urls)]
    order = CrawlOrder(
        run=run,
        config=str(path.resolve()),
        sites=names or sorted({site for site, _ in pairs}),
        urls=pairs,
        limit=limit,
        command=shlex.join(sys.argv[1:]),
        memory=config.schedule.memory_mb if due else 0,
        log_level=("ERROR", "INFO", "DEBUG")[min(verbose, 2)],
    )
    begun = time.monotonic()
    with _ProgressDisplay() as display:
        done = run_crawl(order, display.show, deadline=config.schedule.deadline if due else None)
    _tell(config)
    if as_json:
        print_json({"seconds": round(time.monotonic() - begun, 1), **dataclasses.asdict(done)})
    else:
        _print_summary(done, time.monotonic() - begun)
    if code := exit_code(done.state, done.problems, done.sites):
        raise typer.Exit(code)


def _chosen(profiles: Mapping[str, SiteProfile], sites: Sequence[str], *, every: bool, urls_given: bool) -> list[str]:
    known = ", ".join(sorted(profiles)) or "none; see docs/add-a-site.md"
    if every and sites:
        raise JobsError("name sites or give --all, not both")
    for name in sites:
        if name not in profiles:
            raise JobsError(f"unknown site {name!r}; configured are: {known}")
    if every:
        return list(profiles)
    if not sites and not urls_given:
        raise JobsError(f"nothing to crawl: name a site, or give --all, --url or --urls; configured are: {known}")
    return list(sites)


def _due(config: Config, profiles: Mapping[str, SiteProfile], run: str) -> list[str]:
    # Here and below: a crawl is under way before the database library would be loaded.
    from jobs.due import claim_due
    from jobs.opened import opened_catalog

    with opened_catalog(config) as catalog:
        return claim_due(catalog, profiles, run, datetime.now(UTC))


def _tell(config: Config) -> None:
    """The crawl itself went as it went, whether or not anybody can be told."""
    if config.notify:
        from jobs.notify import tell
        from jobs.opened import opened_catalog

        try:
            with opened_catalog(config) as catalog:
                tell(config, catalog, datetime.now(UTC))
        except ArchiveError as exc:
            err.print(safe(f"findings are not told: {exc}"), soft_wrap=True)


def _links(given: Sequence[str], file: Path | None) -> list[str]:
    if file is None:
        return list(given)
    try:
        listed = read_url_list(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        raise JobsError(f"--urls {file}: cannot be read: {exc}") from exc
    for warning in listed.warnings:
        err.print(f"{file}: {warning}")
    return [*given, *(found.url for found in listed.found)]


def _site_of(link: str, profiles: Mapping[str, SiteProfile], names: Sequence[str]) -> str:
    for name in names or profiles:
        if profiles[name].has_host(link):
            return name
    among = f"the sites named ({', '.join(names)})" if names else "the configured sites"
    raise JobsError(f"{link}: {urlsplit(link).netloc or 'no host'} is not a host of {among}; see docs/add-a-site.md")


class _ProgressDisplay:
    """A bar a site on a terminal, nothing otherwise: the log and the summary are the plain form."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=err,
            disable=not err.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> _ProgressDisplay:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, event: Event) -> None:
        """Move the bars."""
        for site in event.sites:
            if site.site not in self._tasks:
                self._tasks[site.site] = self._progress.add_task(site.site, total=None, note="")
            note = f"{site.new} new, {sum(site.failed.values())} failed"
            self._progress.update(self._tasks[site.site], completed=site.settled, total=site.found or None, note=note)


def _print_summary(done: Done, seconds: float) -> None:
    table = Table(title=f"Run {done.run}: {done.state} in {seconds:.1f} s", title_justify="left")
    table.add_column("site")
    for name in ("found", "new", "unchanged", "failed", "stored"):
        table.add_column(name, justify="right")
    for site in done.sites:
        table.add_row(
            site.site,
            str(site.found),
            str(site.new),
            str(site.unchanged),
            str(sum(site.failed.values())),
            size(site.bytes),
        )
    out.print(table)
    for site in done.sites:
        if reasons := _reasons(site):
            out.print(f"{site.site}: {reasons}", soft_wrap=True)
    for problem in done.problems:
        err.print(f"archive: {problem}", soft_wrap=True)


def _reasons(site: SiteTally) -> str:
    pages = [f"{count} {outcome}" for outcome, count in sorted(site.failed.items())]
    sources = [f"{count} source {outcome}" for outcome, count in sorted(site.sources_failed.items())]
    empty = [f"{site.sources_empty} source source_empty"] if site.sources_empty else []
    return ", ".join(pages + sources + empty)
