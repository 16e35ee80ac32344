"""Promises of archive/warc.py and archive/warc_reader.py: captures survive WARC, and damage never goes unseen."""

from __future__ import annotations

import io
import itertools
import random
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from fastwarc.warc import ArchiveIterator
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator as WarcioIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.errors import DamagedObject
from archive.records import Announcement, Capture
from archive.warc import RecordSpan, WarcWriter, encode_capture
from archive.warc_reader import cut_torn_tail, read_captures, read_record

FETCHED = datetime(2026, 3, 4, 5, 6, 7, 89012, tzinfo=UTC)
PAGE = Capture(
    site="daily",
    url="https://news.example/2026/a?p=1",
    request_headers=(("Host", "news.example"), ("User-Agent", "presskeep")),
    status=200,
    headers=(("Content-Type", "text/html"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Content-Length", "12")),
    body=b"<p>Hello</p>",
    fetched=FETCHED,
    ip="192.0.2.1",
    announcement=Announcement(source="https://news.example/feed", kind="feed", title="Hello", published="Wed"),
)
HOP = Capture(
    site="daily",
    url="https://news.example/old",
    status=301,
    headers=(("Location", "https://news.example/2026/a?p=1"),),
    fetched=FETCHED - timedelta(seconds=1),
)


def ids() -> Callable[[], str]:
    """Record ids that count up from 1."""
    numbers = itertools.count(1)
    return lambda: f"urn:uuid:00000000-0000-0000-0000-{next(numbers):012}"


def write(*captures: Capture) -> tuple[bytes, list[RecordSpan]]:
    stream = io.BytesIO()
    writer = WarcWriter(stream, new_id=ids(), now=lambda: FETCHED)
    spans = [writer.write(capture) for capture in captures]
    return stream.getvalue(), spans


def read(data: bytes) -> list[Capture]:
    return [stored.capture for stored in read_captures(io.BytesIO(data))]


def members(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Where each gzip member ends, and what it holds."""
    rest = data
    while rest:
        inflate = zlib.decompressobj(wbits=31)
        content = inflate.decompress(rest)
        rest = inflate.unused_data
        yield len(data) - len(rest), content


# What is written


def test_records_are_exactly_these_bytes() -> None:
    data, _ = write(PAGE)
    info, request, metadata, response = (content for _, content in members(data))
    assert info.startswith(
        b"WARC/1.1\r\nWARC-Type: warcinfo\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000004>\r\n"
        b"WARC-Date: 2026-03-04T05:06:07.089012Z\r\nWARC-Block-Digest: sha256:"
    )
    assert request == (
        b"WARC/1.1\r\n"
        b"WARC-Type: request\r\n"
        b"WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000002>\r\n"
        b"WARC-Concurrent-To: <urn:uuid:00000000-0000-0000-0000-000000000001>\r\n"
        b"WARC-Date: 2026-03-04T05:06:07.089012Z\r\n"
        b"WARC-Target-URI: https://news.example/2026/a?p=1\r\n"
        b"WARC-Block-Digest: sha256:1372d1ae8807acd9770d8337552efaaef7a3ebe844c5d7d2371c162c3aa3e173\r\n"
        b"Content-Type: application/http; msgtype=request\r\n"
        b"Content-Length: 71\r\n\r\n"
        b"GET /2026/a?p=1 HTTP/1.1\r\nHost: news.example\r\nUser-Agent: presskeep\r\n\r\n"
        b"\r\n\r\n"
    )
    assert metadata == (
        b"WARC/1.1\r\n"
        b"WARC-Type: metadata\r\n"
        b"WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000003>\r\n"
        b"WARC-Concurrent-To: <urn:uuid:00000000-0000-0000-0000-000000000001>\r\n"
        b"WARC-Date: 2026-03-04T05:06:07.089012Z\r\n"
        b"WARC-Target-URI: https://news.example/2026/a?p=1\r\n"
        b"WARC-Block-Digest: sha256:b31a5bd752ea7b22f7393bf03bcf02c7b9c65972e4b0776b486e8fe06eb8a0a8\r\n"
        b"Content-Type: application/warc-fields\r\n"
        b"Content-Length: 104\r\n\r\n"
        b"via: https://news.example/feed\r\n"
        b"announced-kind: feed\r\nannounced-title: Hello\r\nannounced-published: Wed\r\n"
        b"\r\n\r\n"
    )
    assert response == (
        b"WARC/1.1\r\n"
        b"WARC-Type: response\r\n"
        b"WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000001>\r\n"
        b"WARC-Concurrent-To: <urn:uuid:00000000-0000-0000-0000-000000000002>\r\n"
        b"WARC-Date: 2026-03-04T05:06:07.089012Z\r\n"
        b"WARC-Target-URI: https://news.example/2026/a?p=1\r\n"
        b"WARC-Payload-Digest: sha256:d0a26d23e9d8e0538fd47e7bc502d26cf6c320e8daaec7c8521d4769530f5900\r\n"
        b"Presskeep-Site: daily\r\n"
        b"WARC-IP-Address: 192.0.2.1\r\n"
        b"WARC-Block-Digest: sha256:883bc7c6592c4871e7ca114e831ed845c33a475a75ce0ab94e8aff4925406a2c\r\n"
        b"Content-Type: application/http; msgtype=response\r\n"
        b"Content-Length: 110\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
        b"Content-Length: 12\r\n\r\n<p>Hello</p>"
        b"\r\n\r\n"
    )


def test_a_capture_that_was_encoded_before_is_written_as_any_other() -> None:
    stream, new_id = io.BytesIO(), ids()
    writer = WarcWriter(stream, new_id=new_id, now=lambda: FETCHED)
    spans = [writer.append(encode_capture(capture, new_id)) for capture in (PAGE, PAGE)]
    assert (stream.getvalue(), spans) == write(PAGE, PAGE)


def test_warcinfo_stands_first_and_once_and_takes_extra_fields() -> None:
    stream = io.BytesIO()
    writer = WarcWriter(stream, info={"software": "presskeep/9.9", "operator": "Ann\nLee"})
    writer.write(PAGE)
    writer.write(HOP)
    infos = [content for _, content in members(stream.getvalue()) if b"WARC-Type: warcinfo" in content]
    assert len(infos) == 1
    assert next(content for _, content in members(stream.getvalue())) == infos[0]
    assert b"\r\nsoftware: presskeep/9.9\r\n" in infos[0]
    assert b"\r\nconformsTo: " in infos[0]
    assert b'\r\noperator: "Ann\\nLee"\r\n' in infos[0]


def test_nothing_is_written_before_the_first_capture() -> None:
    stream = io.BytesIO()
    WarcWriter(stream)
    assert stream.getvalue() == b""


def test_credentials_never_reach_the_file() -> None:
    secrets = (("Authorization", "Basic c2VjcmV0"), ("cookie", "s=c2VjcmV0"), ("Proxy-Authorization", "c2VjcmV0"))
    data, _ = write(replace(PAGE, request_headers=(*secrets, *PAGE.request_headers)))
    assert b"c2VjcmV0" not in b"".join(content for _, content in members(data))
    assert read(data) == [PAGE]


@pytest.mark.parametrize(
    ("capture", "complaint"),
    [
        (replace(PAGE, headers=(("X-A", "1\r\nX-B: 2"),)), "'X-A' holds a line break"),
        (replace(PAGE, headers=(("X\nA", "1"),)), "holds a line break"),
        (replace(PAGE, request_headers=(("X-A", "1\n"),)), "'X-A' holds a line break"),
        (replace(PAGE, url="https://news.example/\r\nWARC-Type: x"), "holds a line break"),
        (replace(PAGE, method="GET / HTTP/1.1\r\nX:"), "holds a line break"),
        (replace(PAGE, ip="::1\n"), "'WARC-IP-Address' holds a line break"),
        (replace(PAGE, site="a\r"), "'Presskeep-Site' holds a line break"),
        (replace(PAGE, headers=(("X-A", "\N{EURO SIGN}"),)), "cannot be written as latin-1"),
        (replace(PAGE, fetched=FETCHED.replace(tzinfo=None)), "has no time zone"),
    ],
)
def test_a_capture_that_would_forge_records_is_refused_and_leaves_no_byte(capture: Capture, complaint: str) -> None:
    stream = io.BytesIO()
    with pytest.raises(ValueError, match=complaint):
        WarcWriter(stream).write(capture)
    assert stream.getvalue() == b""


# What comes back


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"body": b"", "headers": ()},
        {"body": random.Random(1).randbytes(10_000_000)},
        {"body": bytes(range(256)) * 5},
        {"body": b"\r\n\r\nWARC/1.1\r\n\r\n"},
        {"headers": (("Content-Type", "text/html"), ("X-Long", "a" * 100_000))},
        {"headers": (("X-Long", "a" * 100_000),), "body": b""},
        {"url": "https://news.example/" + "a" * 100_000},
        {"headers": (("X-Name", "caf\xe9 \x80\x9f"), ("Empty", ""), ("x-name", "A: b"))},
        {"headers": (("Content-Length", "999"), ("Content-Encoding", "gzip")), "truncated": "length"},
        {"headers": (("Transfer-Encoding", "chunked"),)},
        {"headers": (("X-Archive-Orig-Transfer-Encoding", "chunked"), ("transfer-encoding", "gzip, chunked"))},
        {"method": "HEAD", "status": 304, "body": b"", "ip": "2001:db8::1"},
        {"status": 299},
        {"fetched": FETCHED.replace(microsecond=0)},
        {"fetched": FETCHED.astimezone(timezone(timedelta(hours=3)))},
        {"announcement": None, "ip": None, "request_headers": ()},
        {"announcement": Announcement(source="list", kind="list")},
        {"announcement": Announcement(source="list", kind="list", title="", published=" \u2028", modified='"\r\n')},
    ],
    ids=lambda change: ",".join(change) or "plain",
)
def test_a_capture_comes_back_equal(change: dict[str, Any]) -> None:
    capture = replace(PAGE, **change)
    data, _ = write(HOP, capture, HOP)
    assert read(data) == [HOP, capture, HOP]


tokens = st.text("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", min_size=1)
values = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n")).map(lambda text: text.strip(" \t\x0c"))
any_text = st.text(st.characters(exclude_categories=()))
announcements = st.builds(
    Announcement,
    source=any_text,
    kind=any_text,
    title=st.none() | any_text,
    published=st.none() | any_text,
    modified=st.none() | any_text,
)


@given(headers=st.lists(st.tuples(tokens, values)), announcement=announcements, body=st.binary())
def test_any_headers_body_and_announcement_come_back_equal(
    headers: list[tuple[str, str]], announcement: Announcement, body: bytes
) -> None:
    capture = replace(PAGE, headers=tuple(headers), announcement=announcement, body=body)
    assert read(write(capture)[0]) == [capture]


def test_spans_name_the_response_records() -> None:
    stream = io.BytesIO(b"earlier")
    stream.seek(0, io.SEEK_END)
    writer = WarcWriter(stream)
    spans = [writer.write(capture) for capture in (PAGE, HOP)]
    data = stream.getvalue()
    for capture, span in zip((PAGE, HOP), spans, strict=True):
        alone = replace(capture, request_headers=(), announcement=None)
        assert read_record(data[span.offset : span.offset + span.length]) == alone
        assert span.payload_digest == capture.payload_digest
    stored = list(read_captures(io.BytesIO(data[7:])))
    assert [(found.offset + 7, found.length) for found in stored] == [(span.offset, span.length) for span in spans]


def test_captures_come_before_the_rest_of_the_file_is_read() -> None:
    stream = io.BytesIO(write(*[replace(PAGE, body=random.Random(2).randbytes(300_000))] * 5)[0])
    next(read_captures(stream))
    assert stream.tell() < 1_000_000


# What other tools say


@pytest.mark.parametrize("command", ["check", "index"])
def test_warcio_finds_nothing_wrong(command: str, tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(write(PAGE, HOP, replace(PAGE, body=b""), replace(PAGE, headers=(("X", "caf\xe9"),)))[0])
    run = subprocess.run(
        [sys.executable, "-m", "warcio.cli", command, str(path)], capture_output=True, text=True, check=True
    )
    assert run.stderr == ""
    assert run.stdout.count('"warc-type": "response"') == (4 if command == "index" else 0)
    assert "fail" not in run.stdout


def test_fastwarc_verifies_every_digest() -> None:
    records = 0
    for record in ArchiveIterator(io.BytesIO(write(PAGE, HOP)[0]), parse_http=False):
        assert record.verify_block_digest()
        if record.is_http:
            record.parse_http()
        if "WARC-Payload-Digest" in record.headers:
            assert record.verify_payload_digest()
        records += 1
    assert records == 6


def test_a_body_that_looks_chunked_is_left_alone_by_other_readers() -> None:
    body = b"3\r\nabcdef"
    data, _ = write(replace(PAGE, headers=(("Transfer-Encoding", "chunked"),), body=body))
    bodies = [record.content_stream().read() for record in WarcioIterator(io.BytesIO(data))]
    assert bodies[-1] == body


def test_records_in_the_order_and_with_the_digests_of_warcio_are_read() -> None:
    stream = io.BytesIO()
    writer = WARCWriter(stream, gzip=True, warc_version="1.1")
    url, head = "https://news.example/w", [("Content-Type", "text/html")]
    for number in (b"1", b"2"):
        writer.write_request_response_pair(
            writer.create_warc_record(
                url, "request", http_headers=StatusAndHeaders("HEAD /w HTTP/1.1", [], is_http_request=True)
            ),
            writer.create_warc_record(
                url,
                "response",
                payload=io.BytesIO(number),
                length=1,
                http_headers=StatusAndHeaders("200 OK", head, protocol="HTTP/1.1"),
            ),
        )
    found = read(stream.getvalue())
    assert [(capture.method, capture.headers, capture.body) for capture in found] == [
        ("HEAD", tuple(head), b"1"),
        ("HEAD", tuple(head), b"2"),
    ]


# What damage does


def test_a_file_cut_anywhere_but_between_captures_is_damaged() -> None:
    data, spans = write(HOP, PAGE)
    info_end = next(members(data))[0]
    whole = {0: 0, info_end: 0} | {span.offset + span.length: count for count, span in enumerate(spans, 1)}
    for length in range(len(data) + 1):
        if length in whole:
            assert len(read(data[:length])) == whole[length]
        else:
            with pytest.raises(DamagedObject, match=r"at byte \d+"):
                read(data[:length])


def test_a_flipped_bit_is_seen_or_changes_nothing() -> None:
    """RFC 1951 and 1952 leave about 50 bits of a member idle: its time, system and hints, padding after the data."""
    data, _ = write(PAGE, HOP)
    rng, seen = random.Random(7), 0
    for bit in rng.sample(range(len(data) * 8), 600):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            assert read(bytes(damaged)) == [PAGE, HOP]
        except DamagedObject:
            seen += 1
    assert seen > 0.97 * 600


def recompressed(data: bytes, old: bytes, new: bytes) -> bytes:
    """The file with other content in members that are sound gzip."""
    return b"".join(zlib.compress(content.replace(old, new), wbits=31) for _, content in members(data))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (b"<p>Hello</p>", b"<p>hello</p>", r"response record <urn:uuid:\S+1> at byte \d+ .* block digest"),
        (b"Payload-Digest: sha256:d0", b"Payload-Digest: sha256:d1", "payload digest"),
        (b"Content-Length: 110", b"Content-Length: 109", "does not end with its gzip member"),
        (b"Content-Length: 110", b"Content-Length: 999", "does not end with its gzip member"),
        (b"WARC/1.1", b"WORC/1.1", "at byte 0 holds no WARC record"),
        (b"WARC-Date: 2026-03-04T05", b"WARC-Date: 2026-03-04X05", "lacks its .* WARC-Date"),
        (b"WARC-Type: response", b"WARC-Type: resource", "belongs to a response that is missing"),
    ],
)
def test_a_record_that_contradicts_itself_is_damaged(old: bytes, new: bytes, complaint: str) -> None:
    with pytest.raises(DamagedObject, match=complaint):
        read(recompressed(write(PAGE)[0], old, new))


def test_a_file_that_is_one_gzip_member_is_refused_with_its_cure() -> None:
    whole = b"".join(content for _, content in members(write(PAGE)[0]))
    with pytest.raises(DamagedObject, match="warcio recompress"):
        read(zlib.compress(whole, wbits=31))


@pytest.mark.parametrize(
    ("start", "end", "complaint"),
    [
        (0, 0, "range of 0 bytes holds nothing"),
        (0, -1, "inside the gzip member at byte 0"),
        (1, 0, "is damaged"),
        (-400, 0, "is damaged"),
    ],
)
def test_a_range_that_is_no_response_record_is_damaged(start: int, end: int, complaint: str) -> None:
    data, [span] = write(PAGE)
    begin = span.offset + start
    with pytest.raises(DamagedObject, match=complaint):
        read_record(data[begin : begin if start == end else span.offset + span.length + end])


def test_the_torn_tail_is_all_behind_the_last_whole_capture() -> None:
    data, spans = write(HOP, PAGE)
    ends = [0, next(members(data))[0], *(span.offset + span.length for span in spans)]
    for length in range(len(data) + 1):
        kept = cut_torn_tail(io.BytesIO(data[:length]))
        assert kept == max(end for end in ends if end <= length)


def test_a_file_goes_on_behind_its_cut() -> None:
    data, [first, _] = write(HOP, PAGE)
    torn = io.BytesIO(data[:-5] + bytes(4096))
    torn.seek(0)
    torn.truncate(cut_torn_tail(torn))
    torn.seek(0, io.SEEK_END)
    assert torn.tell() == first.offset + first.length
    WarcWriter(torn).write(PAGE)
    assert read(torn.getvalue()) == [HOP, PAGE]
