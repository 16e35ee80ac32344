"""Finishing what an earlier process left in the spool, without an operator.

A torn tail is cut, what can be read of a damaged segment is saved, captures are settled again from the spooled WARC,
and the batch is committed under the same keys as it would have had. A crawl does it for its own sites before it begins,
and then for whatever else lies in the spool, so that nothing waits for its site to be crawled again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from archive.catalog import Catalog
from archive.commit import CommittedBatch, commit_batch
from archive.errors import ArchiveError, LeaseHeld
from archive.held_site import held_site
from archive.leases import Lease
from archive.records import new_run_id
from archive.salvage import set_damaged_apart
from archive.spool import ClosedSegment, leftovers, run_of, waiting_sites
from archive.store import Store
from crawler.errors import CrawlerError, ProfileError
from crawler.pool import ExtractionPool
from crawler.profile import SiteProfile
from crawler.repeated import remove_repeated
from crawler.replay import settle_captures

logger = logging.getLogger(__name__)

HOLDER = "recovery"
"""How the name begins under which a site is held that is not to be crawled itself."""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovered:
    """What became of the segments of all sites."""

    batches: tuple[CommittedBatch, ...] = ()
    problems: tuple[str, ...] = ()
    """What stays in the spool and why, a line each site."""


async def recover_all(
    spool: Path,
    profiles: Mapping[str, SiteProfile],
    *,
    besides: Collection[str] = (),
    store: Store,
    catalog: Catalog,
    software: dict[str, str],
    new_pool: Callable[[], ExtractionPool],
) -> Recovered:
    """Commit what dead runs left of any site, save those in `besides`; sites that another works on are left to it."""
    batches: list[CommittedBatch] = []
    problems = []
    for site in waiting_sites(spool):
        if site in besides:
            continue
        try:
            if site not in profiles:
                raise ProfileError(
                    f"site {site} has no profile, without which its pages cannot be extracted; put it back"
                )
            with held_site(catalog.leases, site, f"{HOLDER}-{new_run_id()}") as held:
                batches += await recover(
                    spool,
                    profiles[site],
                    store=store,
                    catalog=catalog,
                    software=software,
                    lease=held.lease,
                    new_pool=new_pool,
                )
        except LeaseHeld as exc:
            logger.info("%s", exc, extra={"site": site})
        except (ArchiveError, CrawlerError, OSError) as exc:
            problems.append(f"{site}: what an earlier run left in {spool / site} cannot be finished: {exc}")
    return Recovered(batches=tuple(batches), problems=tuple(problems))


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
