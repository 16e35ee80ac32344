"""Trying out a store before anything depends on it: what `presskeep init` and `presskeep doctor` show."""

from __future__ import annotations

import hashlib
import io
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from archive.errors import ArchiveError, ObjectConflict, StoreError
from archive.objects import ObjectInfo


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeLine:
    """One thing that was tried."""

    name: str
    """`write`, `write once`, `read`, `list`, `delete`; for S3 also `x-amz-checksum-sha256` and `If-None-Match`."""
    ok: bool
    """Whether the store does it."""
    detail: str
    """What was seen and, where it is not well, what to do about it."""
    needed: bool = True
    """False where presskeep does without it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreProbe:
    """What was tried, in order."""

    lines: tuple[ProbeLine, ...]
    """At least one."""

    @property
    def ok(self) -> bool:
        """Whether the store does all that is needed."""
        return all(line.ok or not line.needed for line in self.lines)


class Probed(Protocol):
    """The calls that are tried; see `archive.store.Store`."""

    def put(self, key: str, source: BinaryIO, *, size: int, sha256: str) -> None: ...

    def get(self, key: str) -> bytes: ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]: ...

    def delete(self, key: str) -> None: ...


def probe_key() -> str:
    """A key that nothing else uses."""
    return f"probe/{secrets.token_hex(8)}"


def attempt(name: str, call: Callable[[], str], *, needed: bool = True) -> ProbeLine:
    """What `call` reports, or the archive error it ended with."""
    try:
        return ProbeLine(name=name, ok=True, detail=call(), needed=needed)
    except ArchiveError as exc:
        return ProbeLine(name=name, ok=False, detail=str(exc), needed=needed)


def probe_calls(store: Probed, key: str) -> Iterator[ProbeLine]:
    """Write, write again, read, list and delete an object of a few bytes; nothing more if it cannot be written.

    The later calls are all tried whatever becomes of the others, because each needs a permission of its own.
    """
    data = key.encode()
    written = attempt("write", lambda: _write(store, key, data))
    yield written
    if written.ok:
        yield attempt("write once", lambda: _write_other(store, key, data[::-1]))
        yield attempt("read", lambda: _read(store, key, data))
        yield attempt("list", lambda: _list(store, key))
        yield attempt("delete", lambda: _delete(store, key))


def _write(store: Probed, key: str, data: bytes) -> str:
    store.put(key, io.BytesIO(data), size=len(data), sha256=hashlib.sha256(data).hexdigest())
    return f"{len(data)} bytes written and confirmed"


def _write_other(store: Probed, key: str, data: bytes) -> str:
    try:
        _write(store, key, data)
    except ObjectConflict:
        return "an object that is there is not overwritten"
    raise StoreError("an object was overwritten by another: do not use this store", key=key)


def _read(store: Probed, key: str, data: bytes) -> str:
    if store.get(key) != data:
        raise StoreError(f"{key}: other bytes came back than were written: do not use this store", key=key)
    return "the same bytes came back"


def _list(store: Probed, key: str) -> str:
    if key not in {info.key for info in store.list(key)}:
        raise StoreError(f"{key}: written, but not listed: do not use this store", key=key)
    return "the object is listed"


def _delete(store: Probed, key: str) -> str:
    store.delete(key)
    if any(store.list(key)):
        raise StoreError(f"{key}: deleted, but still listed: remove it by hand", key=key)
    return "the object is gone"
