"""Findings, repairs and garbage as people read them: a line each, never cut, so that it can be searched and piped."""

from __future__ import annotations

from archive.findings import Finding
from archive.garbage import Garbage
from archive.repair import Step
from jobs.console import out, safe, size


def print_finding(finding: Finding) -> None:
    """What was found, in which object, at which byte, about which page."""
    place = f" at byte {finding.offset}" if finding.offset is not None else ""
    page = f" {finding.url}" if finding.url else ""
    _print_line(f"{finding.kind:<18} {finding.key}{place}{page}: {finding.detail}")


def print_step(step: Step) -> None:
    """What is done, and below it what is lost."""
    _print_line(f"{step.state:<10} {step.kind} {step.key}: {step.detail}")
    for loss in step.losses:
        what = " and ".join(name for name, gone in (("page", loss.page), ("article", loss.text)) if gone)
        _print_line(f"{'':<10} lost: {what} {loss.url}: {loss.reason}")


def print_garbage(garbage: Garbage) -> None:
    """What it is, and since when."""
    amount = "an unfinished upload" if garbage.size is None else size(garbage.size)
    _print_line(f"{garbage.kind:<9} {garbage.key}: {amount} since {garbage.since:%Y-%m-%d %H:%M} UTC")


def _print_line(text: str) -> None:
    out.print(safe(text), soft_wrap=True)
