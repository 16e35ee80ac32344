"""`presskeep reprocess`: a site's own captures extracted again, and a tally of what differs."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from archive.catalog import Catalog
from archive.inventory import Progress
from archive.records import new_run_id
from archive.store import open_store
from crawler import settings
from crawler.pool import ExtractionPool
from crawler.reprocessed import Change, Choice, Reprocessed
from crawler.reprocessing import Reprocessing
from jobs.config import Config

EXAMPLES = 40
"""Changes that are shown side by side, at most."""


@dataclass(kw_only=True, slots=True)
class ReprocessReport:
    """What differs."""

    site: str
    applied: bool
    batches: int = 0
    """Batches with something to extract."""
    replaced: int = 0
    """Batches that another took the place of."""
    extracted: int = 0
    """Captures."""
    changed: int = 0
    """Articles of which at least one field differs."""
    found: int = 0
    """Articles that pages give now which gave none."""
    kept: Counter[str] = field(default_factory=Counter)
    """Outcome -> articles that pages do not give any more, and that stay."""
    fields: Counter[str] = field(default_factory=Counter)
    """Field -> articles in which it differs."""
    examples: list[Change] = field(default_factory=list)
    """The first changes of each field, and the first new articles."""

    def add(self, batch: Reprocessed) -> None:
        """Count one more batch."""
        self.batches += 1
        self.replaced += batch.replaced_by is not None
        self.extracted += batch.extracted
        self.kept.update(batch.kept)
        for change in batch.changes:
            is_new = change.old is None
            self.found += is_new
            self.changed += not is_new
            rare = is_new and self.found <= 5
            rare = rare or any(self.fields[name] < 5 for name in change.fields)
            self.fields.update(change.fields)
            if rare and len(self.examples) < EXAMPLES:
                self.examples.append(change)


def reprocess(
    config: Config, catalog: Catalog, choice: Choice, *, apply: bool, on_progress: Progress
) -> ReprocessReport:
    """Extract again what is chosen; with `apply` the archive is changed, batch by batch."""
    return asyncio.run(_reprocess(config, catalog, choice, apply, on_progress))


async def _reprocess(
    config: Config, catalog: Catalog, choice: Choice, apply: bool, on_progress: Progress
) -> ReprocessReport:
    report = ReprocessReport(site=choice.site, applied=apply)
    with ExtractionPool(
        workers=settings.PRESSKEEP_EXTRACTION_WORKERS,
        deadline=settings.PRESSKEEP_EXTRACTION_DEADLINE,
        memory=settings.PRESSKEEP_EXTRACTION_MEMORY,
    ) as pool:
        work = Reprocessing(
            store=open_store(config.archive),
            catalog=catalog,
            profiles=config.profiles(),
            pool=pool,
            choice=choice,
            folder=config.spool_folder,
            run=new_run_id(),
            apply=apply,
            on_progress=on_progress,
        )
        async for batch in work.batches():
            report.add(batch)
    return report
