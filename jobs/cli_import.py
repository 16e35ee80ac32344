"""`presskeep import`."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.config import find_config, load_config
from jobs.console import err, out, print_json, safe, size

if TYPE_CHECKING:
    from crawler.importing import ImportReport, Source

FOUND_DAMAGE = 1
_DAMAGE = ("damaged", "torn", "not_warc")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="import")(import_)


def import_(
    context: typer.Context,
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH…", help="WARC or WACZ files, folders, s3:// prefixes, web addresses.")
    ],
    site: Annotated[str | None, typer.Option("--site", help="Only pages of this site; with --any a new name.")] = None,
    every: Annotated[
        bool, typer.Option("--any", help="With --site: keep pages of hosts without a profile under this name.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Import the articles of foreign files: WARC and WACZ of any tool, or HTML files listed in a CSV or JSON lines.

    Pages of the configured sites are taken whose addresses are articles by their profiles. They keep the time at which
    they were captured, so that they never take the place of a newer text. What the archive holds already is passed
    over, and so is what is damaged. Killed, the same command goes on where it was.

    Exit code 0 when all was read, 1 when damaged records or files were met, 2 when nothing could be done.

    Example: presskeep import CC-NEWS-20260101000000-00001.warc.gz --site rudaw
    """
    from jobs.warc_import import import_files

    config, begun = load_config(find_config(context.obj)), time.monotonic()
    with _Display() as display:
        report = import_files(
            config,
            paths,
            site=site,
            every=every,
            command=shlex.join(sys.argv[1:]),
            on_begin=display.begin,
            on_progress=display.show,
        )
    seconds = time.monotonic() - begun
    if as_json:
        print_json({"seconds": round(seconds, 1), **_plain(report)})
    else:
        _print(report, seconds)
    if any(report.passed[reason] for reason in _DAMAGE):
        raise typer.Exit(FOUND_DAMAGE)


class _Display:
    """A bar on a terminal, nothing otherwise."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=err, disable=not err.is_terminal)
        self._task = self._progress.add_task("importing", total=None, note="")

    def __enter__(self) -> _Display:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begin(self, sources: Sequence[Source]) -> None:
        """Say how much there is to read."""
        self._progress.update(self._task, total=sum(source.size for source in sources))

    def show(self, report: ImportReport) -> None:
        """Move the bar."""
        note = f"{report.pages:,} pages, {report.archived:,} articles safe"
        self._progress.update(self._task, completed=report.bytes, note=note)


def _plain(report: ImportReport) -> dict[str, object]:
    counts = ("run", "files", "files_before", "bytes", "pages", "archived")
    return {name: getattr(report, name) for name in counts} | {
        "sites": {site: dict(sorted(found.items())) for site, found in sorted(report.sites.items())},
        "passed": dict(sorted(report.passed.items())),
    }


def _print(report: ImportReport, seconds: float) -> None:
    before = f", {report.files_before:,} were imported before" if report.files_before else ""
    out.print(
        f"Run {report.run}: {report.files:,} files in {seconds:.1f} s ({size(report.bytes)}{before}), "
        f"{report.pages:,} pages, {report.archived:,} articles archived",
        soft_wrap=True,
    )
    for site, counts in sorted(report.sites.items()):
        out.print(safe(f"{site}: {_listed(counts)}"), soft_wrap=True)
    if report.passed:
        out.print(safe(f"passed over: {_listed(report.passed)}"), soft_wrap=True)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))
