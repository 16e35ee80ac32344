"""The audit of a site as people read it: a paragraph a source."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.audit import SourceAudit
from jobs.console import out, safe


def print_audit(audits: Sequence[SourceAudit]) -> None:
    """Each source with what it announced, what is archived of that, and what is missing and why."""
    if not audits:
        out.print("no source of this site was ever read")
    for audit in audits:
        _print_line(f"{audit.kind} {audit.url}{'' if audit.configured else '  (no longer in the profile)'}")
        _print_line(f"  {_numbers(audit)}")
        if audit.trouble:
            _print_line(f"  in trouble: {audit.trouble}")
        for reason, count in audit.missing.items():
            _print_line(f"  missing {count:,}  {reason}")
            for url in audit.examples[reason]:
                _print_line(f"    {url}")


def _numbers(audit: SourceAudit) -> str:
    missing = sum(audit.missing.values())
    read = f"last read {audit.fetched:%Y-%m-%d %H:%M} UTC" if audit.fetched else "never read"
    return (
        f"announced {audit.announced:,}, archived {audit.archived:,}, missing {missing:,}; "
        f"lists {audit.listed:,}, {read}"
    )


def _print_line(text: str) -> None:
    out.print(safe(text), soft_wrap=True)
