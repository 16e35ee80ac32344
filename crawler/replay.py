"""From captures to outcomes without the network: the same as a crawl would have found.

Extraction is a function of the capture, its announcement and the site's profile; so what a crash interrupted can be
finished, and what was archived can be extracted again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urljoin

from archive import outcomes
from archive.catalog_rows import OutcomeRow, UrlState
from archive.records import ArticleDraft, Capture, url_id
from archive.settled import Settled
from archive.spool import spooled
from archive.warc_reader import StoredCapture, read_captures
from crawler.any_site import refuse_doubtful
from crawler.due import next_check
from crawler.errors import ExtractionFailed
from crawler.media_types import refused_type
from crawler.pool import ExtractionPool, failure_outcome
from crawler.profile import SiteProfile
from crawler.revisits import means_removed, seen_again
from crawler.urls import InvalidUrl

_AHEAD = 16
"""Pages that are held in memory at once."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""RFC 9110, section 15.4."""


async def settle_captures(
    path: Path,
    profile: SiteProfile,
    pool: ExtractionPool,
    states_of: Callable[[Iterable[str]], Mapping[str, UrlState]],
) -> list[Settled]:
    """Every capture of a WARC file with its outcome, in order; DamagedObject where the file cannot be read.

    `states_of` gives what is remembered of URLs, by their ids.
    """
    with path.open("rb") as stream:
        captures = [(stored.capture.url, stored.offset, _target(stored.capture)) for stored in read_captures(stream)]
    last_of = {url: offset for url, offset, _ in captures}
    states = await asyncio.to_thread(states_of, [_url_id(url, profile) for url in last_of])
    settled = []
    with path.open("rb") as stream:
        async for one in _ahead(read_captures(stream), last_of, states, profile, pool):
            settled.append(one)
    targets = {offset: target for url, offset, target in captures if target and last_of[url] == offset}
    return [_followed(one, settled, targets, profile) for one in settled] if targets else settled


async def _ahead(
    captures: Iterable[StoredCapture],
    last_of: Mapping[str, int],
    states: Mapping[str, UrlState],
    profile: SiteProfile,
    pool: ExtractionPool,
) -> AsyncIterator[Settled]:
    waiting: deque[asyncio.Task[Settled]] = deque()
    for stored in captures:
        is_last = stored.offset == last_of[stored.capture.url]
        state = states.get(_url_id(stored.capture.url, profile))
        waiting.append(asyncio.create_task(_settle(stored, is_last, state, profile, pool)))
        if len(waiting) >= _AHEAD:
            yield await waiting.popleft()
    for task in waiting:
        yield await task


async def _settle(
    stored: StoredCapture, is_last: bool, state: UrlState | None, profile: SiteProfile, pool: ExtractionPool
) -> Settled:
    capture = stored.capture
    outcome, draft = _without_page(capture, is_last, state, profile), None
    if outcome is None:
        outcome, draft = await extract_capture(capture, profile, pool)
    row = OutcomeRow(site=profile.name, kind="page", url=capture.url, outcome=outcome, at=capture.fetched)
    passed = outcome in (outcomes.REDIRECTED, outcomes.RETRIED)
    return Settled(
        spooled=spooled(stored),
        url_id=_url_id(capture.url, profile),
        outcome=outcome,
        draft=draft,
        # What was imported asks for nothing to be fetched.
        next_check=None
        if capture.origin is not None
        else next_check(
            profile.fetch.recheck,
            outcome,
            at=capture.fetched,
            state=state,
            published=draft.published if draft else None,
        ),
        row=None if passed else row,
    )


def _without_page(capture: Capture, is_last: bool, state: UrlState | None, profile: SiteProfile) -> str | None:
    """The outcome of a capture that holds no page."""
    if capture.revisit is not None:
        return outcomes.UNCHANGED
    if target := _target(capture):
        is_gone = means_removed(target, state, profile)
        return outcomes.outcome(outcomes.REMOVED, "redirect") if is_gone else outcomes.REDIRECTED
    if capture.status != 200:
        return seen_again(f"http_{capture.status}", state) if is_last else outcomes.RETRIED
    return refused_type(capture.header("Content-Type"))


def _target(capture: Capture) -> str | None:
    """Where a redirect leads; None for an answer that is none."""
    location = capture.header("Location")
    return urljoin(capture.url, location) if capture.status in _REDIRECTS and location else None


def _followed(one: Settled, settled: Sequence[Settled], targets: Mapping[int, str], profile: SiteProfile) -> Settled:
    """A redirect with the outcome of what it led to, if that failed, as `Visit.hops` would have it."""
    if one.spooled.offset not in targets:
        return one
    last = {item.spooled.url: item for item in settled}
    end: Settled | None = one
    met: set[str] = set()
    while end is not None and end.spooled.offset in targets:
        if end.spooled.url in met:
            return _failed(one, outcomes.outcome(outcomes.BAD_RESPONSE, "too_many_redirects"), profile)
        met.add(end.spooled.url)
        url = targets[end.spooled.offset]
        end = last.get(url)
    if end is not None:
        return replace(one, outcome=end.outcome) if outcomes.failed(end.outcome) else one
    # Nothing followed: we did not go there, or not any more.
    return _failed(one, outcomes.INTERRUPTED if profile.has_host(url) else outcomes.OFFSITE, profile)


def _failed(one: Settled, outcome: str, profile: SiteProfile) -> Settled:
    """A capture with which the pursuit of its URL ended."""
    spooled = one.spooled
    row = OutcomeRow(site=profile.name, kind="page", url=spooled.url, outcome=outcome, at=spooled.fetched)
    return replace(one, outcome=outcome, row=row)


async def extract_capture(
    capture: Capture, profile: SiteProfile, pool: ExtractionPool
) -> tuple[str, ArticleDraft | None]:
    """Outcome and article of a capture that holds a page; no article if the outcome is not `archived`."""
    try:
        draft = await pool.extract(capture, profile)
        refuse_doubtful(profile, draft)
    except ExtractionFailed as exc:
        return failure_outcome(exc), None
    return outcomes.ARCHIVED, draft


def _url_id(url: str, profile: SiteProfile) -> str:
    try:
        return url_id(profile.canonical(url))
    except InvalidUrl:
        return url_id(url)
