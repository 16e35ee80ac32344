"""Promises of compaction: fewer objects, the same pages to the byte, the same articles, whatever happens on the way."""

from __future__ import annotations

import dataclasses
import io
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from archive import schema
from archive.compaction import Compaction, Targets
from archive.errors import DamagedObject, LeaseHeld
from archive.failpoints import REPLACING_NAMES
from archive.held_site import held_site
from archive.inventory import take_inventory
from archive.keys import raw_key
from archive.reader import ArchiveReader
from archive.rebuild import Rebuilding
from archive.records import Article
from archive.store import DirectoryStore, Store
from archive.store_s3 import S3Store
from archive.warc_reader import read_captures
from tests.archive_builder import answered
from tests.sample_articles import SITE
from tests.small_archive import SOFTWARE, SmallArchive, page, rows
from tests.test_archive_replacement import collect

JANUARY = date(2026, 1, 31)


def crawled(store: Store, folder: Path) -> SmallArchive:
    """Five batches of one month of fetching, with revisions, two months of publication and pages without article."""
    archive = SmallArchive(store, folder)
    for number in range(4):
        gone = answered(f"https://daily.example/gone/{number}", "http_404", status=404)
        archive.crawl(page(3 * number), page(3 * number + 1, published=JANUARY), gone, page(3 * number + 2))
    archive.crawl(page(1, "corrected", text="Corrected.", published=JANUARY), page(0))
    return archive


@pytest.fixture
def archive(directory_store: DirectoryStore, tmp_path: Path) -> Iterator[SmallArchive]:
    """`crawled`, in a folder."""
    archive = crawled(directory_store, tmp_path)
    yield archive
    archive.catalog.close()


def compaction(archive: SmallArchive, **targets: int) -> Compaction:
    return Compaction(
        archive.store,
        archive.catalog,
        targets=Targets(**targets),
        folder=archive.folder / "spool",
        run="20261122T010203Z-abcdef",
        software=SOFTWARE,
    )


def compact(archive: SmallArchive, **targets: int) -> list[str]:
    """Compact all that should be; the new batches."""
    work = compaction(archive, **targets)
    work.finish(SITE)
    return [work.compact(group).batch for group in work.groups(SITE)]


def contents(archive: SmallArchive) -> list[Article]:
    """Every article that a reader meets, without the place of its record."""
    articles = ArchiveReader(archive.store, archive.catalog).articles()
    placeless = (dataclasses.replace(article, warc_key="", warc_offset=0) for article in articles)
    return sorted(placeless, key=lambda article: (article.url_id, article.revision))


def pages(archive: SmallArchive) -> list[bytes]:
    """The record of every capture, as it lies in its WARC."""
    query = sa.select(schema.captures.c["offset", "length"], schema.objects.c.key).join(
        schema.objects, (schema.objects.c.batch == schema.captures.c.batch) & (schema.objects.c.kind == "raw")
    )
    with archive.catalog._database.reading() as connection:
        found = connection.execute(query.order_by(schema.captures.c.fetched, schema.captures.c.url)).all()
    return [archive.store.get(row.key, offset=row.offset, length=row.length) for row in found]


def urls(archive: SmallArchive) -> list[dict[str, Any]]:
    return list(archive.catalog.rows(schema.urls))


def test_many_batches_become_one_with_the_same_pages_and_articles(store: Store, tmp_path: Path) -> None:
    archive = crawled(store, tmp_path)
    before = contents(archive), pages(archive), urls(archive)
    [batch] = compact(archive)
    assert (contents(archive), pages(archive), urls(archive)) == before
    [live] = take_inventory(store).live
    assert live.batch == batch
    assert [stored.kind for stored in live.objects] == ["raw", "articles", "articles"]
    assert archive.damage() == []
    assert compact(archive) == []
    collect(archive, days=8)
    assert len(archive.objects()) == 5
    assert (contents(archive), pages(archive), urls(archive)) == before
    assert archive.damage() == []
    archive.catalog.close()


def test_the_joined_warc_is_the_old_ones_one_after_the_other(archive: SmallArchive) -> None:
    old = [archive.store.get(key) for key in archive.keys("raw/")]
    [batch] = compact(archive)
    [key] = {stored.key for stored in take_inventory(archive.store).live[0].objects if stored.kind == "raw"}
    assert key[:-20] == raw_key(SITE, batch)[:-20]
    assert archive.store.get(key) == b"".join(old)
    assert len(list(read_captures(io.BytesIO(archive.store.get(key))))) == 18


def test_a_rebuilt_catalog_is_row_for_row_that_of_the_compaction(archive: SmallArchive) -> None:
    compact(archive)
    for step, days in (("before gc", 0), ("after gc", 8)):
        collect(archive, days=days)
        catalog = archive.new_catalog(step)
        assert list(Rebuilding(archive.store, catalog).findings()) == []
        derived, own = rows(catalog), rows(archive.catalog)
        if days:
            # Of those that left no manifest behind nobody needs to know.
            own["batches"] = [row for row in own["batches"] if row["replaces"]]
        assert derived == own
        catalog.close()


def test_batches_grow_to_the_target_and_then_stay(archive: SmallArchive) -> None:
    assert [len(group.batches) for group in compaction(archive, captures=8).groups(SITE)] == [2, 2]
    assert len(compact(archive, captures=8)) == 2
    assert compact(archive, captures=8) == []
    assert len(take_inventory(archive.store).live) == 3


def test_months_that_are_not_over_can_be_left_alone(archive: SmallArchive) -> None:
    assert compaction(archive).groups(SITE, before="2026-03") == []
    assert len(compaction(archive).groups(SITE, before="2026-04")) == 1


def test_batches_with_lost_pages_are_left_alone(archive: SmallArchive) -> None:
    archive.store.delete(archive.keys("raw/")[0])
    archive.repair()
    [group] = compaction(archive).groups(SITE)
    assert len(group.batches) == 4


def test_a_damaged_batch_keeps_its_group_as_it_is(archive: SmallArchive) -> None:
    archive.flip(archive.keys("raw/")[2], 100)
    before = set(archive.objects())
    with pytest.raises(DamagedObject, match="SHA-256"):
        compact(archive)
    assert set(archive.objects()) == before


def test_a_site_in_use_is_left_alone(archive: SmallArchive) -> None:
    with held_site(archive.catalog.leases, SITE, "crawl"), pytest.raises(LeaseHeld):
        compact(archive)


def test_a_crawl_goes_on_from_what_a_compaction_left(archive: SmallArchive) -> None:
    compact(archive)
    archive.crawl(page(1, "again", text="Corrected once more.", published=JANUARY), page(2), page(20))
    revisions = [article.revision for article in contents(archive) if article.url.endswith("/1")]
    assert revisions == [1, 2, 3]
    compact(archive)
    assert len(take_inventory(archive.store).live) == 1
    assert archive.damage() == []


_SCRIPT = """
import sys
from pathlib import Path
from archive.catalog import Catalog
from archive.compaction import Compaction
from archive.store import open_store
work = Compaction(
    open_store(sys.argv[1]), Catalog(sys.argv[2]), folder=Path(sys.argv[3]), run="20261122T010203Z-abcdef",
    software={"presskeep": "test"},
)
work.finish("daily")
for group in work.groups("daily"):
    work.compact(group)
"""


def command(archive: SmallArchive, script: str = _SCRIPT) -> list[str]:
    """That works on the archive in a process of its own."""
    database = f"sqlite:///{archive.folder}/own.sqlite"
    return [sys.executable, "-c", script, archive.store.url, database, str(archive.folder / "spool")]


def killed_at(archive: SmallArchive, failpoint: str) -> int:
    """Compact in a process that dies there; its exit code."""
    environment = {**os.environ, "PRESSKEEP_FAILPOINT": failpoint}
    return subprocess.run(command(archive), env=environment, check=False).returncode


def kill_at_random(command: list[str], chance: random.Random) -> None:
    """Run a command and kill it, which may come too late."""
    with subprocess.Popen(command) as process:
        with suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0.5, 2.5))
        process.kill()


@pytest.mark.parametrize("failpoint", REPLACING_NAMES)
def test_a_compaction_that_is_killed_loses_and_doubles_nothing_and_is_finished_by_the_next(
    failpoint: str, archive: SmallArchive
) -> None:
    before = contents(archive), pages(archive), urls(archive)
    assert killed_at(archive, failpoint) == 137
    assert (contents(archive), pages(archive), urls(archive)) == before
    live = [batch.batch for batch in take_inventory(archive.store).live]
    assert len(live) == (1 if failpoint == "replacing_manifest_put" else 5)
    compact(archive)
    assert (contents(archive), pages(archive), urls(archive)) == before
    assert len(take_inventory(archive.store).live) == 1
    assert archive.damage() == []
    collect(archive, days=8)
    assert len(archive.objects()) == 5


@pytest.mark.slow
@pytest.mark.parametrize("failpoint", REPLACING_NAMES)
def test_the_same_in_a_bucket(failpoint: str, s3_store: S3Store, tmp_path: Path) -> None:
    archive = crawled(s3_store, tmp_path)
    before = contents(archive), pages(archive), urls(archive)
    assert killed_at(archive, failpoint) == 137
    assert (contents(archive), pages(archive), urls(archive)) == before
    compact(archive)
    assert (contents(archive), pages(archive), urls(archive)) == before
    assert len(take_inventory(s3_store).live) == 1
    assert archive.damage() == []
    archive.catalog.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_moments_it_loses_and_doubles_nothing(seed: int, store: Store, tmp_path: Path) -> None:
    archive, chance = crawled(store, tmp_path), random.Random(seed)
    before = contents(archive), pages(archive), urls(archive)
    for _ in range(4):
        kill_at_random(command(archive), chance)
        assert (contents(archive), pages(archive), urls(archive)) == before
    compact(archive)
    assert (contents(archive), pages(archive), urls(archive)) == before
    assert len(take_inventory(store).live) == 1
    assert archive.damage() == []
    collect(archive, days=8)
    assert len(archive.objects()) == 5
    archive.catalog.close()
