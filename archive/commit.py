"""Committing a batch: the order that makes an article safe.

1. the spooled WARC is closed, read again and verified;
2. the WARC is put;
3. the shards are put, made from that WARC only;
4. the manifest is put: from here the catalog can be rebuilt from the bucket;
5. the catalog commits: from here the articles are safe;
6. the spool is deleted.

Keys follow from the WARC's content, so doing it again after a crash at any point ends in the same objects.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from archive import keys
from archive.catalog import Catalog
from archive.catalog_rows import OutcomeRow
from archive.manifest import CaptureEntry, Manifest, StoredObject
from archive.outcomes import UNCHANGED
from archive.records import Article, ArticleDraft
from archive.shards import write_shard
from archive.spool import Segment, Spooled
from archive.store import Store, put_bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """A spooled capture and what became of it."""

    spooled: Spooled
    url_id: str
    """Id of the canonical form of the URL requested."""
    outcome: str
    """See archive/outcomes.py."""
    draft: ArticleDraft | None = None
    """The article that was read from it."""
    row: OutcomeRow | None = None
    """The outcome of the URL whose pursuit ended in this capture, to be recorded when it is safe."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CommittedBatch:
    """What became safe with one commit."""

    batch: str
    site: str
    captures: int
    articles: int
    """New articles and new revisions."""
    unchanged: int
    """Pages whose text is the one we hold."""
    objects: int
    """Objects put, manifest included."""
    bytes: int
    """Bytes of those objects."""


def commit_batch(
    *,
    store: Store,
    catalog: Catalog,
    site: str,
    run: str,
    software: dict[str, str],
    segment: Segment,
    settled: Sequence[Settled],
    notes: Sequence[OutcomeRow],
) -> CommittedBatch:
    """Make a whole segment safe; `settled` holds every capture of it in order, `notes` outcomes without a capture."""
    segment.close()
    sha256 = segment.verify()
    batch = keys.batch_id(min(item.spooled.fetched for item in settled), sha256)
    raw = _put_raw(store, segment, keys.raw_key(site, batch), sha256, len(settled))
    settled = _with_final_outcomes(catalog, settled)
    articles = list(_articles(catalog, settled, raw.key))
    shards = _put_shards(store, site, batch, articles)
    manifest = Manifest(
        batch=batch,
        site=site,
        run=run,
        created=max(item.spooled.fetched for item in settled),
        software=software,
        objects=(raw, *shards),
        captures=tuple(_entry(item) for item in settled),
    )
    data = manifest.to_json()
    manifest_key = keys.manifest_key(site, batch)
    put_bytes(store, manifest_key, data)
    catalog.commit(
        manifest,
        manifest_key,
        hashlib.sha256(data).hexdigest(),
        ((article, keys.articles_key(site, article.published, batch)) for article in articles),
        [*(item.row for item in settled if item.row), *notes],
    )
    segment.delete()
    return CommittedBatch(
        batch=batch,
        site=site,
        captures=len(settled),
        articles=len(articles),
        unchanged=sum(item.outcome == UNCHANGED for item in settled),
        objects=len(manifest.objects) + 1,
        bytes=sum(stored.size for stored in manifest.objects) + len(data),
    )


def _put_raw(store: Store, segment: Segment, key: str, sha256: str, records: int) -> StoredObject:
    size = segment.path.stat().st_size
    with segment.path.open("rb") as stream:
        store.put(key, stream, size=size, sha256=sha256)
    return StoredObject(key=key, kind="raw", size=size, sha256=sha256, records=records)


def _with_final_outcomes(catalog: Catalog, settled: Sequence[Settled]) -> list[Settled]:
    """Turn `archived` into `unchanged` where the newest revision says the same already."""
    drafts = [item.draft for item in settled if item.draft is not None]
    hashes = {
        url_id: content_hash
        for url_id, (_, content_hash) in catalog.latest_revisions(draft.url_id for draft in drafts).items()
    }
    final = []
    for item in settled:
        if item.draft is not None and hashes.get(item.draft.url_id) == item.draft.content_hash:
            row = item.row and dataclasses.replace(item.row, outcome=UNCHANGED)
            item = dataclasses.replace(item, draft=None, outcome=UNCHANGED, row=row)
        elif item.draft is not None:
            hashes[item.draft.url_id] = item.draft.content_hash
        final.append(item)
    return final


def _articles(catalog: Catalog, settled: Sequence[Settled], warc_key: str) -> Iterator[Article]:
    drafts = [(item.spooled, item.draft) for item in settled if item.draft is not None]
    known = catalog.latest_revisions(draft.url_id for _, draft in drafts)
    revisions = defaultdict(int, {url_id: revision for url_id, (revision, _) in known.items()})
    for spooled, draft in drafts:
        revisions[draft.url_id] += 1
        yield Article(
            **{field.name: getattr(draft, field.name) for field in dataclasses.fields(draft)},
            revision=revisions[draft.url_id],
            warc_key=warc_key,
            warc_offset=spooled.offset,
            warc_length=spooled.length,
            payload_digest=spooled.payload_digest,
        )


def _put_shards(store: Store, site: str, batch: str, articles: Sequence[Article]) -> list[StoredObject]:
    by_key: dict[str, list[Article]] = defaultdict(list)
    for article in articles:
        by_key[keys.articles_key(site, article.published, batch)].append(article)
    stored = []
    for key, rows in sorted(by_key.items()):
        buffer = io.BytesIO()
        write_shard(rows, buffer)
        data = buffer.getvalue()
        put_bytes(store, key, data)
        stored.append(
            StoredObject(
                key=key,
                kind="articles",
                size=len(data),
                sha256=hashlib.sha256(data).hexdigest(),
                records=len(rows),
            )
        )
    return stored


def _entry(item: Settled) -> CaptureEntry:
    spooled = item.spooled
    return CaptureEntry(
        url=spooled.url,
        url_id=item.url_id,
        fetched=spooled.fetched,
        status=spooled.status,
        outcome=item.outcome,
        offset=spooled.offset,
        length=spooled.length,
        payload_digest=spooled.payload_digest,
        etag=spooled.etag,
        last_modified=spooled.last_modified,
    )
