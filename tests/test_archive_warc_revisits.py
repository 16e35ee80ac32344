"""Promises of revisit records: what has not changed is stored as a pointer that other tools follow."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from archive.errors import DamagedObject
from archive.records import Capture, Revisit, RevisitProfile
from archive.warc import WarcWriter
from archive.warc_reader import cut_torn_tail, read_captures, read_record

FETCHED = datetime(2026, 3, 4, 5, 6, 7, 89012, tzinfo=UTC)
PAGE = Capture(
    site="daily",
    url="https://news.example/2026/a?p=1",
    status=200,
    headers=(("Content-Type", "text/html"), ("ETag", '"1"'), ("Content-Length", "12")),
    body=b"<p>Hello</p>",
    fetched=FETCHED,
)


def again(profile: RevisitProfile) -> Capture:
    """PAGE an hour later."""
    reference = Revisit(profile=profile, url=PAGE.url, fetched=PAGE.fetched, payload_digest=PAGE.payload_digest)
    status = 304 if profile == "server-not-modified" else 200
    return replace(
        PAGE,
        status=status,
        body=b"",
        headers=(("ETag", '"1"'),),
        fetched=FETCHED + timedelta(hours=1),
        revisit=reference,
    )


PROFILES: list[RevisitProfile] = ["server-not-modified", "identical-payload-digest"]
AGAIN = [again(profile) for profile in PROFILES]


def write(*captures: Capture) -> bytes:
    stream = io.BytesIO()
    writer = WarcWriter(stream)
    for capture in captures:
        writer.write(capture)
    return stream.getvalue()


@pytest.fixture
def warc(tmp_path: Path) -> Path:
    """PAGE and two revisits of it."""
    path = tmp_path / "revisits.warc.gz"
    path.write_bytes(write(PAGE, *AGAIN))
    return path


@pytest.mark.parametrize("revisit", AGAIN, ids=PROFILES)
def test_a_revisit_comes_back_equal(revisit: Capture) -> None:
    assert [stored.capture for stored in read_captures(io.BytesIO(write(PAGE, revisit)))] == [PAGE, revisit]
    assert revisit.payload_digest == PAGE.payload_digest


def test_a_revisit_is_read_by_its_place_alone(warc: Path) -> None:
    data = warc.read_bytes()
    for stored in read_captures(io.BytesIO(data)):
        assert read_record(data[stored.offset : stored.offset + stored.length]).revisit == stored.capture.revisit


@pytest.mark.parametrize(("profile", "revisit"), list(zip(PROFILES, AGAIN, strict=True)), ids=PROFILES)
def test_the_record_says_where_the_body_is_as_warc_1_1_asks(profile: str, revisit: Capture) -> None:
    *_, record = (it for it in ArchiveIterator(io.BytesIO(write(revisit))) if it.rec_type == "revisit")
    fields = dict(record.rec_headers.headers)
    assert fields["WARC-Profile"] == f"http://netpreserve.org/warc/1.1/revisit/{profile}"
    assert fields["WARC-Refers-To-Target-URI"] == PAGE.url
    assert fields["WARC-Refers-To-Date"] == "2026-03-04T05:06:07.089012Z"
    assert fields["WARC-Payload-Digest"] == PAGE.payload_digest
    assert fields["WARC-Date"] == "2026-03-04T06:06:07.089012Z"
    assert record.http_headers.get_statuscode() == str(revisit.status)
    assert record.content_stream().read() == b""


def test_warcio_finds_nothing_wrong_and_indexes_them(warc: Path) -> None:
    for command in (["check", str(warc)], ["index", "-f", "warc-type,warc-target-uri", str(warc)]):
        done = subprocess.run([sys.executable, "-m", "warcio.cli", *command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count('"warc-type": "revisit"') == 2


def test_the_pointer_leads_to_the_record_with_the_body(warc: Path) -> None:
    """Date and address name one response record of the archive, with that digest."""
    with warc.open("rb") as stream:
        records = [
            (record.rec_type, dict(record.rec_headers.headers))
            for record in ArchiveIterator(stream, no_record_parse=True)
        ]
    [response] = [fields for kind, fields in records if kind == "response"]
    for fields in (fields for kind, fields in records if kind == "revisit"):
        assert (fields["WARC-Refers-To-Target-URI"], fields["WARC-Refers-To-Date"]) == (
            response["WARC-Target-URI"],
            response["WARC-Date"],
        )
        assert fields["WARC-Payload-Digest"] == response["WARC-Payload-Digest"]


def test_a_revisit_closes_its_group_as_a_response_does() -> None:
    data = write(PAGE, AGAIN[0])
    assert cut_torn_tail(io.BytesIO(data)) == len(data)
    assert cut_torn_tail(io.BytesIO(data[:-1])) < len(data) - 100
    assert len(list(read_captures(io.BytesIO(data[: cut_torn_tail(io.BytesIO(data[:-1]))])))) == 1


@pytest.mark.parametrize("field", [b"WARC-Profile", b"WARC-Refers-To-Date", b"WARC-Payload-Digest"])
def test_a_revisit_that_does_not_say_of_what_is_damaged(field: bytes) -> None:
    records = gzip.decompress(write(AGAIN[0])).replace(field, b"X-Lost")
    members = [b"WARC/1.1" + part for part in records.split(b"WARC/1.1")[1:]]
    data = b"".join(gzip.compress(member, mtime=0) for member in members)
    with pytest.raises(DamagedObject, match="lacks its WARC-Refers-To fields or its digest"):
        list(read_captures(io.BytesIO(data)))
