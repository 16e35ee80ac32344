"""Foreign files made up for tests: WARC records as other tools write them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tests.crawling import article

TAKEN = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
"""When the first page was captured; each further one a minute later."""


def html(name: str) -> bytes:
    """A page that is plainly an article, different for each name."""
    source = article(f"/{name}").source
    assert isinstance(source, bytes)
    return source


def warc(
    pages: Sequence[tuple[str, bytes]],
    *,
    compressed: bool = True,
    headers: Sequence[tuple[str, str]] = (("Content-Type", "text/html; charset=utf-8"),),
    status: str = "200 OK",
    taken: datetime = TAKEN,
) -> bytes:
    """A WARC file of these URLs and bodies, as CC-NEWS has them: a response, then its request."""
    records = [_record("warcinfo", "", taken, "application/warc-fields", b"software: a crawler\r\n")]
    for number, (url, body) in enumerate(pages):
        moment = taken + timedelta(minutes=number)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        answer = f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body
        records.append(_record("response", url, moment, "application/http; msgtype=response", answer))
        asked = b"GET / HTTP/1.1\r\nHost: daily.example\r\n\r\n"
        records.append(_record("request", url, moment, "application/http; msgtype=request", asked))
    return b"".join(gzip.compress(record, mtime=0) if compressed else record for record in records)


def members(data: bytes) -> list[int]:
    """Where the gzip members of a file begin."""
    places, rest = [], data
    while rest:
        places.append(len(data) - len(rest))
        inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        inflate.decompress(rest)
        rest = inflate.unused_data
    return places


def _record(kind: str, url: str, moment: datetime, content_type: str, block: bytes) -> bytes:
    digest = base64.b32encode(hashlib.sha1(block).digest()).decode()
    identity = hashlib.sha256(f"{kind} {url} {moment}".encode()).hexdigest()[:32]
    target = f"WARC-Target-URI: {url}\r\n" if url else ""
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{identity}>\r\n{target}"
        f"WARC-Date: {moment:%Y-%m-%dT%H:%M:%SZ}\r\nWARC-Block-Digest: sha1:{digest}\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"
