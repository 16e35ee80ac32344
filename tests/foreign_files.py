"""Foreign files made up for tests: WARC records as other tools write them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import uuid
import zlib
from collections.abc import Mapping, Sequence
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


def warcprox(pages: Sequence[tuple[str, bytes]], *, taken: datetime = TAKEN) -> bytes:
    """The same as warcprox 2.13 writes it, record for record: digests in hex, a body met again as a revisit."""
    name = f"WARCPROX-{taken:%Y%m%d%H%M%S}000-00000-6yujmfk9.warc.gz"
    info = b"software: warcprox 2.13.1\r\nhostname: vm\r\nip: 192.0.2.2\r\nformat: WARC File Format 1.0\r\n\r\n"
    begin = {"WARC-Record-ID": _urn("info"), "WARC-Type": "warcinfo", "WARC-Filename": name}
    records = [_raw({**begin, "WARC-Date": _date(taken), "Content-Type": "application/warc-fields"}, info)]
    met: dict[bytes, tuple[str, datetime]] = {}
    for number, (url, body) in enumerate(pages):
        moment = taken + timedelta(minutes=number)
        head = f"HTTP/1.0 200 OK\r\nContent-type: text/html\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        first = met.setdefault(body, (url, moment))
        block = head if first != (url, moment) else head + body
        own = {"WARC-Record-ID": _urn(f"{url} {moment}"), "WARC-Date": _date(moment), "WARC-Target-URI": url}
        answer = {"WARC-Type": "response" if block != head else "revisit", **own, "WARC-IP-Address": "192.0.2.7"}
        if block == head:
            answer |= {
                "WARC-Profile": "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest",
                "WARC-Refers-To": _urn(f"{first[0]} {first[1]}"),
                "WARC-Refers-To-Target-URI": first[0],
                "WARC-Refers-To-Date": _date(first[1]),
            }
        digests = {"WARC-Payload-Digest": _hex(body), "WARC-Block-Digest": _hex(block)}
        records.append(_raw({**answer, "Content-Type": "application/http;msgtype=response", **digests}, block))
        asked = b"GET / HTTP/1.1\r\nHost: daily.example\r\nVia: 1.1 warcprox\r\n\r\n"
        request = {"WARC-Type": "request", **own, "WARC-Record-ID": _urn(f"request {url} {moment}")}
        request |= {"WARC-Concurrent-To": own["WARC-Record-ID"], "WARC-Block-Digest": _hex(asked)}
        records.append(_raw({**request, "Content-Type": "application/http;msgtype=request"}, asked))
    return b"".join(gzip.compress(record, mtime=0) for record in records)


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


def _raw(fields: Mapping[str, str], block: bytes) -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in {**fields, "Content-Length": str(len(block))}.items())
    return b"WARC/1.0\r\n" + head.encode() + b"\r\n" + block + b"\r\n\r\n"


def _date(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _urn(text: str) -> str:
    return f"<{uuid.uuid5(uuid.NAMESPACE_URL, text).urn}>"


def _hex(data: bytes) -> str:
    return f"sha1:{hashlib.sha1(data).hexdigest()}"
