"""What the S3 store does when the network breaks, the server is in trouble, or the store can do less than S3."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta

import pytest

from archive.backoff import CAP, RETRY_AFTER_CAP, Patience
from archive.errors import ObjectConflict, StoreError, StoreUnavailable
from archive.store import put_bytes
from archive.store_s3 import S3Store
from tests.fake_time import FakeTime
from tests.fault_proxy import (
    FaultProxy,
    Forward,
    Reply,
    Request,
    answer,
    cut,
    flip_bit,
    lose_reply,
    refuse_header,
    shorten_reply,
)
from tests.seaweed import BUCKET, Seaweed

# Many process starts, outages and waits.
pytestmark = pytest.mark.slow

KEY = "raw/herald/2026/03/batch.warc.gz"
MIB = 1 << 20
ONE_TRY = Patience(limit=timedelta(0))
PROOF = 1
"""PUTs that tell whether the store refuses to overwrite; they follow the first that succeeds."""


@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (500, "InternalError"), (429, ""), (502, "")])
def test_bursts_of_errors_are_waited_out(
    patient: S3Store, proxy: FaultProxy, fake_time: FakeTime, status: int, code: str
) -> None:
    """Waits double, up to the cap; botocore itself tries nothing again."""
    proxy.plan("PUT", answer(status, code), times=4)
    put_bytes(patient, KEY, b"x")
    assert patient.get(KEY) == b"x"
    assert (proxy.count("PUT"), fake_time.waits) == (5 + PROOF, [0.5, 1.0, 2.0, 4.0])


@pytest.mark.parametrize(("asked", "waited"), [("7", 7.0), ("0", 0.5), ("99999", RETRY_AFTER_CAP), ("soon", 0.5)])
def test_retry_after_is_honoured(
    patient: S3Store, proxy: FaultProxy, fake_time: FakeTime, asked: str, waited: float
) -> None:
    """We wait as long as the store asks, though never absurdly long."""
    proxy.plan("PUT", answer(503, "SlowDown", retry_after=asked))
    put_bytes(patient, KEY, b"x")
    assert fake_time.waits == [waited]


def test_retry_after_may_be_a_date(patient: S3Store, proxy: FaultProxy, fake_time: FakeTime) -> None:
    """It is read by the store's clock, which need not be ours."""
    date, later = "Mon, 01 Jan 2001 00:00:00 GMT", "Mon, 01 Jan 2001 00:00:09 GMT"
    proxy.plan("PUT", answer(503, "SlowDown", date=date, retry_after=later))
    put_bytes(patient, KEY, b"x")
    assert fake_time.waits == [9.0]


def test_patience_ends(patient: S3Store, proxy: FaultProxy, fake_time: FakeTime) -> None:
    """A store that stays away is reported as unavailable, after no more waiting than allowed."""
    proxy.plan("GET", answer(503, "SlowDown"), times=10_000)
    with pytest.raises(StoreUnavailable, match="SlowDown"):
        patient.get(KEY)
    assert 300 - CAP < fake_time.now <= 300
    assert max(fake_time.waits) == CAP


def test_without_patience_there_is_one_try(proxy: FaultProxy, prefix: str) -> None:
    """botocore's own retries are off."""
    proxy.plan("GET", answer(500, "InternalError"), times=9)
    with pytest.raises(StoreUnavailable):
        S3Store(BUCKET, prefix, patience=ONE_TRY).get(KEY)
    assert proxy.count("GET") == 1


def test_a_conflicting_request_is_repeated(patient: S3Store, proxy: FaultProxy) -> None:
    """409 means that another conditional write was under way."""
    proxy.plan("PUT", answer(409, "ConditionalRequestConflict"))
    put_bytes(patient, KEY, b"x")
    assert patient.get(KEY) == b"x"


@pytest.mark.parametrize("size", [1000, 7 * MIB], ids=["whole", "in parts"])
def test_a_broken_upload_is_repeated_from_its_start(patient: S3Store, proxy: FaultProxy, size: int) -> None:
    """Cut before the server heard of it, and cut half-way: the object is whole in the end."""
    data = os.urandom(size)
    proxy.plan("PUT", cut)
    proxy.plan("PUT", proxy.break_upload)
    put_bytes(patient, KEY, data)
    assert patient.get(KEY) == data


def test_a_reply_lost_after_the_write_is_success(
    patient: S3Store, proxy: FaultProxy, aws: Seaweed, prefix: str
) -> None:
    """The second try meets our own object, which is recognised by its digest."""
    proxy.plan("PUT", lose_reply)
    put_bytes(patient, KEY, b"ours")
    assert proxy.count("PUT") == 2 + PROOF
    assert patient.get(KEY) == b"ours"


@pytest.mark.parametrize(("method", "step"), [("POST", "uploads"), ("PUT", "partNumber=2"), ("POST", "uploadId")])
def test_a_reply_lost_in_a_multipart_upload_is_success(
    patient: S3Store, proxy: FaultProxy, method: str, step: str
) -> None:
    """Whichever step it was, the object is there, whole."""
    data = os.urandom(7 * MIB)
    proxy.plan(method, lose_reply, containing=step)
    put_bytes(patient, KEY, data)
    assert patient.get(KEY) == data


def test_an_upload_that_was_finished_unheard_is_success(patient: S3Store, proxy: FaultProxy) -> None:
    """A store may say that there is no such upload, because it is an object already."""
    data = os.urandom(7 * MIB)
    proxy.plan("POST", lose_reply, containing="uploadId")
    proxy.plan("POST", answer(404, "NoSuchUpload"), containing="uploadId")
    put_bytes(patient, KEY, data)
    assert patient.get(KEY) == data


def test_a_stalled_connection_is_given_up_and_tried_again(proxy: FaultProxy, prefix: str, fake_time: FakeTime) -> None:
    """A server that says nothing does not hold a run for ever."""
    store = S3Store(BUCKET, prefix, patience=fake_time.patience(), timeout=0.5)
    proxy.plan("PUT", proxy.stall)
    put_bytes(store, KEY, b"x")
    assert store.get(KEY) == b"x"
    assert proxy.count("PUT") == 2 + PROOF


def test_a_broken_download_is_repeated(patient: S3Store, proxy: FaultProxy) -> None:
    """A body shorter than announced is never taken for the object, in get or in open."""
    data = os.urandom(100_000)
    put_bytes(patient, KEY, data)
    proxy.plan("GET", shorten_reply)
    assert patient.get(KEY) == data
    with patient.open(KEY) as stream:
        assert stream.read(10) == data[:10]
        stream.seek(50_000)
        proxy.plan("GET", shorten_reply)
        assert stream.read() == data[50_000:]


@pytest.mark.parametrize("size", [1000, 7 * MIB], ids=["whole", "in parts"])
def test_a_bit_flipped_on_the_way_is_refused_and_sent_again(patient: S3Store, proxy: FaultProxy, size: int) -> None:
    """The store compares the bytes with the digest in the request, also where it takes no SHA-256."""
    proxy.plan("PUT", refuse_header("x-amz-checksum-sha256", 400, "InvalidRequest"))
    proxy.plan("PUT", flip_bit)
    data = os.urandom(size)
    put_bytes(patient, KEY, data)
    assert patient.get(KEY) == data


def test_an_error_under_status_200_is_an_error(patient: S3Store, proxy: FaultProxy) -> None:
    """S3 may find out too late to change the status; such a write is tried again."""
    proxy.plan("PUT", answer(200, "InternalError"))
    put_bytes(patient, KEY, b"x")
    assert patient.get(KEY) == b"x"


def test_success_without_an_object_is_not_believed(patient: S3Store, proxy: FaultProxy) -> None:
    """What the store took it must also have."""
    proxy.plan("PUT", answer(200))
    with pytest.raises(StoreUnavailable, match="does not have it"):
        put_bytes(patient, KEY, b"x")


def test_a_short_stored_object_is_noticed(patient: S3Store, proxy: FaultProxy, aws: Seaweed, prefix: str) -> None:
    """A store that loses the end of an object and says 200 is found out at once."""

    def store_half(request: Request, forward: Forward) -> Reply:
        digest = {"sha256": request.headers["x-amz-meta-sha256"]}
        aws.client().put_object(Bucket=BUCKET, Key=f"{prefix}/{KEY}", Body=request.body[:5], Metadata=digest)
        return Reply(status=200)

    proxy.plan("PUT", store_half)
    with pytest.raises(ObjectConflict, match=f"{KEY}.* 5 bytes .*10 bytes"):
        put_bytes(patient, KEY, b"0123456789")


def test_a_large_object_is_asked_for_after_its_write(patient: S3Store, proxy: FaultProxy) -> None:
    """The archive's only copy of a page is not believed to be there on the word of one answer."""
    put_bytes(patient, KEY, os.urandom(MIB + 1))
    assert proxy.count("HEAD") == 2


def test_a_small_object_is_sent_without_asking_first(patient: S3Store, proxy: FaultProxy) -> None:
    """To wait for `100 Continue` takes as long as the whole write."""
    put_bytes(patient, KEY, b"small")
    put_bytes(patient, "large", os.urandom(MIB + 1))
    asked = ["expect" in request.headers for request in proxy.requests if request.method == "PUT"]
    assert asked == [False] * (1 + PROOF) + [True]


@pytest.mark.parametrize("page", [b"", b"<html><p>Please log in", b"<ListBucketResult><Name>archive</Name>", b"no"])
def test_an_answer_that_is_no_listing_is_not_believed(proxy: FaultProxy, prefix: str, page: bytes) -> None:
    """A login page of some gateway, or half a listing, is not an empty listing."""
    proxy.plan("GET", lambda request, forward: Reply(status=200, body=page))
    with pytest.raises(StoreUnavailable):
        list(S3Store(BUCKET, prefix, patience=ONE_TRY).list())


def test_a_killed_server_is_waited_for(aws: Seaweed, prefix: str) -> None:
    """A server that dies and comes back costs no object and no error."""
    store = S3Store(BUCKET, prefix, patience=Patience(sleep=lambda seconds: aws.restart()))
    put_bytes(store, "before", b"kept")
    aws.kill()
    put_bytes(store, "after", b"stored")
    assert (store.get("before"), store.get("after")) == (b"kept", b"stored")


# Lesser stores


def overwriting(aws: Seaweed, prefix: str) -> Callable[[Request, Forward], Reply]:
    """A store that ignores If-None-Match: what is there makes way for what comes."""

    def overwrite(request: Request, forward: Forward) -> Reply:
        aws.client().delete_object(Bucket=BUCKET, Key=request.target.removeprefix(f"/{BUCKET}/"))
        return forward(request)

    return overwrite


def test_a_store_that_ignores_if_none_match_is_found_out(
    patient: S3Store, proxy: FaultProxy, aws: Seaweed, prefix: str
) -> None:
    """Probing says so, and that it is no obstacle; nothing is overwritten all the same."""
    proxy.plan("PUT", overwriting(aws, prefix), times=99)
    assert patient.conditional_put
    probe = patient.probe()
    assert [line.name for line in probe.lines if not line.ok] == ["If-None-Match"]
    assert probe.ok
    assert not patient.conditional_put
    put_bytes(patient, KEY, b"first")
    with pytest.raises(ObjectConflict):
        put_bytes(patient, KEY, b"second")
    assert patient.get(KEY) == b"first"
    assert [info.key for info in patient.list()] == [KEY]


def test_a_store_that_refuses_to_overwrite_is_not_asked_first(patient: S3Store, proxy: FaultProxy) -> None:
    """It has shown so with the first object; later small ones cost a write, whose answer says that they are there."""
    for key in ("one", "two", "three"):
        put_bytes(patient, key, key.encode())
    assert (proxy.count("HEAD"), proxy.count("PUT")) == (1, 3 + PROOF)
    put_bytes(patient, "three", b"three")
    with pytest.raises(ObjectConflict):
        put_bytes(patient, "two", b"other")
    assert patient.get("two") == b"two"


def test_a_store_that_overwrites_is_asked_before_each_write(
    patient: S3Store, proxy: FaultProxy, aws: Seaweed, prefix: str
) -> None:
    """It has shown so with the first object, and nothing is overwritten all the same."""
    proxy.plan("PUT", overwriting(aws, prefix), times=99)
    put_bytes(patient, KEY, b"first")
    assert not patient.conditional_put
    with pytest.raises(ObjectConflict):
        put_bytes(patient, KEY, b"second")
    assert patient.get(KEY) == b"first"


@pytest.mark.parametrize("size", [1000, 7 * MIB], ids=["whole", "in parts"])
@pytest.mark.parametrize(
    ("header", "status", "code"),
    [("if-none-match", 501, "NotImplemented"), ("x-amz-checksum-sha256", 400, "InvalidRequest")],
)
def test_a_header_that_the_store_does_not_know_is_left_out(
    patient: S3Store, proxy: FaultProxy, header: str, status: int, code: str, size: int
) -> None:
    """The write succeeds without it."""
    data = os.urandom(size)
    for method in ("PUT", "POST"):
        proxy.plan(method, refuse_header(header, status, code), times=99)
    put_bytes(patient, KEY, data)
    assert patient.get(KEY) == data
    with pytest.raises(ObjectConflict):
        put_bytes(patient, KEY, b"other")


def test_an_unknown_header_is_not_sent_again(
    patient: S3Store, proxy: FaultProxy, caplog: pytest.LogCaptureFixture
) -> None:
    """The store remembers what was refused, warns once, and keeps the other guard."""
    proxy.plan("PUT", refuse_header("x-amz-checksum-sha256", 400, "InvalidRequest"), times=99)
    put_bytes(patient, "one", b"1")
    put_bytes(patient, "two", b"2")
    assert (patient.checksum_header, patient.conditional_put) == (False, True)
    assert proxy.count("PUT") == 3 + PROOF
    assert caplog.text.count("does not know") == 1
    line = next(line for line in patient.probe().lines if line.name == "x-amz-checksum-sha256")
    assert (line.ok, line.needed) == (False, False)


@pytest.mark.parametrize("size", [1000, 7 * MIB], ids=["whole", "in parts"])
def test_a_request_refused_in_any_form_is_an_error(patient: S3Store, proxy: FaultProxy, size: int) -> None:
    """Leaving headers out is not repeated without end, nor remembered when it did not help."""
    for method in ("PUT", "POST"):
        proxy.plan(method, answer(501, "NotImplemented"), times=99)
    with pytest.raises(StoreError, match="NotImplemented"):
        put_bytes(patient, KEY, os.urandom(size))
    assert patient.checksum_header
    assert patient.conditional_put


TRAILER = b"\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"


@pytest.mark.parametrize("size", [1000, 7 * MIB], ids=["whole", "in parts"])
def test_a_store_that_rejects_checksum_trailers_is_never_sent_one(
    patient: S3Store, proxy: FaultProxy, size: int
) -> None:
    """Newer SDKs send bodies in signed chunks with a checksum behind them, which many stores cannot read."""

    def refuse_trailers(request: Request, forward: Forward) -> Reply | None:
        chunked = "aws-chunked" in request.headers.get("content-encoding", "")
        streaming = request.headers.get("x-amz-content-sha256", "").startswith("STREAMING")
        if chunked or streaming or "x-amz-trailer" in request.headers:
            return answer(501, "NotImplemented")(request, forward)
        return forward(request)

    for method in ("PUT", "POST"):
        proxy.plan(method, refuse_trailers, times=99)
    data = os.urandom(size)
    put_bytes(patient, KEY, data)
    assert patient.get(KEY) == data
    assert patient.checksum_header, "nothing was left out to get there"


def test_a_store_that_keeps_the_trailer_inside_the_object_is_noticed(
    patient: S3Store, proxy: FaultProxy, aws: Seaweed, prefix: str
) -> None:
    """As some did with chunked bodies: it says 200, and the object is longer than what was sent."""

    def store_with_trailer(request: Request, forward: Forward) -> Reply:
        digest = {"sha256": request.headers["x-amz-meta-sha256"]}
        aws.client().put_object(Bucket=BUCKET, Key=f"{prefix}/{KEY}", Body=request.body + TRAILER, Metadata=digest)
        return Reply(status=200)

    proxy.plan("PUT", store_with_trailer)
    with pytest.raises(ObjectConflict, match=f"{KEY}.* {10 + len(TRAILER)} bytes .*10 bytes"):
        put_bytes(patient, KEY, b"0123456789")
