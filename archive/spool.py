"""The spool: captures on local disk until their batch is safe.

A segment is one WARC that grows by whole gzip members under a temporary name. Closed, it is fsynced with its folder,
read again and verified; only then may it be uploaded. It is deleted when the catalog has committed its batch.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from archive.errors import ArchiveError, DamagedObject, LeaseLost
from archive.failpoints import failpoint
from archive.records import Capture, RevisitProfile
from archive.warc import EncodedCapture, WarcWriter, encode_capture
from archive.warc_reader import StoredCapture, cut_torn_tail, read_captures

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

OPEN_SUFFIX = ".warc.gz.open"
CLOSED_SUFFIX = ".warc.gz"
DAMAGED_SUFFIX = ".warc.gz.damaged"


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
    revisit: RevisitProfile | None


class _WholeWrites(io.FileIO):
    """A file without a buffer: after a failed write nothing is left behind that a later flush would repeat."""

    def write(self, data: ReadableBuffer) -> int:
        view = memoryview(data).cast("B")
        written = 0
        half = len(view) // 2
        while written < len(view):
            # In two steps, so that a test can die between them.
            written += super().write(view[written : half if written < half else None]) or 0
            failpoint("mid_record")
        return written


class OpenSegment:
    """A WARC of the spool that still grows; not safe for several threads at once."""

    def __init__(self, path: Path, stream: io.FileIO, *, info: Mapping[str, str]) -> None:
        self._path = path
        self._stream = stream
        self._writer = WarcWriter(cast(BinaryIO, stream), info=info)
        self._captures = 0
        self.size = 0

    @classmethod
    def create(cls, path: Path, *, info: Mapping[str, str]) -> OpenSegment:
        """Begin a segment at `path`, a name without suffix; `info` goes into its warcinfo record."""
        open_path = path.with_name(path.name + OPEN_SUFFIX)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return cls(open_path, _WholeWrites(open_path, "xb"), info=info)
        except OSError as exc:
            raise _unwritable(open_path, exc) from exc

    def append(self, capture: Capture | EncodedCapture) -> Spooled:
        """Append a capture; ArchiveError when the disk refuses it."""
        encoded = encode_capture(capture) if isinstance(capture, Capture) else capture
        try:
            span = self._writer.append(encoded)
        except OSError as exc:
            # What was torn off would hide every later capture from readers.
            self._stream.truncate(self.size)
            self._stream.seek(self.size)
            raise _unwritable(self._path, exc) from exc
        self.size = self._stream.tell()
        self._captures += 1
        return spooled(StoredCapture(capture=encoded.capture, offset=span.offset, length=span.length))

    def close(self) -> ClosedSegment:
        """Make it durable and give it its closed name; again is harmless.

        ArchiveError when the disk does not take it. LeaseLost when it is no longer there: another run took the site
        over and has finished it.
        """
        closed = _closed_path(self._path)
        if not self._stream.closed:
            try:
                os.fsync(self._stream.fileno())
            except OSError as exc:
                raise _unwritable(self._path, exc) from exc
            self._stream.close()
            try:
                self._path.rename(closed)
            except FileNotFoundError as exc:
                raise LeaseLost(
                    f"spool {self._path}: is gone, because another run has taken the site over and finished it; what "
                    "was fetched since is fetched again"
                ) from exc
            _fsync_folder(closed.parent)
        return ClosedSegment(path=closed, captures=self._captures)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClosedSegment:
    """A WARC of the spool that is durable and will not change."""

    path: Path
    captures: int
    """How many were written."""

    def verify(self) -> str:
        """Read every record again and return the file's SHA-256; DamagedObject when it is not as it was written."""
        with self.path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            stream.seek(0)
            found = sum(1 for _ in read_captures(stream))
        if found != self.captures:
            raise DamagedObject(f"spool {self.path}: {self.captures} captures were written, {found} can be read")
        return digest

    def delete(self) -> None:
        """Remove it from the disk."""
        self.path.unlink(missing_ok=True)


def leftovers(folder: Path) -> Iterator[ClosedSegment]:
    """The segments that an earlier process left in a site's spool folder, oldest first, each closed and whole.

    What a crash tore off the end of an open one is cut; one without a whole capture is removed. The folder must not be
    in use by another process: hold the site's lease.
    """
    for path in sorted(folder.glob(f"*{OPEN_SUFFIX}")):
        _close_torn(path)
    for path in sorted(folder.glob(f"*{CLOSED_SUFFIX}")):
        with path.open("rb") as stream:
            captures = sum(1 for _ in read_captures(stream))
        segment = ClosedSegment(path=path, captures=captures)
        if captures:
            yield segment
        else:
            segment.delete()


def waiting_sites(spool: Path) -> list[str]:
    """The sites whose folders hold segments, by name; those of a run at work are among them."""
    segments = (path for suffix in (OPEN_SUFFIX, CLOSED_SUFFIX) for path in spool.glob(f"*/*{suffix}"))
    return sorted({path.parent.name for path in segments})


def strangers(spool: Path) -> list[Path]:
    """Files in the spool that are no segments of any kind, by name: nothing here reads, counts on or deletes them."""
    files = (path for pattern in ("*", "*/*") for path in spool.glob(pattern) if path.is_file())
    return sorted(path for path in files if not path.name.endswith((OPEN_SUFFIX, CLOSED_SUFFIX, DAMAGED_SUFFIX)))


def spool_size(folder: Path) -> int:
    """Bytes of all files in the spool, whosever they are."""
    size = 0
    for path in folder.rglob("*"):
        # Others commit and delete meanwhile.
        with suppress(FileNotFoundError):
            size += path.stat().st_size if path.is_file() else 0
    return size


def run_of(segment: ClosedSegment) -> str:
    """The id of the run that wrote a segment, from its file name."""
    return segment.path.name.removesuffix(CLOSED_SUFFIX).rpartition("-")[0]


def spooled(stored: StoredCapture) -> Spooled:
    """The fields of a capture in the spool that are needed later."""
    capture = stored.capture
    return Spooled(
        url=capture.url,
        fetched=capture.fetched,
        status=capture.status,
        offset=stored.offset,
        length=stored.length,
        payload_digest=capture.payload_digest,
        etag=capture.header("ETag"),
        last_modified=capture.header("Last-Modified"),
        revisit=capture.revisit.profile if capture.revisit else None,
    )


def _close_torn(path: Path) -> None:
    with path.open("r+b") as stream:
        whole = cut_torn_tail(stream)
        stream.truncate(whole)
        os.fsync(stream.fileno())
    path.rename(_closed_path(path))
    _fsync_folder(path.parent)


def _closed_path(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(OPEN_SUFFIX) + CLOSED_SUFFIX)


def _unwritable(path: Path, error: OSError) -> ArchiveError:
    failing = error.errno == errno.EIO
    advice = "the disk may be failing, see the system's log;" if failing else "free space there or"
    return ArchiveError(f"spool {path}: cannot be written: {error.strerror}; {advice} set `spool`")


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
