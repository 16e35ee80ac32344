"""Promises of `gc`: it takes what is surely no part of the archive and old enough, and nothing else."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from archive import keys
from archive.errors import ArchiveError, LeaseHeld
from archive.garbage import Garbage, GarbageCollection
from archive.keys import MARKER
from archive.manifest import Manifest
from archive.records import ArticleDraft, Capture
from archive.store import DirectoryStore, Store, put_bytes
from archive.store_s3 import S3Store
from tests.sample_articles import SITE
from tests.seaweed import BUCKET, Seaweed
from tests.small_archive import SmallArchive, filled

WEEK = timedelta(days=7)
ORPHAN = "20260304T050607089Z-0123456789ab"


@pytest.fixture
def archive(directory_store: DirectoryStore, tmp_path: Path) -> Iterator[SmallArchive]:
    """`filled`, in a folder."""
    archive = filled(directory_store, tmp_path)
    yield archive
    archive.catalog.close()


def later(**span: float) -> datetime:
    """So long from now."""
    return datetime.now(UTC) + timedelta(**span)


def collect(archive: SmallArchive, *, now: datetime | None = None) -> list[Garbage]:
    """Remove everything that is a week old at `now`, eight days from now."""
    collection = GarbageCollection(archive.store, archive.catalog, now=now or later(days=8), older_than=WEEK)
    found = list(collection.garbage())
    assert all(collection.remove(one) for one in found)
    return found


def test_a_whole_archive_has_no_garbage(archive: SmallArchive) -> None:
    assert collect(archive) == []


def test_orphans_and_probes_go_and_everything_else_stays(store: Store, tmp_path: Path) -> None:
    archive = filled(store, tmp_path)
    before = archive.objects()
    garbage = {
        keys.raw_key(SITE, ORPHAN): "orphan",
        keys.articles_key(SITE, date(2026, 1, 1), ORPHAN): "orphan",
        keys.articles_key(SITE, None, ORPHAN + "r1"): "orphan",
        "probe/0123456789abcdef": "probe",
    }
    foreign = {
        "notes.txt": b"mine",
        "raw/README": b"mine",
        "batches/daily/latest.json": b"{}",
        "removed/00ff.json": b"{}",
    }
    for key in garbage:
        put_bytes(store, key, b"rest")
    for key, data in foreign.items():
        put_bytes(store, key, data)
    assert {found.key: found.kind for found in collect(archive)} == garbage
    assert archive.objects() == before | foreign
    archive.catalog.close()


def test_what_is_young_stays(archive: SmallArchive) -> None:
    put_bytes(archive.store, keys.raw_key(SITE, ORPHAN), b"rest")
    assert collect(archive, now=later(days=6.9)) == []
    assert len(collect(archive, now=later(days=7.1))) == 1


def test_less_than_an_hour_is_refused(archive: SmallArchive) -> None:
    with pytest.raises(ArchiveError, match="under way"):
        GarbageCollection(archive.store, archive.catalog, now=later(), older_than=timedelta(minutes=59))


def test_looking_removes_nothing(archive: SmallArchive) -> None:
    put_bytes(archive.store, keys.raw_key(SITE, ORPHAN), b"rest")
    before = archive.objects()
    found = list(GarbageCollection(archive.store, archive.catalog, now=later(days=8), older_than=WEEK).garbage())
    assert [(one.kind, one.size) for one in found] == [("orphan", 4)]
    assert archive.objects() == before


# Unfinished uploads


def test_temporary_files_of_a_folder_go(archive: SmallArchive) -> None:
    temporary = archive.folder / "archive" / ".tmp" / "0123"
    temporary.write_bytes(b"half")
    young = temporary.with_name("young")
    young.write_bytes(b"half")
    os.utime(temporary, (0, 0))
    assert [(found.kind, found.key) for found in collect(archive, now=later())] == [("leftover", ".tmp/0123")]
    assert not temporary.exists()
    assert young.exists()


def test_abandoned_multipart_uploads_go(s3_store: S3Store, prefix: str, aws: Seaweed, tmp_path: Path) -> None:
    archive = filled(s3_store, tmp_path)
    key = keys.raw_key(SITE, ORPHAN)
    client = aws.client()
    upload = client.create_multipart_upload(Bucket=BUCKET, Key=f"{prefix}/{key}")["UploadId"]
    client.upload_part(Bucket=BUCKET, Key=f"{prefix}/{key}", UploadId=upload, PartNumber=1, Body=b"half")
    assert [(found.kind, found.key) for found in collect(archive)] == [("leftover", key)]
    assert list(s3_store.leftovers()) == []
    archive.catalog.close()


# What was replaced


def replaced(archive: SmallArchive) -> tuple[str, Manifest, Manifest]:
    """Replace the oldest batch because of a damaged shard; return the shard's key, the old and the new manifest."""
    damaged = archive.keys("articles/")[0]
    [old_key] = archive.keys("batches/")[:1]
    archive.flip(damaged, 100)

    def newer(capture: Capture) -> ArticleDraft | None:
        draft = archive.extract(capture)
        return draft and dataclasses.replace(draft, extractor_version="2")

    [step] = archive.repair(extract=newer)
    old, new = (Manifest.from_json(archive.store.get(key)) for key in (old_key, step.key))
    return damaged, old, new


def test_what_a_replacement_no_longer_names_goes_and_its_manifest_stays(archive: SmallArchive) -> None:
    damaged, old, _ = replaced(archive)
    assert [(found.kind, found.key) for found in collect(archive)] == [("replaced", damaged)]
    assert keys.manifest_key(SITE, old.batch) in archive.objects()
    assert archive.verify() == []


def test_what_was_replaced_just_now_stays(archive: SmallArchive) -> None:
    """However old the object itself is: someone may still be reading it."""
    damaged, _, _ = replaced(archive)
    os.utime(archive.folder / "archive" / damaged, (0, 0))
    assert collect(archive, now=later(days=1)) == []


def test_what_was_replaced_stays_while_its_replacement_is_damaged(archive: SmallArchive) -> None:
    _, old, new = replaced(archive)
    [shard] = (stored.key for stored in new.objects if stored not in old.objects)
    archive.flip(shard, 100)
    assert collect(archive) == []


# When nobody can tell


def test_nothing_is_taken_without_a_marker(archive: SmallArchive) -> None:
    put_bytes(archive.store, keys.raw_key(SITE, ORPHAN), b"rest")
    archive.store.delete(MARKER)
    with pytest.raises(ArchiveError, match="marker"):
        collect(archive)
    put_bytes(archive.store, MARKER, b'{"format": 9, "archive_id": "x"}')
    with pytest.raises(ArchiveError, match="format 9"):
        collect(archive)
    assert keys.raw_key(SITE, ORPHAN) in archive.objects()


@pytest.mark.parametrize("harm", ["missing", "damaged", "damaged and unknown"])
def test_nothing_is_taken_while_a_manifest_cannot_be_read(archive: SmallArchive, harm: str) -> None:
    """Its objects would look like orphans."""
    key = archive.keys("batches/")[0]
    if harm == "missing":
        archive.store.delete(key)
    else:
        archive.flip(key, 0)
    if harm == "damaged and unknown":
        archive.catalog.forget(key.rpartition("/")[2].removesuffix(".json"))
    before = archive.objects()
    with pytest.raises(ArchiveError, match="repair"):
        collect(archive)
    assert archive.objects() == before


# A crawl meanwhile


def test_an_orphan_whose_manifest_has_come_meanwhile_stays(archive: SmallArchive) -> None:
    """Recovery finishes a batch whose WARC has been there for long."""
    key = archive.keys("batches/")[0]
    manifest = archive.store.get(key)
    archive.store.delete(key)
    archive.catalog.forget(Manifest.from_json(manifest).batch)
    collection = GarbageCollection(archive.store, archive.catalog, now=later(days=8), older_than=WEEK)
    found = list(collection.garbage())
    assert len(found) == 4
    put_bytes(archive.store, key, manifest)
    assert not any(collection.remove(one) for one in found)
    assert {one.key for one in found} <= archive.objects().keys()


def test_the_orphans_of_a_site_that_is_being_crawled_stay(archive: SmallArchive) -> None:
    put_bytes(archive.store, keys.raw_key(SITE, ORPHAN), b"rest")
    collection = GarbageCollection(archive.store, archive.catalog, now=later(days=8), older_than=WEEK)
    [found] = collection.garbage()
    lease = archive.catalog.leases.acquire(SITE, "crawl", timedelta(minutes=5))
    with pytest.raises(LeaseHeld):
        collection.remove(found)
    assert found.key in archive.objects()
    archive.catalog.leases.release(lease)
    assert collection.remove(found)
