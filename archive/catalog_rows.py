"""Between records and the rows of the catalog."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from archive.block_memory import prints_row, whole_text
from archive.likeness import fingerprint
from archive.manifest import CaptureEntry, Manifest, StoredObject
from archive.records import Article, RecordLocation
from archive.text_hash import text_hash


@dataclass(frozen=True, kw_only=True, slots=True)
class OutcomeRow:
    """One URL's outcome in one run."""

    site: str
    kind: str
    """`page` or `source`."""
    url: str
    outcome: str
    """See archive/outcomes.py."""
    detail: str = ""
    """What a person needs to understand it, one line."""
    at: datetime
    """Aware UTC."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunCount:
    """How often one outcome occurred at one site in one run."""

    site: str
    kind: str
    """`page` or `source`."""
    outcome: str
    """See archive/outcomes.py."""
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class UrlState:
    """What is remembered of a URL between runs."""

    url_id: str
    url: str
    """As it was last fetched."""
    outcome: str
    """Of its last capture."""
    first_fetched: datetime
    """Aware UTC."""
    last_fetched: datetime
    """Aware UTC."""
    failures: int
    """Captures in a row that failed."""
    etag: str | None
    last_modified: str | None
    payload_digest: str
    payload_url: str | None = None
    """URL of the capture that has the body of the last answer, None if there is none to compare with."""
    payload_fetched: datetime | None = None
    """When that one was taken, aware UTC."""
    unmodified: int = 0
    """Answers in a row that were 304."""
    article: str | None = None
    """Id of the article that was last read from it, None if none ever was."""
    removed: datetime | None = None
    """Since when the article is gone from the site, aware UTC."""
    checks: int = 0
    """How often it was fetched again once an article was there."""
    quiet: int = 0
    """How many of the last of these in a row found nothing new."""
    next_check: datetime | None = None
    """When it should be fetched again, aware UTC; None for not by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ArticleEntry:
    """An article as the catalog knows it: enough to list it and to find the rest."""

    url_id: str
    revision: int
    site: str
    url: str
    title: str | None
    published: date | None
    fetched: datetime
    shard_key: str
    shard_sha256: str | None
    """Of the shard, lower-case hex, None if it is unknown. A reader holds on to it: a shard that is replaced meanwhile
    is still there for a while."""
    location: RecordLocation

    @property
    def order(self) -> tuple[datetime, int]:
        """By this the revisions of an article are ordered, the newest last."""
        return self.fetched, self.revision


def batch_row(manifest: Manifest, manifest_key: str, manifest_sha256: str) -> dict[str, Any]:
    """Row of `batches`."""
    return {
        "batch": manifest.batch,
        "site": manifest.site,
        "run": manifest.run,
        "created": manifest.created,
        "software": json.dumps(manifest.software),
        "replaces": " ".join(manifest.replaces),
        "manifest_key": manifest_key,
        "manifest_sha256": manifest_sha256,
    }


def object_row(manifest: Manifest, stored: StoredObject) -> dict[str, Any]:
    """Row of `objects`."""
    return {
        "key": stored.key,
        "batch": manifest.batch,
        "kind": stored.kind,
        "size": stored.size,
        "sha256": stored.sha256,
        "records": stored.records,
    }


def capture_row(manifest: Manifest, entry: CaptureEntry) -> dict[str, Any]:
    """Row of `captures`."""
    return {
        "batch": manifest.batch,
        "offset": entry.offset,
        "length": entry.length,
        "site": manifest.site,
        "url": entry.url,
        "url_id": entry.url_id,
        "fetched": entry.fetched,
        "status": entry.status,
        "outcome": entry.outcome,
        "payload_digest": entry.payload_digest,
        "etag": entry.etag,
        "last_modified": entry.last_modified,
        "revisit": entry.revisit,
        "article": entry.article,
        "next_check": entry.next_check,
    }


def article_row(manifest: Manifest, article: Article, shard_key: str) -> dict[str, Any]:
    """Row of `articles`."""
    same = (
        "url_id revision site url canonical_url content_hash title published published_at fetched language word_count "
        "warc_key warc_offset warc_length payload_digest"
    )
    return {name: getattr(article, name) for name in same.split()} | {
        "authors": len(article.authors),
        "removed_share": _removed_share(article),
        "flags": " ".join(article.flags),
        "text_hash": text_hash(article.title, whole_text(article)),
        "batch": manifest.batch,
        "shard_key": shard_key,
        "fingerprint": fingerprint(whole_text(article)),
        **prints_row(article),
    }


def manifest_of(
    batch: dict[str, Any], objects: Iterable[dict[str, Any]], captures: Iterable[dict[str, Any]]
) -> Manifest:
    """The manifest that `batch_row`, `object_row` and `capture_row` came from, equal to the byte."""
    stored = (StoredObject(**_fields(row, StoredObject)) for row in objects)
    return Manifest(
        batch=batch["batch"],
        site=batch["site"],
        run=batch["run"],
        created=batch["created"],
        software=json.loads(batch["software"]),
        objects=tuple(sorted(stored, key=lambda it: (it.kind != "raw", it.key))),
        captures=tuple(CaptureEntry(**_fields(row, CaptureEntry)) for row in captures),
        replaces=tuple(batch["replaces"].split()),
    )


def outcome_row(run: str, row: OutcomeRow) -> dict[str, Any]:
    """Row of `outcomes`."""
    return {
        "run": run,
        "site": row.site,
        "kind": row.kind,
        "url": row.url,
        "outcome": row.outcome,
        "detail": row.detail,
        "at": row.at,
    }


def article_entry(row: sa.Row[Any]) -> ArticleEntry:
    """From a row of `articles` with the digest of its shard."""
    return ArticleEntry(
        url_id=row.url_id,
        revision=row.revision,
        site=row.site,
        url=row.url,
        title=row.title,
        published=row.published,
        fetched=row.fetched,
        shard_key=row.shard_key,
        shard_sha256=row.shard_sha256,
        location=RecordLocation(
            warc_key=row.warc_key,
            offset=row.warc_offset,
            length=row.warc_length,
            payload_digest=row.payload_digest,
        ),
    )


def _removed_share(article: Article) -> float:
    """How much of what stood in the body was taken out as boilerplate, from 0 to 1, by characters."""
    removed = sum(len(block.text) for block in article.removed_blocks)
    return removed / (removed + len(article.text)) if removed else 0.0


def _fields(row: dict[str, Any], record: type[StoredObject | CaptureEntry]) -> dict[str, Any]:
    return {name: row[name] for name in record.__dataclass_fields__}
