"""Run reports: what one run did at each of its sites, as a JSON object of the bucket.

A report is written when its run has ended. It is no part of what makes an article safe; with all of them in the bucket,
a rebuilt catalog knows the history of each site again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from archive import keys
from archive.catalog_rows import RunCount
from archive.errors import DamagedObject
from archive.site_findings import SiteFinding
from archive.store import Store, put_bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceTrouble:
    """A feed, sitemap, section page or listing that announces nothing, though it should."""

    url: str
    kind: str
    """`feed`, `sitemap`, `section`, `listing` or `robots`."""
    reason: str
    """An outcome of archive/outcomes.py such as `http_404`, `source_failed:feed_is_html` or `source_empty`, or
    `no_articles` where it has entries, none of them is an article by the profile, and some once were."""
    times: int
    """How often in a row it was asked with such an end."""
    since: datetime | None
    """The first of these times, aware UTC."""
    announced_ever: int
    """Different article URLs that it had announced before; more than 0: it used to have some."""

    def __str__(self) -> str:
        """A line for people."""
        often = f", {self.times:,} times in a row since {self.since:%Y-%m-%d %H:%M} UTC" if self.since else ""
        before = f"; it had announced {self.announced_ever:,} articles before" if self.announced_ever else ""
        return f"{self.kind} {self.url}: {self.reason}{often if self.times > 1 else ''}{before}"


TROUBLES = TypeAdapter(tuple[SourceTrouble, ...])
"""Troubles of sources as JSON."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteReport:
    """What one run did at one site."""

    site: str
    """Name of the site profile."""
    found: int = 0
    """Article URLs that were announced or given."""
    new: int = 0
    """Articles that are safe for the first time."""
    revised: int = 0
    """Further revisions of known articles that are safe."""
    unchanged: int = 0
    """Articles held already, whether or not fetched to see that."""
    missing: int = 0
    """Pages that the server says are not there (404) or gone (410)."""
    throttled: int = 0
    """Answers that asked to slow down: 429 and 503."""
    requests: int = 0
    """Exchanges of all kinds: pages, redirect hops, repeated tries, sources, robots.txt."""
    bytes_received: int = 0
    """Bodies as they came over the line, still with their content coding."""
    bytes_stored: int = 0
    """All objects of the site's batches."""
    seconds: float = 0.0
    """From the first answer to the last."""
    rate: float = 0.0
    """Requests a second over that span; 0 for fewer than two."""
    pages: dict[str, int] = field(default_factory=dict)
    """How often each outcome of archive/outcomes.py occurred at pages."""
    sources: dict[str, int] = field(default_factory=dict)
    """The same for feeds, sitemaps and section pages."""
    troubled_sources: tuple[SourceTrouble, ...] = ()
    """The sources that announce nothing, though they should, by URL."""
    findings: tuple[SiteFinding, ...] | None = None
    """What was wrong with the site when the run had ended, and what the run found to be over; None if nobody looked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunReport:
    """How one run went."""

    format: Literal["presskeep-run/1"] = "presskeep-run/1"
    """Name and version of this format."""
    run: str
    """Id of the run, see `archive.records.new_run_id`."""
    command: str
    """The command line that began it, e.g. `crawl rudaw`."""
    state: Literal["done", "interrupted", "failed"]
    """`interrupted` when it was told to stop, `failed` when not all is safe or its process died."""
    exit_code: int
    """That of `presskeep crawl`: 0 when all went well, 3 when a part of it did not."""
    started: datetime
    """Aware UTC."""
    finished: datetime
    """Aware UTC."""
    peak_memory: int = 0
    """Bytes that the crawl held at most, its extraction workers included, as far as it was looked at: every 15 s and
    when all was fetched; 0 where it is not known."""
    problems: tuple[str, ...] = ()
    """What went wrong with the archive itself, a line each."""
    software: dict[str, str] = field(default_factory=dict)
    """Name -> version of the tools."""
    sites: tuple[SiteReport, ...] = ()
    """By name."""

    @property
    def counts(self) -> list[RunCount]:
        """The outcomes of all sites, as the catalog counts them."""
        return [
            RunCount(site=site.site, kind=kind, outcome=outcome, count=count)
            for site in self.sites
            for kind, outcomes in (("page", site.pages), ("source", site.sources))
            for outcome, count in sorted(outcomes.items())
        ]

    def to_json(self) -> bytes:
        """The report as UTF-8 JSON; equal reports give equal bytes."""
        return _ADAPTER.dump_json(self, indent=1) + b"\n"

    @classmethod
    def from_json(cls, data: bytes) -> RunReport:
        """Parse a report; raises DamagedObject when it is not one."""
        try:
            return _ADAPTER.validate_json(data)
        except ValidationError as exc:
            first = exc.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise DamagedObject(f"not a run report: {where or 'JSON'}: {first['msg']}") from exc


def write_report(store: Store, report: RunReport) -> None:
    """Put a report under its key; StoreError when it cannot be had there."""
    put_bytes(store, keys.run_key(report.run), report.to_json())


def read_report(store: Store, key: str) -> RunReport:
    """The report at `key`; DamagedObject unless it is the report of that key as it was written, ObjectMissing."""
    data = store.get(key)
    report = RunReport.from_json(data)
    info = store.head(key)
    if info is not None and info.sha256 not in (None, hashlib.sha256(data).hexdigest()):
        raise DamagedObject("its SHA-256 is not the one that the store recorded when it was written")
    if keys.run_key(report.run) != key:
        raise DamagedObject(f"is the report of run {report.run!a}, not of this key")
    return report


_ADAPTER = TypeAdapter(RunReport)
