"""The report of a run, put together from what its parts have counted."""

from __future__ import annotations

import logging
import resource
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Literal, Protocol

from archive.catalog import Catalog
from archive.commit import CommittedBatch
from archive.errors import ArchiveError
from archive.run_report import RunReport, SiteReport, SourceTrouble, write_report
from archive.store import Store
from crawler.tally import SiteTally, exit_code
from crawler.traffic import SiteTraffic

logger = logging.getLogger(__name__)

_MISSING = ("http_404", "http_410")


def run_report(
    *,
    run: str,
    command: str,
    state: Literal["done", "interrupted", "failed"],
    started: datetime,
    finished: datetime,
    problems: Sequence[str],
    software: dict[str, str],
    tallies: Sequence[SiteTally],
    counts: Mapping[tuple[str, str, str], int],
    committed: Sequence[CommittedBatch],
    traffic: Mapping[str, SiteTraffic],
    troubles: Mapping[str, tuple[SourceTrouble, ...]],
    peak_memory: int,
) -> RunReport:
    """What the run did; `counts` are outcomes by site, kind and outcome."""
    revised: Counter[str] = Counter()
    for batch in committed:
        revised[batch.site] += batch.revised
    return RunReport(
        run=run,
        command=command,
        state=state,
        exit_code=exit_code(state, problems, tallies),
        started=started,
        finished=finished,
        peak_memory=peak_memory,
        problems=tuple(problems),
        software=software,
        sites=tuple(
            replace(
                _site_report(tally, traffic.get(tally.site) or SiteTraffic(), counts, revised[tally.site]),
                troubled_sources=troubles.get(tally.site, ()),
            )
            for tally in sorted(tallies, key=lambda tally: tally.site)
        ),
    )


class Health(Protocol):
    """Judges the sites of a run."""

    def examine(self, report: RunReport, catalog: Catalog) -> RunReport:
        """The report with what is wrong at its sites, once the catalog has recorded it; CatalogError."""


def keep_report(report: RunReport, store: Store, catalog: Catalog, health: Health | None = None) -> str:
    """Keep it in the bucket and in the catalog; what stood in the way, empty if nothing did.

    The bucket first: what is in there only, `presskeep catalog rebuild` finds again.
    """
    problem = ""
    if health is not None:
        try:
            catalog.diary.record(report)
            report = health.examine(report, catalog)
        except ArchiveError as exc:
            logger.warning("the health of the sites is not judged: %s", exc)
    for keep in (partial(write_report, store), catalog.diary.record):
        try:
            keep(report)
        except ArchiveError as exc:
            problem = f"the report of the run is not kept: {exc}"
    return problem


def peak_memory() -> int:
    """Bytes that this process has held at most (getrusage(2): kilobytes, but bytes on macOS)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _site_report(
    tally: SiteTally, traffic: SiteTraffic, counts: Mapping[tuple[str, str, str], int], revised: int
) -> SiteReport:
    pages = _outcomes(counts, tally.site, "page")
    return SiteReport(
        site=tally.site,
        found=tally.found,
        new=tally.new - revised,
        revised=revised,
        unchanged=tally.unchanged,
        missing=sum(pages.get(outcome, 0) for outcome in _MISSING),
        throttled=traffic.throttled,
        requests=traffic.requests,
        bytes_received=traffic.bytes,
        bytes_stored=tally.bytes,
        seconds=traffic.seconds,
        rate=traffic.rate,
        pages=pages,
        sources=_outcomes(counts, tally.site, "source"),
    )


def _outcomes(counts: Mapping[tuple[str, str, str], int], site: str, kind: str) -> dict[str, int]:
    return {o: count for (s, k, o), count in sorted(counts.items()) if (s, k) == (site, kind) and count}
