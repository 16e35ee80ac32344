"""`presskeep retention`: letting go what the profiles say is old enough."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.console import err, out, print_json, safe, size

if TYPE_CHECKING:
    from jobs.retaining import LetGo

PARTLY_FAILED = 3


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(retention)


def retention(
    context: typer.Context,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this nothing is changed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Let go what is older than `keep_raw` and `keep` of its site's profile, or show what would go.

    Housekeeping does it once a day. A batch goes as a whole, when its newest page is old enough; `presskeep gc` frees
    the space a week later, and the search index of this machine forgets at once. That the pages were fetched stays
    known, so they are not fetched again.

    Exit code 3 when something could not be done, because its site is being crawled or a batch is damaged.

    Example: presskeep retention --apply
    """
    from archive.reader import ArchiveReader
    from archive.records import new_run_id
    from archive.retention import Retention
    from archive.search_index import SearchIndex
    from archive.store import open_store
    from crawler.archiving import SOFTWARE
    from jobs.config import find_config, load_config
    from jobs.opened import opened_catalog
    from jobs.retaining import retain
    from jobs.searching import forget_removed

    config = load_config(find_config(context.obj))
    store = open_store(config.archive)
    with opened_catalog(config) as catalog:
        work = Retention(store, catalog, folder=config.spool_folder, run=new_run_id(), software=SOFTWARE)
        done = list(retain(work, catalog, config.profiles(), now=datetime.now(UTC), apply=apply))
        gone = any(one.state == "done" for one in done)
        problems = forget_removed(SearchIndex(config.search_folder), ArchiveReader(store, catalog)) if gone else []
    if as_json:
        batches = [dataclasses.asdict(one) for one in done]
        print_json({"applied": apply, "batches": batches, "problems": problems})
    else:
        for one in done:
            out.print(safe(_line(one)), soft_wrap=True)
        if not done:
            out.print("nothing is old enough to go")
        elif not apply:
            out.print("nothing was changed; to do it, add --apply")
        for problem in problems:
            err.print(safe(problem), soft_wrap=True)
    if problems or any(one.state == "failed" for one in done):
        raise typer.Exit(PARTLY_FAILED)


def _line(one: LetGo) -> str:
    if one.state == "failed":
        return f"{one.site}: {one.detail}"
    what = "pages and articles" if one.what == "all" else "pages"
    return f"{one.site} batch {one.batch}: {what}, {size(one.bytes)}"
