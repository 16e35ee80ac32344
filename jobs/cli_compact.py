"""`presskeep compact`: many small batches become one of a good size."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.console import out, print_json, safe, size
from jobs.errors import JobsError

if TYPE_CHECKING:
    from jobs.compacting import Compacted

PARTLY_FAILED = 3


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(compact)


def compact(
    context: typer.Context,
    site: Annotated[str | None, typer.Argument(help="Only this site.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Make one large batch of many small ones of a site and month, so that reading takes fewer requests.

    Pages are copied byte for byte and articles as they are. Everybody who reads sees the old batches until the new one
    is whole, and then that; the old objects go with `presskeep gc` when they are a week old. How large batches become
    stands in the table [compact] of the configuration. Housekeeping does it by itself for months that are over.

    Exit code 3 when a site could not be compacted, because it is being crawled or a batch of it is damaged.

    Example: presskeep compact --dry-run
    """
    from archive.records import new_run_id
    from archive.store import open_store
    from crawler.archiving import SOFTWARE
    from jobs.compacting import compact_sites, new_compaction
    from jobs.config import find_config, load_config
    from jobs.opened import opened_catalog

    config = load_config(find_config(context.obj))
    done = []
    with opened_catalog(config) as catalog:
        sites = catalog.batches.sites()
        if site is not None and site not in sites:
            raise JobsError(f"site {site!r}: nothing is archived of it; there are: {', '.join(sites) or 'none yet'}")
        compaction = new_compaction(
            config.compact,
            open_store(config.archive),
            catalog,
            folder=config.spool_folder,
            run=new_run_id(),
            software=SOFTWARE,
        )
        for one in compact_sites(compaction, [site] if site else sites, apply=not dry_run):
            done.append(one)
            if not as_json:
                out.print(safe(line(one)), soft_wrap=True)
    if as_json:
        print_json({"applied": not dry_run, "groups": [dataclasses.asdict(one) for one in done]})
    elif not done:
        out.print("there is nothing to compact")
    elif dry_run:
        out.print("nothing was changed; to do it, leave out --dry-run")
    if any(one.state == "failed" for one in done):
        raise typer.Exit(PARTLY_FAILED)


def line(compacted: Compacted) -> str:
    """What became of one group, for people."""
    if compacted.state == "failed":
        return f"{compacted.site}: not compacted: {compacted.detail}"
    what = f"{compacted.batches:,} batches, {compacted.captures:,} pages, {size(compacted.bytes)}"
    return f"{compacted.site} {compacted.month}: {what} -> {compacted.detail or 'one batch'}"
