"""Findings of site health as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from archive.site_findings import SiteFinding
from jobs.console import out, safe
from jobs.health_past import shown


def print_findings(findings: Sequence[SiteFinding]) -> None:
    """What changed, the likely cause, and where it can be seen."""
    for finding in findings:
        for line in finding_lines(finding):
            out.print(safe(line), soft_wrap=True)
    if not findings:
        out.print("no open findings")


def finding_lines(finding: SiteFinding) -> list[str]:
    """One finding in a few lines."""
    state = f"noticed {shown(finding.opened)}"
    if finding.closed is not None:
        state += f", {'accepted' if finding.accepted else 'over'} {shown(finding.closed)}"
    return [
        f"{finding.site}: {finding.kind}: {finding.summary}",
        f"  {finding.cause}",
        f"  {state}, in run {finding.run}",
        *(f"  {url}" for url in finding.examples),
    ]
