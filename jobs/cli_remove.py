"""`presskeep remove`: taking articles down."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from archive.errors import ArchiveError
from jobs.console import out, print_json, safe
from jobs.errors import JobsError

if TYPE_CHECKING:
    from archive.objects import KeptVersion
    from archive.removal import Removed
    from jobs.removing import Takedown

PARTLY_FAILED = 3
_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(remove)


def remove(
    context: typer.Context,
    url: Annotated[str | None, typer.Argument(help="The article at this address, in all its revisions.")] = None,
    site: Annotated[
        str | None, typer.Option("--site", help="Only of this site; alone, all that is archived of it.")
    ] = None,
    match: Annotated[
        list[str] | None, typer.Option("--match", metavar="WORDS", help="Articles that hold all these words.")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why, one line; it is kept, the text is not.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this nothing is changed.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Finish what earlier takedowns had to leave.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Take articles down: out of pages, text, catalog and spool, for good.

    A tombstone in the archive keeps the addresses from being fetched again, also after the catalog was rebuilt. It
    holds the reason and hashes of the addresses, nothing of the text. What has been removed cannot be brought back.
    Copies elsewhere are yours to remove: downloads, backups, old versions in a versioned bucket (they are named).

    Exit code 3 when a site is being crawled: the tombstone is in force, and housekeeping or --resume does the rest.

    Example: presskeep remove https://www.example.org/2026/story --reason "court order 4 O 12/26" --apply
    """
    from archive.reader import ArchiveReader
    from archive.records import new_run_id
    from archive.removal import Removal
    from archive.search_index import SearchIndex
    from archive.store import open_store
    from crawler.archiving import SOFTWARE
    from jobs.config import find_config, load_config
    from jobs.opened import opened_catalog
    from jobs.removing import canonical_ids, kept_versions, order, pending, takedowns
    from jobs.searching import forget_removed

    if not resume and (not reason or not reason.strip() or not reason.isprintable()):
        raise JobsError("--reason: say in one line why, it stays in the archive as the record of the takedown")
    config = load_config(find_config(context.obj))
    store = open_store(config.archive)
    with opened_catalog(config) as catalog:
        catalog.tombstones.bring_up_to_date(store)
        profiles = config.profiles()
        planned = [] if resume else takedowns(catalog, store, profiles, url=url, site=site, words=match or [])
        for takedown in [] if as_json else planned:
            _print(takedown)
        removal = Removal(
            store,
            catalog,
            spool=config.spool_folder,
            run=new_run_id(),
            software=SOFTWARE,
            identify=canonical_ids(profiles),
        )
        for takedown in planned if apply else []:
            order(store, takedown, reason=str(reason), at=datetime.now(UTC))
        done: list[Removed] = []
        problems = []
        catalog.tombstones.bring_up_to_date(store)
        for name in pending(catalog) if resume else [one.site for one in planned] if apply else []:
            try:
                done.append(removal.enforce(name))
            except ArchiveError as exc:
                problems.append(f"{name}: the tombstone is in force, but not all is removed yet: {exc}")
        if done:
            catalog.erasure.scrub()
            problems += forget_removed(SearchIndex(config.search_folder), ArchiveReader(store, catalog))
    kept = list(kept_versions(store, done))
    if as_json:
        print_json(
            {
                "applied": apply or resume,
                "planned": [dataclasses.asdict(one) for one in planned],
                "removed": [dataclasses.asdict(one) for one in done],
                "kept_versions": [dataclasses.asdict(one) for one in kept],
                "problems": problems,
            }
        )
    else:
        _print_result(done, kept, problems, nothing_done=not (apply or resume))
    if problems:
        raise typer.Exit(PARTLY_FAILED)


def _print(takedown: Takedown) -> None:
    for article in takedown.articles[:_SHOWN]:
        out.print(safe(f"{takedown.site}  {article}"), soft_wrap=True)
    if len(takedown.articles) > _SHOWN:
        out.print(f"… and {len(takedown.articles) - _SHOWN:,} more")
    out.print(
        f"{takedown.site}: {len(takedown.articles):,} articles, {takedown.revisions:,} revisions, "
        f"{takedown.captures:,} pages in {takedown.batches:,} batches",
        soft_wrap=True,
    )


def _print_result(done: list[Removed], kept: list[KeptVersion], problems: list[str], *, nothing_done: bool) -> None:
    for one in done:
        out.print(
            f"{one.site}: {one.captures:,} pages taken out of {one.batches:,} batches, {len(one.objects):,} objects "
            f"deleted, {one.spooled:,} pages cut out of the spool",
            soft_wrap=True,
        )
    for version in kept:
        until = f", locked until {version.locked_until:%Y-%m-%d %H:%M} UTC" if version.locked_until else ""
        out.print(safe(f"still there: version {version.version} of {version.key}{until}"), soft_wrap=True)
    if kept:
        out.print(
            "The bucket keeps old versions. Remove each with `aws s3api delete-object --version-id`, as soon as its "
            "lock has ended (docs/operate.md).",
            soft_wrap=True,
        )
    for problem in problems:
        out.print(safe(problem), soft_wrap=True)
    if nothing_done:
        out.print("nothing was changed; to do it, add --apply")
