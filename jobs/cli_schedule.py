"""`presskeep schedule` and `presskeep housekeeping`."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.console import out, print_json, safe, size

if TYPE_CHECKING:
    from jobs.housekeeping import Housekeeping
    from jobs.scheduler import Scheduler
    from jobs.upcoming import Upcoming

FOUND_DAMAGE = 1
PARTLY_FAILED = 3

JsonOption = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(schedule)
    app.command()(housekeeping)


def schedule(
    context: typer.Context,
    plan: Annotated[bool, typer.Option("--list", help="Only tell when each site was and will be due.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --list: print it as JSON.")] = False,
) -> None:
    """Crawl each site whenever its schedule says so, until told to stop.

    Changed profiles are taken over at once, and on SIGHUP. SIGTERM or Ctrl-C lets running crawls commit what they have
    fetched; the second one ends them at once. A second scheduler on the same catalog stands by and takes over.

    Example: presskeep schedule --list
    """
    from jobs.config import find_config, load_config

    path = find_config(context.obj)
    if plan:
        _list(path, as_json=as_json)
        return
    from jobs.log_lines import log_to_stderr
    from jobs.scheduler import Scheduler

    log_to_stderr(load_config(path).log_format, "INFO")
    scheduler = Scheduler(path, name=f"scheduler {os.getpid()} on {socket.gethostname()}")
    _run(scheduler)


def housekeeping(
    context: typer.Context,
    run: Annotated[str | None, typer.Option("--run", help="Id under which it stands in the diary.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Finish what killed runs left, compact, read a part of the archive through, and collect garbage.

    `presskeep schedule` does it once a day. Each time as much is read as is needed to read all in twenty days, what was
    read longest ago first. Exit code 1 when something is damaged, 3 when something could not be done.

    Example: presskeep housekeeping
    """
    from archive.records import new_run_id
    from archive.removal import Removal
    from archive.retention import Retention
    from archive.run_report import RunReport
    from archive.search_index import SearchIndex
    from archive.store import open_store
    from crawler.archiving import SOFTWARE
    from crawler.run_report import keep_report, peak_memory
    from jobs.compacting import new_compaction
    from jobs.config import find_config, load_config
    from jobs.housekeeping import keep_house
    from jobs.opened import opened_catalog
    from jobs.removing import canonical_ids
    from jobs.spool import recover_spool

    config, run, started = load_config(find_config(context.obj)), run or new_run_id(), datetime.now(UTC)
    with opened_catalog(config) as catalog:
        store = open_store(config.archive)
        catalog.start_run(run, "housekeeping", started)
        compaction = new_compaction(
            config.compact, store, catalog, folder=config.spool_folder, run=run, software=SOFTWARE
        )
        catalog.tombstones.bring_up_to_date(store)
        profiles = config.profiles()
        done = keep_house(
            store,
            catalog,
            started,
            recover=lambda: recover_spool(config, store, catalog),
            removal=Removal(
                store,
                catalog,
                spool=config.spool_folder,
                run=run,
                software=SOFTWARE,
                identify=canonical_ids(profiles),
            ),
            retention=Retention(store, catalog, folder=config.spool_folder, run=run, software=SOFTWARE),
            compaction=compaction if config.compact.scheduled else None,
            index=SearchIndex(config.search_folder),
            profiles=profiles,
        )
        code = FOUND_DAMAGE if done.findings else PARTLY_FAILED if done.problems else 0
        report = RunReport(
            run=run,
            command="housekeeping",
            state="failed" if done.problems else "done",
            exit_code=code,
            started=started,
            finished=datetime.now(UTC),
            peak_memory=peak_memory(),
            problems=(*done.problems, *(f"{found.kind} {found.key}: {found.detail}" for found in done.findings)),
        )
        problem = keep_report(report, store, catalog)
    if as_json:
        print_json(dataclasses.asdict(done))
    else:
        _print(done)
    if problem:
        out.print(safe(problem), soft_wrap=True)
    if code:
        raise typer.Exit(code)


def _run(scheduler: Scheduler) -> None:
    """Run it in a thread of its own: what a signal handler may do to a thread that waits is next to nothing."""
    events: SimpleQueue[int | BaseException | None] = SimpleQueue()

    def carry_out() -> None:
        try:
            scheduler.run()
        except BaseException as exc:
            events.put(exc)
        else:
            events.put(None)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: events.put(number))
    Thread(target=carry_out, name="scheduler").start()
    while isinstance(event := events.get(), int):
        if event == signal.SIGHUP:
            scheduler.reload()
        else:
            scheduler.stop()
    if event is not None:
        raise event


def _print(done: Housekeeping) -> None:
    from jobs.archive_view import print_finding

    for finding in done.findings:
        print_finding(finding)
    for problem in done.problems:
        out.print(safe(problem), soft_wrap=True)
    since = f"all was read since {done.read_since:%Y-%m-%d %H:%M} UTC" if done.read_since else "not all was read yet"
    out.print(f"{done.batches:,} batches read through ({size(done.bytes)}), {since}", soft_wrap=True)
    out.print(f"{done.compacted:,} batches became part of larger ones, {done.let_go:,} were let go by retention")
    out.print(
        f"{done.garbage:,} pieces of garbage removed, {done.closed_runs:,} dead runs closed, "
        f"{done.recovered:,} batches made safe that they had left",
        soft_wrap=True,
    )


def _list(path: Path, *, as_json: bool) -> None:
    from jobs.config import load_config
    from jobs.opened import opened_catalog
    from jobs.upcoming import upcoming

    config = load_config(path)
    with opened_catalog(config) as catalog:
        sites = upcoming(config.profiles(), catalog, datetime.now(UTC))
    if as_json:
        print_json([dataclasses.asdict(site) for site in sites])
        return
    for site in sites:
        out.print(safe(_line(site)), soft_wrap=True)


def _line(site: Upcoming) -> str:
    last = f"last {site.last:%Y-%m-%d %H:%M} UTC ({site.last_state})" if site.last else "never yet"
    due = "due now" if site.due else f"next {site.next:%Y-%m-%d %H:%M} UTC" if site.next else "never again"
    return f"{site.site:<20}  {site.schedule:<20}  {site.timezone:<20}  {last}, {due}"
