"""Promises of `presskeep download --since-last`: each article once, none forgotten, takedowns named."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest

from archive.manifest import Manifest
from archive.store import DirectoryStore, put_bytes
from jobs.feed import feed_path, opened_feed, part_path
from tests.command import Finished, presskeep
from tests.small_archive import SmallArchive, page
from tests.test_archive_compaction import compact
from tests.test_archive_reading_on import collect, story, take_down, url


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallArchive]:
    small = SmallArchive(DirectoryStore(tmp_path / "archive"), tmp_path)
    small.crawl(story(1), story(2))
    yield small
    small.catalog.close()


def since_last(small: SmallArchive, *options: str, dest: str = "news.jsonl") -> Finished:
    arguments = ("--archive", small.store.url, "--since-last", "--json", *options)
    return presskeep("download", dest, *arguments, folder=small.folder)


def texts(path: Path) -> list[str]:
    return sorted(json.loads(line)["text"] for line in path.read_text().splitlines())


def parts(small: SmallArchive) -> list[list[str]]:
    """What each part holds."""
    found = []
    while (path := part_path(small.folder / "news.jsonl", len(found) + 1)).exists():
        found.append(texts(path))
    return found


def test_each_run_brings_what_came_since_the_last_one(small: SmallArchive) -> None:
    assert since_last(small).json["articles"] == 2
    small.crawl(story(3))
    small.crawl(page(1, "corrected", text="Corrected."))
    assert since_last(small).json["part"] == "news.2.jsonl"
    small.crawl(story(4))
    since_last(small)
    assert parts(small) == [["Story 1.", "Story 2."], ["Corrected.", "Story 3."], ["Story 4."]]


def test_where_nothing_came_there_is_no_part(small: SmallArchive) -> None:
    since_last(small)
    again = since_last(small)
    assert (again.code, again.json["articles"], again.json["part"]) == (0, 0, None)
    small.crawl(story(3))
    since_last(small)
    assert parts(small) == [["Story 1.", "Story 2."], ["Story 3."]]


def test_what_compaction_moved_does_not_come_again_and_what_it_took_in_unread_comes(small: SmallArchive) -> None:
    since_last(small)
    small.crawl(story(3))
    compact(small)
    collect(small)
    since_last(small)
    small.crawl(story(4))
    compact(small)
    since_last(small)
    assert parts(small) == [["Story 1.", "Story 2."], ["Story 3."], ["Story 4."]]


def test_a_batch_that_is_committed_late_is_not_forgotten(small: SmallArchive) -> None:
    late = small.crawl(story(3))
    [key] = [key for key in small.keys("batches/") if late in key]
    manifest = small.store.get(key)
    small.store.delete(key)
    small.crawl(story(4))
    since_last(small)
    put_bytes(small.store, key, manifest)
    since_last(small)
    assert parts(small) == [["Story 1.", "Story 2.", "Story 4."], ["Story 3."]]
    assert Manifest.from_json(manifest).created < max(
        Manifest.from_json(small.store.get(other)).created for other in small.keys("batches/") if other != key
    ) + timedelta(0)


def test_what_was_taken_down_is_named_once_it_was_delivered(small: SmallArchive) -> None:
    since_last(small)
    small.crawl(story(3), story(4))
    take_down(small, 1, 3)
    assert since_last(small).json["removed"] == 1
    assert parts(small) == [["Story 1.", "Story 2."], ["Story 4."]]
    take_down(small, 4)
    assert since_last(small).json["removed"] == 1
    assert since_last(small).json["removed"] == 0
    removed = [json.loads(line) for line in (small.folder / "news.jsonl.removed.jsonl").read_text().splitlines()]
    assert sorted(line["url"] for line in removed) == [url(1), url(4)]
    assert {line["reason"] for line in removed} == {"court order"}


@pytest.mark.parametrize("named", [True, False])
def test_a_part_that_got_its_name_counts_and_one_that_did_not_is_made_again(
    small: SmallArchive, *, named: bool
) -> None:
    since_last(small)
    small.crawl(story(3))
    since_last(small)
    # As a process leaves it that is killed right behind, or right before, the moment that a part gets its name.
    with sqlite3.connect(feed_path(small.folder / "news.jsonl")) as feed:
        feed.execute("UPDATE feed SET pending = 1, run = run - 1, parts = parts - 1")
    feed.close()
    if not named:
        part_path(small.folder / "news.jsonl", 2).unlink()
    assert since_last(small).json["articles"] == (0 if named else 1)
    assert parts(small) == [["Story 1.", "Story 2."], ["Story 3."]]


def test_a_run_that_fails_forgets_what_it_read(small: SmallArchive) -> None:
    since_last(small)
    small.crawl(story(3))
    [damaged] = [key for key in small.keys("articles/") if key == max(small.keys("articles/"))]
    data = small.store.get(damaged)
    small.flip(damaged, 100)
    assert since_last(small).code == 2
    small.change(damaged, lambda _: data)
    since_last(small)
    assert parts(small) == [["Story 1.", "Story 2."], ["Story 3."]]


@pytest.mark.parametrize(("form", "dest"), [("text", "bag"), ("wacz", "pages.wacz")])
def test_folders_and_pages_come_in_parts_too(small: SmallArchive, form: str, dest: str) -> None:
    since_last(small, "--format", form, dest=dest)
    small.crawl(story(3))
    assert since_last(small, "--format", form, dest=dest).json["articles"] == 1
    second = part_path(small.folder / dest, 2)
    if form == "text":
        assert len((second / "manifest-sha256.txt").read_text().splitlines()) == 1
    else:
        with ZipFile(second) as wacz:
            assert len(wacz.read("pages/pages.jsonl").splitlines()) == 2


def test_other_conditions_or_what_no_feed_began_are_refused(small: SmallArchive) -> None:
    since_last(small)
    other = since_last(small, "--latest")
    assert (other.code, "with other conditions" in other.err) == (2, True)
    (small.folder / "mine.jsonl").write_text("{}")
    assert since_last(small, dest="mine.jsonl").code == 2
    assert since_last(small, "--limit", "1").code == 2
    assert not feed_path(small.folder / "mine.jsonl").exists()


def test_a_dry_run_tells_what_is_new_and_remembers_nothing(small: SmallArchive) -> None:
    assert since_last(small, "--dry-run").json["articles"] == 2
    assert not feed_path(small.folder / "news.jsonl").exists()
    since_last(small)
    small.crawl(story(3))
    assert since_last(small, "--dry-run").json["articles"] == 1
    assert since_last(small).json["articles"] == 1


def test_parts_are_numbered_before_what_names_end_in(tmp_path: Path) -> None:
    named = {part_path(tmp_path / name, 2).name for name in ("a.b.jsonl.zst", "bag", "x.warc.gz")}
    assert named == {"a.b.2.jsonl.zst", "bag.2", "x.2.warc.gz"}


def test_what_is_no_feed_is_an_error_that_names_it(tmp_path: Path) -> None:
    from jobs.errors import JobsError

    feed_path(tmp_path / "news.jsonl").write_bytes(b"no database" * 100)
    with (
        pytest.raises(JobsError, match=r"news\.jsonl\.feed: cannot be used"),
        opened_feed(tmp_path / "news.jsonl", of={}),
    ):
        pass
