"""`presskeep status` and `presskeep show`."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.console import err, print_json
from jobs.errors import JobsError

if TYPE_CHECKING:
    from jobs.lookup import Lookup

NOT_ARCHIVED = 1


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(status)
    app.command()(show)


def status(
    context: typer.Context,
    site: Annotated[str | None, typer.Argument(help="One site in detail: its last runs and failures.")] = None,
    audit: Annotated[
        bool, typer.Option("--audit", help="Show what each source of the site announced, and what is missing and why.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Tell what the archive holds of each site, and how its last crawl went.

    Days are days of publication, times are UTC. The audit counts the article URLs that each source ever announced.

    Example: presskeep status rudaw
    """
    from jobs.audit import audit_site
    from jobs.audit_view import print_audit
    from jobs.config import find_config, load_config
    from jobs.opened import opened_catalog
    from jobs.selecting import check_sites
    from jobs.status import site_report, site_statuses
    from jobs.status_view import print_report, print_statuses

    if audit and site is None:
        raise JobsError("--audit is for one site: name it, as in `presskeep status rudaw --audit`")
    config = load_config(find_config(context.obj))
    profiles = config.profiles()
    with opened_catalog(config) as catalog:
        statuses = {each.site: each for each in site_statuses(catalog, profiles)}
        if site is not None:
            check_sites([site], statuses)
        report = site_report(catalog, statuses[site]) if site is not None and not audit else None
        audits = audit_site(catalog, site, profiles.get(site)) if site is not None and audit else None
    if audits is not None and as_json:
        print_json([dataclasses.asdict(each) for each in audits])
    elif audits is not None:
        print_audit(audits)
    elif as_json:
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
                removal = found.removal and dataclasses.asdict(found.removal)
                copies = [dataclasses.asdict(copy) for copy in found.copies]
                more = {"shard_key": found.shard_key, "removal": removal, "copies": copies}
                print_json({**fields(found.article), **more})
            elif removed:
                print_removed(found.article)
            else:
                print_article(found)
        else:
            err.print(_missing(lookup, url), soft_wrap=True)
            raise typer.Exit(NOT_ARCHIVED)


def _missing(lookup: Lookup, url: str) -> str:
    if tombstones := lookup.tombstones(url):
        return f"{url}: was taken down and is not fetched again; {', '.join(tombstones)} tells when and why"
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
