"""`presskeep download`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from jobs.cli_filters import Archive, Author, By, Flag, Language, Match, NoFlag, Section, Since, Site, Until
from jobs.errors import JobsError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(download)


def download(
    context: typer.Context,
    dest: Annotated[Path, typer.Argument(metavar="DEST", help="File or folder to write; - for standard output.")],
    site: Site = None,
    since: Since = None,
    until: Until = None,
    by: By = "published",
    language: Language = None,
    section: Section = None,
    author: Author = None,
    match: Match = None,
    flag: Flag = None,
    no_flag: NoFlag = None,
    latest: Annotated[
        bool, typer.Option("--latest/--all-revisions", help="The newest revision of each article, or every one.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=0, help="At most so many articles; 0 for all.")] = 0,
    form: Annotated[
        Literal["jsonl", "csv", "parquet", "epub", "warc", "wacz", "markdown", "text", "html"],
        typer.Option(
            "--format", help="One file (jsonl, csv, parquet, epub, warc, wacz) or folder (markdown, text, html)."
        ),
    ] = "jsonl",
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Give the text as Markdown too, in a column of its own.")
    ] = False,
    archive: Archive = None,
    since_last: Annotated[
        bool, typer.Option("--since-last", help="Only what came since the last such download to DEST.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace DEST if it is a file that exists.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be read.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Write articles of the archive to a file or folder, for other programs and people.

    Every revision of an article counts by itself, unless --latest. Where a day of publication is asked for, articles
    whose day is unknown are left out. A file appears when it is complete, compressed if its name ends in .gz or .zst. A
    folder is a bag (RFC 8493), complete when it has its manifest. The same command goes on where it was interrupted:
    what it had fetched lies in a hidden folder beside DEST, is checked again, and goes when DEST is complete.

    --since-last writes all the first time, and from then on what was archived since, to a new part beside DEST
    (news.jsonl, news.2.jsonl, …): every article once, none forgotten, whatever was committed late or compacted
    meanwhile. What was taken down of earlier parts is listed in DEST.removed.jsonl; DEST.feed remembers what was
    delivered.

    The archive keeps subheads, lists and quotes: --format markdown and html show them, --markdown adds a column
    `markdown` to JSON lines, CSV and Parquet.

    --format warc gives the pages as the sites sent them, their records byte for byte, for replay tools; wacz the same
    with an index and a list of pages (extra `wacz`); html gives the articles as pages to read offline, from
    data/index.html on; epub as a book for a reader, of a day or a week.

    With --archive, or where the configured catalog is not on this machine, the manifests in the archive say what is in
    it: its URL and credentials that can read are enough.

    Example: presskeep download news.jsonl.zst --site rudaw --from 2026-01-01 --to 2026-03-31
    """
    from jobs.download import Order, plan
    from jobs.download import download as fetch
    from jobs.download_view import ShownProgress, print_done, print_plan
    from jobs.selecting import selection

    order = Order(
        dest=dest,
        form=form,
        wanted=selection(
            sites=site,
            since=since,
            until=until,
            by=by,
            latest=latest,
            languages=language,
            sections=section,
            authors=author,
            words=match,
            flags=flag,
            without_flags=no_flag,
        ),
        config=context.obj,
        archive=archive,
        limit=limit or None,
        markdown=markdown,
        force=force,
        since_last=since_last,
    )
    if dry_run:
        print_plan(plan(order), as_json=as_json)
        return
    if as_json and str(dest) == "-":
        raise JobsError("--json and DEST - both want standard output; name a file")
    begun = time.monotonic()
    with ShownProgress() as progress:
        done = fetch(order, progress)
    print_done(done, time.monotonic() - begun, as_json=as_json)
