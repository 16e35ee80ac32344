"""`presskeep mirror`."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.console import err, out, print_json, safe, size

if TYPE_CHECKING:
    from archive.mirror import Mirrored, MirrorPlan

FOUND = 1


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(mirror)


def mirror(
    context: typer.Context,
    dest: Annotated[str, typer.Argument(metavar="DEST", help="Where: s3://bucket/prefix or file:///path.")],
    archive: Annotated[
        str | None,
        typer.Option("--archive", metavar="URL", help="Mirror this archive; needs no configuration or catalog."),
    ] = None,
    dest_profile: Annotated[
        str | None,
        typer.Option("--dest-profile", metavar="NAME", help="AWS profile with credentials and endpoint of DEST."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be copied and deleted.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Make another store the same archive, and keep it so: what is new is copied, what was taken down leaves it too.

    Every object is checked against its SHA-256 before it is put, and a batch counts in the mirror when its manifest is
    there, which comes last. The same command again brings what came since, also after it was interrupted at any point.
    Of the archive nothing but reading is asked. What batches were made of that compaction replaced leaves the mirror
    when it has left the archive; what the archive lost without a reason stays in the mirror, and is named.

    Exit code 1 when something should be looked at: an object that is damaged, or that only the mirror has, or a batch
    that waits for a removal which is under way.

    Example: presskeep mirror s3://other-bucket/news --dry-run
    """
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    from archive.mirror import Mirror
    from archive.store import open_store
    from jobs.config import find_config, load_config

    source = open_store(archive or load_config(find_config(context.obj)).archive)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=None)
        work = Mirror(source, open_store(dest, profile=dest_profile), on_copied=lambda count: bar.advance(task, count))
        if dry_run:
            plan = work.plan()
        else:
            if err.is_terminal:
                bar.update(task, total=work.plan().bytes)
            begun = time.monotonic()
            done = work.make()
    if dry_run:
        _print_plan(plan, as_json=as_json)
        return
    _print(done, time.monotonic() - begun, as_json=as_json)
    if done.remarks:
        raise typer.Exit(FOUND)


def _print_plan(plan: MirrorPlan, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(plan) | {"gets": plan.copied})
    else:
        out.print(f"{plan.copied:,} objects to copy with as many GETs, {size(plan.bytes)}; {plan.deleted:,} to delete")


def _print(done: Mirrored, seconds: float, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(done) | {"seconds": round(seconds, 1)})
        return
    for remark in done.remarks:
        out.print(safe(f"{remark.kind}: {remark.key}: {remark.detail}"), soft_wrap=True)
    out.print(f"{done.copied:,} objects copied, {size(done.bytes)}, {done.deleted:,} deleted in {seconds:.1f} s")
