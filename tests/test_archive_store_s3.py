"""What the S3 store says when its settings are wrong, and how it treats what others left in the bucket."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.backoff import Patience
from archive.errors import ObjectConflict, StoreDenied, StoreError, StoreUnavailable
from archive.store import open_store, put_bytes
from archive.store_s3 import S3Store
from tests.fake_time import FakeTime
from tests.fault_proxy import (
    FaultProxy,
    answer,
)
from tests.seaweed import BUCKET, Seaweed
from tests.tls_server import self_signed, tls_server

KEY = "raw/herald/2026/03/batch.warc.gz"
MIB = 1 << 20
ONE_TRY = Patience(limit=timedelta(0))


def every_call(store: S3Store) -> list[Callable[[], object]]:
    return [
        lambda: put_bytes(store, KEY, b"x"),
        lambda: store.get(KEY),
        lambda: store.open(KEY),
        lambda: store.head(KEY),
        lambda: list(store.list()),
        lambda: list(store.leftovers()),
        lambda: store.delete(KEY),
    ]


# Settings that are wrong


def test_a_wrong_secret_is_called_so(aws: Seaweed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call names the variable to check, HEAD's answer without a body included."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    for call in every_call(S3Store(BUCKET)):
        with pytest.raises(StoreDenied, match="AWS_SECRET_ACCESS_KEY"):
            call()


def test_an_unknown_access_key_is_called_so(aws: Seaweed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the variable to check."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDNOBODY")
    for call in every_call(S3Store(BUCKET)):
        with pytest.raises(StoreDenied, match="AWS_ACCESS_KEY_ID"):
            call()


def test_absent_credentials_are_called_so(aws: Seaweed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any credentials the message says which to set."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(StoreDenied, match="no usable credentials: set AWS_ACCESS_KEY_ID"):
        S3Store(BUCKET).get(KEY)


def test_an_unknown_profile_is_called_so(aws: Seaweed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the profile's name and the variable it comes from."""
    monkeypatch.setenv("AWS_PROFILE", "newsroom")
    with pytest.raises(StoreDenied, match=r"newsroom.*AWS_PROFILE"):
        S3Store(BUCKET).get(KEY)


def test_a_missing_bucket_is_called_so(aws: Seaweed) -> None:
    """Every call says that the bucket is missing, not the object."""
    for call in every_call(S3Store("no-such-bucket")):
        with pytest.raises(StoreError, match=r"bucket no-such-bucket .* there is no such bucket"):
            call()


def test_a_bucket_name_that_is_none_is_called_so(aws: Seaweed) -> None:
    """The message is one line with the name in it."""
    with pytest.raises(StoreError, match="No_Bucket") as caught:
        open_store("s3://No_Bucket!/prefix").get(KEY)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:1", "http://store.invalid:9000"])
def test_an_unreachable_endpoint_is_named(aws: Seaweed, monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Refused connections and unknown hosts are worth retrying, and the message has the endpoint."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    with pytest.raises(StoreUnavailable, match=endpoint):
        S3Store(BUCKET, patience=ONE_TRY).get(KEY)


def test_an_endpoint_that_is_no_url_is_called_so(aws: Seaweed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A forgotten scheme is the usual mistake."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "localhost:9000")
    with pytest.raises(StoreError, match="AWS_ENDPOINT_URL_S3"):
        S3Store(BUCKET).get(KEY)


def test_an_untrusted_certificate_is_called_so(
    aws: Seaweed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fake_time: FakeTime
) -> None:
    """TLS is verified, and trying again would change nothing."""
    with tls_server(self_signed(tmp_path / "certificate.pem")) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        with pytest.raises(StoreError, match="certificate is not trusted"):
            S3Store(BUCKET, patience=fake_time.patience()).get(KEY)
    assert fake_time.waits == []


def test_a_clock_that_is_wrong_is_called_so(aws: Seaweed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests signed a day late are refused, and the message says `clock`."""
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: datetime.now(UTC) - timedelta(days=1))
    for call in every_call(S3Store(BUCKET)):
        with pytest.raises(StoreDenied, match="clock"):
            call()


@pytest.mark.parametrize(
    "code", ["AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException"]
)
def test_a_wrong_region_is_called_so(patient: S3Store, proxy: FaultProxy, code: str) -> None:
    """The message names the variable to set."""
    proxy.plan("GET", answer(400, code))
    with pytest.raises(StoreError, match="AWS_DEFAULT_REGION"):
        patient.get(KEY)


@pytest.mark.parametrize(
    ("method", "line", "permission"),
    [("PUT", "write", "s3:PutObject"), ("GET", "list", "s3:ListBucket"), ("DELETE", "delete", "s3:DeleteObject")],
)
def test_probing_names_the_missing_permission(
    patient: S3Store, proxy: FaultProxy, method: str, line: str, permission: str
) -> None:
    """A refusal is the line of that call, and the others are still tried."""
    proxy.plan(method, answer(403, "AccessDenied"), containing="list-type" if line == "list" else "", times=9)
    probe = patient.probe()
    (found,) = (each for each in probe.lines if not each.ok and each.name == line)
    assert not probe.ok
    assert permission in found.detail


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidToken"])
def test_credentials_that_end_during_a_run_are_not_tried_again(
    patient: S3Store, proxy: FaultProxy, fake_time: FakeTime, code: str
) -> None:
    """The operator is told at once; an upload in parts leaves nothing behind but what it could not take back."""
    put_bytes(patient, "before", b"x")
    proxy.plan("GET", answer(403, code), times=9)
    with pytest.raises(StoreDenied, match="AWS_SESSION_TOKEN"):
        patient.get("before")
    assert (proxy.count("GET"), fake_time.waits) == (1, [])


# Objects of others


def test_an_object_without_a_recorded_digest_is_read_to_compare(s3_store: S3Store, aws: Seaweed, prefix: str) -> None:
    """Copied by another tool, it has lost its metadata: equal bytes are ours all the same, others are not."""
    aws.client().put_object(Bucket=BUCKET, Key=f"{prefix}/{KEY}", Body=b"copied")
    info = s3_store.head(KEY)
    assert info is not None
    assert info.sha256 is None
    put_bytes(s3_store, KEY, b"copied")
    with pytest.raises(ObjectConflict):
        put_bytes(s3_store, KEY, b"COPIED")


def test_foreign_names_are_listed_and_refused(s3_store: S3Store, aws: Seaweed, prefix: str) -> None:
    """A listing hides nothing but drawn folders; what is no key cannot be read as one."""
    aws.client().put_object(Bucket=BUCKET, Key=f"{prefix}/raw/holiday photo é.jpg", Body=b"x")
    aws.client().put_object(Bucket=BUCKET, Key=f"{prefix}/raw/drawn/", Body=b"")
    assert [info.key for info in s3_store.list("raw/")] == ["raw/holiday photo é.jpg"]
    with pytest.raises(StoreError, match="not an object key"):
        s3_store.get("raw/holiday photo é.jpg")


def test_a_prefix_is_an_archive_of_its_own(aws: Seaweed, prefix: str) -> None:
    """A neighbour whose name merely begins alike is not seen; without a prefix the whole bucket is the archive."""
    one, other = S3Store(BUCKET, prefix), S3Store(BUCKET, f"{prefix}-other")
    put_bytes(one, "key", b"1")
    put_bytes(other, "key", b"2")
    assert [info.key for info in one.list()] == ["key"]
    assert S3Store(BUCKET).get(f"{prefix}-other/key") == b"2"


@pytest.mark.slow
def test_listings_go_on_past_a_thousand(s3_store: S3Store, aws: Seaweed, prefix: str) -> None:
    """S3 answers with 1,000 keys at most; a listing has them all, once each, over several folders."""
    expected = [f"batches/{'ab'[n % 2]}/{n:04}.json" for n in range(1, 1006)]
    client = aws.client()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: client.put_object(Bucket=BUCKET, Key=f"{prefix}/{key}", Body=b"{}"), expected))
    assert sorted(info.key for info in s3_store.list("batches/")) == sorted(expected)


# Unfinished uploads


def test_an_abandoned_upload_is_found_and_discarded(s3_store: S3Store, aws: Seaweed, prefix: str) -> None:
    """It is no object, has a time, and can be discarded, also twice."""
    aws.client().create_multipart_upload(Bucket=BUCKET, Key=f"{prefix}/{KEY}")
    assert list(s3_store.list()) == []
    (leftover,) = s3_store.leftovers()
    assert leftover.key == KEY
    assert leftover.started.tzinfo is UTC
    s3_store.discard(leftover)
    s3_store.discard(leftover)
    assert list(s3_store.leftovers()) == []


def test_a_failed_upload_takes_its_parts_back(patient: S3Store, proxy: FaultProxy) -> None:
    """Parts already sent would cost money for ever."""
    proxy.plan("PUT", answer(403, "AccessDenied"), containing="partNumber=2")
    with pytest.raises(StoreDenied):
        put_bytes(patient, KEY, os.urandom(7 * MIB))
    assert list(patient.leftovers()) == []


def test_an_upload_that_cannot_be_taken_back_does_not_hide_the_error(patient: S3Store, proxy: FaultProxy) -> None:
    """The first error is the one reported; what stays behind is found later."""
    proxy.plan("PUT", answer(403, "ExpiredToken"), containing="partNumber=2")
    proxy.plan("DELETE", answer(503, "SlowDown"), times=99)
    with pytest.raises(StoreDenied, match="expired"):
        put_bytes(patient, KEY, os.urandom(7 * MIB))
    assert proxy.count("DELETE") == 1
    assert [leftover.key for leftover in patient.leftovers()] == [KEY]


# Secrets, and what an import costs


def test_no_secret_is_logged_or_raised(
    proxy: FaultProxy, aws: Seaweed, prefix: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the secret key nor the session token is in any log at DEBUG or in any traceback, well or ill."""
    caplog.set_level(logging.DEBUG)
    put_bytes(S3Store(BUCKET, prefix), KEY, b"x")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "canary-token")
    store = S3Store(BUCKET, prefix, patience=ONE_TRY)
    errors = []
    for code in ("SignatureDoesNotMatch", "ExpiredToken", "AccessDenied", "SlowDown", "Unheard"):
        proxy.plan("GET", answer(503 if code == "SlowDown" else 403, code))
        try:
            store.get(KEY)
        except StoreError:
            errors.append(traceback.format_exc())
    seen = caplog.text + "".join(errors)
    assert len(errors) == 5
    assert "canary-token" not in seen
    assert aws.environment()["AWS_SECRET_ACCESS_KEY"] not in seen


def test_an_endpoint_with_a_password_is_refused_without_repeating_it(
    aws: Seaweed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages have the endpoint in them."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://user:canary-password@127.0.0.1:1")
    with pytest.raises(StoreError, match="AWS_ENDPOINT_URL_S3") as caught:
        S3Store(BUCKET, patience=ONE_TRY).get(KEY)
    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_boto3_is_not_imported_for_a_folder() -> None:
    """It takes longer than most commands."""
    code = "import sys, archive.store as s; s.open_store('file:///x'); sys.exit('boto3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1]).returncode == 0
