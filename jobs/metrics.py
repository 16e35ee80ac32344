"""What Prometheus is told: how sites are doing, from the catalog, and how the scheduler is.

Names follow https://prometheus.io/docs/practices/naming/; all of a site carry the label `site`.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from archive.catalog import Catalog

_DAY = timedelta(days=1)

_SITE_GAUGES = {
    "last_run_timestamp_seconds": "When its last run began.",
    "last_new_timestamp_seconds": "When the last run began that found a new article.",
    "runs_day": "Runs of the last 24 hours.",
    "new_articles_day": "Articles archived for the first time in the last 24 hours.",
    "revised_articles_day": "Further revisions of the last 24 hours.",
    "requests_day": "Requests of the last 24 hours.",
    "throttled_day": "Answers of the last 24 hours that asked to slow down.",
    "received_bytes_day": "Bytes received in the last 24 hours.",
    "stored_bytes_day": "Bytes stored in the last 24 hours.",
}


@dataclass(frozen=True, kw_only=True)
class SchedulerState:
    """How a scheduler is at this moment."""

    leading: bool
    waiting: int
    """Sites that are due and wait for a process."""
    running: int
    """Runs under way."""
    scheduled: int
    """Sites that have a schedule."""


class PresskeepCollector(Collector):
    """Gathers anew whenever it is asked."""

    def __init__(
        self,
        catalog: Catalog,
        *,
        scheduler: Callable[[], SchedulerState] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._catalog = catalog
        self._scheduler = scheduler
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """CatalogError when the catalog cannot be read."""
        yield from self._sites()
        open_findings = GaugeMetricFamily("presskeep_open_findings", "Open findings.", labels=["site", "kind"])
        counts = Counter((finding.site, finding.kind) for finding in self._catalog.findings.open())
        for labels, count in sorted(counts.items()):
            open_findings.add_metric(labels, count)
        yield open_findings
        if self._scheduler is not None:
            for name, value in dataclasses.asdict(self._scheduler()).items():
                yield GaugeMetricFamily(f"presskeep_scheduler_{name}", _HELP[name], value=float(value))

    def _sites(self) -> Iterator[Metric]:
        rows = self._catalog.sites.totals(self._now() - _DAY)
        for name, text in _SITE_GAUGES.items():
            family = GaugeMetricFamily(f"presskeep_site_{name}", text, labels=["site"])
            for row in rows:
                value = row[name]
                if value is not None:
                    family.add_metric([row["site"]], value.timestamp() if isinstance(value, datetime) else value)
            yield family


_HELP = {
    "leading": "1 while this scheduler leads, 0 while it stands by.",
    "waiting": "Sites that are due and wait for a process.",
    "running": "Runs under way.",
    "scheduled": "Sites that have a schedule.",
}


def metrics_text(collector: PresskeepCollector) -> bytes:
    """All of it in the text format of Prometheus, version 0.0.4."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return generate_latest(registry)


def write_metrics(text: bytes, file: Path) -> None:
    """As a file for node_exporter's textfile collector, which must never see half of it."""
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(text)
    part.chmod(0o644)
    part.replace(file)
