"""`presskeep backfill`: plan what is to be fetched of a site's past, and work it off."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from jobs.console import err, out, print_json, safe
from jobs.errors import JobsError
from jobs.web_archives import web_archive

if TYPE_CHECKING:
    from archive.backfills import State
    from archive.catalog import Catalog
    from crawler.announced import Found
    from crawler.profile import SiteProfile

PARTLY_FAILED = 3

PlanArgument = Annotated[str, typer.Argument(help="Id of a backfill, or a site for its newest one.")]
SlicesOption = Annotated[int, typer.Option("--slices", min=0, help="Stop after so many slices; 0 for all.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


class _SitesToo(TyperGroup):
    """A group in which the name of a site means `start`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        # What typer takes from click has no public name.
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["start", *args]
        return super().resolve_command(ctx, args)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Fetch a site's past, once: plan it, work it off, pause, go on.", no_args_is_help=True)
    for command in (start, list_, show, pause, resume, cancel):
        group.command(name=command.__name__.rstrip("_"))(command)
    app.add_typer(group, name="backfill", cls=_SitesToo)


def start(
    context: typer.Context,
    site: Annotated[str, typer.Argument(help="Name of a site profile.")],
    since: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First day of publication.")
    ],
    until: Annotated[
        datetime, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="Last day of publication.")
    ],
    urls: Annotated[
        Path | None, typer.Option("--urls", help="More addresses, one a line, with a tab and a date if known.")
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source",
            help="sitemap, listing, section, dated; site for all these (default); wayback, commoncrawl; repeat it.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan, and do nothing.")] = False,
    slices: SlicesOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Plan a backfill from sitemaps, listings, sections, dated addresses and a list, store the plan, and work it off.

    Each slice of it is an ordinary crawl with the site's pace; a crawl that is due comes between two slices. With
    `--source wayback` or `commoncrawl` archives of the web are asked too, for what the site fails to give and for what
    only they know. Killed, `presskeep backfill resume` goes on where it was. Exit code 0 when all is worked off, 3 when
    a source could not be read or the plan was stopped before its end.

    Example: presskeep backfill start rudaw --from 2023-01-01 --to 2023-12-31 --dry-run
    """
    from archive.backfills import WEB_ARCHIVES
    from crawler.past import Window
    from jobs.backfill import new_plan, work_off
    from jobs.backfill_captures import with_captures
    from jobs.backfill_estimate import estimate
    from jobs.backfill_plan import SITE_SOURCES, Planning
    from jobs.backfill_view import ProgressLines, print_gaps, print_plan
    from jobs.config import find_config, load_config
    from jobs.crawl_settings import download_slots
    from jobs.opened import opened_catalog
    from jobs.sites_fetch import fetching

    path = find_config(context.obj)
    config = load_config(path)
    profiles = config.profiles()
    if site not in profiles:
        raise JobsError(f"unknown site {site!r}; configured are: {', '.join(sorted(profiles)) or 'none'}")
    if until < since:
        raise JobsError(f"--to {until:%Y-%m-%d}: is before --from {since:%Y-%m-%d}; exchange them")
    profile = profiles[site]
    listed = _listed(urls)
    sources = _sources(source, SITE_SOURCES)
    window = Window(since=since.date(), until=until.date())
    with fetching(path, download_slots(profiles.values())) as fetch:
        planning = Planning(profile=profile, window=window, fetch=fetch, sources=frozenset(sources))
        found = list({url.url_id: url for url in reversed(list(planning.urls(listed)))}.values())
        pace = planning.pace(config.user_agent)
    with opened_catalog(config) as catalog:
        archives = [web_archive(config, catalog, name) for name in sources if name in WEB_ARCHIVES]
        found = with_captures(found, archives, profile, window, planning.problems)
        for problem in planning.problems:
            err.print(safe(problem), soft_wrap=True)
        cost = estimate(catalog, config, site, found, pace)
        plan = new_plan(site, since, until, shlex.join(sys.argv[1:]))
        if not dry_run:
            catalog.backfills.create(plan, found)
        print_plan(plan, cost, config.prices.currency, found, dry_run=dry_run, as_json=as_json)
        state: State = "done"
        if not dry_run:
            # The first progress is what the time that is left is reckoned from.
            (progress := ProgressLines())(catalog.backfills.parts(plan.backfill))
            state = work_off(catalog, path, plan, profile, slices=slices, on_progress=progress)
            ended = dataclasses.replace(plan, state=state)
            print_gaps(ended, catalog.backfills.parts(plan.backfill), as_json=as_json)
    if planning.problems or state != "done":
        raise typer.Exit(PARTLY_FAILED)


def list_(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the backfills, the newest first.

    Example: presskeep backfill list
    """
    from jobs.backfill_view import counts

    with _opened(context) as (_, _, catalog):
        plans = [(plan, catalog.backfills.parts(plan.backfill)) for plan in catalog.backfills.all()]
    if as_json:
        print_json([{**dataclasses.asdict(plan), **counts(parts)} for plan, parts in plans])
        return
    for plan, parts in plans:
        done = counts(parts)
        out.print(
            f"{plan.backfill}  {plan.site}  {plan.since} to {plan.until}  {plan.state}: "
            f"{done['fetched']:,} of {done['planned']:,} addresses",
            soft_wrap=True,
        )


def show(
    context: typer.Context,
    backfill: PlanArgument,
    by_day: Annotated[bool, typer.Option("--by-day", help="Day by day, not month by month.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what became of a backfill, month by month: archived, still to fetch, missing by reason, and too little.

    Example: presskeep backfill show rudaw
    """
    from jobs.backfill import find_backfill
    from jobs.backfill_view import print_gaps

    with _opened(context) as (_, _, catalog):
        plan = find_backfill(catalog, backfill)
        print_gaps(plan, catalog.backfills.parts(plan.backfill), by_day=by_day, as_json=as_json)


def pause(context: typer.Context, backfill: PlanArgument) -> None:
    """Let a backfill stop after the slice that it works on.

    Example: presskeep backfill pause rudaw
    """
    _change(context, backfill, "paused")


def cancel(context: typer.Context, backfill: PlanArgument) -> None:
    """Give a backfill up; what it has archived stays.

    Example: presskeep backfill cancel rudaw
    """
    _change(context, backfill, "cancelled")


def resume(
    context: typer.Context, backfill: PlanArgument, slices: SlicesOption = 0, as_json: JsonOption = False
) -> None:
    """Go on with a backfill that was paused or killed, where it was.

    Example: presskeep backfill resume rudaw
    """
    from jobs.backfill import find_backfill, work_off
    from jobs.backfill_view import ProgressLines, print_gaps

    with _opened(context) as (path, profiles, catalog):
        plan = find_backfill(catalog, backfill)
        if plan.state == "cancelled":
            raise JobsError(f"backfill {plan.backfill}: was cancelled; start a new one")
        if plan.site not in profiles:
            raise JobsError(f"backfill {plan.backfill}: site {plan.site!r} has no profile any more; put one back")
        (progress := ProgressLines(resumed=True))(catalog.backfills.parts(plan.backfill))
        state = work_off(catalog, path, plan, profiles[plan.site], slices=slices, on_progress=progress)
        ended = dataclasses.replace(plan, state=state)
        print_gaps(ended, catalog.backfills.parts(plan.backfill), as_json=as_json)
    if state != "done":
        raise typer.Exit(PARTLY_FAILED)


@contextmanager
def _opened(context: typer.Context) -> Iterator[tuple[Path, Mapping[str, SiteProfile], Catalog]]:
    from jobs.config import find_config, load_config
    from jobs.opened import opened_catalog

    path = find_config(context.obj)
    config = load_config(path)
    with opened_catalog(config) as catalog:
        yield path, config.profiles(), catalog


def _change(context: typer.Context, backfill: str, state: State) -> None:
    from jobs.backfill import find_backfill

    with _opened(context) as (_, _, catalog):
        plan = find_backfill(catalog, backfill)
        if plan.state in ("done", "cancelled"):
            raise JobsError(f"backfill {plan.backfill}: is {plan.state} already")
        catalog.backfills.change_state(plan.backfill, state)
    out.print(f"backfill {plan.backfill} of {plan.site}: {state}")


def _sources(named: Sequence[str] | None, of_site: Sequence[str]) -> list[str]:
    """The sources that are asked, in the order given."""
    from archive.backfills import WEB_ARCHIVES

    known = (*of_site, *WEB_ARCHIVES)
    for name in named or ():
        if name not in (*known, "site"):
            raise JobsError(f"--source {name}: no such source; there are: site, {', '.join(known)}")
    return [each for name in named or ["site"] for each in (of_site if name == "site" else [name])]


def _listed(file: Path | None) -> Sequence[Found]:
    from crawler.url_list import read_url_list

    if file is None:
        return ()
    try:
        listed = read_url_list(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        raise JobsError(f"--urls {file}: cannot be read: {exc}") from exc
    for warning in listed.warnings:
        err.print(safe(f"{file}: {warning}"), soft_wrap=True)
    return listed.found
