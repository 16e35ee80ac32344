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
import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from archive import keys
from archive.admission import admit
from archive.block_memory import Cleaner, clean_nothing
from archive.catalog import Catalog
from archive.catalog_rows import OutcomeRow
from archive.errors import ObjectConflict, ObjectMissing
from archive.failpoints import failpoint
from archive.leases import Lease
from archive.manifest import CaptureEntry, Manifest, StoredObject
from archive.outcomes import TAKEN_DOWN
from archive.records import Article
from archive.revisions import Decided, decide
from archive.settled import Settled
from archive.shards import read_shard, write_shard
from archive.spool import ClosedSegment
from archive.store import Store, put_bytes

logger = logging.getLogger(__name__)

_PUTS_AT_ONCE = 8

_ATTEMPTS = 10
"""Different sets of shards that may be put for one WARC."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CommittedBatch:
    """What became safe with one commit."""

    batch: str
    site: str
    captures: int
    articles: int
    """New articles and new revisions."""
    revised: int
    """Those of them that are not the first revision."""
    outcomes: Mapping[str, int]
    """How often each outcome became of the pages that held a text."""
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
    segment: ClosedSegment,
    settled: Sequence[Settled],
    notes: Sequence[OutcomeRow],
    lease: Lease | None = None,
    clean: Cleaner = clean_nothing,
) -> CommittedBatch:
    """Make a whole segment safe; `settled` holds every capture of it in order, `notes` outcomes without a capture.

    What was taken down is cut out of the segment before; where nothing else is in it, there is no batch.

    What `clean` takes out of the articles follows from them and from those that were fetched before the batch.

    With a lease, LeaseLost when the site has meanwhile passed to another holder; the segment then stays as it is.

    It may be repeated after a crash or an error at any point. What an earlier attempt has put counts: equal objects are
    left as they are, and once its manifest is there, the batch is what that manifest says. Where the earlier attempt
    put other bytes (another version of the extractor, a page that was too slow then), the batch id gets a suffix, and
    the earlier shards, which no manifest names, are left to `presskeep gc`.
    """
    failpoint("segment_closed")
    segment, settled, refused = admit(catalog.tombstones, segment, settled)
    if not settled:
        return _nothing(catalog, site, run, notes, refused)
    sha256 = segment.verify()
    first = keys.batch_id(min(item.spooled.fetched for item in settled), sha256)
    raw = _put_raw(store, segment, keys.raw_key(site, first), sha256, len(settled))
    failpoint("after_warc_put")
    for batch in (first, *(f"{first}r{attempt}" for attempt in range(1, _ATTEMPTS))):
        try:
            data = _held_manifest(store, site, batch)
            if data is not None:
                articles = list(_read_articles(store, data))
            else:
                data, articles = _put_derived(store, catalog, batch, site, run, software, raw, settled, clean)
            break
        except ObjectConflict:
            logger.warning("%s: batch %s: an earlier attempt put other shards; trying another id", site, batch)
    else:
        raise ObjectConflict(
            f"{first}: {_ATTEMPTS} attempts have put different shards; see `presskeep verify`", key=raw.key
        )
    manifest = Manifest.from_json(data)
    failpoint("before_catalog_commit")
    catalog.commit(
        manifest,
        keys.manifest_key(site, batch),
        hashlib.sha256(data).hexdigest(),
        articles,
        [*_final_rows(settled, manifest), *notes],
        lease=lease,
    )
    failpoint("before_spool_delete")
    segment.delete()
    return CommittedBatch(
        batch=batch,
        site=site,
        captures=len(manifest.captures),
        articles=sum(stored.records for stored in manifest.objects if stored.kind == "articles"),
        revised=sum(article.revision > 1 for article, _ in articles),
        outcomes=Counter({TAKEN_DOWN: refused})
        + Counter(
            entry.outcome for item, entry in zip(settled, manifest.captures, strict=True) if item.draft is not None
        ),
        objects=len(manifest.objects) + 1,
        bytes=sum(stored.size for stored in manifest.objects) + len(data),
    )


def _nothing(catalog: Catalog, site: str, run: str, notes: Sequence[OutcomeRow], refused: int) -> CommittedBatch:
    """All of it was taken down."""
    catalog.note(run, notes)
    outcomes = {TAKEN_DOWN: refused} if refused else {}
    return CommittedBatch(batch="", site=site, captures=0, articles=0, revised=0, outcomes=outcomes, objects=0, bytes=0)


def _held_manifest(store: Store, site: str, batch: str) -> bytes | None:
    try:
        return store.get(keys.manifest_key(site, batch))
    except ObjectMissing:
        return None


def _put_derived(
    store: Store,
    catalog: Catalog,
    batch: str,
    site: str,
    run: str,
    software: dict[str, str],
    raw: StoredObject,
    settled: Sequence[Settled],
    clean: Cleaner,
) -> tuple[bytes, list[tuple[Article, str]]]:
    """Put the shards and the manifest; return the manifest, and the articles with the keys of their shards."""
    decided = _cleaned(catalog, site, decide(catalog.history, site, settled), clean)
    articles = [(article, keys.articles_key(site, article.published, batch)) for article in _articles(decided, raw.key)]
    shards = _put_shards(store, articles)
    failpoint("after_shards_put")
    manifest = Manifest(
        batch=batch,
        site=site,
        run=run,
        created=max(item.spooled.fetched for item in settled),
        software=software,
        objects=(raw, *shards),
        captures=tuple(_entry(one) for one in decided),
    )
    data = manifest.to_json()
    put_bytes(store, keys.manifest_key(site, batch), data)
    failpoint("after_manifest_put")
    return data, articles


def _read_articles(store: Store, manifest: bytes) -> Iterator[tuple[Article, str]]:
    for stored in Manifest.from_json(manifest).objects:
        if stored.kind == "articles":
            for article in read_shard(io.BytesIO(store.get(stored.key))):
                yield article, stored.key


def _final_rows(settled: Sequence[Settled], manifest: Manifest) -> Iterator[OutcomeRow]:
    """The outcome rows, with the outcomes that the manifest finally gave."""
    for item, entry in zip(settled, manifest.captures, strict=True):
        if item.row is not None:
            yield dataclasses.replace(item.row, outcome=entry.outcome)


def _put_raw(store: Store, segment: ClosedSegment, key: str, sha256: str, records: int) -> StoredObject:
    size = segment.path.stat().st_size
    with segment.path.open("rb") as stream:
        store.put(key, stream, size=size, sha256=sha256)
    return StoredObject(key=key, kind="raw", size=size, sha256=sha256, records=records)


def _cleaned(catalog: Catalog, site: str, decided: Sequence[Decided], clean: Cleaner) -> list[Decided]:
    drafts = [one.item.draft for one in decided if one.item.draft is not None]
    before = min(one.item.spooled.fetched for one in decided)
    cleaned = iter(clean(drafts, catalog.block_prints(site, before)))
    return [
        one if one.item.draft is None else replace(one, item=replace(one.item, draft=next(cleaned))) for one in decided
    ]


def _articles(decided: Sequence[Decided], warc_key: str) -> Iterator[Article]:
    for one in decided:
        draft, spooled = one.item.draft, one.item.spooled
        if draft is not None:
            yield Article(
                **{field.name: getattr(draft, field.name) for field in dataclasses.fields(draft)},
                revision=one.revision,
                warc_key=warc_key,
                warc_offset=spooled.offset,
                warc_length=spooled.length,
                payload_digest=spooled.payload_digest,
            )


def _put_shards(store: Store, articles: Sequence[tuple[Article, str]]) -> list[StoredObject]:
    by_key: dict[str, list[Article]] = defaultdict(list)
    for article, key in articles:
        by_key[key].append(article)

    def put(key: str) -> StoredObject:
        buffer = io.BytesIO()
        write_shard(by_key[key], buffer)
        data = buffer.getvalue()
        put_bytes(store, key, data)
        sha256 = hashlib.sha256(data).hexdigest()
        return StoredObject(key=key, kind="articles", size=len(data), sha256=sha256, records=len(by_key[key]))

    # A backfill has a shard for each month of years, and each waits for the network.
    with ThreadPoolExecutor(_PUTS_AT_ONCE) as pool:
        return list(pool.map(put, sorted(by_key)))


def _entry(decided: Decided) -> CaptureEntry:
    item, spooled = decided.item, decided.item.spooled
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
        revisit=spooled.revisit,
        article=decided.article if decided.article != item.url_id else None,
        next_check=item.next_check,
    )
