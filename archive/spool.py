"""The spool: captures on local disk until their batch is safe.

A segment is one WARC that grows by whole gzip members under a temporary name. Closed, it is fsynced with its folder,
read again and verified; only then may it be uploaded. It is deleted when the catalog has committed its batch.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from archive.errors import ArchiveError, DamagedObject
from archive.records import Capture
from archive.warc import WarcWriter
from archive.warc_reader import read_captures

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

OPEN_SUFFIX = ".warc.gz.open"
CLOSED_SUFFIX = ".warc.gz"


@dataclass(frozen=True, kw_only=True, slots=True)
class Spooled:
    """A capture in the spool: its fields that are needed later, without the body."""

    url: str
    fetched: datetime
    status: int
    offset: int
    length: int
    payload_digest: str
    etag: str | None
    last_modified: str | None


class _WholeWrites(io.FileIO):
    """A file without a buffer: after a failed write nothing is left behind that a later flush would repeat."""

    def write(self, data: ReadableBuffer) -> int:
        view = memoryview(data).cast("B")
        written = 0
        while written < len(view):
            written += super().write(view[written:]) or 0
        return written


class Segment:
    """One WARC of the spool; not safe for several threads at once."""

    def __init__(self, path: Path, stream: io.FileIO, *, info: Mapping[str, str]) -> None:
        self.path = path.with_name(path.name + CLOSED_SUFFIX)
        self._open_path = path.with_name(path.name + OPEN_SUFFIX)
        self._stream = stream
        self._writer = WarcWriter(cast(BinaryIO, stream), info=info)
        self.captures = 0
        self.size = 0

    @classmethod
    def create(cls, path: Path, *, info: Mapping[str, str]) -> Segment:
        """Begin a segment at `path`, a name without suffix; `info` goes into its warcinfo record."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            stream = _WholeWrites(path.with_name(path.name + OPEN_SUFFIX), "xb")
        except OSError as exc:
            raise _unwritable(path, exc) from exc
        return cls(path, stream, info=info)

    def append(self, capture: Capture) -> Spooled:
        """Append a capture; ArchiveError when the disk refuses it."""
        try:
            span = self._writer.write(capture)
        except OSError as exc:
            # What was torn off would hide every later capture from readers.
            self._stream.truncate(self.size)
            self._stream.seek(self.size)
            raise _unwritable(self._open_path, exc) from exc
        self.size = self._stream.tell()
        self.captures += 1
        return Spooled(
            url=capture.url,
            fetched=capture.fetched,
            status=capture.status,
            offset=span.offset,
            length=span.length,
            payload_digest=span.payload_digest,
            etag=capture.header("ETag"),
            last_modified=capture.header("Last-Modified"),
        )

    def close(self) -> None:
        """Make it durable: fsync the file, give it its closed name, fsync the folder; again is harmless."""
        if self._stream.closed:
            return
        os.fsync(self._stream.fileno())
        self._stream.close()
        self._open_path.rename(self.path)
        _fsync_folder(self.path.parent)

    def verify(self) -> str:
        """Read the closed segment again, every record of it, and return its SHA-256; DamagedObject when it is torn."""
        with self.path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            stream.seek(0)
            found = sum(1 for _ in read_captures(stream))
        if found != self.captures:
            raise DamagedObject(f"spool {self.path}: {self.captures} captures were written, {found} can be read")
        return digest

    def delete(self) -> None:
        """Remove the segment from the disk."""
        self.path.unlink(missing_ok=True)

    def _opened(self) -> WarcWriter:
        if self._writer is None:
            self._open_path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = self._open_path.open("xb")
            self._writer = WarcWriter(self._stream, info=self._info)
        return self._writer


def _unwritable(path: Path, error: OSError) -> ArchiveError:
    return ArchiveError(f"spool {path}: cannot be written: {error.strerror}; free space there or set `spool`")


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
