"""What a run has done so far, a site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archive import outcomes

if TYPE_CHECKING:
    # The command line reads tallies too and starts quicker without Parquet.
    from archive.commit import CommittedBatch


@dataclass(kw_only=True, slots=True)
class SiteTally:
    """The numbers of one site in one run."""

    site: str
    found: int = 0
    """URLs announced or given that are articles by the site's profile."""
    new: int = 0
    """New articles and new revisions that are safe."""
    unchanged: int = 0
    """Held already, whether or not fetched to see that, those that are gone from the site among them."""
    failed: dict[str, int] = field(default_factory=dict)
    """Other pages by outcome."""
    sources_failed: dict[str, int] = field(default_factory=dict)
    """Feeds, sitemaps and section pages that could not be read, by outcome."""
    sources_empty: int = 0
    """Those that could be read and announced nothing at all."""
    sources: int = 0
    """Feeds, sitemaps and section pages met."""
    bytes: int = 0
    """Stored: all objects of the site's batches."""

    @property
    def settled(self) -> int:
        """URLs of pages that have an outcome."""
        return self.new + self.unchanged + sum(self.failed.values())

    @property
    def troubled(self) -> bool:
        """Whether someone should look: a source failed, the run was cut short, or no page could be had."""
        fruitless = bool(self.failed) and not self.new and not self.unchanged
        return bool(self.sources_failed) or outcomes.INTERRUPTED in self.failed or fruitless


def tally(
    sites: Iterable[str],
    found: Mapping[str, int],
    counts: Mapping[tuple[str, str, str], int],
    committed: Iterable[CommittedBatch],
) -> list[SiteTally]:
    """The numbers of each site, from outcomes counted by site, kind and outcome."""
    sizes = _sizes(committed)
    # What an earlier run left of a site is committed before the site is begun.
    tallies = {site: SiteTally(site=site, found=found.get(site, 0)) for site in dict.fromkeys([*sites, *sizes])}
    for (site, kind, outcome), count in sorted(counts.items()):
        one = tallies[site]
        if kind == "source":
            one.sources += count
            if outcome == outcomes.SOURCE_EMPTY:
                one.sources_empty += count
            elif outcomes.failed(outcome):
                one.sources_failed[outcome] = count
        elif outcome == outcomes.ARCHIVED:
            one.new += count
        elif outcomes.failed(outcome):
            one.failed[outcome] = count
        else:
            one.unchanged += count
    for site, size in sizes.items():
        tallies[site].bytes = size
    return list(tallies.values())


def exit_code(state: str, problems: Sequence[str], sites: Iterable[SiteTally]) -> int:
    """That of `presskeep crawl` for a run that has begun: 0 when all went well, 3 when a part of it did not."""
    well = state == "done" and not problems and not any(site.troubled for site in sites)
    return 0 if well else 3


def _sizes(committed: Iterable[CommittedBatch]) -> Counter[str]:
    sizes: Counter[str] = Counter()
    for batch in committed:
        sizes[batch.site] += batch.bytes
    return sizes
