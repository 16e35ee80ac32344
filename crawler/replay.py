"""From captures to outcomes without the network: the same as a crawl would have found.

Extraction is a function of the capture, its announcement and the site's profile; so what a crash interrupted can be
finished, and what was archived can be extracted again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from archive import outcomes
from archive.catalog_rows import OutcomeRow
from archive.commit import Settled
from archive.records import ArticleDraft, Capture, url_id
from archive.spool import spooled
from archive.warc_reader import StoredCapture, read_captures
from crawler.errors import ExtractionFailed
from crawler.media_types import refused_type
from crawler.pool import ExtractionPool, failure_outcome
from crawler.profile import SiteProfile
from crawler.urls import InvalidUrl

_AHEAD = 16
"""Pages that are held in memory at once."""


async def settle_captures(path: Path, profile: SiteProfile, pool: ExtractionPool) -> list[Settled]:
    """Every capture of a WARC file with its outcome, in order; DamagedObject where the file cannot be read."""
    with path.open("rb") as stream:
        last_of = {stored.capture.url: stored.offset for stored in read_captures(stream)}
    settled = []
    with path.open("rb") as stream:
        async for one in _ahead(read_captures(stream), last_of, profile, pool):
            settled.append(one)
    return settled


async def _ahead(
    captures: Iterable[StoredCapture], last_of: dict[str, int], profile: SiteProfile, pool: ExtractionPool
) -> AsyncIterator[Settled]:
    waiting: deque[asyncio.Task[Settled]] = deque()
    for stored in captures:
        is_last = stored.offset == last_of[stored.capture.url]
        waiting.append(asyncio.create_task(_settle(stored, is_last, profile, pool)))
        if len(waiting) >= _AHEAD:
            yield await waiting.popleft()
    for task in waiting:
        yield await task


async def _settle(stored: StoredCapture, is_last: bool, profile: SiteProfile, pool: ExtractionPool) -> Settled:
    capture = stored.capture
    outcome, draft = _without_page(capture, is_last), None
    if outcome is None:
        outcome, draft = await extract_capture(capture, profile, pool)
    row = OutcomeRow(site=profile.name, kind="page", url=capture.url, outcome=outcome, at=capture.fetched)
    passed = outcome in (outcomes.REDIRECTED, outcomes.RETRIED)
    return Settled(
        spooled=spooled(stored),
        url_id=_url_id(capture.url, profile),
        outcome=outcome,
        draft=draft,
        row=None if passed else row,
    )


def _without_page(capture: Capture, is_last: bool) -> str | None:
    """The outcome of a capture that holds no page."""
    if 300 <= capture.status < 400:
        return outcomes.REDIRECTED
    if capture.status != 200:
        return f"http_{capture.status}" if is_last else outcomes.RETRIED
    return refused_type(capture.header("Content-Type"))


async def extract_capture(
    capture: Capture, profile: SiteProfile, pool: ExtractionPool
) -> tuple[str, ArticleDraft | None]:
    """Outcome and article of a capture that holds a page; no article if the outcome is not `archived`."""
    try:
        return outcomes.ARCHIVED, await pool.extract(capture, profile)
    except ExtractionFailed as exc:
        return failure_outcome(exc), None


def _url_id(url: str, profile: SiteProfile) -> str:
    try:
        return url_id(profile.canonical(url))
    except InvalidUrl:
        return url_id(url)
