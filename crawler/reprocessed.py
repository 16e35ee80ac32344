"""One batch extracted again from its own captures: what it would hold, and what differs.

An article keeps its identity, its revision and its capture; all else is what today's extractor reads. A page that gave
nothing may give an article now. One that gives nothing any more keeps the article that it has.
"""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections import Counter, deque
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from datetime import date, datetime

from archive import outcomes
from archive.catalog import Catalog
from archive.contents import WarcReading
from archive.errors import DamagedObject, ObjectMissing
from archive.manifest import CaptureEntry, Manifest, StoredObject
from archive.rebuild import read_stored_shard
from archive.records import Article, ArticleDraft
from archive.revisions import decide
from archive.settled import Settled
from archive.spool import Spooled
from archive.store import Store
from crawler.articles import EXTRACTOR_VERSION
from crawler.pool import ExtractionPool
from crawler.profile import SiteProfile
from crawler.repeated import remove_repeated
from crawler.replay import extract_capture

_AHEAD = 32
"""Pages that are held in memory at once."""

_IDENTITY = ("url_id", "canonical_url")
_STAMP = ("extractor", "extractor_version", "profile_hash")
_READ = tuple(
    name
    for name in ArticleDraft.__dataclass_fields__
    if name not in (*_IDENTITY, *_STAMP, "url", "site", "fetched", "origin", "content_hash", "word_count")
)
"""Fields in which articles are compared."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What is extracted again."""

    site: str
    since: date | None = None
    """First day of capture, UTC."""
    until: date | None = None
    """Last day of capture, UTC."""
    before_version: str | None = None
    """Only articles that an older version of presskeep extracted, such as `0.2.0`."""
    again: bool = False
    """Also what carries today's version and profile."""

    def admits_day(self, fetched: datetime) -> bool:
        """Whether the capture was taken on one of the days."""
        return (self.since is None or fetched.date() >= self.since) and (
            self.until is None or fetched.date() <= self.until
        )

    def admits(self, article: Article, profile_hash: str) -> bool:
        """Whether the article is to be extracted again."""
        if not self.admits_day(article.fetched):
            return False
        if self.before_version is not None:
            return _version(article.extractor_version) < _version(self.before_version)
        return self.again or (article.extractor_version, article.profile_hash) != (EXTRACTOR_VERSION, profile_hash)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """An article that differs."""

    old: Article | None
    """None for one that was not there."""
    new: Article
    fields: tuple[str, ...]
    """Names of the fields that differ; empty for a new article."""


@dataclass(kw_only=True, slots=True)
class Reprocessed:
    """One batch, extracted again."""

    batch: str
    extracted: int = 0
    """Captures."""
    changes: list[Change] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)
    """Outcome -> articles that today's extractor does not find, and that stay as they are."""
    replaced_by: str | None = None
    """The batch that took its place."""


class ReprocessedBatch:
    """One batch: what it holds and what it would hold. It is extracted, then compared; what follows is known then."""

    def __init__(
        self, store: Store, catalog: Catalog, manifest: Manifest, profile: SiteProfile, choice: Choice
    ) -> None:
        self.manifest = manifest
        self.raw = next((stored for stored in manifest.objects if stored.kind == "raw"), None)
        self._store = store
        self._catalog = catalog
        self._profile = profile
        self._choice = choice
        self._found = Reprocessed(batch=manifest.batch)
        self._shards: dict[StoredObject, list[Article]] = {}
        self._old: dict[int, Article] = {}
        self._drafts: dict[int, ArticleDraft] = {}
        self._new: dict[int, Article] = {}
        self._entries = {entry.offset: entry for entry in manifest.captures}

    @property
    def is_outdated(self) -> bool:
        """Whether anything of it is to be written anew."""
        return bool(self._new)

    async def extract(self, pool: ExtractionPool) -> None:
        """Extract what is chosen; this asks nothing of other batches.

        StoreError, and DamagedObject where a shard or the WARC is not as it was written.
        """
        if self.raw is None:
            return
        await asyncio.to_thread(self._read_shards)
        chosen = {entry for entry in self.manifest.captures if self._is_chosen(entry, self._old.get(entry.offset))}
        async for entry, outcome, draft in self._extracted(chosen, pool):
            self._found.extracted += 1
            if draft is not None:
                self._drafts[entry.offset] = draft
            elif entry.offset in self._old:
                self._found.kept[outcome] += 1

    def compare(self) -> Reprocessed:
        """Make articles of what was extracted, by what the catalog knows of the site; blocks on it."""
        self._clean()
        self._place()
        for offset, article in sorted(self._new.items()):
            old = self._old.get(offset)
            fields = _differing(old, article)
            if fields or old is None:
                self._found.changes.append(Change(old=old, new=article, fields=fields))
        return self._found

    def captures(self) -> list[CaptureEntry]:
        """The entries of the new batch."""
        return list(self._entries.values())

    def kept_shards(self) -> list[StoredObject]:
        """Shards of which nothing is written anew."""
        return [
            stored
            for stored, articles in self._shards.items()
            if not any(article.warc_offset in self._new for article in articles)
        ]

    def new_articles(self) -> list[Article]:
        """The articles of all other shards, and those that were found now."""
        kept = set(self.kept_shards())
        stays = [
            article
            for stored, articles in self._shards.items()
            if stored not in kept
            for article in articles
            if article.warc_offset not in self._new
        ]
        return sorted([*stays, *self._new.values()], key=lambda article: article.warc_offset)

    def _read_shards(self) -> None:
        for stored in self.manifest.objects:
            if stored.kind == "articles":
                try:
                    self._shards[stored] = read_stored_shard(self._store, stored)
                except ObjectMissing as exc:
                    raise DamagedObject(f"{exc}; run `presskeep repair`") from exc
        self._old = {article.warc_offset: article for articles in self._shards.values() for article in articles}

    def _is_chosen(self, entry: CaptureEntry, old: Article | None) -> bool:
        if entry.revisit is not None or not self._choice.admits_day(entry.fetched):
            return False
        if old is not None:
            return self._choice.admits(old, self._profile.extraction_hash)
        return outcomes.name_of(entry.outcome) in (outcomes.EXTRACT_FAILED, outcomes.NOT_ARTICLE)

    async def _extracted(
        self, chosen: Collection[CaptureEntry], pool: ExtractionPool
    ) -> AsyncIterator[tuple[CaptureEntry, str, ArticleDraft | None]]:
        if not chosen or self.raw is None:
            return
        waiting: deque[tuple[CaptureEntry, asyncio.Task[tuple[str, ArticleDraft | None]]]] = deque()
        with self._store.open(self.raw.key) as stream:
            for found in WarcReading(stream, self.manifest.captures).captures():
                if found.entry not in chosen:
                    continue
                if found.capture is None:
                    raise DamagedObject(f"{self.raw.key}: {found.fault}; run `presskeep repair`")
                task = asyncio.create_task(extract_capture(found.capture, self._profile, pool))
                waiting.append((found.entry, task))
                if len(waiting) >= _AHEAD:
                    entry, ready = waiting.popleft()
                    yield entry, *await ready
            for entry, ready in waiting:
                yield entry, *await ready

    def _clean(self) -> None:
        """Take out what repeats, as a function of the whole batch and of what was fetched before it."""
        if not self._drafts:
            return
        before = min(entry.fetched for entry in self.manifest.captures)
        known = self._catalog.block_prints(self.manifest.site, before)
        others = [article for offset, article in self._old.items() if offset not in self._drafts]
        cleaned = remove_repeated([*self._drafts.values(), *others], known)
        self._drafts |= dict(zip(list(self._drafts), cleaned[: len(self._drafts)], strict=True))

    def _place(self) -> None:
        """Give each draft the identity of the article that it was, or finds now."""
        for offset, draft in self._drafts.items():
            if offset in self._old:
                old = self._old[offset]
                own = {name: getattr(old, name) for name in _IDENTITY}
                self._new[offset] = self._article(dataclasses.replace(draft, **own), old.revision, offset)
        found = [
            entry for entry in self.manifest.captures if entry.offset in self._drafts and entry.offset not in self._old
        ]
        settled = [_settled(entry, self._drafts[entry.offset]) for entry in found]
        for entry, decided in zip(found, decide(self._catalog.history, self.manifest.site, settled), strict=True):
            if decided.item.draft is not None:
                self._new[entry.offset] = self._article(decided.item.draft, decided.revision, entry.offset)
                article = decided.article if decided.article != entry.url_id else None
                self._entries[entry.offset] = dataclasses.replace(entry, outcome=outcomes.ARCHIVED, article=article)

    def _article(self, draft: ArticleDraft, revision: int, offset: int) -> Article:
        entry = self._entries[offset]
        assert self.raw is not None  # noqa: S101 - its captures were read
        return Article(
            **{name: getattr(draft, name) for name in ArticleDraft.__dataclass_fields__},
            revision=revision,
            warc_key=self.raw.key,
            warc_offset=entry.offset,
            warc_length=entry.length,
            payload_digest=entry.payload_digest,
        )


def _settled(entry: CaptureEntry, draft: ArticleDraft) -> Settled:
    spooled = Spooled(
        **{name: getattr(entry, name) for name in Spooled.__dataclass_fields__},
    )
    return Settled(spooled=spooled, url_id=entry.url_id, outcome=outcomes.ARCHIVED, draft=draft)


def _differing(old: Article | None, new: Article) -> tuple[str, ...]:
    return tuple(name for name in _READ if old is not None and getattr(old, name) != getattr(new, name))


def _version(text: str) -> tuple[int, ...]:
    """The numbers of a version, without what stands behind `+`."""
    return tuple(int(number) for number in re.findall(r"\d+", text.partition("+")[0]))
