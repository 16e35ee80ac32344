"""`presskeep runs`: what runs did."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from jobs.console import print_json

JsonOption = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    runs = typer.Typer(invoke_without_command=True)
    runs.callback()(list_runs)
    runs.command("show")(show_run)
    app.add_typer(runs, name="runs")


def list_runs(
    context: typer.Context,
    site: Annotated[str | None, typer.Option("--site", help="Only runs that this site was part of.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest first.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Tell how the last runs went, the newest first; times are UTC.

    Example: presskeep runs --site rudaw
    """
    from jobs.config import find_config, load_config
    from jobs.opened import opened_catalog
    from jobs.runs import run_summaries
    from jobs.runs_view import print_runs

    if context.invoked_subcommand is not None:
        return
    with opened_catalog(load_config(find_config(context.obj))) as catalog:
        runs = run_summaries(catalog, limit=limit, site=site)
    if as_json:
        print_json([dataclasses.asdict(run) for run in runs])
    else:
        print_runs(runs)


def show_run(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="ID", help="Id of a run, or the beginning of one.")],
    as_json: JsonOption = False,
) -> None:
    """Show one run in full: what it did at each site, and every outcome.

    Example: presskeep runs show 20261122T175409Z-304ed2
    """
    from jobs.config import find_config, load_config
    from jobs.opened import opened_catalog
    from jobs.runs import run_report
    from jobs.runs_view import print_run

    with opened_catalog(load_config(find_config(context.obj))) as catalog:
        report = run_report(catalog, run)
    if as_json:
        print_json(dataclasses.asdict(report))
    else:
        print_run(report)
