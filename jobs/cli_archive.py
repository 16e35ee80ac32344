"""`presskeep verify`, `repair`, `gc` and `catalog rebuild`: is the archive whole, and what to do if it is not."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from jobs.console import err, out, print_json, safe, size
from jobs.errors import JobsError

if TYPE_CHECKING:
    from archive.catalog import Catalog
    from archive.findings import Finding
    from archive.garbage import Garbage
    from archive.store import Store
    from archive.verify import Part
    from jobs.config import Config

FOUND_DAMAGE = 1
PARTLY_FAILED = 3

T = TypeVar("T")
SiteOption = Annotated[str | None, typer.Option("--site", help="Only this site.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
ReadOption = Annotated[bool, typer.Option("--read-data", help="Read every page and every article.")]
ApplyOption = Annotated[bool, typer.Option("--apply", help="Do it; without this nothing is changed.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(verify)
    app.command()(repair)
    app.command()(gc)
    catalog = typer.Typer(help="Work on the catalog, the database of what the archive holds.", no_args_is_help=True)
    # A callback keeps a group with one command a group.
    catalog.callback()(lambda: None)
    catalog.command()(rebuild)
    app.add_typer(catalog, name="catalog")


def verify(
    context: typer.Context,
    site: SiteOption = None,
    read_data: ReadOption = False,
    subset: Annotated[
        str | None, typer.Option("--subset", metavar="PERCENT", help="With --read-data: read so much of it, e.g. 5%.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Which part of that size to read; by default the next one each day.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check that the archive holds all that it should, and that none of it is damaged.

    Size and digest of each object are compared as the store tells them, and the catalog with the bucket. With
    --read-data pages and articles are read back and compared too; once a day with --subset 5%, all are read in 20 days.
    Nothing is changed. Exit code 0 when nothing is damaged, 1 when something is, 2 when it could not be checked.

    Example: presskeep verify --read-data --subset 5%
    """
    from archive.verify import Verification
    from jobs.archive_view import print_finding

    part = _part(read_data, subset, seed)
    with _opened(context, site) as (_, store, catalog), _progress("verifying") as show_progress:
        check = Verification(store, catalog, site=site, read=part, on_progress=show_progress)
        found = _shown(check.findings(), print_finding, quiet=as_json)
    counts = {name: getattr(check, name) for name in ("batches", "objects", "batches_read", "bytes_read")}
    damaged = sum(finding.damage for finding in found)
    if as_json:
        findings = [{"damage": finding.damage, **dataclasses.asdict(finding)} for finding in found]
        print_json({"clean": not damaged, **counts, "findings": findings})
    else:
        read = f"{check.batches_read:,} batches read through ({size(check.bytes_read)})"
        verdict = f"{damaged} findings of damage, see `presskeep repair`" if damaged else "nothing is damaged"
        out.print(f"{check.batches:,} batches and {check.objects:,} objects checked, {read}: {verdict}", soft_wrap=True)
    if damaged:
        raise typer.Exit(FOUND_DAMAGE)


def repair(
    context: typer.Context,
    apply: ApplyOption = False,
    site: SiteOption = None,
    read_data: ReadOption = False,
    lost: Annotated[
        Path | None, typer.Option("--lost", help="Write the URLs of lost pages here, for `presskeep crawl --urls`.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Mend what `presskeep verify` finds, or show how it would be mended.

    Manifests are written again from the catalog, articles from their raw pages, rows of the catalog from the bucket.
    Pages that are lost are named, recorded as lost and due again, and the text of their articles is kept. Nothing is
    overwritten, and a damaged object is only deleted to put the very bytes in its place that it had; what is replaced
    is left to `presskeep gc`. If you have another copy of a damaged object, put it back before. With --apply, each site
    is held while it is looked at and mended; one that is being crawled or repaired meanwhile is left alone.

    Exit code 0 when there was nothing to mend or all is mended, 1 when there is something to mend or pages are lost,
    3 when a step failed or a site was left alone.

    Example: presskeep repair --apply
    """
    from archive.repair import Repair
    from archive.verify import NOTHING, WHOLE
    from crawler.archiving import SOFTWARE
    from crawler.repeated import remove_repeated
    from jobs.archive_view import print_step
    from jobs.extractor import PageExtractor

    if lost is not None and lost.exists():
        raise JobsError(f"--lost {lost}: exists already; choose another name")
    with (
        _opened(context, site) as (config, store, catalog),
        PageExtractor(config.profiles()) as extract,
        _progress("repairing") as show_progress,
    ):
        mending = Repair(
            store,
            catalog,
            extract,
            clean=remove_repeated,
            software=SOFTWARE,
            apply=apply,
            site=site,
            read=WHOLE if read_data else NOTHING,
            on_progress=show_progress,
        )
        steps = _shown(mending.steps(), print_step, quiet=as_json)
    losses = [loss for step in steps for loss in step.losses]
    if lost is not None:
        _write_urls(lost, (loss.url for loss in losses))
    if as_json:
        print_json({"applied": apply, "steps": [dataclasses.asdict(step) for step in steps]})
    elif not steps:
        out.print("there is nothing to mend")
    elif not apply:
        out.print("nothing was changed; to do it, add --apply")
    if any(step.state in ("failed", "impossible") for step in steps):
        raise typer.Exit(PARTLY_FAILED)
    if losses or any(step.state == "planned" for step in steps):
        raise typer.Exit(FOUND_DAMAGE)


def gc(
    context: typer.Context,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="Leave what is younger, e.g. 12h or 30d; at least 1h.")
    ] = "7d",
    apply: ApplyOption = False,
    as_json: JsonOption = False,
) -> None:
    """Remove what takes space and is no part of the archive, or show what would be removed.

    That is what failed commits and unfinished uploads left, and what repairs have replaced. Objects that presskeep did
    not name are never touched, and nothing is removed while any manifest cannot be read.

    Example: presskeep gc --older-than 30d --apply
    """
    from archive.garbage import GarbageCollection
    from jobs.archive_view import print_garbage

    age = _age(older_than)
    with _opened(context) as (_, store, catalog), _progress("looking for garbage") as show_progress:
        collection = GarbageCollection(store, catalog, now=datetime.now(UTC), older_than=age, on_progress=show_progress)
        found = list(collection.garbage())
        removed = [one for one in found if apply and _removed(collection.remove, one)]
    if as_json:
        rows = [{name: getattr(one, name) for name in ("kind", "key", "size", "since")} for one in found]
        print_json({"applied": apply, "found": rows, "removed": len(removed)})
        return
    for one in found:
        print_garbage(one)
    total = size(sum(one.size or 0 for one in found))
    done = f"{len(removed)} removed" if apply else "nothing was removed; to do it, add --apply"
    out.print(f"{len(found)} things older than {older_than} ({total}): {done}", soft_wrap=True)


def rebuild(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Build it, look at it, and throw it away.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make the catalog again from the bucket alone.

    The new one is built beside the old one, which is then kept under its name with .bak; what became of each URL in
    earlier runs stays in there. In a database server, `catalog` must name an empty database. Exit code 0 when all is
    well, 1 when something in the bucket could not be read and is not in the new catalog.

    Example: presskeep catalog rebuild
    """
    from jobs.archive_view import print_finding
    from jobs.catalog_rebuild import rebuild_catalog
    from jobs.config import find_config, load_config

    found: list[Finding] = []
    config = load_config(find_config(context.obj))
    with _progress("rebuilding the catalog") as show_progress:
        built = rebuild_catalog(config, dry_run=dry_run, on_finding=found.append, on_progress=show_progress)
    if as_json:
        counts = {name: getattr(built, name) for name in ("batches", "captures", "articles", "runs")}
        print_json({"applied": not dry_run, **counts, "findings": [dataclasses.asdict(finding) for finding in found]})
    else:
        for finding in found:
            print_finding(finding)
        done = "nothing was changed" if dry_run else "the catalog is in place"
        out.print(
            f"{built.batches:,} batches, {built.captures:,} captures, {built.articles:,} articles, "
            f"{built.runs:,} runs: {done}",
            soft_wrap=True,
        )
    if found:
        raise typer.Exit(FOUND_DAMAGE)


def _part(read_data: bool, subset: str | None, seed: int | None) -> Part:
    """Which batches are read; one part of a subset's size after the other, a day each."""
    from archive.verify import NOTHING, WHOLE, Part

    if not read_data and (subset is not None or seed is not None):
        raise JobsError("--subset and --seed choose what --read-data reads; add it")
    if seed is not None and subset is None:
        raise JobsError("--seed chooses one of the parts of --subset; add that")
    if subset is None:
        return WHOLE if read_data else NOTHING
    match = re.fullmatch(r"(\d+(?:\.\d+)?)%?", subset)
    percent = float(match[1]) if match else 0.0
    if not 0.01 <= percent <= 100:
        raise JobsError(f"--subset {subset!r}: is no share; write a percentage from 0.01% to 100%, such as 5%")
    parts = int(100 / percent)
    today = datetime.now(UTC).date().toordinal()
    return Part(number=(today if seed is None else seed) % parts, of=parts)


def _age(given: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,5})([hd])", given)
    if match is None:
        raise JobsError(f"--older-than {given!r}: is no age; write hours or days, such as 12h or 7d")
    return timedelta(**{{"h": "hours", "d": "days"}[match[2]]: int(match[1])})


@contextmanager
def _opened(context: typer.Context, site: str | None = None) -> Iterator[tuple[Config, Store, Catalog]]:
    """Configuration, store and catalog; JobsError for a site that is neither configured nor archived."""
    from archive import schema
    from archive.store import open_store
    from jobs.config import find_config, load_config
    from jobs.opened import opened_catalog

    config = load_config(find_config(context.obj))
    with opened_catalog(config) as catalog:
        if site is not None:
            known = {row["site"] for row in catalog.rows(schema.batches)} | set(config.profiles())
            if site not in known:
                raise JobsError(f"unknown site {site!r}; there are: {', '.join(sorted(known)) or 'none yet'}")
        yield config, open_store(config.archive), catalog


@contextmanager
def _progress(doing: str) -> Iterator[Callable[[int, int], None]]:
    """Shows on a terminal how many objects are done, of how many; does nothing elsewhere."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _shown(things: Iterable[T], show: Callable[[T], None], *, quiet: bool) -> list[T]:
    """All of them, each printed as soon as it is there."""
    found = []
    for thing in things:
        found.append(thing)
        if not quiet:
            show(thing)
    return found


def _removed(remove: Callable[[Garbage], bool], garbage: Garbage) -> bool:
    from archive.errors import LeaseHeld

    try:
        return remove(garbage)
    except LeaseHeld as exc:
        err.print(safe(f"{garbage.key}: left alone: {exc}"), soft_wrap=True)
        return False


def _write_urls(path: Path, urls: Iterable[str]) -> None:
    from jobs.new_file import new_file

    with new_file(path, overwrite=False) as stream:
        stream.writelines(f"{url}\n".encode() for url in dict.fromkeys(urls))
