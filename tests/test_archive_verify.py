"""Promises of verifying: a whole archive has no findings, and damage to anything is found and named."""

from __future__ import annotations

import dataclasses
import json
import random
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from archive import keys, schema
from archive.backoff import Patience
from archive.contents import WarcReading, article_fault
from archive.database import Database
from archive.errors import ArchiveError, StoreUnavailable
from archive.keys import MARKER
from archive.manifest import CaptureEntry, Manifest
from archive.marker import read_marker
from archive.reader import ArchiveReader
from archive.records import url_id
from archive.store import DirectoryStore, Store, put_bytes
from archive.store_s3 import S3Store
from archive.verify import NOTHING, WHOLE, Part, Verification
from tests.archive_builder import visited
from tests.sample_articles import SITE
from tests.seaweed import BUCKET, Seaweed
from tests.small_archive import SmallArchive, filled, kinds, page


@pytest.fixture
def archive(directory_store: DirectoryStore, tmp_path: Path) -> Iterator[SmallArchive]:
    """`filled`, in a folder."""
    archive = filled(directory_store, tmp_path)
    yield archive
    archive.catalog.close()


def manifest_of(archive: SmallArchive, position: int = 0) -> tuple[str, Manifest]:
    """Key and content of a manifest, the oldest first."""
    key = archive.keys("batches/")[position]
    return key, Manifest.from_json(archive.store.get(key))


def change_catalog(archive: SmallArchive, statement: sa.Executable) -> None:
    """Do something to the catalog behind its back."""
    database = Database(f"sqlite:///{archive.folder}/own.sqlite", patience=Patience())
    with database.transaction() as connection:
        connection.execute(statement)
    database.close()


# A whole archive


@pytest.mark.parametrize("read", [False, True])
def test_a_whole_archive_has_no_findings(store: Store, tmp_path: Path, read: bool) -> None:
    archive = filled(store, tmp_path)
    progress: list[tuple[int, int]] = []
    verification = Verification(
        store,
        archive.catalog,
        read=WHOLE if read else NOTHING,
        on_progress=lambda done, total: progress.append((done, total)),
    )
    assert list(verification.findings()) == []
    assert (verification.batches, verification.objects) == (2, 6)
    sizes = {info.key: info.size for info in store.list() if not info.key.startswith(("batches/", MARKER))}
    assert (verification.batches_read, verification.bytes_read) == ((2, sum(sizes.values())) if read else (0, 0))
    assert progress[-1] == (6, 6)


def test_verifying_changes_nothing(archive: SmallArchive) -> None:
    before = archive.objects()
    archive.verify()
    assert archive.objects() == before


def test_parts_of_a_subset_are_together_everything_and_meet_nowhere() -> None:
    batches = [f"20260304T050607{number:03d}Z-0123456789ab" for number in range(1000)]
    parts = [{batch for batch in batches if batch in Part(number=number, of=20)} for number in range(20)]
    assert sorted(batch for part in parts for batch in part) == batches
    assert all(20 <= len(part) <= 80 for part in parts)


def test_only_the_batches_of_the_part_are_read(archive: SmallArchive) -> None:
    batches = [manifest_of(archive, position)[1].batch for position in (0, 1)]
    parts = (Part(number=number, of=of) for of in range(2, 50) for number in range(of))
    split = next(part for part in parts if [batch in part for batch in batches] == [True, False])
    verification = Verification(archive.store, archive.catalog, read=split)
    assert list(verification.findings()) == []
    assert verification.batches_read == 1


def test_one_site_is_verified_by_itself(archive: SmallArchive) -> None:
    archive.crawl(visited(7, site="other"), site="other")
    archive.store.delete(archive.keys("raw/other/")[0])
    assert archive.verify(site=SITE) == []
    assert "object_missing" in kinds(archive.verify(site="other"))


def test_a_store_that_is_away_is_no_finding_but_an_error(archive: SmallArchive) -> None:
    class Away(DirectoryStore):
        def head(self, key: str) -> None:
            raise StoreUnavailable(f"{key}: gone for lunch", key=key)

    verification = Verification(Away(archive.folder / "archive"), archive.catalog)
    with pytest.raises(StoreUnavailable):
        list(verification.findings())


def test_a_warc_is_read_a_capture_at_a_time(directory_store: DirectoryStore, tmp_path: Path) -> None:
    archive = SmallArchive(directory_store, tmp_path)
    noise = random.Random(5)
    archive.crawl(*(visited(number, body=noise.randbytes(1 << 20)) for number in range(24)))
    tracemalloc.start()
    assert archive.verify() == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 << 20


# Damaged objects


def test_a_flipped_bit_in_a_capture_names_that_capture_and_no_other(archive: SmallArchive) -> None:
    _, manifest = manifest_of(archive)
    raw = manifest.objects[0].key
    whole = archive.store.get(raw)
    for entry in manifest.captures:
        archive.flip(raw, entry.offset + entry.length // 2)
        found = archive.damage()
        assert kinds(found) == {"object_damaged", "capture_unreadable"}
        assert {finding.key for finding in found} == {raw}
        assert [(f.url, f.offset) for f in found if f.url] == [(entry.url, entry.offset)]
        archive.change(raw, lambda _: whole)
    assert archive.damage() == []


def test_a_flipped_bit_in_the_request_of_a_capture_names_it_too(archive: SmallArchive) -> None:
    _, manifest = manifest_of(archive)
    before, entry = manifest.captures[:2]
    end_of_first = before.offset + before.length
    archive.flip(manifest.objects[0].key, end_of_first + (entry.offset - end_of_first) // 4)
    assert [finding.url for finding in archive.damage() if finding.url] == [entry.url]


@pytest.mark.parametrize("read", [False, True])
def test_every_flipped_bit_is_found_and_its_object_named(archive: SmallArchive, read: bool) -> None:
    """In every kind of object; bits and bytes by lot, the same each time."""
    lot = random.Random(30)
    for key, whole in archive.objects().items():
        for _ in range(6):
            archive.flip(key, lot.randrange(len(whole)), lot.randrange(8))
            found = archive.damage(read=read)
            assert key in {finding.key for finding in found}
            archive.change(key, lambda _, whole=whole: whole)  # type: ignore[misc] # bound by the default


def test_a_damaged_shard_names_the_articles_that_cannot_be_read(archive: SmallArchive) -> None:
    [_, newer] = archive.keys("articles/site=daily/month=2026-03/")
    archive.flip(newer, 100)
    found = archive.damage()
    assert kinds(found) == {"object_damaged", "article_unreadable"}
    assert {finding.key for finding in found} == {newer}
    assert {f.url for f in found if f.url} == {"https://daily.example/2026/1", "https://daily.example/2026/5"}


@pytest.mark.parametrize("length", [0, 1, "boundary", "boundary + 20", -1])
def test_a_truncated_warc_names_every_capture_behind_the_cut(archive: SmallArchive, length: int | str) -> None:
    _, manifest = manifest_of(archive)
    second = manifest.captures[1]
    boundary = second.offset + second.length
    cut = {"boundary": boundary, "boundary + 20": boundary + 20}.get(str(length), length)
    archive.change(manifest.objects[0].key, lambda data: data[: int(cut)])
    lost = {0: 5, 1: 5, -1: 1}.get(length, 3) if isinstance(length, int) else 3
    found = archive.damage(read=False)
    assert [finding.kind for finding in found] == ["object_damaged"] + ["capture_unreadable"] * lost
    assert [finding.url for finding in found if finding.url] == [entry.url for entry in manifest.captures[-lost:]]


def test_bytes_behind_the_end_of_a_warc_are_found(archive: SmallArchive) -> None:
    archive.change(manifest_of(archive)[1].objects[0].key, lambda data: data + b"\0")
    assert kinds(archive.damage()) == {"object_damaged"}


def test_a_missing_warc_names_every_capture(archive: SmallArchive) -> None:
    _, manifest = manifest_of(archive)
    archive.store.delete(manifest.objects[0].key)
    found = archive.damage(read=False)
    assert [finding.kind for finding in found] == ["object_missing"] + ["capture_unreadable"] * 5
    assert [finding.url for finding in found[1:]] == [entry.url for entry in manifest.captures]


def test_a_missing_shard_names_its_articles(archive: SmallArchive) -> None:
    [key] = archive.keys("articles/site=daily/month=2026-01/")
    archive.store.delete(key)
    found = archive.damage(read=False)
    assert [(finding.kind, finding.key) for finding in found] == [("object_missing", key), ("article_unreadable", key)]
    assert found[1].url == "https://daily.example/2026/2"


def test_a_missing_manifest_that_the_catalog_knows_is_found_and_its_batch_checked(archive: SmallArchive) -> None:
    key, manifest = manifest_of(archive)
    archive.store.delete(key)
    assert [(finding.kind, finding.key) for finding in archive.verify()] == [("manifest_missing", key)]
    archive.store.delete(manifest.objects[0].key)
    assert "capture_unreadable" in kinds(archive.verify())


def test_a_manifest_that_says_something_else_is_found(archive: SmallArchive) -> None:
    """A change that is good JSON, and would hide an article."""
    key, manifest = manifest_of(archive)
    archive.change(key, lambda _: dataclasses.replace(manifest, captures=manifest.captures[1:]).to_json())
    assert [(finding.kind, finding.key) for finding in archive.verify()] == [("manifest_damaged", key)]


@pytest.mark.parametrize(
    "change", [{"batch": "20260304T050607089Z-000000000000"}, {"site": "other"}, {"format": "x/2"}, {"replacfs": []}]
)
def test_a_manifest_of_another_batch_or_format_is_damage(archive: SmallArchive, change: dict[str, str]) -> None:
    key, manifest = manifest_of(archive)
    archive.change(key, lambda data: json.dumps({**json.loads(data), **change}).encode())
    archive.catalog.forget(manifest.batch)
    found = archive.damage()
    assert [(finding.kind, finding.key) for finding in found] == [("manifest_damaged", key)]


def test_a_manifest_that_names_an_object_of_another_site_is_damage(archive: SmallArchive) -> None:
    key, manifest = manifest_of(archive)
    archive.change(key, lambda data: data.replace(b'"raw/daily/', b'"raw/../../'))
    archive.catalog.forget(manifest.batch)
    assert [(finding.kind, finding.key) for finding in archive.damage()] == [("manifest_damaged", key)]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"not JSON", b'{"format": 7, "archive_id": "x"}', b'{"format": 1, "archive_id": "x"}']
)
def test_a_damaged_marker_is_found(archive: SmallArchive, content: bytes) -> None:
    archive.change(MARKER, lambda _: content)
    assert [(finding.kind, finding.key) for finding in archive.verify()] == [("marker_damaged", MARKER)]


@pytest.mark.slow
def test_every_flipped_bit_in_the_marker_is_found(archive: SmallArchive) -> None:
    """Each of them, also those that leave it a marker of good form."""
    whole = archive.objects()[MARKER]
    for position in range(len(whole)):
        for bit in range(8):
            archive.change(MARKER, lambda _: whole)
            archive.flip(MARKER, position, bit)
            with pytest.raises(ArchiveError):
                read_marker(archive.store)


def test_a_missing_marker_is_found(archive: SmallArchive) -> None:
    archive.store.delete(MARKER)
    assert [(finding.kind, finding.key) for finding in archive.verify()] == [("marker_missing", MARKER)]


# Objects of others


def test_foreign_objects_and_orphans_are_reported_and_no_damage(archive: SmallArchive) -> None:
    orphan = keys.raw_key(SITE, "20260304T050607089Z-0123456789ab")
    foreign = ["notes.txt", "raw/daily/2025/01/20260304T050607089Z-0123456789ab.warc.gz", "batches/daily/latest.json"]
    for key in (orphan, *foreign):
        put_bytes(archive.store, key, b"something")
    found = archive.verify()
    assert {finding.key for finding in found if finding.kind == "orphan"} == {orphan}
    assert {finding.key for finding in found if finding.kind == "foreign"} == set(foreign)
    assert not any(finding.damage for finding in found)


def test_an_object_that_somebody_overwrote_with_as_many_bytes_is_found(
    s3_store: S3Store, prefix: str, aws: Seaweed, tmp_path: Path
) -> None:
    archive = filled(s3_store, tmp_path)
    [key] = archive.keys("articles/site=daily/month=2026-01/")
    other = bytes(len(archive.store.get(key)))
    aws.client().put_object(Bucket=BUCKET, Key=f"{prefix}/{key}", Body=other)
    assert ("object_damaged", key) in {(finding.kind, finding.key) for finding in archive.verify(read=False)}


def test_an_object_without_a_digest_of_ours_is_read(
    s3_store: S3Store, prefix: str, aws: Seaweed, tmp_path: Path
) -> None:
    """A copy made by another tool is as good as what we wrote."""
    archive = filled(s3_store, tmp_path)
    for key, data in archive.objects().items():
        aws.client().put_object(Bucket=BUCKET, Key=f"{prefix}/{key}", Body=data)
    assert archive.verify(read=False) == []


def test_what_decays_in_a_bucket_under_its_old_digest_is_found_by_reading(
    s3_store: S3Store, prefix: str, aws: Seaweed, tmp_path: Path
) -> None:
    archive = filled(s3_store, tmp_path)
    _, manifest = manifest_of(archive)
    raw, entry = manifest.objects[0], manifest.captures[2]
    data = bytearray(s3_store.get(raw.key))
    data[entry.offset + 40] ^= 1
    aws.client().put_object(Bucket=BUCKET, Key=f"{prefix}/{raw.key}", Body=bytes(data), Metadata={"sha256": raw.sha256})
    assert archive.verify(read=False) == []
    found = archive.verify(read=True)
    assert [(finding.kind, finding.url) for finding in found] == [
        ("capture_unreadable", entry.url),
        ("object_damaged", None),
    ]


# What is inside


def test_an_article_whose_text_is_not_the_one_hashed_is_found(directory_store: DirectoryStore, tmp_path: Path) -> None:
    archive = SmallArchive(directory_store, tmp_path)
    wrong = page(1)
    assert wrong.draft is not None
    wrong = dataclasses.replace(wrong, draft=dataclasses.replace(wrong.draft, content_hash="0" * 64))
    archive.crawl(wrong, page(2))
    assert archive.verify(read=False) == []
    [found] = archive.verify()
    assert (found.kind, found.url) == ("article_unreadable", wrong.capture.url)
    assert "content_hash" in found.detail


def test_an_article_must_lead_to_its_capture(archive: SmallArchive) -> None:
    _, manifest = manifest_of(archive)
    [entry] = (entry for entry in archive.catalog.article_entries(url_id=url_id("https://daily.example/2026/3")))
    article = ArchiveReader(archive.store, archive.catalog).article(entry.url_id)
    assert article is not None
    captures = {capture.offset: capture for capture in manifest.captures}
    assert article_fault(article, entry.shard_key, captures) == ""

    def fault(**changes: object) -> str:
        return article_fault(dataclasses.replace(article, **changes), entry.shard_key, captures)  # type: ignore[arg-type]

    for changes in ({"warc_offset": 0}, {"warc_length": 1}, {"payload_digest": "sha256:0"}):
        assert "no capture" in fault(**changes)
    assert "shard" in fault(published=datetime(2020, 1, 1, tzinfo=UTC).date())
    assert "url_id" in fault(canonical_url="https://daily.example/other")


# The catalog against the bucket


def test_a_batch_that_the_catalog_does_not_know_is_found(archive: SmallArchive) -> None:
    _, manifest = manifest_of(archive, 1)
    archive.catalog.forget(manifest.batch)
    assert [(finding.kind, finding.batch) for finding in archive.verify()] == [("catalog_missing", manifest.batch)]


_REVISED = schema.articles.c.revision == 2
_NOT_FOUND = schema.captures.c.status == 404


@pytest.mark.parametrize(
    ("statement", "read"),
    [
        (schema.articles.delete().where(_REVISED), True),
        (schema.articles.update().where(_REVISED).values(title="Other"), True),
        (schema.articles.update().where(_REVISED).values(revision=3), True),
        (schema.captures.delete().where(_NOT_FOUND), False),
        (schema.captures.update().where(_NOT_FOUND).values(etag='"y"'), False),
        (schema.objects.update().where(schema.objects.c.kind == "raw").values(records=9), False),
        (schema.batches.update().values(run="other"), False),
    ],
)
def test_every_row_of_the_catalog_is_compared(archive: SmallArchive, statement: sa.Executable, read: bool) -> None:
    change_catalog(archive, statement)
    assert kinds(archive.verify(read=read)) == {"catalog_differs"}


def test_a_batch_committed_since_the_listing_is_no_finding(archive: SmallArchive) -> None:
    """A crawl may go on meanwhile."""

    class Listed(DirectoryStore):
        """Somebody commits after the first listing."""

        def list(self, prefix: str = "") -> Iterator[object]:  # type: ignore[override] # wider
            yield from list(super().list(prefix))
            if prefix == "":
                archive.crawl(page(8))

    verification = Verification(Listed(archive.folder / "archive"), archive.catalog)
    assert list(verification.findings()) == []


def test_a_nonsensical_length_takes_no_memory(archive: SmallArchive) -> None:
    _, manifest = manifest_of(archive)
    huge: CaptureEntry = dataclasses.replace(manifest.captures[0], length=1 << 50)
    with archive.store.open(manifest.objects[0].key) as stream:
        [found] = WarcReading(stream, [huge]).captures()
    assert found.fault
