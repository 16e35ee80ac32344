"""Reading pages from WARC files of any tool, taking what is whole and passing over the rest.

The files of other tools are plain, one gzip member a record, one member for all, or zstd; their records are of WARC
0.18 to 1.1, chunked or not whatever their head says, and often torn. So nothing in a file is an error here: what gives
no page has a reason that can be counted. Behind a damaged record reading goes on where the next one begins.

Reading can go on later from the `Place` of any record.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from fastwarc.stream_io import ChunkedReader
from fastwarc.warc import ArchiveIterator, HeaderMap, WarcRecord, WarcRecordType

from archive.records import Announcement, Headers

MAX_BYTES = 64 * 1024**2
"""Bytes of a record above which it is passed over."""

_HEAD = 1024**2
_CHUNK = 1024**2
_CHECKED = ("sha1:", "sha256:", "md5:")
"""Block digests that FastWARC can check."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Place:
    """Where a record of a file begins."""

    offset: int
    """Bytes from the start of the file; of a file compressed as a whole, somewhere before it."""
    number: int
    """Records before it."""


BEGINNING = Place(offset=0, number=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignPage:
    """One HTTP answer, as `Capture` has it; the body after transfer decoding and before content decoding."""

    place: Place
    url: str
    status: int
    headers: Headers
    body: bytes
    fetched: datetime
    """Aware UTC."""
    record_id: str | None
    """WARC-Record-ID as it stands there."""
    ip: str | None
    truncated: str | None
    announcement: Announcement | None = None
    """What was said of the page beside it."""
    origin: str | None = None
    """Where it was, ASCII without blanks; None for this place of this file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Passed:
    """A record that gives no page.

    `damaged`, `torn` (nothing that can be read comes after it), `not_warc` (the file holds no record), `revisit` (its
    body is in another record), `too_large`, `no_url`, `no_date`, `no_http`, or what `passes` said.
    """

    place: Place
    reason: str


def read_foreign(
    stream: BinaryIO, passes: Callable[[str], str | None], *, start: Place = BEGINNING
) -> Iterator[ForeignPage | Passed]:
    """The answers in a file, in order, from `start` on; requests, metadata and other records are left out.

    `passes` says of a URL why its page is not wanted, None if it is; such a page is not read. OSError is only raised
    when the stream itself cannot be read.
    """
    reading = _Reading(stream, passes)
    base: int | None = reading.seek(start)
    told = -1
    while base is not None:
        yield from reading.records(base, start)
        base = reading.next_start() if reading.broken else None
        # Several attempts may fail on one stretch of damage.
        if reading.broken and reading.number > told:
            told = reading.number
            place = Place(offset=reading.last, number=reading.number)
            yield Passed(place=place, reason="damaged" if base is not None else "torn" if told else "not_warc")


class _Unreadable(Exception):
    """The record is damaged; `str` has nothing that anybody needs."""


class _Reading:
    """One file, the record last met, and whether reading broke there."""

    def __init__(self, stream: BinaryIO, passes: Callable[[str], str | None]) -> None:
        stream.seek(0)
        self._magics = _magics(stream.read(4))
        self._is_plain = self._magics == _WARC
        self._size = stream.seek(0, io.SEEK_END)
        self._stream = stream
        self._passes = passes
        self.number = 0
        self.last = 0
        self.broken = False

    def seek(self, start: Place) -> int:
        """Where to begin so that `start` is met: there if a record begins there, else at the beginning of the file."""
        self._stream.seek(start.offset)
        if self._magics[0] != _ZSTD and self._stream.read(8).startswith(self._magics):
            self.number = start.number
            return start.offset
        return 0

    def records(self, base: int, start: Place) -> Iterator[ForeignPage | Passed]:
        """What can be read from the offset `base` on; afterwards `broken` says whether that was all."""
        self._stream.seek(base)
        self.last, self.broken = base, False
        try:
            # What the format allows in a head has no limit; the tools keep far below this one.
            for record in ArchiveIterator(self._stream, parse_http=False, max_header_len=_HEAD):
                self.last = record.stream_pos
                lasts = self.last + record.content_length
                if "Content-Length" not in record.headers or (self._is_plain and lasts > self._size):
                    # Its head is torn, or skipping it would take the rest of the file along.
                    raise _Unreadable
                place = Place(offset=self.last, number=self.number)
                found = self._read(record, place) if place.number >= start.number else None
                self.number += 1
                if found is not None:
                    yield found
        except (OSError, _Unreadable):
            self.broken = True

    def next_start(self) -> int | None:
        """Where the next record seems to begin behind the last one."""
        begin = self.last + 1
        self._stream.seek(begin)
        window = b""
        while data := self._stream.read(_CHUNK):
            window += data
            found = [place for magic in self._magics if (place := window.find(magic)) >= 0]
            if found:
                return begin + min(found)
            begin, window = begin + len(window) - 7, window[-7:]
        return None

    def _read(self, record: WarcRecord, place: Place) -> ForeignPage | Passed | None:
        kind = record.record_type
        if kind not in (WarcRecordType.response, WarcRecordType.resource, WarcRecordType.revisit):
            return None
        url = (record.headers.get("WARC-Target-URI") or "").strip().strip("<>")
        if not url.lower().startswith(("http://", "https://")):
            return Passed(place=place, reason="no_url") if kind == WarcRecordType.response else None
        if reason := self._passes(url) or _refusal(record):
            return Passed(place=place, reason=reason)
        block = _block(record)
        if kind == WarcRecordType.resource:
            # A file that was fetched without HTTP, or kept without its head.
            headers: Headers = (("Content-Type", record.headers.get("Content-Type") or ""),)
            return _page(record, place, url, 200, headers, block)
        head = HeaderMap()
        try:
            length = head.parse(io.BytesIO(block))
        except (OSError, ValueError):
            return Passed(place=place, reason="no_http")
        if head.status_code is None:
            return Passed(place=place, reason="no_http")
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.items_bytes())
        return _page(record, place, url, head.status_code, headers, _unchunked(headers, block[length:]))


_GZIP = b"\x1f\x8b\x08"
_WARC = (b"WARC/1.", b"WARC/0.")
_ZSTD = b"\x28\xb5\x2f\xfd"


def _magics(first: bytes) -> tuple[bytes, ...]:
    """How a record begins in a file that begins so (RFC 1952, section 2.3.1; RFC 8878, sections 3.1.1 and 3.1.2)."""
    if first.startswith(_GZIP):
        return (_GZIP,)
    if first == _ZSTD or first[1:] == b"\x2a\x4d\x18":
        return (_ZSTD,)
    return _WARC


def _refusal(record: WarcRecord) -> str | None:
    if record.record_type == WarcRecordType.revisit:
        return "revisit"
    if record.content_length > MAX_BYTES:
        return "too_large"
    return "no_date" if record.record_date is None else None


def _block(record: WarcRecord) -> bytes:
    """The record's block; _Unreadable if it is not what was written."""
    digest = record.headers.get("WARC-Block-Digest") or ""
    if digest.lower().startswith(_CHECKED) and not record.verify_block_digest():
        raise _Unreadable
    block: bytes = record.reader.read()
    if len(block) != record.content_length:
        raise _Unreadable
    return block


def _unchunked(headers: Headers, body: bytes) -> bytes:
    """The body without chunk framing, or as it is where the tool took the framing off and left the header field."""
    chunked = any(name.lower() == "transfer-encoding" and "chunked" in value.lower() for name, value in headers)
    if chunked:
        with suppress(OSError):
            return ChunkedReader(io.BytesIO(body)).read()
    return body


def _page(record: WarcRecord, place: Place, url: str, status: int, headers: Headers, body: bytes) -> ForeignPage:
    return ForeignPage(
        place=place,
        url=url,
        status=status,
        headers=headers,
        body=body,
        fetched=record.record_date.astimezone(UTC),
        record_id=record.headers.get("WARC-Record-ID"),
        ip=record.headers.get("WARC-IP-Address"),
        truncated=record.headers.get("WARC-Truncated"),
    )
