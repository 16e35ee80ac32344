"""Manifests: the JSON object that makes a batch part of the archive.

A manifest names every object of its batch with size and SHA-256, and every capture with its outcome, so that the
catalog can be rebuilt from the bucket alone. It is written after the objects it names.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from archive.errors import DamagedObject
from archive.records import RevisitProfile, url_id

_STRICT = ConfigDict(extra="forbid")
"""A name that is not of this format is damage, or of a later format."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredObject:
    """One object of a batch."""

    __pydantic_config__ = _STRICT

    key: str
    """Object key below the archive's prefix."""
    kind: Literal["raw", "articles"]
    """`raw` for the WARC, `articles` for a shard."""
    size: int
    """Bytes."""
    sha256: str
    """Lower-case hex digest of the whole object."""
    records: int
    """Captures in a WARC, rows in a shard."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CaptureEntry:
    """One capture of a batch: what was asked, what came, what became of it."""

    __pydantic_config__ = _STRICT

    url: str
    """URL requested."""
    url_id: str
    """Id of the URL's canonical form."""
    fetched: datetime
    """Aware UTC."""
    status: int
    """HTTP status code."""
    outcome: str
    """What became of it, see archive/outcomes.py."""
    offset: int
    """First byte of the response record in the batch's WARC."""
    length: int
    """Compressed bytes of the response record."""
    payload_digest: str
    """As `Capture.payload_digest`."""
    etag: str | None = None
    """ETag of the response, the validator of RFC 9110 section 8.8.3."""
    last_modified: str | None = None
    """Last-Modified of the response as sent."""
    revisit: RevisitProfile | None = None
    """Why the record has no body, None for one that has: an earlier record has that body."""
    article: str | None = None
    """`url_id` of the article that was read from it, where it is not its own."""
    next_check: datetime | None = None
    """When the URL is to be fetched again, aware UTC; None for not by itself."""

    def is_of(self, url_ids: Container[str]) -> bool:
        """Whether its page, or the article that was read from it, has one of these ids, also before redirects."""
        return self.url_id in url_ids or self.article in url_ids or url_id(self.url) in url_ids


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What one run archived of one site in one batch."""

    __pydantic_config__ = _STRICT

    format: Literal["presskeep-manifest/1"] = "presskeep-manifest/1"
    """Name and version of this format."""
    batch: str
    """Batch id, see archive/keys.py."""
    site: str
    """Name of the site profile."""
    run: str
    """Id of the crawl run."""
    created: datetime
    """When its last capture was taken, aware UTC."""
    software: dict[str, str]
    """Name -> version of the tools that made it."""
    objects: tuple[StoredObject, ...]
    """The WARC first, then the shards by key."""
    captures: tuple[CaptureEntry, ...]
    """In the order of their records."""
    replaces: tuple[str, ...] = field(default=())
    """Batches that this one supersedes."""

    def to_json(self) -> bytes:
        """The manifest as UTF-8 JSON; equal manifests give equal bytes."""
        return _ADAPTER.dump_json(self, indent=1, exclude_none=True) + b"\n"

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """Parse a manifest; raises DamagedObject when it is not one."""
        try:
            return _ADAPTER.validate_json(data)
        except ValidationError as exc:
            first = exc.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise DamagedObject(f"not a manifest: {where or 'JSON'}: {first['msg']}") from exc


_ADAPTER = TypeAdapter(Manifest)
