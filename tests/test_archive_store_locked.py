"""Promises over buckets that keep every version, lock objects, or let nobody delete."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive import keys
from archive.garbage import GarbageCollection
from archive.store import put_bytes
from archive.store_s3 import S3Store
from tests.fault_proxy import FaultProxy, answer
from tests.sample_articles import SITE
from tests.seaweed import Seaweed
from tests.small_archive import filled

# Each makes a whole archive in a bucket of its own.
pytestmark = pytest.mark.slow

ORPHAN = "20260304T050607089Z-0123456789ab"


@pytest.mark.parametrize("locked", [False, True], ids=["versioned", "locked"])
def test_an_archive_in_a_bucket_that_keeps_versions_works_as_in_any_other(
    aws: Seaweed, tmp_path: Path, locked: bool
) -> None:
    """Written, verified, repaired to the byte and rid of garbage; what was deleted stays as an older version."""
    client, bucket = aws.client(), f"keeps-{secrets.token_hex(4)}"
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=locked)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    if locked:
        rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
        client.put_object_lock_configuration(
            Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
        )
    archive = filled(S3Store(bucket, "news"), tmp_path)
    objects = archive.objects()
    archive.flip(archive.keys("articles/")[0], 100)
    assert archive.damage()
    assert {step.state for step in archive.repair()} == {"done"}
    put_bytes(archive.store, keys.raw_key(SITE, ORPHAN), b"rest")
    now = datetime.now(UTC) + timedelta(days=8)
    collection = GarbageCollection(archive.store, archive.catalog, now=now, older_than=timedelta(days=7))
    assert [collection.remove(one) for one in collection.garbage()] == [True]
    assert archive.verify() == []
    assert archive.objects() == objects
    assert len(client.list_object_versions(Bucket=bucket)["Versions"]) > len(objects)
    archive.catalog.close()


def test_archiving_needs_no_right_to_delete(patient: S3Store, proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.plan("DELETE", answer(403, "AccessDenied"), times=99)
    archive = filled(patient, tmp_path)
    assert archive.verify() == []
    assert proxy.count("DELETE") == 0
    archive.catalog.close()
