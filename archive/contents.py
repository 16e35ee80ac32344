"""What is inside the objects of a batch, held against its manifest: captures in a WARC, articles in shards.

Every capture and every article is examined by itself, so that damage to one does not hide the others.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from archive import keys
from archive.catalog_rows import article_row
from archive.errors import DamagedObject, ObjectMissing
from archive.findings import Finding, Kind
from archive.manifest import CaptureEntry, Manifest, StoredObject
from archive.outcomes import ARCHIVED, LOST
from archive.records import Article, Capture, content_hash, url_id
from archive.shards import read_shard
from archive.store import Store
from archive.warc_reader import read_captures

_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class ExaminedCapture:
    """A capture that a manifest names, and what was found in its place."""

    entry: CaptureEntry
    capture: Capture | None
    """With its request and announcement; None if any of its records is damaged, missing or another one."""
    fault: str = ""
    """Why there is none, one line."""


class WarcReading:
    """One reading of a WARC from its start, one capture held at a time."""

    def __init__(self, stream: BinaryIO, entries: Iterable[CaptureEntry]) -> None:
        self._stream = stream
        self._entries = sorted(entries, key=lambda entry: entry.offset)
        self._digest = hashlib.sha256()
        self.size = 0
        """Bytes read so far; when `captures` has ended, those of the file."""

    @property
    def sha256(self) -> str:
        """Hex digest of the bytes read so far."""
        return self._digest.hexdigest()

    def captures(self) -> Iterator[ExaminedCapture]:
        """Each capture that the manifest names, in the order of their records, without those recorded as lost."""
        for entry in self._entries:
            start = self.size
            group = self._read(entry.offset + entry.length - start)
            if entry.outcome != LOST:
                yield _examined(group, start, entry)
        while self._read(_BLOCK):
            pass

    def _read(self, length: int) -> bytes:
        """Up to `length` bytes, asked for in blocks, because a length that is nonsense must not take memory."""
        found = bytearray()
        while len(found) < length and (block := self._stream.read(min(_BLOCK, length - len(found)))):
            found += block
        self._digest.update(found)
        self.size += len(found)
        return bytes(found)


class BatchReading:
    """One reading of all objects of a batch; the fields are filled when `findings` has ended."""

    def __init__(self, store: Store, manifest: Manifest, *, damaged: Collection[str] = ()) -> None:
        """`damaged` are keys of objects that are known to be damaged or missing: they are not reported again."""
        self._store = store
        self._manifest = manifest
        self._captures = {entry.offset: entry for entry in manifest.captures}
        self._unmet = {entry.offset for entry in manifest.captures if entry.outcome == ARCHIVED}
        self.damaged = set(damaged)
        """Keys of all objects that are not there, or not as they were written."""
        self.rows: list[dict[str, Any]] = []
        """Of each article read, the row that the catalog should have."""
        self.bytes = 0

    def findings(self) -> Iterator[Finding]:
        """Every object, capture and article that cannot be read back as it was archived."""
        for stored in self._manifest.objects:
            yield from self._warc(stored) if stored.kind == "raw" else self._shard(stored)
        shards = [stored.key for stored in self._manifest.objects if stored.kind == "articles"]
        damaged = self.damaged.intersection(shards)
        key = damaged.pop() if len(damaged) == 1 else keys.manifest_key(self._manifest.site, self._manifest.batch)
        for offset in sorted(self._unmet):
            yield self._record(
                "article_unreadable", key, self._captures[offset], "is in no shard of its batch that can be read"
            )

    def _warc(self, stored: StoredObject) -> Iterator[Finding]:
        try:
            stream = self._store.open(stored.key)
        except ObjectMissing as exc:
            yield from self._object("object_missing", stored, str(exc))
            stream = io.BytesIO()
        with stream:
            warc = WarcReading(stream, self._manifest.captures)
            for found in warc.captures():
                if found.fault:
                    yield self._record("capture_unreadable", stored.key, found.entry, found.fault)
        yield from self._compare(stored, warc.size, warc.sha256)

    def _shard(self, stored: StoredObject) -> Iterator[Finding]:
        try:
            data = self._store.get(stored.key)
            yield from self._compare(stored, len(data), hashlib.sha256(data).hexdigest())
            for article in read_shard(io.BytesIO(data)):
                yield from self._article(article, stored.key)
        except ObjectMissing as exc:
            yield from self._object("object_missing", stored, str(exc))
        except DamagedObject as exc:
            yield from self._object("object_damaged", stored, one_line(exc))

    def _article(self, article: Article, shard_key: str) -> Iterator[Finding]:
        self.rows.append(article_row(self._manifest, article, shard_key))
        self._unmet.discard(article.warc_offset)
        if fault := article_fault(article, shard_key, self._captures):
            yield Finding(
                kind="article_unreadable",
                key=shard_key,
                batch=self._manifest.batch,
                offset=article.warc_offset,
                url=article.url,
                detail=fault,
            )

    def _compare(self, stored: StoredObject, size: int, sha256: str) -> Iterator[Finding]:
        self.bytes += size
        if fault := object_fault(stored, size, sha256):
            yield from self._object("object_damaged", stored, fault)

    def _object(self, kind: Kind, stored: StoredObject, detail: str) -> Iterator[Finding]:
        if stored.key not in self.damaged:
            self.damaged.add(stored.key)
            yield Finding(kind=kind, key=stored.key, batch=self._manifest.batch, detail=detail)

    def _record(self, kind: Kind, key: str, entry: CaptureEntry, detail: str) -> Finding:
        return Finding(
            kind=kind, key=key, batch=self._manifest.batch, offset=entry.offset, url=entry.url, detail=detail
        )


def object_fault(stored: StoredObject, size: int, sha256: str) -> str:
    """How the bytes of an object differ from what its manifest says; empty if they do not."""
    if size != stored.size:
        return f"has {size} bytes, its manifest says {stored.size}"
    return "" if sha256 == stored.sha256 else f"has SHA-256 {sha256}, its manifest says {stored.sha256}"


def article_fault(article: Article, shard_key: str, captures: dict[int, CaptureEntry]) -> str:
    """What is wrong with an article of a shard, given its batch's captures by offset; empty if nothing is."""
    if content_hash(article.title, article.text) != article.content_hash:
        return "its title and text do not have its content_hash"
    if url_id(article.canonical_url) != article.url_id:
        return "its url_id is not that of its canonical_url"
    if keys.articles_key(article.site, article.published, shard_batch(shard_key)) != shard_key:
        return f"an article of {article.site}, published {article.published}, does not belong into this shard"
    entry = captures.get(article.warc_offset)
    if entry is None or (entry.length, entry.payload_digest) != (article.warc_length, article.payload_digest):
        return f"no capture of its batch lies at byte {article.warc_offset} of {article.warc_key} as it says"
    return ""


def shard_batch(key: str) -> str:
    """Id of the batch that a shard was written for; a batch that replaced that one may name it too."""
    return key.rpartition("/")[2].partition(".")[0]


def one_line(error: Exception) -> str:
    """The message of an error without line breaks."""
    return " ".join(str(error).split())


def _examined(group: bytes, start: int, entry: CaptureEntry) -> ExaminedCapture:
    """The one capture in the records from the end of the capture before it, at `start`, to its own end."""
    try:
        found = list(read_captures(io.BytesIO(group)))
    except DamagedObject as exc:
        fault = f"{one_line(exc).partition(';')[0]} (counted from byte {start}, where its records begin)"
        return ExaminedCapture(entry=entry, capture=None, fault=fault)
    if len(found) != 1 or (found[0].offset + found[0].length, found[0].length) != (len(group), entry.length):
        fault = f"{len(found)} captures end in its place instead of one" if group else "the file ends before it"
        return ExaminedCapture(entry=entry, capture=None, fault=fault)
    for name in ("url", "status", "fetched", "payload_digest"):
        is_now, was = getattr(found[0].capture, name), getattr(entry, name)
        if is_now != was:
            return ExaminedCapture(entry=entry, capture=None, fault=f"its {name} is {is_now}, its manifest says {was}")
    return ExaminedCapture(entry=entry, capture=found[0].capture)
