"""What a damaged batch can be made into again, worked out without changing anything.

    shards that are as they were written       are kept
    articles of the other shards               are extracted again, or read from what is left of the shard
    captures that can be read                  stay where they lie
    captures that cannot be read               are recorded as lost; the text of their articles is kept

Where that gives the very bytes that were recorded for a shard, they can be put back under its key. Otherwise a new
manifest `replaces` the old one: it names the WARC as it is now, the shards that are kept, and new shards.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from archive import keys, schema
from archive.block_memory import Cleaner
from archive.catalog import Catalog
from archive.catalog_rows import article_row
from archive.contents import WarcReading, article_fault, shard_batch
from archive.errors import DamagedObject, ObjectMissing
from archive.manifest import CaptureEntry, Manifest, StoredObject
from archive.outcomes import ARCHIVED, EXTRACT_FAILED, LOST, outcome
from archive.rebuild import read_stored_shard, taken_revisions
from archive.records import Article, ArticleDraft, Capture
from archive.shards import read_shard, write_shard
from archive.store import Store

Extractor = Callable[[Capture], ArticleDraft | None]
"""Reads the article from a capture; None if there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """What cannot be made again of one page."""

    url: str
    warc_key: str
    """WARC in which the raw page lies or lay."""
    offset: int
    """First byte of its response record."""
    page: bool
    """Whether the raw page is lost."""
    text: bool
    """Whether the article that was read from it is lost."""
    reason: str
    """Why, one line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Restoration:
    """What to write."""

    restored: Mapping[str, bytes]
    """Keys of damaged shards -> the bytes that were recorded for them."""
    cataloged: bool = True
    """False where the catalog has other articles of the batch than its shards, once they are restored."""
    replacement: Manifest | None = None
    """Takes the place of the manifest where the batch cannot be what it was."""
    shards: Mapping[str, bytes] = field(default_factory=dict)
    """Keys of the new shards that the replacement names -> their bytes."""
    losses: tuple[Loss, ...] = ()


class BatchRestorer:
    """Works out the restoration of one batch."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        manifest: Manifest,
        extract: Extractor,
        clean: Cleaner,
        software: Mapping[str, str],
    ) -> None:
        """`software` is name -> version of the tools that extract and clean now."""
        self._store = store
        self._catalog = catalog
        self._manifest = manifest
        self._extract = extract
        self._clean = clean
        self._software = dict(software)
        self._known = {row["warc_offset"]: row for row in catalog.rows(schema.articles, batch=manifest.batch)}
        self._raw = next((stored for stored in manifest.objects if stored.kind == "raw"), None)
        self._warc: StoredObject | None = None
        self._faults: dict[int, str] = {}
        self._kept: dict[StoredObject, Sequence[Article]] = {}
        self._damaged: list[StoredObject] = []
        self._made: list[Article] = []

    def plan(self) -> Restoration:
        """What to write, nothing if the batch is whole. Reads the whole batch; StoreError when that cannot be done."""
        self._read_shards()
        self._read_warc()
        self._clean_made()
        self._salvage()
        self._number()
        restored = self._restored()
        if not (self._made or self._faults or self._warc != self._raw or len(restored) < len(self._damaged)):
            return Restoration(restored=restored, cataloged=self._known == self._kept_rows())
        losses = tuple(self._losses())
        replacement, shards = self._replacement()
        return Restoration(restored=restored, replacement=replacement, shards=shards, losses=losses)

    @property
    def _held(self) -> set[int]:
        """Offsets of the captures whose articles are at hand."""
        return {article.warc_offset for articles in (*self._kept.values(), self._made) for article in articles}

    def _read_shards(self) -> None:
        for stored in self._manifest.objects:
            if stored.kind == "articles":
                try:
                    self._kept[stored] = read_stored_shard(self._store, stored)
                except (ObjectMissing, DamagedObject):
                    self._damaged.append(stored)
        taken = self._taken([article for articles in self._kept.values() for article in articles])
        for stored, articles in list(self._kept.items()):
            if any((article.url_id, article.revision) in taken for article in articles):
                self._made += self._kept.pop(stored)

    def _read_warc(self) -> None:
        if self._raw is None:
            # All its pages were lost before, or let go by retention.
            return
        try:
            stream = self._store.open(self._raw.key) if self._raw else io.BytesIO()
        except ObjectMissing:
            stream = io.BytesIO()
        held, readable = self._held, 0
        with stream:
            reading = WarcReading(stream, self._manifest.captures)
            for found in reading.captures():
                if found.capture is None:
                    self._faults[found.entry.offset] = found.fault
                    continue
                readable += 1
                if found.entry.outcome == ARCHIVED and found.entry.offset not in held:
                    self._extract_article(found.entry, found.capture)
        if self._raw and readable:
            self._warc = replace(self._raw, size=reading.size, sha256=reading.sha256, records=readable)

    def _extract_article(self, entry: CaptureEntry, capture: Capture) -> None:
        draft = self._extract(capture)
        if draft is None or self._raw is None:
            return
        known = self._known.get(entry.offset)
        if known and known["url_id"] == entry.article:
            draft = replace(draft, url_id=known["url_id"], canonical_url=known["canonical_url"])
        self._made.append(
            Article(
                **{name.name: getattr(draft, name.name) for name in dataclasses.fields(draft)},
                # A number that is not known is the first that no other revision has.
                revision=known["revision"] if known and known["url_id"] == draft.url_id else 1,
                warc_key=self._raw.key,
                warc_offset=entry.offset,
                warc_length=entry.length,
                payload_digest=entry.payload_digest,
            )
        )

    def _clean_made(self) -> None:
        """Take out what was taken out then: a function of the batch and of what was fetched before it."""
        kept = [article for articles in self._kept.values() for article in articles]
        before = min(entry.fetched for entry in self._manifest.captures)
        known = self._catalog.block_prints(self._manifest.site, before)
        cleaned = self._clean([*self._made, *kept], known)
        self._made = list(cleaned[: len(self._made)])

    def _salvage(self) -> None:
        """Take from damaged shards those articles that nothing else gives and that are surely right."""
        held, entries = self._held, {entry.offset: entry for entry in self._manifest.captures}
        for stored in self._damaged:
            with suppress(ObjectMissing, DamagedObject):
                for article in read_shard(io.BytesIO(self._store.get(stored.key))):
                    known = self._known.get(article.warc_offset)
                    right = known is None or known == article_row(self._manifest, article, stored.key)
                    if right and article.warc_offset not in held and not article_fault(article, stored.key, entries):
                        self._made.append(article)

    def _number(self) -> None:
        taken = self._taken(self._made)
        taken |= {(article.url_id, article.revision) for articles in self._kept.values() for article in articles}
        numbered = []
        for article in sorted(self._made, key=lambda article: article.warc_offset):
            while (article.url_id, article.revision) in taken:
                article = replace(article, revision=article.revision + 1)
            taken.add((article.url_id, article.revision))
            numbered.append(article)
        self._made = numbered

    def _taken(self, articles: Sequence[Article]) -> set[tuple[str, int]]:
        return taken_revisions(self._catalog, self._manifest, articles)

    def _restored(self) -> dict[str, bytes]:
        """Damaged shards whose very bytes the articles at hand give; their articles need no other shard."""
        restored = {}
        for stored in self._damaged:
            batch = shard_batch(stored.key)
            theirs = [it for it in self._made if keys.articles_key(it.site, it.published, batch) == stored.key]
            data = _shard(theirs)
            if hashlib.sha256(data).hexdigest() == stored.sha256:
                restored[stored.key] = data
                self._kept[stored] = theirs
                self._made = [article for article in self._made if article not in theirs]
        return restored

    def _kept_rows(self) -> dict[int, dict[str, Any]]:
        """What the catalog should have, by the offset of the capture."""
        return {
            article.warc_offset: article_row(self._manifest, article, stored.key)
            for stored, articles in self._kept.items()
            for article in articles
        }

    def _losses(self) -> Iterator[Loss]:
        held = self._held
        for entry in self._manifest.captures:
            page = entry.offset in self._faults
            text = (entry.outcome == ARCHIVED or entry.offset in self._known) and entry.offset not in held
            if page or text:
                yield Loss(
                    url=entry.url,
                    warc_key=self._raw.key if self._raw else "",
                    offset=entry.offset,
                    page=page,
                    text=text,
                    reason=self._faults.get(entry.offset, "its shard is damaged, and extraction finds no article now"),
                )

    def _replacement(self) -> tuple[Manifest, dict[str, bytes]]:
        """The manifest and its new shards; the same damage always gives the same, so that a second try goes on."""
        months: dict[str, list[Article]] = defaultdict(list)
        for article in self._made:
            months[keys.month(article.published)].append(article)
        shards = [(articles, _shard(articles)) for _, articles in sorted(months.items())]
        kept = [*([self._warc] if self._warc else []), *sorted(self._kept, key=lambda stored: stored.key)]
        held = self._held
        manifest = replace(
            self._manifest,
            software=self._software,
            objects=tuple(kept),
            captures=tuple(replace(entry, outcome=self._outcome(entry, held)) for entry in self._manifest.captures),
            replaces=(self._manifest.batch,),
        )
        digest = hashlib.sha256(manifest.to_json() + b"".join(data for _, data in shards)).hexdigest()
        batch = keys.batch_id(min(entry.fetched for entry in manifest.captures), digest)
        placed = {keys.articles_key(manifest.site, rows[0].published, batch): (rows, data) for rows, data in shards}
        stored = [_stored(key, rows, data) for key, (rows, data) in placed.items()]
        objects = sorted((*kept, *stored), key=lambda it: (it.kind != "raw", it.key))
        manifest = replace(manifest, batch=batch, objects=tuple(objects))
        return manifest, {key: data for key, (_, data) in placed.items()}

    def _outcome(self, entry: CaptureEntry, held: set[int]) -> str:
        if entry.offset in self._faults:
            return LOST
        if entry.outcome == ARCHIVED and entry.offset not in held:
            return outcome(EXTRACT_FAILED, "repair")
        return entry.outcome


def _shard(articles: Sequence[Article]) -> bytes:
    buffer = io.BytesIO()
    write_shard(articles, buffer)
    return buffer.getvalue()


def _stored(key: str, articles: Sequence[Article], data: bytes) -> StoredObject:
    return StoredObject(
        key=key, kind="articles", size=len(data), sha256=hashlib.sha256(data).hexdigest(), records=len(articles)
    )
