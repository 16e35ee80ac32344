"""`presskeep search`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from jobs.cli_filters import Archive, Author, By, Flag, Language, NoFlag, Section, Since, Site, Until
from jobs.console import err, out, print_json, safe
from jobs.errors import JobsError

if TYPE_CHECKING:
    from archive.search_index import SearchIndex
    from jobs.opened import Articles
    from jobs.searching import Found

NOTHING_FOUND = 1


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(search)


def search(
    context: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="WORDS", help="All of these stand in headline or text.")
    ] = None,
    site: Site = None,
    since: Since = None,
    until: Until = None,
    by: By = "published",
    language: Language = None,
    section: Section = None,
    author: Author = None,
    flag: Flag = None,
    no_flag: NoFlag = None,
    latest: Annotated[bool, typer.Option("--latest", help="Only where the newest revision has the words.")] = False,
    sort: Annotated[
        Literal["relevance", "date"], typer.Option("--sort", help="Best first, or newest first by the day of --by.")
    ] = "relevance",
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many articles.")] = 10,
    update: Annotated[bool, typer.Option("--update", help="First bring the index up to date.")] = False,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="First make the index anew.")] = False,
    archive: Archive = None,
    index: Annotated[
        Path | None, typer.Option("--index", metavar="FOLDER", help="Where the index lies; goes with --archive.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Search headlines and texts of the archive, in all languages, and show where the words stand.

    It asks an index on this machine (extra `search`), which --update makes and brings up to date; housekeeping does so
    too where there is one. Case, accents and ways to write a letter do not matter; Chinese, Japanese, Korean and Thai
    words are found within others. What is put in quotation marks has to stand there so. An article stands there once,
    in the revision that fits best.

    Exit code 1 when nothing was found.

    Example: presskeep search dam kirkuk --site rudaw --from 2026-01-01 --sort date
    """
    from archive.known_batches import KnownBatches
    from archive.search_index import SearchIndex
    from jobs.config import find_config, load_config
    from jobs.opened import opened_articles
    from jobs.searching import search as searched
    from jobs.selecting import check_sites, selection

    wanted = selection(
        sites=site,
        since=since,
        until=until,
        by=by,
        latest=latest,
        languages=language,
        sections=section,
        authors=author,
        flags=flag,
        without_flags=no_flag,
    )
    if not words and not update and not rebuild:
        raise JobsError("say what to look for: presskeep search WORDS; --update alone brings the index up to date")
    if (archive is None) != (index is None):
        raise JobsError("--archive and --index go together: the address, and a folder for its index")
    folder = index or load_config(find_config(context.obj)).search_folder
    held = SearchIndex(folder)
    with opened_articles(context.obj, archive, known_batches=KnownBatches(folder / "batches.json")) as opened:
        check_sites(wanted.sites, opened.sites)
        if update or rebuild:
            _update(held, opened.reader, anew=rebuild)
        if not words:
            return
        found = searched(held, opened.reader, " ".join(words), wanted, order=sort, limit=limit)
        if missing := held.missing(opened.reader):
            err.print(f"{missing:,} shards are newer than the index; bring it up to date with --update", soft_wrap=True)
    if as_json:
        print_json([one.plain() for one in found])
    else:
        for place, one in enumerate(found):
            _print(one, first=not place)
    if not found:
        raise typer.Exit(NOTHING_FOUND)


def _update(index: SearchIndex, source: Articles, *, anew: bool) -> None:
    with err.status("reading the archive") as spinner:
        done = index.update(source, anew=anew, progress=lambda count: spinner.update(f"{count:,} articles"))
    err.print(f"{done.added:,} articles read, {done.articles:,} in the index", soft_wrap=True)


def _print(found: Found, *, first: bool) -> None:
    from rich.text import Text

    if not first:
        out.print()
    out.print(safe(found.title or "(without a title)"), style="bold", soft_wrap=True)
    facts = (str(found.published or "undated"), found.site, found.url)
    out.print(safe(" · ".join(facts)), style="dim", soft_wrap=True)
    text = Text()
    for piece, sought in found.snippet:
        text.append(safe(piece), style="bold yellow" if sought else None)
    out.print(text, soft_wrap=not out.is_terminal)
