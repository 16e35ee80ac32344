"""`presskeep init` and `presskeep doctor`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.console import out, print_json, safe

if TYPE_CHECKING:
    from jobs.doctor import Finding

FOUND_WRONG = 1


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(doctor)


def init(
    context: typer.Context,
    archive: Annotated[
        str | None,
        typer.Option("--archive", help="s3://bucket/prefix, file:///path or a folder.", show_default="data/archive"),
    ] = None,
    contact: Annotated[
        str | None, typer.Option("--contact", help="Web page or mail address that site owners can write to.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite presskeep.toml and sites/example.toml.")] = False,
) -> None:
    """Write presskeep.toml and a sample profile, begin the archive, and prove that it can be written and read.

    What exists is kept, so that it can be run again at any time. Exit code 1 when the archive, the catalog or the spool
    is not as it should be.

    Example: presskeep init --archive s3://my-bucket/news --contact https://example.org/crawler
    """
    from jobs.config import FILE_NAME, load_config
    from jobs.doctor import examine_archive
    from jobs.init import set_up

    path = context.obj or Path(FILE_NAME)
    for step in set_up(path, archive=archive, contact=contact, force=force):
        out.print(step, soft_wrap=True)
    findings = []
    for finding in examine_archive(load_config(path)):
        findings.append(finding)
        _print_finding(finding)
    if _wrong(findings):
        raise typer.Exit(FOUND_WRONG)
    out.print("ready: give each site a profile in the folder sites, then run `presskeep crawl SITE`", soft_wrap=True)


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Try out configuration, profiles, clock, archive, catalog and spool, and say what to do about what is wrong.

    Exit code 0 when all is well, 1 when something was found.

    Example: presskeep doctor
    """
    from jobs.doctor import examine

    findings = []
    for finding in examine(context.obj):
        findings.append(finding)
        if not as_json:
            _print_finding(finding)
    if as_json:
        print_json({"well": not _wrong(findings), "findings": [dataclasses.asdict(finding) for finding in findings]})
    if _wrong(findings):
        raise typer.Exit(FOUND_WRONG)


_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "skipped": "yellow"}


def _print_finding(finding: Finding) -> None:
    out.print(f"{finding.state:<8}", style=_STYLES[finding.state], end="")
    result = finding.result.replace("\n", "\n" + 10 * " ")
    out.print(safe(f"{finding.name}: {finding.tried}: {result}"), soft_wrap=True)


def _wrong(findings: list[Finding]) -> bool:
    return any(finding.state == "failed" for finding in findings)
