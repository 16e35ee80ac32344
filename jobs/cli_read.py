"""`presskeep status`, `presskeep show` and `presskeep download`."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal

import typer

from jobs.console import err, out, print_json, size
from jobs.errors import JobsError

if TYPE_CHECKING:
    from archive.catalog import Catalog
    from jobs.config import Config
    from jobs.export import Written
    from jobs.lookup import Lookup

NOT_ARCHIVED = 1
STANDARD_OUTPUT = Path("-")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(status)
    app.command()(show)
    app.command()(download)


def status(
    context: typer.Context,
    site: Annotated[str | None, typer.Argument(help="One site in detail: its last runs and failures.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Tell what the archive holds of each site, and how its last crawl went.

    Days are days of publication, times are UTC.

    Example: presskeep status rudaw
    """
    from jobs.config import find_config, load_config
    from jobs.opened import opened_catalog
    from jobs.status import site_report, site_statuses
    from jobs.status_view import print_report, print_statuses

    config = load_config(find_config(context.obj))
    with opened_catalog(config) as catalog:
        statuses = {each.site: each for each in site_statuses(catalog, config.profiles())}
        if site is not None:
            _check_known([site], statuses)
        report = site_report(catalog, statuses[site]) if site is not None else None
    if as_json:
        print_json(dataclasses.asdict(report) if report else [dataclasses.asdict(each) for each in statuses.values()])
    elif report:
        print_report(report)
    else:
        print_statuses(list(statuses.values()))


def show(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="Any address of the article.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print all fields as JSON.")] = False,
    removed: Annotated[
        bool, typer.Option("--removed", help="Print what was left out as boilerplate, and why.")
    ] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Give the page that it was taken from.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="With --raw: write the page here.")] = None,
) -> None:
    """Show an archived article in its newest revision, what was left out of it, or the page that it was taken from.

    The page (--raw) is what the server sent, without its compression; it is there even if no article was found in it.
    Exit code 1 when the archive does not hold what was asked for.

    Example: presskeep show https://www.rudaw.net/english/kurdistan/041220231
    """
    from crawler.payload import decoded_body
    from jobs.article_view import print_article, print_removed
    from jobs.config import find_config, load_config
    from jobs.export import fields
    from jobs.lookup import Lookup
    from jobs.opened import opened_archive

    if raw + as_json + removed > 1 or (output and not raw):
        raise JobsError(
            "--raw gives the page, --json all fields of the article, --removed what was left out: ask for one; "
            "--output goes with --raw"
        )
    config = load_config(find_config(context.obj))
    with opened_archive(config) as (catalog, reader):
        lookup = Lookup(catalog, reader, config.profiles().values())
        if raw and (location := lookup.page(url)):
            _give(decoded_body(reader.capture(location)), output)
        elif not raw and (found := lookup.article(url)):
            if as_json:
                print_json({**fields(found.article), "shard_key": found.shard_key})
            elif removed:
                print_removed(found.article)
            else:
                print_article(found)
        else:
            err.print(_missing(lookup, url), soft_wrap=True)
            raise typer.Exit(NOT_ARCHIVED)


def download(
    context: typer.Context,
    dest: Annotated[Path, typer.Argument(metavar="DEST", help="File to write; - for standard output.")],
    site: Annotated[list[str] | None, typer.Option("--site", help="Only this site; may be repeated.")] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day of publication.")] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last day of publication.")] = None,
    form: Annotated[Literal["jsonl"], typer.Option("--format", help="jsonl: a line of JSON an article.")] = "jsonl",
    force: Annotated[bool, typer.Option("--force", help="Replace DEST if it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Write the articles of the archive to one file, for other programs.

    Each revision of an article is a line of its own. Days are written YYYY-MM-DD; where one is given, articles whose
    day of publication is unknown are left out. DEST appears when it is complete.

    Example: presskeep download news.jsonl --site rudaw --from 2026-01-01 --to 2026-03-31
    """
    from jobs.config import find_config, load_config
    from jobs.export import select, selection, write_jsonl
    from jobs.opened import opened_archive

    wanted = selection(sites=site or (), since=since, until=until)
    if as_json and dest == STANDARD_OUTPUT:
        raise JobsError("--json and DEST - both want standard output; name a file")
    config = load_config(find_config(context.obj))
    begun = time.monotonic()
    with opened_archive(config) as (catalog, reader):
        _check_known(wanted.sites, _known_sites(catalog, config))
        with _destination(dest, force=force) as stream, _progress() as show_progress:
            written = write_jsonl(select(reader, wanted), stream, show_progress)
    seconds = round(time.monotonic() - begun, 1)
    if as_json:
        print_json({**dataclasses.asdict(written), "seconds": seconds})
    else:
        summary = f"{written.articles:,} articles, {size(written.bytes)} in {seconds} s: {dest}"
        (err if dest == STANDARD_OUTPUT else out).print(summary, soft_wrap=True)


def _check_known(sites: Collection[str], known: Collection[str]) -> None:
    for site in sites:
        if site not in known:
            there_are = ", ".join(sorted(known)) or "none yet; write a profile, see sites/example.toml"
            raise JobsError(f"unknown site {site!r}; there are: {there_are}")


def _known_sites(catalog: Catalog, config: Config) -> set[str]:
    return {summary["site"] for summary in catalog.site_summaries()} | set(config.profiles())


def _missing(lookup: Lookup, url: str) -> str:
    state = lookup.last_known(url)
    if state is None:
        return f"{url}: no page of it is archived; fetch it with `presskeep crawl --url URL`"
    return (
        f"{url}: no article of it is archived; when it was last fetched, {state.last_fetched:%Y-%m-%d %H:%M} UTC, the "
        f"outcome was {state.outcome}; see that page with --raw"
    )


def _give(body: bytes, output: Path | None) -> None:
    from jobs.new_file import new_file

    if output is not None:
        with new_file(output, overwrite=True) as stream:
            stream.write(body)
    elif sys.stdout.isatty():
        raise JobsError("a raw page can upset a terminal; write it to a file with --output FILE, or into a pipe")
    else:
        sys.stdout.buffer.write(body)


@contextmanager
def _destination(dest: Path, *, force: bool) -> Iterator[BinaryIO]:
    from jobs.new_file import new_file

    if dest == STANDARD_OUTPUT:
        yield sys.stdout.buffer
    else:
        with new_file(dest, overwrite=force) as stream:
            yield stream


@contextmanager
def _progress() -> Iterator[Callable[[Written], None]]:
    """Shows on a terminal how far it is; does nothing elsewhere."""
    with err.status("reading the archive") as spinner:
        yield lambda written: spinner.update(f"{written.articles:,} articles, {size(written.bytes)}")
