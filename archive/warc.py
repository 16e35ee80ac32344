"""Writing captures as WARC records (ISO 28500:2017, WARC 1.1), one gzip member a record.

A capture becomes a group of records that name each other by WARC-Concurrent-To:

    request     what was asked, without credentials; none for a capture that was imported
    metadata    how we came to the URL, if it was announced, and where the capture comes from, if it was imported
    response    what the server sent; a `revisit` instead, where an earlier capture has the body

The response comes last and closes its group: whatever follows the last response of a file is a group that was
never finished. A `warcinfo` record in front of the first group says who wrote the file and what was normalised.

Digests are SHA-256 in hex: warcio, FastWARC and pywb take hex as well as base32, and hex is what `sha256sum` prints.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import responses
from typing import BinaryIO
from urllib.parse import urlsplit

from warcio.statusandheaders import StatusAndHeaders
from zlib_ng import zlib_ng

from archive.records import Announcement, Capture, Revisit
from archive.warc_fields import ORIGIN, SITE, dump_fields, stored_name

CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})
"""Request fields that are never stored, in lower case."""

INFO = {
    "software": "presskeep",
    "format": "WARC File Format 1.1",
    "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
    "robots": "classic",
    "normalised": (
        "Not kept as sent: case of HTTP field names, reason phrase, protocol version, transfer framing. "
        "Bodies are stored after transfer decoding and before content decoding; Transfer-Encoding is renamed "
        "X-Archive-Orig-Transfer-Encoding. Authorization, Cookie and Proxy-Authorization are removed from requests."
    ),
}
"""Fields of every `warcinfo` record."""

_LEVEL = 6
"""Of zlib-ng: level 9 takes twice as long on plain HTML and saves less than one byte in a hundred."""

_REVISIT_PROFILE = "http://netpreserve.org/warc/1.1/revisit/"

_LINE_BREAK = re.compile(r"[\r\n]")


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordSpan:
    """Where the response record of a capture was written."""

    offset: int
    """First byte of its gzip member, counted from the start of the stream."""
    length: int
    """Bytes of that gzip member."""
    payload_digest: str
    """As `Capture.payload_digest`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EncodedCapture:
    """A capture as the gzip members of its group; to make one of a large page takes a tenth of a second."""

    capture: Capture
    front: bytes
    """The records in front of the response."""
    response: bytes
    """The response, or revisit."""


def encode_capture(capture: Capture, new_id: Callable[[], str] = lambda: uuid.uuid4().urn) -> EncodedCapture:
    """The records of a capture; ValueError if a field holds a line break or HTTP text is not ISO-8859-1."""
    response_id, partner_id = new_id(), new_id()
    if capture.origin is not None:
        front = _metadata(capture, partner_id, response_id)
    else:
        front = _request(capture, partner_id, response_id)
        front += _metadata(capture, new_id(), response_id) if capture.announcement else b""
    return EncodedCapture(capture=capture, front=front, response=_response(capture, response_id, partner_id))


class WarcWriter:
    """Appends captures to a binary stream that can `tell`; the caller opens, syncs and closes it.

    Each group reaches the stream in one `write`. When that fails (a full disk), a torn group may be left: cut the
    file with `archive.warc_reader.cut_torn_tail` before going on.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        info: Mapping[str, str] | None = None,
        new_id: Callable[[], str] = lambda: uuid.uuid4().urn,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`info` adds to the `warcinfo` fields or replaces them; `new_id` gives record ids, `now` aware times."""
        self._stream = stream
        self._info = {**INFO, **(info or {})}
        self._new_id = new_id
        self._now = now
        self._begun = False

    def write(self, capture: Capture) -> RecordSpan:
        """Append one capture; ValueError as for `encode_capture`."""
        return self.append(encode_capture(capture, self._new_id))

    def append(self, encoded: EncodedCapture) -> RecordSpan:
        """Append one capture that is encoded already."""
        front = encoded.front if self._begun else self._warcinfo() + encoded.front
        start = self._stream.tell()
        self._stream.write(front + encoded.response)
        self._begun = True
        digest = encoded.capture.payload_digest
        return RecordSpan(offset=start + len(front), length=len(encoded.response), payload_digest=digest)

    def _warcinfo(self) -> bytes:
        return warcinfo(self._info, record_id=self._new_id(), now=self._now())


def warcinfo(info: Mapping[str, str], *, record_id: str, now: datetime) -> bytes:
    """The record that begins a WARC, with these fields; `now` is aware."""
    headers = {"WARC-Record-ID": f"<{record_id}>", "WARC-Date": _warc_date(now)}
    return _member("warcinfo", headers, "application/warc-fields", dump_fields(info))


def _request(capture: Capture, record_id: str, response_id: str) -> bytes:
    url = urlsplit(capture.url)
    target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    fields = [field for field in capture.request_headers if field[0].lower() not in CREDENTIALS]
    block = _head(f"{capture.method} {target} HTTP/1.1", fields, "latin-1")
    headers = _headers(capture, record_id, partner=response_id)
    return _member("request", headers, "application/http; msgtype=request", block)


def _metadata(capture: Capture, record_id: str, response_id: str) -> bytes:
    fields = {"origin": capture.origin, **_announced(capture.announcement)}
    block = dump_fields({name: value for name, value in fields.items() if value is not None})
    headers = _headers(capture, record_id, partner=response_id)
    return _member("metadata", headers, "application/warc-fields", block)


def _announced(announcement: Announcement | None) -> dict[str, str | None]:
    if announcement is None:
        return {}
    return {
        "via": announcement.source,
        "announced-kind": announcement.kind,
        "announced-title": announcement.title,
        "announced-published": announcement.published,
        "announced-modified": announcement.modified,
    }


def _response(capture: Capture, record_id: str, partner_id: str) -> bytes:
    status_line = f"HTTP/1.1 {capture.status} {responses.get(capture.status, '')}"
    fields = [(stored_name(name), value) for name, value in capture.headers]
    headers = _headers(capture, record_id, partner=partner_id)
    headers |= {"WARC-Payload-Digest": capture.payload_digest, SITE: capture.site}
    if capture.revisit is not None:
        headers |= _reference(capture.revisit)
    if capture.origin is not None:
        headers[ORIGIN] = capture.origin
    if capture.ip is not None:
        headers["WARC-IP-Address"] = capture.ip
    if capture.truncated is not None:
        headers["WARC-Truncated"] = capture.truncated
    block = _head(status_line, fields, "latin-1") + (b"" if capture.revisit else capture.body)
    record_type = "revisit" if capture.revisit else "response"
    return _member(record_type, headers, "application/http; msgtype=response", block)


def _reference(revisit: Revisit) -> dict[str, str]:
    return {
        "WARC-Profile": _REVISIT_PROFILE + revisit.profile,
        "WARC-Refers-To-Target-URI": revisit.url,
        "WARC-Refers-To-Date": _warc_date(revisit.fetched),
    }


def _headers(capture: Capture, record_id: str, *, partner: str) -> dict[str, str]:
    return {
        "WARC-Record-ID": f"<{record_id}>",
        "WARC-Concurrent-To": f"<{partner}>",
        "WARC-Date": _warc_date(capture.fetched),
        "WARC-Target-URI": capture.url,
    }


def _member(record_type: str, headers: Mapping[str, str], content_type: str, block: bytes) -> bytes:
    fields = {
        "WARC-Type": record_type,
        **headers,
        "WARC-Block-Digest": "sha256:" + hashlib.sha256(block).hexdigest(),
        "Content-Type": content_type,
        "Content-Length": str(len(block)),
    }
    # Not warcio's own record writer: it percent-encodes HTTP values that are not ASCII, adds a SHA-1 payload digest
    # to records that have no payload, and compresses at level 9 only.
    record = _head("WARC/1.1", list(fields.items()), "utf-8") + block + b"\r\n\r\n"
    return zlib_ng.compress(record, _LEVEL, wbits=zlib_ng.MAX_WBITS | 16)


def _head(first_line: str, fields: Sequence[tuple[str, str]], encoding: str) -> bytes:
    for name, value in (("first line", first_line), *fields):
        if _LINE_BREAK.search(name) or _LINE_BREAK.search(value):
            # The value stays out of the message: it may be somebody's cookie.
            raise ValueError(f"field {name!r} holds a line break and cannot be archived; join its lines first")
    try:
        head: bytes = StatusAndHeaders("", fields, protocol=first_line).to_bytes(encoding=encoding)
    except UnicodeEncodeError as exc:
        bad = exc.object[exc.start]
        raise ValueError(f"{bad!r} in the header cannot be written as {encoding}; percent-encode it") from exc
    return head


def _warc_date(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError(f"time {moment} has no time zone and cannot be archived; give aware UTC")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
