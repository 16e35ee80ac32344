"""Extracting again from our own captures, with today's extractor and profiles, and what differs then.

    batch -> its WARC and its shards -> extracted in workers -> compared -> replaced by a batch with the same WARC

An article keeps its identity, its revision and its capture; all else is what today's extractor reads. A page that gave
nothing may give an article now. One that gives nothing any more keeps the article that it has: nothing is lost by
looking again. Batches go by capture time, so that what is learned of blocks that repeat is learned in that order, and
one batch is held in memory at a time.

With `apply`, a batch is replaced at one moment (archive/replacement.py) and carries today's version; what carries it
already is left out, so a run that was killed goes on where it was.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import re
from collections import Counter, deque
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from archive import outcomes, schema
from archive.catalog import Catalog
from archive.contents import WarcReading
from archive.errors import BatchReplaced, DamagedObject, LeaseHeld, ObjectMissing
from archive.held_site import held_site
from archive.inventory import Progress
from archive.manifest import CaptureEntry, Manifest, StoredObject
from archive.rebuild import read_stored_shard
from archive.records import Article, ArticleDraft
from archive.replacement import Replacing, finish_replacements, in_order_of_month
from archive.revisions import decide
from archive.settled import Settled
from archive.spool import Spooled
from archive.store import Store
from crawler.any_site import any_site, refuse_doubtful
from crawler.archiving import SOFTWARE
from crawler.articles import EXTRACTOR_VERSION
from crawler.errors import NotAnArticle
from crawler.pool import ExtractionPool, failure_outcome
from crawler.profile import SiteProfile
from crawler.repeated import remove_repeated
from crawler.replay import extract_capture

logger = logging.getLogger(__name__)

_AHEAD = 32
"""Pages that are held in memory at once."""

_LEASE_WAIT = 1.0
"""Seconds between two looks whether a crawl has ended."""

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


class Reprocessing:
    """One run over the batches of a site."""

    def __init__(
        self,
        *,
        store: Store,
        catalog: Catalog,
        profiles: Mapping[str, SiteProfile],
        pool: ExtractionPool,
        choice: Choice,
        folder: Path,
        run: str,
        apply: bool,
        on_progress: Progress = lambda done, total: None,
    ) -> None:
        """`folder` is on a disk with room for the shards of one batch."""
        self._store = store
        self._catalog = catalog
        self._profile = profiles.get(choice.site) or any_site(choice.site)
        self._pool = pool
        self._choice = choice
        self._folder = folder
        self._run = run
        self._apply = apply
        self._on_progress = on_progress

    async def batches(self) -> AsyncIterator[Reprocessed]:
        """Each batch that has something to extract; StoreError, CatalogError, DamagedObject where it is not whole."""
        names = sorted(row["batch"] for row in self._catalog.rows(schema.batches, site=self._choice.site))
        for done, name in enumerate(names, start=1):
            manifest = await asyncio.to_thread(self._catalog.manifest, name)
            if manifest is not None and any(self._choice.admits_day(entry.fetched) for entry in manifest.captures):
                work = _Batch(self._store, self._catalog, manifest, self._profile, self._choice)
                found = await work.extract(self._pool)
                if self._apply and work.is_outdated:
                    found.replaced_by = await self._replace(work)
                if found.extracted:
                    yield found
            self._on_progress(done, len(names))

    async def _replace(self, work: _Batch) -> str | None:
        while True:
            try:
                return await asyncio.to_thread(self._replace_held, work)
            except LeaseHeld as exc:
                logger.info("reprocessing waits: %s", exc)
                await asyncio.sleep(_LEASE_WAIT)
            except BatchReplaced as exc:
                # Compacted meanwhile, say; the next run meets it where it is now.
                logger.warning("%s", exc)
                return None

    def _replace_held(self, work: _Batch) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        with held_site(self._catalog.leases, self._choice.site, f"reprocess {self._run}") as held:
            finish_replacements(self._store, self._catalog, held)
            replacing = Replacing(self._store, self._catalog, held, folder=self._folder)
            return replacing.replace(
                [work.manifest],
                raw=work.raw,
                captures=work.captures(),
                kept=work.kept_shards(),
                articles=in_order_of_month(work.new_articles()),
                run=self._run,
                software=SOFTWARE,
            ).batch


class _Batch:
    """One batch: what it holds and what it would hold."""

    def __init__(
        self, store: Store, catalog: Catalog, manifest: Manifest, profile: SiteProfile, choice: Choice
    ) -> None:
        self.manifest = manifest
        self.raw = next((stored for stored in manifest.objects if stored.kind == "raw"), None)
        self._store = store
        self._catalog = catalog
        self._profile = profile
        self._choice = choice
        self._shards: dict[StoredObject, list[Article]] = {}
        self._new: dict[int, Article] = {}
        self._entries = {entry.offset: entry for entry in manifest.captures}

    @property
    def is_outdated(self) -> bool:
        """Whether anything of it is to be written anew."""
        return bool(self._new)

    async def extract(self, pool: ExtractionPool) -> Reprocessed:
        """Extract what is chosen, and compare."""
        found = Reprocessed(batch=self.manifest.batch)
        if self.raw is None:
            return found
        await asyncio.to_thread(self._read_shards)
        old = {article.warc_offset: article for articles in self._shards.values() for article in articles}
        chosen = {entry for entry in self.manifest.captures if self._is_chosen(entry, old.get(entry.offset))}
        drafts: dict[int, ArticleDraft] = {}
        async for entry, outcome, draft in self._extracted(chosen, pool):
            found.extracted += 1
            if draft is not None:
                drafts[entry.offset] = draft
            elif entry.offset in old:
                found.kept[outcome] += 1
        self._clean(drafts, old)
        self._place(drafts, old)
        for offset, article in sorted(self._new.items()):
            fields = _differing(old.get(offset), article)
            if fields or offset not in old:
                found.changes.append(Change(old=old.get(offset), new=article, fields=fields))
        return found

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
                    yield entry, *self._admitted(*await ready)
            for entry, ready in waiting:
                yield entry, *self._admitted(*await ready)

    def _admitted(self, outcome: str, draft: ArticleDraft | None) -> tuple[str, ArticleDraft | None]:
        try:
            if draft is not None:
                refuse_doubtful(self._profile, draft)
        except NotAnArticle as exc:
            return failure_outcome(exc), None
        return outcome, draft

    def _clean(self, drafts: dict[int, ArticleDraft], old: Mapping[int, Article]) -> None:
        """Take out what repeats, as a function of the whole batch and of what was fetched before it."""
        before = min(entry.fetched for entry in self.manifest.captures)
        known = self._catalog.block_prints(self.manifest.site, before)
        others = [article for offset, article in old.items() if offset not in drafts]
        cleaned = remove_repeated([*drafts.values(), *others], known)
        drafts |= dict(zip(list(drafts), cleaned[: len(drafts)], strict=True))

    def _place(self, drafts: Mapping[int, ArticleDraft], old: Mapping[int, Article]) -> None:
        """Give each draft the identity of the article that it was, or finds now."""
        for offset, draft in drafts.items():
            if offset in old:
                own = {name: getattr(old[offset], name) for name in _IDENTITY}
                self._new[offset] = self._article(dataclasses.replace(draft, **own), old[offset].revision, offset)
        found = [entry for entry in self.manifest.captures if entry.offset in drafts and entry.offset not in old]
        settled = [_settled(entry, drafts[entry.offset]) for entry in found]
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
