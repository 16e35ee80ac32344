"""What the sources of a site announce, at the price of what has changed in them.

    304, or the bytes of the last time     what the catalog remembers of it is announced again
    anything else that can be read         its articles and validators are remembered together, before any is fetched
    a sitemap whose index says that it     not asked for; once a week all the same
    has not changed since it was read

Validators count only under the rules of the profile that its URLs were judged by, so that a wider `include` finds what
was passed over. Some servers send one ETag for ever: so the body is asked for after `BELIEVED` in any case, and where
it then announces something new under the old validators, these are not used for a month.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar, get_args
from zoneinfo import ZoneInfo

from archive import outcomes
from archive.announcements import AnnouncedUrl
from archive.catalog import Catalog
from archive.records import url_id
from archive.source_memory import Follower, Reading, SourceState
from crawler.announced import Announced, Found
from crawler.dates import read_date
from crawler.profile import SiteProfile
from crawler.source_rules import SourceKind
from crawler.sources import Source, read_source

SITEMAP_DEPTH = 3
"""Levels of sitemap indexes that are followed."""

BELIEVED = timedelta(hours=12)
"""How long a source is believed that says 304."""

DISTRUSTED = timedelta(days=30)
"""How long the validators of a source are not used that has lied."""

SKIPPED = timedelta(days=7)
"""How long a sitemap is not asked for whose index says that it has not changed."""

CLOCKS = timedelta(days=1)
"""How much older than the last reading a `lastmod` must be, for clocks and time zones of sites are often wrong."""

T = TypeVar("T")


class InCatalog(Protocol):
    """Carries out work in the catalog without holding up others."""

    async def __call__(self, work: Callable[[Catalog], T], /) -> T:
        """What the work gives; ArchiveError when the catalog cannot be used."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A source as it was answered."""

    status: int
    url: str
    """After redirects."""
    body: bytes
    """Without content coding."""
    content_type: str | None
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Discovered:
    """What came of one source."""

    articles: Sequence[AnnouncedUrl]
    followers: Sequence[Source]
    outcome: str
    """See archive/outcomes.py."""
    detail: str = ""


class Discovery:
    """The sources of the sites of one run."""

    def __init__(self, in_catalog: InCatalog, now: Callable[[], datetime]) -> None:
        self._in_catalog = in_catalog
        self._now = now
        self._states: dict[str, Mapping[str, SourceState]] = {}

    async def begin(self, profile: SiteProfile) -> None:
        """Recall the sources of a site; ArchiveError when the catalog cannot be read."""
        self._states[profile.name] = await self._in_catalog(lambda catalog: catalog.sources.states(profile.name))

    def is_due(self, profile: SiteProfile, source: Source) -> bool:
        """Whether a source is asked for in this run."""
        state, now = self._state(profile, source), self._now()
        if state.rules != profile.discovery_hash or state.failures or not source.lastmod or state.fetched is None:
            return True
        changed = read_date(source.lastmod, zone=ZoneInfo(profile.timezone))
        if changed is None or now >= state.fetched + SKIPPED:
            return True
        return changed.day >= (state.fetched - CLOCKS).date()

    def conditions(self, profile: SiteProfile, source: Source) -> dict[str, str]:
        """Request fields that ask for a source only if it is not the one we know (RFC 9110, section 13.1)."""
        state, now = self._state(profile, source), self._now()
        if state.rules != profile.discovery_hash or state.whole is None or now >= state.whole + BELIEVED:
            return {}
        if state.lied is not None and now < state.lied + DISTRUSTED:
            return {}
        values = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
        return {name: value for name, value in values.items() if value and value.isprintable()}

    async def read(self, profile: SiteProfile, source: Source, answer: Answer) -> Discovered:
        """What a source announces now; it is in the catalog when this returns.

        SourceError when it cannot be read, ArchiveError when the catalog cannot.
        """
        state = self._state(profile, source)
        digest = hashlib.sha256(answer.body).hexdigest()
        if answer.status == 304 or (state.body_hash == digest and state.rules == profile.discovery_hash):
            return await self._recalled(state, source, whole=answer.status != 304)
        announced, articles = await asyncio.to_thread(_read, profile, source, answer)
        followers = list(_followers(profile, source, announced))
        reading = Reading(
            at=self._now(),
            rules=profile.discovery_hash,
            etag=answer.etag,
            last_modified=answer.last_modified,
            body_hash=digest,
            is_empty=announced.reason is not None,
            urls=articles,
            followers=[Follower(url=one.url, kind=one.kind, lastmod=one.lastmod) for one in followers],
        )
        await self._in_catalog(lambda catalog: catalog.sources.keep(state, reading))
        return Discovered(
            articles=articles,
            followers=followers,
            outcome=outcomes.SOURCE_EMPTY if announced.reason else outcomes.LISTED,
            detail="; ".join([*announced.warnings, *_passed_over(source, announced)]),
        )

    async def _recalled(self, state: SourceState, source: Source, *, whole: bool) -> Discovered:
        def recall(catalog: Catalog) -> tuple[list[AnnouncedUrl], list[Follower]]:
            catalog.sources.keep_unchanged(state, self._now(), whole=whole)
            return catalog.announcements.listed(state.site, state.url), catalog.sources.followers(state)

        articles, followers = await self._in_catalog(recall)
        return Discovered(
            articles=articles,
            followers=[_follower(source, _kind(one.kind), one.url, one.lastmod) for one in followers],
            outcome=state.fruitless if state.fruitless == outcomes.SOURCE_EMPTY else outcomes.UNCHANGED,
        )

    def _state(self, profile: SiteProfile, source: Source) -> SourceState:
        known = self._states[profile.name].get(source.url)
        state = known or SourceState(site=profile.name, url=source.url, kind=source.kind)
        # What led to it may have been read in this run.
        return replace(state, parent=source.parent, lastmod=source.lastmod) if source.parent else state


def articles_among(profile: SiteProfile, found: Iterable[Found]) -> Iterator[AnnouncedUrl]:
    """Those that are articles by the profile, each once."""
    seen = set()
    for entry in found:
        if profile.accepts(entry.url):
            identity = url_id(profile.canonical(entry.url))
            if identity not in seen:
                seen.add(identity)
                yield AnnouncedUrl(url_id=identity, url=entry.url, announcement=entry.announcement)


def _read(profile: SiteProfile, source: Source, answer: Answer) -> tuple[Announced, list[AnnouncedUrl]]:
    listing = profile.sources.listing(source.url)
    announced = read_source(source.kind, answer.body, answer.url, answer.content_type, listing)
    return announced, list(articles_among(profile, announced.found))


def _followers(profile: SiteProfile, source: Source, announced: Announced) -> Iterator[Source]:
    depth = source.depth + 1
    if depth <= SITEMAP_DEPTH:
        for one in announced.sitemaps:
            yield _follower(source, "sitemap", one.url, one.announcement.modified)
    if profile.sources.discovers and source.kind == "section":
        for url in announced.feeds:
            yield _follower(source, "feed", url)
    if announced.next_page and depth < profile.sources.section_pages:
        yield _follower(source, source.kind, announced.next_page)


def _passed_over(source: Source, announced: Announced) -> list[str]:
    if source.depth < SITEMAP_DEPTH or not announced.sitemaps:
        return []
    return [f"indexes are followed {SITEMAP_DEPTH} levels deep; not read below that: {len(announced.sitemaps):,}"]


def _follower(source: Source, kind: SourceKind, url: str, lastmod: str | None = None) -> Source:
    hinted = kind == "feed" and (source.kind == "section" or source.hinted)
    return Source(kind=kind, url=url, depth=source.depth + 1, parent=source.url, lastmod=lastmod, hinted=hinted)


def _kind(name: str) -> SourceKind:
    kinds: tuple[SourceKind, ...] = get_args(SourceKind)
    return next(kind for kind in kinds if kind == name)
