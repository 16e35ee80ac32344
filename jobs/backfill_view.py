"""Plans, progress and gaps of backfills, as people and programs read them."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter, deque
from collections.abc import Sequence
from datetime import timedelta

from rich.table import Table

from archive.backfills import Backfill, Part, PlannedUrl
from jobs.backfill_estimate import Estimate
from jobs.backfill_gaps import GOT_OR_OPEN, Line, gaps, is_got
from jobs.console import err, out, print_json, safe, size

_LAST = 10
"""Slices whose pace tells how long the rest takes."""


def counts(parts: Sequence[Part]) -> dict[str, int]:
    """Addresses planned, fetched, and archived."""
    return {
        "planned": sum(part.count for part in parts),
        "fetched": sum(part.count for part in parts if part.outcome is not None),
        "archived": sum(part.count for part in parts if is_got(part)),
    }


def print_plan(
    plan: Backfill, cost: Estimate, currency: str, urls: Sequence[PlannedUrl], *, dry_run: bool, as_json: bool
) -> None:
    """What a backfill would fetch, and what that takes; as JSON only where nothing else follows."""
    by_source = Counter((url.source, f"{url.day:%Y-%m}" if url.day else "unknown") for url in urls)
    if as_json and dry_run:
        months = [
            {"source": source, "month": month, "urls": count} for (source, month), count in sorted(by_source.items())
        ]
        print_json({"site": plan.site, **dataclasses.asdict(cost), "currency": currency, "plan": months})
    if as_json:
        return
    table = Table(title=f"{plan.site}, {plan.since} to {plan.until}", title_justify="left")
    sources = sorted({source for source, _ in by_source})
    table.add_column("month")
    for source in sources:
        table.add_column(source, justify="right")
    for month in sorted({month for _, month in by_source}):
        table.add_row(month, *(f"{by_source[source, month]:,}" for source in sources))
    out.print(table)
    out.print(
        f"{cost.held:,} held already, {cost.requests:,} to fetch: about {timedelta(seconds=round(cost.seconds))}, "
        f"at most {size(cost.bytes)}",
        soft_wrap=True,
    )
    money = f"about {cost.put_cost:.2f} {currency} to store, {cost.month_cost:.2f} {currency} a month to keep"
    out.print(f"{cost.puts:,} objects: {money}", soft_wrap=True)
    if dry_run:
        out.print("nothing was stored; to do it, leave out --dry-run")


def print_gaps(plan: Backfill, parts: Sequence[Part], *, by_day: bool = False, as_json: bool) -> None:
    """Month by month, or day by day: planned, archived, still to fetch, missing by reason, and where too little is."""
    lines = gaps(parts, by_day=by_day)
    if as_json:
        found = {name: {**line.counts, "expected": line.expected, "gap": line.is_gap} for name, line in lines.items()}
        head = {**dataclasses.asdict(plan), **counts(parts)}
        print_json({**head, "days" if by_day else "months": found})
        return
    out.print(f"Backfill {plan.backfill} of {plan.site}, {plan.since} to {plan.until}: {plan.state}", soft_wrap=True)
    for name, line in lines.items():
        out.print(safe(f"{name}  {_told(line)}"), soft_wrap=True)


def _told(line: Line) -> str:
    counted = line.counts
    text = f"{line.planned:,} planned, {counted['archived']:,} archived, {counted['to_fetch']:,} to fetch"
    missing = ", ".join(f"{count:,} {name}" for name, count in sorted(counted.items()) if name not in GOT_OR_OPEN)
    text += f"; missing: {missing}" if missing else ""
    return f"{text}; too little: its neighbours have about {line.expected:,}" if line.is_gap else text


class ProgressLines:
    """A line on standard error after each slice, with the time that the rest will take at the pace of the last ones."""

    def __init__(self, *, resumed: bool = False) -> None:
        """What was resumed begins with a slice of which a part may have been fetched before."""
        self._told: deque[tuple[float, int]] = deque(maxlen=_LAST + 1)
        self._in_part = resumed

    def __call__(self, parts: Sequence[Part]) -> None:
        """Tell how far it is."""
        now = counts(parts)
        self._told.append((time.monotonic(), now["fetched"]))
        if self._in_part and len(self._told) > 1:
            self._told.popleft()
            self._in_part = False
        (begun, before), (moment, fetched) = self._told[0], self._told[-1]
        rest = ""
        if fetched > before:
            seconds = round((moment - begun) / (fetched - before) * (now["planned"] - fetched))
            rest = f", about {timedelta(seconds=seconds)} left"
        err.print(f"{fetched:,} of {now['planned']:,} addresses, {now['archived']:,} archived{rest}")
