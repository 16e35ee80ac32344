"""`presskeep history` and `presskeep diff`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from jobs.console import err, print_json
from jobs.errors import JobsError

if TYPE_CHECKING:
    from archive.records import Article

NOT_ARCHIVED = 1


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(history)
    app.command()(diff)


def history(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="Any address of the article.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """List the revisions of an article and what changed with each, and when it was met doubtful or gone.

    In the order in which they were fetched, which for imported pages is not that of their numbers. Exit code 1 when no
    article of that address is archived.

    Example: presskeep history https://www.rudaw.net/english/kurdistan/041220231
    """
    from jobs.config import find_config, load_config
    from jobs.history_view import history_rows, print_history
    from jobs.lookup import Lookup
    from jobs.opened import opened_archive

    config = load_config(find_config(context.obj))
    with opened_archive(config) as (catalog, reader):
        revisions = Lookup(catalog, reader, config.profiles().values()).revisions(url)
        if not revisions:
            _end_without(url)
        rows = history_rows(revisions, catalog.history.sightings(revisions[0].url_id))
    if as_json:
        print_json(rows)
    else:
        print_history(revisions[-1].title, rows)


def diff(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="Any address of the article.")],
    revisions: Annotated[
        tuple[int, int] | None,
        typer.Option("--revisions", metavar="A B", help="Numbers of two revisions; the last two if not given."),
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page of HTML here.")] = None,
) -> None:
    """Show what changed between two revisions of an article, word by word.

    In colours on a terminal; elsewhere [-removed-] and {+added+} words are marked as `git diff --word-diff` does. Exit
    code 1 when no article of that address is archived.

    Example: presskeep diff https://www.rudaw.net/english/kurdistan/041220231 --revisions 1 3 --html changes.html
    """
    from jobs.article_changes import changes
    from jobs.config import find_config, load_config
    from jobs.history_view import changes_page, print_changes
    from jobs.lookup import Lookup
    from jobs.new_file import new_file
    from jobs.opened import opened_archive

    config = load_config(find_config(context.obj))
    with opened_archive(config) as (catalog, reader):
        held = Lookup(catalog, reader, config.profiles().values()).revisions(url)
    if not held:
        _end_without(url)
    found = changes(*_pair(held, revisions))
    if html is not None:
        with new_file(html, overwrite=True) as stream:
            stream.write(changes_page(found).encode())
    else:
        print_changes(found)


def _pair(held: Sequence[Article], numbers: tuple[int, int] | None) -> tuple[Article, Article]:
    there_are = ", ".join(str(each.revision) for each in held)
    if numbers is None:
        if len(held) < 2:
            raise JobsError(f"{held[0].url}: has one revision only; there is nothing to compare")
        return held[-2], held[-1]
    by_number = {each.revision: each for each in held}
    for number in numbers:
        if number not in by_number:
            raise JobsError(f"--revisions: there is no revision {number} of {held[0].url}; there are: {there_are}")
    return by_number[numbers[0]], by_number[numbers[1]]


def _end_without(url: str) -> NoReturn:
    err.print(f"{url}: no article of it is archived; `presskeep show` tells what is known", soft_wrap=True)
    raise typer.Exit(NOT_ARCHIVED)
