"""Reading captures back from WARC files, trusting no byte.

Each gzip member must end where it should, match its CRC-32 and length (RFC 1952), hold exactly one record, and
the record must match its digests. zlib checks the members, because record parsers take a file that ends inside
a member for one that ends well; FastWARC parses the records. What fails is raised as `DamagedObject`.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import BinaryIO, cast, get_args

from fastwarc.warc import ArchiveIterator, HeaderMap, WarcRecord, WarcRecordType

from archive.errors import DamagedObject
from archive.records import Announcement, Capture, Headers, Revisit, RevisitProfile
from archive.warc_fields import ORIGIN, SITE, load_fields, sent_name

_CHUNK = 64 * 1024
_GZIP = b"\x1f\x8b\x08"
"""How each gzip member begins (RFC 1952, section 2.3.1)."""
_REPAIR = "restore the object from another copy, or fetch it again if the download was cut short"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredCapture:
    """A capture and where its response record lies."""

    capture: Capture
    """Equal to the capture written, save for blanks around header values and for credentials."""
    offset: int
    """First byte of the response record's gzip member, counted from where reading began."""
    length: int
    """Bytes of that gzip member."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CaptureRecords:
    """Where the records of one capture lie, counted from where reading began."""

    response: int
    """First byte of the response record."""
    records: tuple[tuple[int, int], ...]
    """First byte and length of the gzip member of each, request and metadata among them, in their order."""


def read_captures(stream: BinaryIO) -> Iterator[StoredCapture]:
    """Read all captures in file order, holding one at a time; DamagedObject at the first bad byte.

    Neighbouring records that name each other by WARC-Concurrent-To make one capture, in whatever order they
    stand. A file cut between two captures is whole in itself: compare its size or SHA-256 with the manifest.
    """
    for group in _groups(_records(stream)):
        yield from _captures(group)


def read_places(stream: BinaryIO) -> Iterator[CaptureRecords]:
    """The places of all records of each capture, once every record is found whole; DamagedObject as above."""
    for group in _groups(_records(stream)):
        for stored in _captures(group):
            places = tuple((record.offset, record.length) for record in group)
            yield CaptureRecords(response=stored.offset, records=places)


def salvage_captures(stream: BinaryIO) -> Iterator[StoredCapture]:
    """Read every capture whose response is whole, passing over what is damaged; holds the file in memory.

    A capture whose request or announcement is damaged comes without it.
    """
    for group in _groups(_whole_records(stream.read())):
        with suppress(DamagedObject):
            yield from _captures(group)


def read_record(data: bytes) -> Capture:
    """Read one response record as fetched by offset and length; its request and announcement stay empty."""
    records = list(_records(io.BytesIO(data)))
    if len(records) != 1 or not records[0].is_response:
        found = ", ".join(str(record.type) for record in records) or "nothing"
        raise DamagedObject(
            f"range of {len(data)} bytes holds {found} instead of one response record; check its offset and length"
        )
    return _capture(records[0], ())


def cut_torn_tail(stream: BinaryIO) -> int:
    """Count the bytes to keep of a file that a crash may have torn: all up to the last whole capture.

    `WarcWriter` puts the response last, so a request or announcement behind the last response is cut with the
    rest of its group. Everything from the first damage on is cut too: a file that was not yet closed may hold
    anything there, and no capture in it counts as safe. The stream is read from its position to its end.
    """
    kept = 0
    try:
        for record in _records(stream):
            if record.is_response or record.type == WarcRecordType.warcinfo:
                kept = record.offset + record.length
    except DamagedObject:
        return kept
    return kept


def warcinfo_members(data: bytes) -> bytes:
    """The gzip members of `warcinfo` records among these records, as they are; DamagedObject at the first bad byte."""
    infos = (record for record in _records(io.BytesIO(data)) if record.type == WarcRecordType.warcinfo)
    return b"".join(data[record.offset : record.offset + record.length] for record in infos)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Record:
    offset: int
    length: int
    warc: WarcRecord

    @property
    def type(self) -> WarcRecordType:
        return self.warc.record_type

    @property
    def is_response(self) -> bool:
        return self.type in (WarcRecordType.response, WarcRecordType.revisit) and self.warc.is_http

    @property
    def partners(self) -> tuple[str, ...]:
        """Ids of the records that it says it belongs to."""
        return self.warc.headers.get_multiple("WARC-Concurrent-To")

    @property
    def names(self) -> frozenset[str]:
        """Its own id and those of its partners."""
        return frozenset(name for name in (self.warc.record_id, *self.partners) if name)

    def __str__(self) -> str:
        return f"{self.type} record {self.warc.record_id} at byte {self.offset}"


def _groups(records: Iterable[_Record]) -> Iterator[list[_Record]]:
    """Neighbours that name each other."""
    group: list[_Record] = []
    for record in records:
        if group and not any(record.names & other.names for other in group):
            yield group
            group = []
        group.append(record)
    yield group


def _captures(group: Sequence[_Record]) -> Iterator[StoredCapture]:
    response = next((record for record in group if record.is_response), None)
    if response:
        capture = _capture(response, group)
        yield StoredCapture(capture=capture, offset=response.offset, length=response.length)
    elif orphan := next((record for record in group if record.partners), None):
        raise DamagedObject(f"{orphan} belongs to a response that is missing; {_REPAIR}")


def _capture(response: _Record, group: Sequence[_Record]) -> Capture:
    request = next((record for record in group if record.type == WarcRecordType.request), None)
    metadata = next((record for record in group if record.type == WarcRecordType.metadata), None)
    try:
        capture = _answer(response)
        method, request_headers = _question(request) if request else (capture.method, ())
        announcement = _announcement(metadata) if metadata else None
        return replace(capture, method=method, request_headers=request_headers, announcement=announcement)
    except (OSError, ValueError) as exc:
        raise DamagedObject(f"capture at byte {response.offset} cannot be parsed: {exc}; {_REPAIR}") from exc


def _answer(response: _Record) -> Capture:
    http, warc = _http_headers(response), response.warc.headers
    status, url, fetched = http.status_code, warc.get("WARC-Target-URI"), response.warc.record_date
    if status is None or url is None or fetched is None:
        raise ValueError(f"{response} lacks its HTTP status, WARC-Target-URI or WARC-Date")
    return Capture(
        site=warc.get(SITE) or "",
        url=url,
        status=status,
        headers=tuple((sent_name(name), value) for name, value in _fields(http)),
        body=response.warc.reader.read(),
        fetched=fetched.astimezone(UTC),
        ip=warc.get("WARC-IP-Address"),
        truncated=warc.get("WARC-Truncated"),
        origin=warc.get(ORIGIN),
        revisit=_revisit(warc) if response.type == WarcRecordType.revisit else None,
    )


def _revisit(warc: HeaderMap) -> Revisit:
    url, digest = warc.get("WARC-Refers-To-Target-URI"), warc.get("WARC-Payload-Digest")
    profile, fetched = (warc.get("WARC-Profile") or "").rpartition("/")[2], warc.get("WARC-Refers-To-Date")
    if profile not in get_args(RevisitProfile) or url is None or digest is None or fetched is None:
        raise ValueError(f"revisit of profile {profile[:50]!r} lacks its WARC-Refers-To fields or its digest")
    return Revisit(
        profile=cast(RevisitProfile, profile),
        url=url,
        fetched=datetime.fromisoformat(fetched).astimezone(UTC),
        payload_digest=digest,
    )


def _question(request: _Record) -> tuple[str, Headers]:
    http = _http_headers(request)
    return (http.status_line_bytes or b"").partition(b" ")[0].decode("latin-1"), _fields(http)


def _http_headers(record: _Record) -> HeaderMap:
    """Parse the HTTP head, which leaves the record's reader at the payload, and check the payload."""
    record.warc.parse_http(max_header_len=record.warc.content_length)
    if not record.warc.is_http_parsed:
        raise ValueError(f"{record} is no HTTP message")
    digested = "WARC-Payload-Digest" in record.warc.headers and record.type != WarcRecordType.revisit
    if digested and not record.warc.verify_payload_digest():
        raise ValueError(f"{record} does not match its payload digest")
    return record.warc.http_headers


def _fields(headers: HeaderMap) -> Headers:
    # FastWARC's own text is windows-1252, which is no inverse of what was sent.
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.items_bytes())


def _announcement(metadata: _Record) -> Announcement | None:
    fields = load_fields(metadata.warc.reader.read())
    if "via" not in fields or "announced-kind" not in fields:
        return None
    return Announcement(
        source=fields["via"],
        kind=fields["announced-kind"],
        title=fields.get("announced-title"),
        published=fields.get("announced-published"),
        modified=fields.get("announced-modified"),
    )


def _records(stream: BinaryIO) -> Iterator[_Record]:
    for offset, length, data in _members(stream):
        yield _record(offset, length, data)


def _whole_records(data: bytes) -> Iterator[_Record]:
    """All that are whole; behind a damaged one the next begins where a gzip member can be read again."""
    begin = 0
    while begin >= 0:
        reached = begin
        try:
            for offset, length, content in _members(io.BytesIO(data[begin:])):
                reached = begin + offset
                yield _record(reached, length, content)
                reached += length
            return
        except DamagedObject:
            begin = data.find(_GZIP, reached + 1)


def _record(offset: int, length: int, data: bytes) -> _Record:
    where = f"gzip member at byte {offset}"
    try:
        parsed = ArchiveIterator(io.BytesIO(data), parse_http=False, max_header_len=len(data), stream_detect=False)
        warc = next(parsed)
    except (OSError, StopIteration) as exc:
        raise DamagedObject(f"{where} holds no WARC record: {str(exc) or 'it is empty'}; {_REPAIR}") from exc
    record = _Record(offset=offset, length=length, warc=warc)
    end = data.find(b"\r\n\r\n") + 4 + warc.content_length
    if data[end:] != b"\r\n\r\n":
        raise DamagedObject(
            f"{record} does not end with its gzip member; if the file is whole, `warcio recompress` mends it"
        )
    if "WARC-Block-Digest" in warc.headers and not warc.verify_block_digest():
        raise DamagedObject(f"{record} does not match its block digest; {_REPAIR}")
    return record


def _members(stream: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Offset, length and content of each gzip member; zlib compares CRC-32 and length at the member's end."""
    offset = 0
    data = stream.read(_CHUNK)
    while data:
        inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        content, taken = bytearray(), 0
        while not inflate.eof:
            if not data:
                raise DamagedObject(f"file ends inside the gzip member at byte {offset}; {_REPAIR}")
            try:
                content += inflate.decompress(data)
            except zlib.error as exc:
                raise DamagedObject(f"gzip member at byte {offset} is damaged: {exc}; {_REPAIR}") from exc
            taken += len(data) - len(inflate.unused_data)
            data = inflate.unused_data or stream.read(_CHUNK)
        yield offset, taken, bytes(content)
        offset += taken
