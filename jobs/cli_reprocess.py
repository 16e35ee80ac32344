"""`presskeep reprocess`."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.console import err, out, print_json, safe
from jobs.errors import JobsError

if TYPE_CHECKING:
    from jobs.reprocess import ReprocessReport

_Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DAY")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(reprocess)


def reprocess(
    context: typer.Context,
    site: Annotated[str, typer.Option("--site", help="The site.")],
    since: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First day of capture.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="Last day of capture.")
    ] = None,
    before: Annotated[
        str | None,
        typer.Option(
            "--since-extractor", metavar="VERSION", help="Only what an older presskeep extracted, e.g. 0.2.0."
        ),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what carries today's version and profile.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this nothing is changed.")] = False,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write what differs to this HTML file, side by side.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Extract a site's archived pages again, with today's extractor and profile, or show what would differ.

    Without --apply nothing is changed. With it, new Parquet files take the place of the old ones, batch by batch; WARC
    files are never touched. Articles keep their identity and their revision, and one that is not found any more keeps
    its text. What carries today's version and profile is left out, so that a run which was killed goes on where it was.

    Example: presskeep reprocess --site rudaw --from 2026-01-01 --report differences.html
    """
    from archive import schema
    from crawler.reprocessed import Choice
    from jobs.cli_archive import _progress
    from jobs.config import find_config, load_config
    from jobs.new_file import new_file
    from jobs.opened import opened_catalog
    from jobs.reprocess import reprocess as run
    from jobs.reprocess_report import html_report

    if before is not None and not re.fullmatch(r"\d+(\.\d+)*", before):
        raise JobsError(f"--since-extractor {before!r}: is no version; write one such as 0.2.0")
    if report is not None and report.exists():
        raise JobsError(f"--report {report}: exists already; choose another name")
    config = load_config(find_config(context.obj))
    choice = Choice(
        site=site,
        since=since.date() if since else None,
        until=until.date() if until else None,
        before_version=before,
        again=again,
    )
    with opened_catalog(config) as catalog, _progress("reprocessing") as show_progress:
        known = {row["site"] for row in catalog.rows(schema.batches)}
        if site not in known:
            raise JobsError(f"unknown site {site!r}; archived are: {', '.join(sorted(known)) or 'none yet'}")
        done = run(config, catalog, choice, apply=apply, on_progress=show_progress)
    if report is not None:
        with new_file(report, overwrite=False) as stream:
            stream.write(html_report(done))
    if as_json:
        print_json(_plain(done))
    else:
        _print(done)


def _plain(report: ReprocessReport) -> dict[str, object]:
    counts = ("site", "applied", "batches", "replaced", "extracted", "changed", "found")
    return {name: getattr(report, name) for name in counts} | {
        "fields": dict(sorted(report.fields.items())),
        "kept": dict(sorted(report.kept.items())),
    }


def _print(report: ReprocessReport) -> None:
    out.print(
        safe(
            f"{report.site}: {report.extracted:,} captures in {report.batches:,} batches extracted again: "
            f"{report.changed:,} articles differ, {report.found:,} are new"
        ),
        soft_wrap=True,
    )
    for name, count in sorted(report.fields.items(), key=lambda item: (-item[1], item[0])):
        out.print(f"  {name}: {count:,}")
    for outcome, count in sorted(report.kept.items()):
        out.print(safe(f"  not found any more, and kept: {count:,} {outcome}"))
    if report.applied:
        out.print(f"{report.replaced:,} batches were replaced; `presskeep gc` removes the old files later")
    else:
        err.print("nothing was changed; to do it, add --apply")
