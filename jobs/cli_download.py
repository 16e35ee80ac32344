"""`presskeep download`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

import typer

from jobs.console import err, out, print_json, size
from jobs.errors import JobsError

if TYPE_CHECKING:
    from archive.selection import Plan
    from jobs.export import Downloaded
    from jobs.opened import Articles

STANDARD_OUTPUT = Path("-")

_RAW_FORMATS = ("warc", "wacz")
"""They have their pages from the manifests, and are compressed already, record by record."""

_Many = list[str] | None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(download)


def download(
    context: typer.Context,
    dest: Annotated[Path, typer.Argument(metavar="DEST", help="File or folder to write; - for standard output.")],
    site: Annotated[_Many, typer.Option("--site", help="Only this site; may be repeated, as all that follow.")] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day, YYYY-MM-DD.")] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last day.")] = None,
    by: Annotated[
        Literal["published", "fetched"],
        typer.Option("--by", help="Which day: of publication, or of capture (UTC)."),
    ] = "published",
    language: Annotated[_Many, typer.Option("--language", help="Only this language, such as ckb.")] = None,
    section: Annotated[_Many, typer.Option("--section", help="Only this section of the site.")] = None,
    author: Annotated[_Many, typer.Option("--author", help="Only authors whose name has this in it.")] = None,
    match: Annotated[_Many, typer.Option("--match", help="Only with all these words in headline or text.")] = None,
    flag: Annotated[_Many, typer.Option("--flag", help="Only with this flag, such as paywall.")] = None,
    no_flag: Annotated[_Many, typer.Option("--no-flag", help="Only without this flag.")] = None,
    latest: Annotated[
        bool, typer.Option("--latest/--all-revisions", help="The newest revision of each article, or every one.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=0, help="At most so many articles; 0 for all.")] = 0,
    form: Annotated[
        Literal["jsonl", "csv", "parquet", "warc", "wacz", "markdown", "text", "html"],
        typer.Option("--format", help="One file (jsonl, csv, parquet, warc, wacz) or a folder (markdown, text, html)."),
    ] = "jsonl",
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Give the text as Markdown too, in a column of its own.")
    ] = False,
    archive: Annotated[
        str | None,
        typer.Option("--archive", metavar="URL", help="Read this archive; needs no configuration or catalog."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace DEST if it is a file that exists.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be read.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Write articles of the archive to a file or folder, for other programs and people.

    Every revision of an article counts by itself, unless --latest. Where a day of publication is asked for, articles
    whose day is unknown are left out. A file appears when it is complete, compressed if its name ends in .gz or .zst. A
    folder is a bag (RFC 8493), complete when it has its manifest; the same command goes on with one that is not.

    The archive keeps subheads, lists and quotes: --format markdown and html show them, --markdown adds a column
    `markdown` to JSON lines, CSV and Parquet.

    --format warc gives the pages as the sites sent them, their records byte for byte, for replay tools; wacz the same
    with an index and a list of pages (extra `wacz`); html gives the articles as pages to read offline, from
    data/index.html on.

    With --archive, or where the configured catalog is not on this machine, the manifests in the archive say what is in
    it: its URL and credentials that can read are enough.

    Example: presskeep download news.jsonl.zst --site rudaw --from 2026-01-01 --to 2026-03-31
    """
    from jobs.export import downloaded
    from jobs.opened import opened_articles
    from jobs.selecting import check_sites, selection

    wanted = selection(
        sites=site or (),
        since=since,
        until=until,
        by=by,
        latest=latest,
        languages=language or (),
        sections=section or (),
        authors=author or (),
        words=match or (),
        flags=flag or (),
        without_flags=no_flag or (),
    )
    if as_json and dest == STANDARD_OUTPUT and not dry_run:
        raise JobsError("--json and DEST - both want standard output; name a file")
    with opened_articles(context.obj, archive, by_manifests=form in _RAW_FORMATS) as opened:
        check_sites(wanted.sites, opened.sites)
        if dry_run:
            _print_plan(opened.reader.plan(wanted), as_json=as_json)
            return
        begun = time.monotonic()
        found = downloaded(islice(opened.reader.articles(wanted), limit or None), opened.likenesses, markdown=markdown)
        articles = _write(found, opened.reader, dest, form, force=force)
    _print_summary(articles, dest, time.monotonic() - begun, as_json=as_json)


def _write(articles: Iterator[Downloaded], reader: Articles, dest: Path, form: str, *, force: bool) -> int:
    """Write them; returns how many there were."""
    from jobs.export import compressed
    from jobs.export_folder import FOLDER_FORMATS, write_folder

    with err.status("reading the archive") as spinner:
        written = 0

        def counted() -> Iterator[Downloaded]:
            nonlocal written
            for article in articles:
                yield article
                written += 1
                spinner.update(f"{written:,} articles")

        if form in FOLDER_FORMATS:
            if dest == STANDARD_OUTPUT:
                raise JobsError(f"--format {form} writes a folder of files; name one")
            write_folder(counted(), dest, form)
        else:
            name = "" if form in _RAW_FORMATS else dest.name
            with _destination(dest, force=force) as stream, compressed(stream, name) as packed:
                _file_format(form, reader, dest)(counted(), packed)
    return written


def _file_format(form: str, reader: Articles, dest: Path) -> Callable[[Iterable[Downloaded], BinaryIO], object]:
    """What writes articles to a stream."""
    from archive.manifest_reader import ManifestReader
    from archive.wacz import write_wacz
    from archive.warc_slice import write_slice
    from jobs.export import FILE_FORMATS

    if form in _RAW_FORMATS and isinstance(reader, ManifestReader):
        info = {"software": f"presskeep/{version('presskeep')}"}
        if form == "warc":
            return partial(write_slice, reader, info=info)
        return partial(write_wacz, reader, folder=None if dest == STANDARD_OUTPUT else dest.parent, info=info)
    return FILE_FORMATS[form]


@contextmanager
def _destination(dest: Path, *, force: bool) -> Iterator[BinaryIO]:
    from jobs.new_file import new_file

    with nullcontext(sys.stdout.buffer) if dest == STANDARD_OUTPUT else new_file(dest, overwrite=force) as stream:
        yield stream


def _print_plan(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        print_json({"articles": plan.articles, "shards": plan.shards, "bytes": plan.bytes})
    else:
        about = "at most " if plan.at_most else ""
        out.print(f"{about}{plan.articles:,} articles in {plan.shards:,} shards, {size(plan.bytes)} to read")


def _print_summary(articles: int, dest: Path, seconds: float, *, as_json: bool) -> None:
    written = _bytes(dest)
    if as_json:
        summary: dict[str, Any] = {"articles": articles, "bytes": written, "seconds": round(seconds, 1)}
        print_json(summary)
    else:
        amount = f"{articles:,} {'article' if articles == 1 else 'articles'}"
        amount += "" if written is None else f", {size(written)}"
        (err if dest == STANDARD_OUTPUT else out).print(f"{amount} in {seconds:.1f} s: {dest}", soft_wrap=True)


def _bytes(dest: Path) -> int | None:
    if dest == STANDARD_OUTPUT:
        return None
    return sum(path.stat().st_size for path in (dest.rglob("*") if dest.is_dir() else [dest]) if path.is_file())
