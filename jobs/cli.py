"""The command `presskeep`: one verb a use.

Exit codes: 0 well; 1 something was found (damage, open findings); 2 wrong usage or config, or the archive cannot be
used: nothing was done; 3 done in part.
"""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from archive.errors import ArchiveError
from crawler.errors import CrawlerError
from jobs import (
    cli_archive,
    cli_backfill,
    cli_compact,
    cli_crawl,
    cli_download,
    cli_health,
    cli_history,
    cli_import,
    cli_metrics,
    cli_mirror,
    cli_read,
    cli_remove,
    cli_reprocess,
    cli_retention,
    cli_runs,
    cli_schedule,
    cli_setup,
    cli_sites,
)
from jobs.console import err, out, safe
from jobs.errors import JobsError

app = typer.Typer(
    help="Keep a lasting archive of news sites: fetch articles, clean them, store text and raw pages.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        out.print(f"presskeep {metadata.version('presskeep')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Configuration file (default: presskeep.toml).", envvar="PRESSKEEP_CONFIG"),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options that all commands share."""
    context.obj = config


cli_setup.register(app)
cli_sites.register(app)
cli_crawl.register(app)
cli_import.register(app)
cli_read.register(app)
cli_history.register(app)
cli_download.register(app)
cli_mirror.register(app)
cli_runs.register(app)
cli_health.register(app)
cli_metrics.register(app)
cli_schedule.register(app)
cli_archive.register(app)
cli_compact.register(app)
cli_reprocess.register(app)
cli_backfill.register(app)
cli_remove.register(app)
cli_retention.register(app)


def main() -> None:
    """Run the command line; every foreseeable error is one line and a documented exit code."""
    try:
        app()
    except (ArchiveError, CrawlerError, JobsError) as exc:
        err.print(safe(f"presskeep: {exc}"), soft_wrap=True)
        sys.exit(2)
    except BrokenPipeError:
        # The reader of our output (`| head`) has gone.
        sys.exit(0)


if __name__ == "__main__":
    main()
