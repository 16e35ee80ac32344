"""Promises of `catalog rebuild`: the bucket alone gives the catalog again, row for row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive import outcomes
from archive.catalog import Catalog
from archive.catalog_file import new_catalog_file
from archive.errors import ArchiveError, CatalogError, StoreUnavailable
from archive.garbage import GarbageCollection
from archive.keys import MARKER, run_key
from archive.marker import ensure_marker
from archive.rebuild import Rebuilding
from archive.records import url_id
from archive.run_report import RunReport, SiteReport, write_report
from archive.store import DirectoryStore, Store, put_bytes
from archive.writer import ArchiveWriter, BatchLimits
from jobs.due import due_sites
from jobs.schedule import Interval
from tests.archive_builder import answered, visited
from tests.sample_articles import SITE, START
from tests.small_archive import SOFTWARE, SmallArchive, filled, page, rows


@pytest.fixture
def archive(directory_store: DirectoryStore, tmp_path: Path) -> Iterator[SmallArchive]:
    """`filled`, in a folder."""
    archive = filled(directory_store, tmp_path)
    yield archive
    archive.catalog.close()


def rebuild(archive: SmallArchive, catalog: Catalog) -> Rebuilding:
    """Fill the catalog; nothing may be left out."""
    rebuilding = Rebuilding(archive.store, catalog)
    assert list(rebuilding.findings()) == []
    return rebuilding


def test_every_row_is_as_it_was(store: Store, tmp_path: Path, catalog: Catalog) -> None:
    """Revisions, failures in a row, validators, first and last fetch: from each store into each database."""
    archive = filled(store, tmp_path)
    broken = answered("https://daily.example/broken", "http_503", status=503)
    for _ in range(3):
        archive.crawl(broken, page(3), page(9, published=None))
    archive.crawl(visited(1, site="other"), site="other")
    known = rows(archive.catalog)
    assert max(row["failures"] for row in known["urls"]) == 3
    rebuilding = rebuild(archive, catalog)
    assert rows(catalog) == known
    assert (rebuilding.batches, rebuilding.captures, rebuilding.articles) == (6, 18, 8)
    archive.catalog.close()


def test_batches_committed_out_of_their_order_give_the_same_rows(
    directory_store: DirectoryStore, tmp_path: Path
) -> None:
    """The second batch of a run can be safe before the first."""
    archive = SmallArchive(directory_store, tmp_path)
    writer = ArchiveWriter(
        store=directory_store,
        catalog=archive.catalog,
        spool=tmp_path / "spool",
        site=SITE,
        run="run",
        software=SOFTWARE,
        limits=BatchLimits(captures=2),
    )
    pages = [page(1), answered("https://daily.example/x", "http_503", status=503), page(2)]
    url = "https://daily.example/moved"
    tickets = [writer.record(each.capture) for each in pages]
    tickets.append(writer.record(answered(url, outcomes.REDIRECTED, status=301).capture))
    for position in (2, 3):
        writer.settle(tickets[position], "http_500", url_id=url_id(url))
    assert len(writer.commit()) == 1
    for position in (0, 1):
        writer.settle(tickets[position], "http_404", url_id=url_id(url))
    writer.finish()
    catalog = archive.new_catalog("rebuilt")
    rebuild(archive, catalog)
    assert rows(catalog) == rows(archive.catalog)
    assert [row["failures"] for row in rows(catalog)["urls"]] == [4]
    catalog.close()
    archive.catalog.close()


def test_progress_tells_batches(archive: SmallArchive) -> None:
    seen: list[tuple[int, int]] = []
    catalog = archive.new_catalog("rebuilt")
    list(Rebuilding(archive.store, catalog, on_progress=lambda *numbers: seen.append(numbers)).findings())
    assert seen[-1] == (2, 2)
    catalog.close()


def test_a_damaged_shard_is_named_and_the_rest_is_there(archive: SmallArchive) -> None:
    key = archive.keys("articles/site=daily/month=2026-01/")[0]
    archive.flip(key, 100)
    catalog = archive.new_catalog("rebuilt")
    [finding] = Rebuilding(archive.store, catalog).findings()
    assert (finding.kind, finding.key) == ("object_damaged", key)
    known, found = rows(archive.catalog), rows(catalog)
    assert found.pop("articles") == [row for row in known.pop("articles") if row["shard_key"] != key]
    assert found == known
    archive.catalog.close()
    archive.catalog = catalog
    assert {step.state for step in archive.repair()} == {"done"}
    assert archive.verify() == []


def test_a_damaged_manifest_is_named_and_the_rest_is_there(archive: SmallArchive) -> None:
    key = archive.keys("batches/")[0]
    archive.flip(key, 0)
    catalog = archive.new_catalog("rebuilt")
    [finding] = Rebuilding(archive.store, catalog).findings()
    assert (finding.kind, finding.key) == ("manifest_damaged", key)
    assert [row["manifest_key"] for row in rows(catalog)["batches"]] == archive.keys("batches/")[1:]
    catalog.close()


def test_a_number_that_two_batches_gave_is_named(archive: SmallArchive) -> None:
    other = archive.new_catalog("other")
    archive.crawl(page(1, "third", text="Third."), catalog=other)
    other.close()
    catalog = archive.new_catalog("rebuilt")
    assert [finding.kind for finding in Rebuilding(archive.store, catalog).findings()] == ["revision_taken"]
    assert len(rows(catalog)["batches"]) == 3
    catalog.close()


def test_where_there_is_no_archive_nothing_is_rebuilt(archive: SmallArchive) -> None:
    archive.store.delete(MARKER)
    catalog = archive.new_catalog("rebuilt")
    with pytest.raises(ArchiveError, match="no archive"):
        list(Rebuilding(archive.store, catalog).findings())
    catalog.close()


def test_a_catalog_that_holds_something_is_not_filled(archive: SmallArchive) -> None:
    with pytest.raises(CatalogError, match="not empty"):
        list(Rebuilding(archive.store, archive.catalog).findings())


# The file


def build(path: Path, word: str, *, keep_open: bool = False) -> sqlite3.Connection:
    """A database with one word in it."""
    connection = sqlite3.connect(path)
    connection.execute("pragma journal_mode=wal")
    connection.execute("create table t (word)")
    connection.execute("insert into t values (?)", [word])
    connection.commit()
    if not keep_open:
        connection.close()
    return connection


def word(path: Path) -> str:
    """The word in a database."""
    connection = sqlite3.connect(path)
    found: str = connection.execute("select word from t").fetchone()[0]
    connection.close()
    return found


def test_the_new_file_takes_the_place_of_the_old_one_which_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    build(path, "old")
    with new_catalog_file(path) as new:
        build(new, "new")
        assert word(path) == "old"
    assert (word(path), word(tmp_path / "catalog.sqlite.bak")) == ("new", "old")
    assert {file.name for file in tmp_path.iterdir()} == {"catalog.sqlite", "catalog.sqlite.bak"}


def test_what_the_old_one_had_only_in_its_log_is_kept_with_it(tmp_path: Path) -> None:
    """As after a crash: its log must neither be lost nor be taken for the new one's."""
    path = tmp_path / "catalog.sqlite"
    open_still = build(path, "old", keep_open=True)
    assert (tmp_path / "catalog.sqlite-wal").stat().st_size
    with new_catalog_file(path) as new:
        build(new, "new")
    assert (word(path), word(tmp_path / "catalog.sqlite.bak")) == ("new", "old")
    open_still.close()


def test_without_an_old_one_there_is_nothing_to_keep(tmp_path: Path) -> None:
    path = tmp_path / "data" / "catalog.sqlite"
    with new_catalog_file(path) as new:
        build(new, "new")
    assert [file.name for file in path.parent.iterdir()] == ["catalog.sqlite"]


def test_a_build_that_fails_leaves_the_old_one_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    build(path, "old")
    with pytest.raises(StoreUnavailable), new_catalog_file(path) as new:
        build(new, "half")
        raise StoreUnavailable("gone")
    assert word(path) == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["catalog.sqlite"]


def test_a_kept_catalog_is_never_overwritten(tmp_path: Path) -> None:
    path, backup = tmp_path / "catalog.sqlite", tmp_path / "catalog.sqlite.bak"
    build(path, "old")
    build(backup, "older")
    with pytest.raises(CatalogError, match="move it away"), new_catalog_file(path):
        raise AssertionError("nothing may be built then")
    assert (word(path), word(backup)) == ("old", "older")


def test_a_new_file_that_is_still_open_does_not_take_over(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    build(path, "old")
    with pytest.raises(CatalogError, match="still in use"), new_catalog_file(path) as new:
        connection = build(new, "new", keep_open=True)
    assert word(path) == "old"
    connection.close()


RUN = "20260304T050607Z-aaaaaa"
REPORT = RunReport(
    run=RUN,
    command="crawl daily",
    state="done",
    exit_code=3,
    started=START,
    finished=START + timedelta(minutes=3),
    peak_memory=1 << 28,
    problems=("one thing",),
    sites=(
        SiteReport(site=SITE, new=2, revised=1, requests=9, rate=0.5, pages={"archived": 3}, sources={"listed": 2}),
    ),
)


def test_the_history_of_runs_comes_back_from_their_reports(store: Store, tmp_path: Path, catalog: Catalog) -> None:
    archive = filled(store, tmp_path)
    write_report(store, REPORT)
    assert rebuild(archive, catalog).runs == 1
    assert catalog.diary.report(RUN) == REPORT
    assert catalog.run_counts(RUN) == REPORT.counts
    archive.catalog.close()


def test_after_rebuilding_no_site_is_due_that_was_crawled_since_its_last_tick(
    directory_store: DirectoryStore, catalog: Catalog
) -> None:
    """The moment of its newest run stands for the tick, which is not in the bucket."""
    ensure_marker(directory_store)
    started = {"daily": (10, 14), "weekly": (10,)}
    for site, hours in started.items():
        for hour in hours:
            at = datetime(2026, 3, 4, hour, tzinfo=UTC)
            run = f"20260304T{hour}0000Z-{'a' if site == 'daily' else 'b'}{hour:05}"
            report = replace(REPORT, run=run, started=at, finished=at, sites=(SiteReport(site=site),))
            write_report(directory_store, report)
    assert list(Rebuilding(directory_store, catalog).findings()) == []
    now = datetime(2026, 3, 4, 15, tzinfo=UTC)
    sites = dict.fromkeys((*started, "new"), Interval(timedelta(hours=4)))
    due = due_sites(sites, catalog.ticks.newest(now), now)
    assert {one.site for one in due} == {"weekly", "new"}


def test_a_report_is_neither_foreign_nor_garbage(archive: SmallArchive) -> None:
    write_report(archive.store, REPORT)
    assert archive.verify() == []
    collection = GarbageCollection(
        archive.store, archive.catalog, now=datetime.now(UTC) + timedelta(days=9), older_than=timedelta(days=7)
    )
    assert list(collection.garbage()) == []


@pytest.mark.parametrize("data", [b"{}", b"nonsense", REPORT.to_json().replace(b"aaaaaa", b"bbbbbb")])
def test_a_report_that_cannot_be_read_costs_only_its_run(archive: SmallArchive, tmp_path: Path, data: bytes) -> None:
    put_bytes(archive.store, run_key(RUN), data)
    catalog = archive.new_catalog("new")
    [found] = Rebuilding(archive.store, catalog).findings()
    assert (found.kind, found.key) == ("report_damaged", run_key(RUN))
    assert rows(catalog) == rows(archive.catalog)
    catalog.close()
