"""The audit of a site: what each of its sources announced, how much of that is archived, and why the rest is not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from archive.announcements import Fate
from archive.catalog import Catalog
from archive.run_report import SourceTrouble
from archive.source_memory import SourceState, rooted
from crawler.profile import SiteProfile

EXAMPLES = 3
"""URLs shown for each reason."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceAudit:
    """One source of a site."""

    url: str
    kind: str
    """`feed`, `sitemap`, `section`, `listing` or `robots`."""
    configured: bool
    """Whether the profile names it now, or a source that leads to it."""
    fetched: datetime | None
    """When it was last read or said to be unchanged, aware UTC; None for never."""
    changed: datetime | None
    """When it was last seen changed, aware UTC."""
    listed: int
    """Article URLs that it listed when it was last read."""
    announced: int
    """Different ones that it ever listed."""
    archived: int
    """Those of them of which an article is archived, under this or another address."""
    missing: dict[str, int] = field(default_factory=dict)
    """How many of the others had which outcome when they were last tried; `not_tried` for those not come to yet."""
    examples: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Up to `EXAMPLES` URLs for each of these outcomes, the newest first."""
    trouble: SourceTrouble | None
    """What is wrong with the source itself."""


def audit_site(catalog: Catalog, site: str, profile: SiteProfile | None) -> list[SourceAudit]:
    """All sources of a site that were ever met, those of the profile first, those in use before the others."""
    states = catalog.sources.states(site)
    roots = [url for _, url in profile.sources_asked] if profile else []
    in_use = {state.url for state in rooted(states, roots)}
    counts = _count(catalog, site)
    audits = [_audit(state, state.url in in_use, counts[state.url]) for state in states.values()]
    rank = {url: place for place, url in enumerate(roots)}
    return sorted(audits, key=lambda audit: (not audit.configured, rank.get(audit.url, len(rank)), audit.url))


@dataclass(kw_only=True, slots=True)
class _Count:
    announced: int = 0
    archived: int = 0
    missing: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    examples: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, fate: Fate) -> None:
        self.announced += 1
        if fate.missing is None:
            self.archived += 1
            return
        self.missing[fate.missing] += 1
        if len(self.examples[fate.missing]) < EXAMPLES:
            self.examples[fate.missing].append(fate.url)


def _count(catalog: Catalog, site: str) -> Mapping[str, _Count]:
    counts: defaultdict[str, _Count] = defaultdict(_Count)
    for fate in catalog.announcements.fates(site):
        counts[fate.source].add(fate)
    return counts


def _audit(state: SourceState, configured: bool, count: _Count) -> SourceAudit:
    return SourceAudit(
        url=state.url,
        kind=state.kind,
        configured=configured,
        fetched=state.fetched,
        changed=state.changed,
        listed=state.announced,
        announced=count.announced,
        archived=count.archived,
        missing=dict(sorted(count.missing.items(), key=lambda item: (-item[1], item[0]))),
        examples={reason: tuple(urls) for reason, urls in sorted(count.examples.items())},
        trouble=state.trouble,
    )
