"""Promises of takedowns: no byte of the text is left anywhere, all else stays, and it never comes back."""

from __future__ import annotations

import gzip
import io
import os
import random
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from archive import keys, outcomes, schema
from archive.errors import LeaseHeld
from archive.failpoints import REMOVAL_NAMES
from archive.held_site import held_site
from archive.inventory import take_inventory
from archive.rebuild import Rebuilding
from archive.records import url_id
from archive.removal import Removal, Removed
from archive.spool import OpenSegment
from archive.store import DirectoryStore, Store, put_bytes
from archive.store_s3 import S3Store
from archive.tombstones import Tombstone, put_tombstone, read_tombstone, tombstone_ids
from archive.writer import ArchiveWriter, BatchLimits
from tests.sample_articles import SITE
from tests.seaweed import Seaweed
from tests.small_archive import SOFTWARE, SmallArchive, page, rows
from tests.test_archive_compaction import command, compact, contents, kill_at_random

URL = "https://daily.example/2026/7"
SECRET = "Unutterable"
ORPHAN = "20260304T050607089Z-0123456789ab"


def secret(text: str = "first", **fields: object) -> object:
    """A page whose headline, text and markup must go."""
    words = f"{SECRET} {text}"
    return page(
        7, f"<p>{words}</p>", title=f"{words} headline", text=f"{words} paragraph.", description=words, **fields
    )


def crawled(store: Store, folder: Path) -> SmallArchive:
    """Three batches: one without it, one with it between two others, and one that holds nothing but its revision."""
    archive = SmallArchive(store, folder)
    archive.crawl(page(1), page(2, published=date(2026, 1, 31)))
    archive.crawl(page(3), secret(), page(4))  # type: ignore[arg-type] # a page
    archive.crawl(secret("second"))  # type: ignore[arg-type] # a page
    return archive


@pytest.fixture
def archive(directory_store: DirectoryStore, tmp_path: Path) -> Iterator[SmallArchive]:
    """`crawled`, in a folder."""
    archive = crawled(directory_store, tmp_path)
    yield archive
    archive.catalog.close()


def order(archive: SmallArchive, url: str = URL) -> Tombstone:
    """Put the tombstone of the article at a URL."""
    addresses = archive.catalog.erasure.addresses(SITE, {url_id(url)})
    held = archive.catalog.erasure.held(SITE, {url_id(url)})
    tombstone = Tombstone(
        site=SITE,
        removed=datetime(2026, 11, 22, tzinfo=UTC),
        reason="court order",
        revisions=held.revisions,
        captures=held.captures,
        url_ids=tombstone_ids([*addresses, (url_id(url), url)]),
    )
    put_tombstone(archive.store, tombstone)
    return tombstone


def enforce(archive: SmallArchive) -> Removed:
    removal = Removal(
        archive.store, archive.catalog, spool=archive.folder / "spool", run="20261122T010203Z-abcdef", software=SOFTWARE
    )
    done = removal.enforce(SITE)
    archive.catalog.erasure.scrub()
    return done


def traces(archive: SmallArchive) -> list[str]:
    """Where the text still is: objects and files, raw, decompressed, decoded."""
    found = [key for key, data in archive.objects().items() if _has(data)]
    return found + [str(path) for path in archive.folder.rglob("*") if path.is_file() and _has(path.read_bytes())]


def _has(data: bytes) -> bool:
    forms = [data]
    with suppress(OSError, EOFError, zlib.error):
        forms.append(gzip.decompress(data))
    if data[:4] == b"PAR1":
        forms.append(str(pq.read_table(io.BytesIO(data)).to_pylist()).encode())
    return any(SECRET.encode() in form for form in forms)


def assert_gone(archive: SmallArchive) -> None:
    assert traces(archive) == []
    assert [article.url[-1] for article in sorted(contents(archive), key=lambda it: it.url)] == ["1", "2", "3", "4"]
    assert archive.damage() == []
    assert archive.catalog.url_states([url_id(URL)]) == {}


def test_the_traces_are_seen_where_they_are(archive: SmallArchive) -> None:
    assert len(traces(archive)) >= 5


def test_no_byte_of_the_text_is_left_and_all_else_is_as_it_was(store: Store, tmp_path: Path) -> None:
    archive = crawled(store, tmp_path)
    others = [article for article in contents(archive) if article.url != URL]
    tombstone = order(archive)
    done = enforce(archive)
    assert (done.batches, done.captures, tombstone.revisions, tombstone.captures) == (2, 2, 2, 2)
    assert_gone(archive)
    assert contents(archive) == others
    assert read_tombstone(store, tombstone.key) == tombstone
    assert enforce(archive) == Removed(site=SITE)
    archive.catalog.close()


def test_a_rebuilt_catalog_is_the_same_and_knows_what_was_taken_down(archive: SmallArchive) -> None:
    order(archive)
    enforce(archive)
    catalog = archive.new_catalog("rebuilt")
    assert list(Rebuilding(archive.store, catalog).findings()) == []
    own = rows(archive.catalog)
    own["batches"] = [row for row in own["batches"] if archive.store.head(row["manifest_key"])]
    assert rows(catalog) == own
    assert catalog.tombstones.among([url_id(URL)]) == {url_id(URL)}
    catalog.close()


def test_what_compaction_replaced_and_what_nobody_names_goes_too(archive: SmallArchive) -> None:
    shard, warc = archive.keys("articles/")[-1], archive.keys("raw/")[-1]
    put_bytes(archive.store, keys.raw_key(SITE, ORPHAN), archive.store.get(warc))
    put_bytes(archive.store, keys.articles_key(SITE, None, ORPHAN), archive.store.get(shard))
    put_bytes(archive.store, keys.articles_key(SITE, None, ORPHAN + "r1"), b"PAR1 unreadable")
    compact(archive)
    order(archive)
    enforce(archive)
    assert_gone(archive)
    assert archive.keys("articles/site=daily/month=unknown") == []
    assert len(take_inventory(archive.store).live) == 1


def test_what_waits_in_the_spool_is_cut_out(archive: SmallArchive) -> None:
    segment = OpenSegment.create(archive.folder / "spool" / SITE / "20261122T010203Z-abcdef-0001", info={})
    for visited in (page(8), secret("third"), page(9)):
        segment.append(visited.capture)  # type: ignore[attr-defined] # a page
    segment.close()
    order(archive)
    assert enforce(archive).spooled == 1
    assert_gone(archive)
    [left] = (archive.folder / "spool" / SITE).iterdir()
    assert b"Page 8" in gzip.decompress(left.read_bytes())


def test_a_page_that_was_fetched_before_it_was_taken_down_is_in_no_batch(archive: SmallArchive) -> None:
    order(archive)
    enforce(archive)
    writer = ArchiveWriter(
        store=archive.store,
        catalog=archive.catalog,
        spool=archive.folder / "spool",
        site=SITE,
        run="run-9",
        software=SOFTWARE,
        limits=BatchLimits(),
    )
    for visited in (page(5), secret("again")):
        ticket = writer.record(visited.capture)  # type: ignore[attr-defined] # a page
        writer.settle(ticket, outcomes.ARCHIVED, url_id=url_id(visited.capture.url), draft=visited.draft)  # type: ignore[attr-defined]
    [batch] = writer.finish()
    assert dict(batch.outcomes) == {outcomes.ARCHIVED: 1, outcomes.TAKEN_DOWN: 1}
    assert batch.captures == 1
    assert traces(archive) == []
    assert archive.damage() == []


def test_a_site_in_use_keeps_it_until_it_is_free(archive: SmallArchive) -> None:
    order(archive)
    with held_site(archive.catalog.leases, SITE, "run-1"), pytest.raises(LeaseHeld):
        enforce(archive)
    assert archive.catalog.erasure.is_held(SITE, archive.catalog.tombstones.of_site(SITE))
    enforce(archive)
    assert not archive.catalog.erasure.is_held(SITE, archive.catalog.tombstones.of_site(SITE))
    assert_gone(archive)


def test_the_tombstone_tells_nothing_of_the_text_nor_the_address(archive: SmallArchive) -> None:
    data = archive.store.get(order(archive).key)
    assert SECRET.encode() not in data
    assert b"daily.example" not in data
    assert b"court order" in data


def test_the_diary_forgets_the_address(archive: SmallArchive) -> None:
    order(archive)
    enforce(archive)
    assert [
        row for table in schema.metadata.sorted_tables for row in archive.catalog.rows(table) if URL in str(row)
    ] == []


_SCRIPT = """
import sys
from pathlib import Path
from archive.catalog import Catalog
from archive.removal import Removal
from archive.store import open_store
Removal(
    open_store(sys.argv[1]), Catalog(sys.argv[2]), spool=Path(sys.argv[3]), run="20261122T010203Z-abcdef",
    software={"presskeep": "test"},
).enforce("daily")
"""


def killed_at(archive: SmallArchive, failpoint: str) -> int:
    """Enforce in a process that dies there; its exit code."""
    environment = {**os.environ, "PRESSKEEP_FAILPOINT": failpoint}
    return subprocess.run(command(archive, _SCRIPT), env=environment, check=False).returncode


@pytest.mark.parametrize("failpoint", REMOVAL_NAMES)
def test_a_removal_that_is_killed_is_rolled_forward_by_the_next(failpoint: str, archive: SmallArchive) -> None:
    order(archive)
    assert killed_at(archive, failpoint) == 137
    enforce(archive)
    assert_gone(archive)


@pytest.mark.slow
@pytest.mark.parametrize("failpoint", REMOVAL_NAMES)
def test_the_same_in_a_bucket(failpoint: str, s3_store: S3Store, tmp_path: Path) -> None:
    archive = crawled(s3_store, tmp_path)
    order(archive)
    assert killed_at(archive, failpoint) == 137
    enforce(archive)
    assert_gone(archive)
    archive.catalog.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_moments_it_is_rolled_forward(seed: int, store: Store, tmp_path: Path) -> None:
    archive, chance = crawled(store, tmp_path), random.Random(seed)
    order(archive)
    for _ in range(4):
        kill_at_random(command(archive, _SCRIPT), chance)
    enforce(archive)
    assert_gone(archive)
    archive.catalog.close()


def test_old_versions_that_a_bucket_keeps_are_named(aws: Seaweed, tmp_path: Path) -> None:
    aws.create_bucket("versioned")
    aws.client().put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    archive = crawled(S3Store("versioned", "news"), tmp_path)
    order(archive)
    deleted = enforce(archive).objects
    assert traces(archive) == []
    kept = [version for key in deleted for version in archive.store.kept_versions(key)]
    assert {version.key for version in kept} == set(deleted)
    for version in kept:
        aws.client().delete_object(Bucket="versioned", Key=f"news/{version.key}", VersionId=version.version)
    assert [version for key in deleted for version in archive.store.kept_versions(key)] == []
    archive.catalog.close()
