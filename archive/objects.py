"""What every store agrees on: what an object is, which names it may have, and when its bytes are the right ones."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from archive.errors import DamagedObject, ObjectConflict, StoreError


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectInfo:
    """What a store says of one object."""

    key: str
    """Key below the archive's prefix."""
    size: int
    """Bytes."""
    sha256: str | None = None
    """Hex digest; None in listings, and from `head` where the store has none on record."""
    modified: datetime
    """When it was written, by the store's clock, aware UTC."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leftover:
    """An upload that was begun and not finished: it is no object, yet takes space."""

    key: str
    """Key it was meant for; the temporary name in a folder."""
    started: datetime
    """When it was begun, by the store's clock, aware UTC."""
    token: str
    """The store's own handle, for `discard`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptVersion:
    """An old version of an object that a versioned bucket still keeps."""

    key: str
    version: str
    """The store's id of it."""
    size: int
    """Bytes."""
    locked_until: datetime | None
    """Until when an object lock keeps it from being deleted, aware UTC; None for no lock, or one that has no end."""


def check_key(key: str) -> None:
    """Raise StoreError unless `key` is a key: ASCII segments of letters, digits and `!._=+-`, joined by single slashes.

    No segment begins with a dot, so `..` and hidden files are none. Such a key is equally good in S3, as a file name
    and in a URL.
    """
    if not _KEY.fullmatch(key):
        raise StoreError(
            f"{key!r} is not an object key: it takes letters, digits and !._=+- between single slashes, "
            "and no dot at the start of a segment",
            key=key,
        )


def check_prefix(prefix: str) -> None:
    """Raise StoreError unless `prefix` is empty or a key, with or without a slash at its end."""
    if prefix:
        check_key(prefix.removesuffix("/"))


def check_range(offset: int, length: int | None) -> None:
    """Raise ValueError unless `offset` is 0 or more, and `length` 1 or more or None."""
    if offset < 0 or (length is not None and length < 1):
        raise ValueError(f"offset {offset} and length {length} name no bytes: give 0 or more, and 1 or more")


def check_source(source: BinaryIO, key: str, *, size: int, sha256: str) -> None:
    """Raise DamagedObject unless the whole of `source` is that long and hashes to `sha256`; leave it at its start."""
    source.seek(0)
    found = sha256_of(source)
    length = source.tell()
    source.seek(0)
    if (found, length) != (sha256, size):
        raise DamagedObject(
            f"{key}: not written, because its source has {length} bytes with SHA-256 {found} where {size} bytes with "
            f"{sha256} were announced; the file was damaged or changed meanwhile: check the disk it lies on"
        )


def conflict(key: str, held: str) -> ObjectConflict:
    """The error for a key that holds something else than what was to be written; `held` says what."""
    return ObjectConflict(
        f"{key}: already holds {held}; it was left as it is: find out who wrote it, and move it away", key=key
    )


def sha256_of(stream: BinaryIO) -> str:
    """SHA-256 hex digest of the rest of `stream`."""
    digest = hashlib.sha256()
    while block := stream.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


_KEY = re.compile(r"(?!\.)[A-Za-z0-9!._=+-]+(/(?!\.)[A-Za-z0-9!._=+-]+)*")
