"""`presskeep sites list`, `sites check` and `sites add`: profiles, tried out and proposed."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.console import err, out, print_json, safe
from jobs.errors import JobsError, MissingConfig
from jobs.new_file import new_file

if TYPE_CHECKING:
    from crawler.profile import SiteProfile
    from jobs.config import Config
    from jobs.extractor import Extract
    from jobs.sites_fetch import Fetch
    from jobs.sites_page import PageReport
    from jobs.sites_source import SourceReport

FOUND_WRONG = 1

JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    sites = typer.Typer(help="List site profiles, try them out, and propose new ones.", no_args_is_help=True)
    sites.command("list")(list_sites)
    sites.command()(check)
    sites.command()(add)
    app.add_typer(sites, name="sites")


def list_sites(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the sites that are configured, and those whose profiles come with presskeep.

    Example: presskeep sites list
    """
    from jobs.sites_list import listed
    from jobs.sites_view import print_listed

    rows = listed(_config(context))
    if as_json:
        print_json([dataclasses.asdict(row) for row in rows])
    else:
        print_listed(rows)


def check(
    context: typer.Context,
    what: Annotated[
        str, typer.Argument(metavar="SITE|URL|FILE", help="A site, a page's URL, a saved page, or a profile (.toml).")
    ],
    url: Annotated[str | None, typer.Option("--url", help="With a saved page: the address it has.")] = None,
    pages: Annotated[int, typer.Option("--pages", min=0, max=50, help="So many articles of a site are tried.")] = 3,
    as_json: JsonOption = False,
) -> None:
    """Show what each source of a profile announces, and what a page yields, field by field, with its source.

    Nothing is archived. Pages are fetched as a crawl does: robots.txt, pace and limits count. Exit code 0 when every
    source announces articles and every page is one, else 1.

    Example: presskeep sites check harbour --pages 5
    """
    from jobs.extractor import PageExtractor
    from jobs.sites_view import print_report

    reports = []
    with PageExtractor() as extractor:
        for report in _checked(context, what, url, pages, extractor.read):
            reports.append(report)
            if not as_json:
                print_report(report)
    if as_json:
        print_json([dataclasses.asdict(report) for report in reports])
    if not reports or not all(report.good for report in reports):
        raise typer.Exit(FOUND_WRONG)


def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="The site's home page.")],
    name: Annotated[str | None, typer.Option("--name", help="Short name of the site (default: from its host).")] = None,
    write: Annotated[bool, typer.Option("--write", help="Write it into the folder of profiles instead.")] = False,
) -> None:
    """Propose a profile: feeds, sitemaps, what article URLs look like, time zone and language, each with its reason.

    Reads the home page, robots.txt, the sources that they name and a few articles. Without --write the profile is
    printed; with it a new file is written, and an existing one is never replaced.

    Example: presskeep sites add https://www.harbour-courier.example/ --write
    """
    from jobs.extractor import PageExtractor
    from jobs.sites_add import profile_path, propose, short_name
    from jobs.sites_check import profile_for
    from jobs.sites_toml import render

    plain = profile_for(url, _profiles(context).values())
    path = profile_path(_needed_config(context), name or short_name(url)) if write else None
    with _fetching(context, plain) as fetch, PageExtractor() as extractor:
        proposal = propose(url, fetch, extractor.read, name=name)
    text = safe(render(proposal))
    if path is None:
        out.print(text, soft_wrap=True, end="")
        return
    with new_file(path, overwrite=False) as stream:
        stream.write(text.encode())
    err.print(f"wrote {path}: look through it, then run `presskeep sites check {proposal.name}`", soft_wrap=True)


def _checked(
    context: typer.Context, what: str, url: str | None, pages: int, extract: Extract
) -> Iterator[SourceReport | PageReport]:
    """Reports of whatever was named, each as it is done."""
    from jobs.sites_check import check_site, profile_for
    from jobs.sites_page import check_page, saved_page

    file = Path(what)
    known = _profiles(context)
    if file.is_file() and file.suffix != ".toml":
        fetched = saved_page(file, url)
        yield check_page(fetched, profile_for(fetched.url, known.values()), extract)
        return
    if url is not None:
        raise JobsError("--url goes with a saved page; a page on the web is named by its URL alone")
    if re.match("https?://", what, re.IGNORECASE):
        profile = profile_for(what, known.values())
        with _fetching(context, profile) as fetch:
            yield check_page(fetch(what), profile, extract)
    else:
        profile = _profile(what, file, known)
        with _fetching(context, profile) as fetch:
            yield from check_site(profile, fetch, pages, extract)


def _profile(what: str, file: Path, known: Mapping[str, SiteProfile]) -> SiteProfile:
    from crawler.profile import load_profile

    if file.suffix == ".toml":
        return load_profile(file)
    if what not in known:
        raise JobsError(f"{what!r} is no site, URL or file; sites are: {', '.join(sorted(known))}")
    return known[what]


def _profiles(context: typer.Context) -> dict[str, SiteProfile]:
    """Those that come with presskeep, and those that are configured, which count more."""
    from crawler.profile import builtin_profiles

    config = _config(context)
    return builtin_profiles() | (config.profiles() if config else {})


def _config(context: typer.Context) -> Config | None:
    """The configuration, if there is one: much can be looked at without."""
    try:
        return _needed_config(context)
    except MissingConfig:
        if context.obj is not None:
            raise
        return None


def _needed_config(context: typer.Context) -> Config:
    from jobs.config import find_config, load_config

    return load_config(find_config(context.obj))


@contextmanager
def _fetching(context: typer.Context, profile: SiteProfile) -> Iterator[Fetch]:
    """A `Fetch` that keeps the pace of the profile's hosts; whose contact it names stands in the configuration."""
    from jobs.config import find_config
    from jobs.crawl_settings import download_slots
    from jobs.sites_fetch import fetching

    config = _needed_config(context)
    slots = download_slots([*config.profiles().values(), profile])
    with fetching(find_config(context.obj), slots) as fetch:
        yield fetch
