"""`presskeep health`: what is wrong with sites."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from jobs.console import print_json

FOUND_TROUBLE = 1


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(health)


def health(
    context: typer.Context,
    site: Annotated[str | None, typer.Argument(help="Only this site.")] = None,
    closed: Annotated[int, typer.Option("--closed", min=0, help="Also what was closed in the last so many days.")] = 0,
    accept: Annotated[
        bool, typer.Option("--accept", help="Close what is open at the site: it is so now, and usual from there on.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Tell what is wrong with sites: sources that died, fields that vanished, silence, walls.

    It is judged at the end of each crawl. Exit code 1 while anything is open.

    Example: presskeep health rudaw
    """
    from jobs.config import find_config, load_config
    from jobs.errors import JobsError
    from jobs.health_view import print_findings
    from jobs.opened import opened_catalog

    config, now = load_config(find_config(context.obj)), datetime.now(UTC)
    if accept and site is None:
        raise JobsError("--accept closes what is open at one site: name it")
    with opened_catalog(config) as catalog:
        if site is not None and site not in config.profiles() and not catalog.findings.of_site(site):
            raise JobsError(f"unknown site {site!r}; configured are: {', '.join(config.profiles()) or 'none'}")
        if accept and site is not None:
            catalog.findings.accept(site, now)
        found = catalog.findings.open(None if site is None else [site])
        if closed:
            found += catalog.findings.closed_since(now - timedelta(days=closed))
    found = [finding for finding in found if site in (None, finding.site)]
    if as_json:
        print_json([dataclasses.asdict(finding) for finding in found])
    else:
        print_findings(found)
    if any(finding.closed is None for finding in found):
        raise typer.Exit(FOUND_TROUBLE)
