"""Finishing what an earlier process left in the spool, without an operator.

A torn tail is cut, what can be read of a damaged segment is saved, captures are settled again from the spooled WARC,
and the batch is committed under the same keys as it would have had.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from archive.catalog import Catalog
from archive.commit import CommittedBatch, commit_batch
from archive.leases import Lease
from archive.salvage import set_damaged_apart
from archive.spool import ClosedSegment, leftovers, run_of
from archive.store import Store
from crawler.pool import ExtractionPool
from crawler.profile import SiteProfile
from crawler.repeated import remove_repeated
from crawler.replay import settle_captures

logger = logging.getLogger(__name__)


async def recover(
    spool: Path,
    profile: SiteProfile,
    *,
    store: Store,
    catalog: Catalog,
    software: dict[str, str],
    lease: Lease,
    new_pool: Callable[[], ExtractionPool],
) -> list[CommittedBatch]:
    """Commit every segment that lies in the site's spool folder, which the lease makes ours."""
    segments = await asyncio.to_thread(_segments, spool / profile.name)
    if not segments:
        return []
    with new_pool() as pool:
        return [await _finish(segment, profile, store, catalog, software, lease, pool) for segment in segments]


def _segments(folder: Path) -> list[ClosedSegment]:
    set_damaged_apart(folder)
    return list(leftovers(folder))


async def _finish(
    segment: ClosedSegment,
    profile: SiteProfile,
    store: Store,
    catalog: Catalog,
    software: dict[str, str],
    lease: Lease,
    pool: ExtractionPool,
) -> CommittedBatch:
    settled = await settle_captures(segment.path, profile, pool, catalog.url_states)
    batch = await asyncio.to_thread(
        commit_batch,
        store=store,
        catalog=catalog,
        site=profile.name,
        run=run_of(segment),
        software=software,
        segment=segment,
        settled=settled,
        notes=[],
        lease=lease,
        clean=remove_repeated,
    )
    logger.warning(
        "%s: recovered %s captures of an interrupted run: batch %s is safe", profile.name, batch.captures, batch.batch
    )
    return batch
