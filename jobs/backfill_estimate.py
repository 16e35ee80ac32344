"""What a backfill will take and cost, from its plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any

from archive import schema
from archive.backfills import WEB_ARCHIVES, PlannedUrl
from archive.catalog import Catalog
from jobs.backfill import CAPTURES, PAUSE, SLICE
from jobs.config import Config
from jobs.held import is_held

_FASTEST = 0.05
"""Seconds that a page takes at least, from a site that sets no pace."""

_SLICE_SECONDS = 5.0
"""What a slice takes beside its requests where none was measured: its process begins, its last batch is committed."""

_RUNS = 20
"""Newest runs of a site from which its pace and those of slices are known."""

_TELLING = 30
"""Requests of a run from which its pace tells something."""

_ARTICLE_BYTES = 40_000
"""What an article takes in the archive, where the site has none yet to tell from."""

_HISTORY = 30
"""Days of articles from which it is known how many a day has."""

_GIGABYTE = 10**9


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """What a backfill will cost."""

    requests: int
    """Addresses still to be fetched; counted ones as far as the articles held tell how many a day has."""
    held: int
    """Addresses of the plan that the archive holds already."""
    seconds: float
    """At the polite rate."""
    bytes: int
    """Stored, at what the site's articles take on average."""
    puts: int
    """Objects stored: of each slice a WARC file, a manifest, and a Parquet file for each month."""
    put_cost: float
    """Of storing these, once, by the table `prices`."""
    month_cost: float
    """Of keeping these bytes, a month."""


def estimate(catalog: Catalog, config: Config, site: str, urls: Sequence[PlannedUrl], pace: float) -> Estimate:
    """What it takes to work off these addresses, the site asked every `pace` seconds."""
    summary = next((row for row in catalog.site_summaries() if row["site"] == site), None)
    states = catalog.url_states({url.url_id for url in urls})
    left = [url for url in urls if (state := states.get(url.url_id)) is None or not is_held(state)]
    asked = Counter(url.source if url.source in WEB_ARCHIVES else "" for url in left)
    asked[""] += _further(left, summary)
    measured = _measured(catalog, site)
    paces = {"": max(pace, measured.request, _FASTEST)} | {
        name: 60 / config.web_archives.per_minute(name) for name in WEB_ARCHIVES
    }
    stored = asked.total() * (summary["bytes"] // summary["revisions"] if summary else _ARTICLE_BYTES)
    puts = _puts(left)
    return Estimate(
        requests=asked.total(),
        held=len({url.url_id for url in urls}) - len({url.url_id for url in left}),
        seconds=_seconds(asked, paces, measured.slice + PAUSE),
        bytes=stored,
        puts=puts,
        put_cost=puts / 1000 * config.prices.put_thousand,
        month_cost=stored / _GIGABYTE * config.prices.gigabyte_month,
    )


def _seconds(asked: Mapping[str, int], paces: Mapping[str, float], slice_seconds: float) -> float:
    return sum(
        count * paces[source] + -(-count // (CAPTURES if source else SLICE)) * slice_seconds
        for source, count in asked.items()
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Measured:
    """What earlier runs took; medians, in seconds."""

    request: float
    """From one request to the next; 0 where it is not known."""
    slice: float
    """Of a slice of a backfill, beside its requests."""


def _measured(catalog: Catalog, site: str) -> _Measured:
    """A site that answers more slowly than its pace allows, or a slow machine, shows in the runs there were."""
    rows = sorted(catalog.rows(schema.run_sites, site=site), key=lambda row: row["started"])[-_RUNS:]
    telling = [row for row in rows if row["requests"] >= _TELLING]
    slices = [
        (run["finished"] - run["started"]).total_seconds() - row["seconds"]
        for row in telling
        for run in catalog.rows(schema.runs, run=row["run"])
        if run["command"].startswith("backfill ") and run["finished"] is not None
    ]
    return _Measured(
        request=median(row["seconds"] / (row["requests"] - 1) for row in telling) if telling else 0.0,
        slice=median(slices) if slices else _SLICE_SECONDS,
    )


def _further(left: Sequence[PlannedUrl], summary: Mapping[str, Any] | None) -> int:
    """How many counted addresses will follow those that are planned: as many as the days have articles."""
    counted = {url.day for url in left if url.series}
    if summary is None or not counted or not (_known_days(summary) >= _HISTORY):
        return 0
    usual = summary["articles"] / _known_days(summary)
    elsewhere = sum(url.day in counted and not url.series for url in left)
    return max(0, int(len(counted) * usual) - elsewhere)


def _known_days(summary: Mapping[str, Any]) -> int:
    first, last = summary["first_day"], summary["last_day"]
    return int((last - first).days) + 1 if first and last else 0


def _puts(left: Sequence[PlannedUrl]) -> int:
    months = [f"{url.day:%Y-%m}" if url.day else "" for url in sorted(left, key=lambda url: url.day or date.min)]
    return sum(2 + len(set(months[begin : begin + SLICE])) for begin in range(0, len(months), SLICE))
