"""The command `presskeep`: one verb a use.

Exit codes: 0 well; 1 something was found (damage, open findings); 2 wrong usage or config, or the archive cannot be
used: nothing was done; 3 done in part.
"""

from __future__ import annotations

import importlib
import sys
from collections import UserDict
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from archive.errors import ArchiveError
from crawler.errors import CrawlerError
from jobs.console import err, out, safe
from jobs.errors import JobsError

MODULES = {
    "init": "cli_setup",
    "doctor": "cli_setup",
    "sites": "cli_sites",
    "crawl": "cli_crawl",
    "import": "cli_import",
    "status": "cli_read",
    "show": "cli_read",
    "history": "cli_history",
    "diff": "cli_history",
    "download": "cli_download",
    "search": "cli_search",
    "mirror": "cli_mirror",
    "sql": "cli_sql",
    "runs": "cli_runs",
    "health": "cli_health",
    "metrics": "cli_metrics",
    "schedule": "cli_schedule",
    "housekeeping": "cli_schedule",
    "verify": "cli_archive",
    "repair": "cli_archive",
    "gc": "cli_archive",
    "catalog": "cli_archive",
    "compact": "cli_compact",
    "reprocess": "cli_reprocess",
    "backfill": "cli_backfill",
    "remove": "cli_remove",
    "retention": "cli_retention",
}
"""Command -> module of `jobs` whose `register` adds it, in the order of the help."""


class _Loading(UserDict[str, Any]):
    """The commands, each imported when it is asked for: a crawl starts faster without what the others need."""

    def __missing__(self, name: str) -> Any:
        if name not in MODULES:
            raise KeyError(name)
        part = typer.Typer()
        # A single command would be taken for the whole program.
        part.callback()(lambda: None)
        importlib.import_module(f"jobs.{MODULES[name]}").register(part)
        self.data |= get_group(part).commands
        return self.data[name]

    def __contains__(self, name: object) -> bool:
        return name in MODULES

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


class _Commands(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Loading()


app = typer.Typer(
    cls=_Commands,
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
