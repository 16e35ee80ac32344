"""Promises of `archive.open`: an archive is read by its address alone, nothing missing and nothing double."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import archive
from archive.errors import ArchiveError, DamagedObject, StoreError
from archive.held_site import held_site
from archive.inventory import read_manifest
from archive.manifest import Manifest
from archive.manifest_reader import ManifestReader
from archive.public import Archive
from archive.reader import ArchiveReader
from archive.rebuild import read_stored_shard
from archive.records import Article
from archive.replacement import Replacing
from archive.selection import Selection
from archive.store import DirectoryStore, put_bytes
from archive.tombstones import Tombstone, put_tombstone
from tests.archive_builder import answered
from tests.sample_articles import SITE
from tests.small_archive import SOFTWARE, SmallArchive, filled, page


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallArchive]:
    small = filled(DirectoryStore(tmp_path / "archive"), tmp_path)
    yield small
    small.catalog.close()


@pytest.fixture
def opened(small: SmallArchive) -> Archive:
    return archive.open(small.store.url)


def manifests(small: SmallArchive) -> list[Manifest]:
    return [read_manifest(small.store, key)[0] for key in small.keys("batches/")]


def replace_first(small: SmallArchive) -> Manifest:
    """Put a batch that holds the same articles in the place of the first one."""
    old = manifests(small)[0]
    articles = [
        article
        for stored in old.objects
        if stored.kind == "articles"
        for article in read_stored_shard(small.store, stored)
    ]
    with held_site(small.catalog.leases, SITE, "test") as held:
        replacing = Replacing(small.store, small.catalog, held, folder=small.folder)
        return replacing.replace(
            [old], raw=old.objects[0], captures=old.captures, articles=articles, run="run-9", software=SOFTWARE
        )


def through_catalog(small: SmallArchive, wanted: Selection) -> list[Article]:
    return list(ArchiveReader(small.store, small.catalog).articles(wanted))


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"latest": True},
        {"since": date(2026, 2, 1)},
        {"until": date(2026, 1, 31)},
        {"since": date(2026, 3, 4), "until": date(2026, 3, 4), "by": "fetched"},
        {"since": date(2026, 3, 5), "by": "fetched"},
        {"languages": ("xx",)},
        {"words": ("corrected",)},
        {"sites": ("other",)},
    ],
    ids=str,
)
def test_the_same_articles_are_read_as_through_the_catalog(small: SmallArchive, wanted: dict[str, object]) -> None:
    selection = Selection(**wanted)  # type: ignore[arg-type]
    reader = ManifestReader(small.store)
    found = list(reader.articles(selection))
    assert found == through_catalog(small, selection)
    assert reader.plan(selection).articles >= len(found)


def test_conditions_go_by_name_and_days_by_text(opened: Archive) -> None:
    assert {article.published for article in opened.articles(until="2026-01-31")} == {date(2026, 1, 31)}
    assert len(list(opened.articles(site=SITE))) == 6
    assert len(list(opened.articles(site=[SITE, "other"], latest=True))) == 5
    assert [article.text for article in opened.articles(match="corrected")] == ["Corrected."]
    with pytest.raises(ValueError, match="2026-13-01"):
        opened.articles(since="2026-13-01")


def test_a_replaced_batch_is_served_once(small: SmallArchive) -> None:
    before = {(article.url_id, article.revision) for article in archive.open(small.store.url).articles()}
    new = replace_first(small)
    after = list(archive.open(small.store.url).articles())
    assert {(article.url_id, article.revision) for article in after} == before
    assert len(after) == len(before)
    assert {each.batch for each in archive.open(small.store.url).captures()} == {new.batch, manifests(small)[-1].batch}


def test_what_was_opened_before_a_replacement_is_read_on_as_it_was(small: SmallArchive, opened: Archive) -> None:
    reading = opened.articles()
    seen = [next(reading)]
    replace_first(small)
    seen += reading
    assert len({(article.url_id, article.revision) for article in seen}) == len(seen) == 6


def test_a_revision_that_two_batches_claim_is_served_once(small: SmallArchive) -> None:
    empty = small.new_catalog("lost")
    small.crawl(page(1), catalog=empty)
    empty.close()
    found = [(article.url_id, article.revision) for article in archive.open(small.store.url).articles()]
    assert len(found) == len(set(found)) == 6


def test_what_a_tombstone_names_is_not_served_though_it_is_there_still(small: SmallArchive) -> None:
    before = list(archive.open(small.store.url).articles())
    gone = next(article for article in before if article.text == "Corrected.").url_id
    tombstone = Tombstone(
        site=SITE, removed=before[0].fetched, reason="asked for", revisions=2, captures=2, url_ids=(gone,)
    )
    put_tombstone(small.store, tombstone)
    opened = archive.open(small.store.url)
    assert list(opened.articles()) == [article for article in before if article.url_id != gone]
    assert gone not in {each.entry.url_id for each in opened.captures()}


def test_the_page_of_an_article_and_of_a_capture_is_what_was_sent(opened: Archive) -> None:
    corrected = next(opened.articles(match="corrected"))
    assert opened.page(corrected).body == b"<h1>Page 1</h1>corrected"
    captures = list(opened.captures())
    assert len(captures) == 8
    [gone] = [each for each in captures if each.entry.status == 404]
    assert (opened.page(gone).status, gone.entry.outcome) == (404, "http_404")


def test_captures_are_those_of_the_days_asked_for(small: SmallArchive, opened: Archive) -> None:
    small.crawl(answered("https://daily.example/late", "http_404", status=404))
    days = {each.entry.fetched.date() for each in opened.captures(since="2026-03-04", until="2026-03-04")}
    assert days == {date(2026, 3, 4)}
    assert list(opened.captures(since="2026-03-05")) == []
    assert list(opened.captures(site="other")) == []


def test_each_site_is_counted(opened: Archive) -> None:
    [site] = opened.sites()
    assert (site.site, site.articles, site.captures) == (SITE, 6, 8)
    assert site.bytes > 0


def test_nothing_damaged_is_passed_over(small: SmallArchive) -> None:
    small.flip(small.keys("articles/")[0], 100)
    with pytest.raises(DamagedObject, match="SHA-256"):
        list(archive.open(small.store.url).articles())
    small.flip(small.keys("batches/")[0], 1)
    with pytest.raises(DamagedObject, match="would be missing"):
        list(archive.open(small.store.url).articles())


def test_what_is_no_archive_is_said(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "else")
    put_bytes(store, "notes.txt", b"x")
    with pytest.raises(ArchiveError, match="no archive"):
        archive.open(store.url).sites()
    with pytest.raises(StoreError, match="s3://bucket"):
        archive.open("https://example.org")


def test_reading_leaves_no_trace_in_the_archive(small: SmallArchive, opened: Archive) -> None:
    before = small.objects()
    for article in opened.articles():
        opened.page(article)
    assert small.objects() == before


@pytest.mark.parametrize(
    ("code", "spared"),
    [("import archive", {"pyarrow", "boto3", "sqlalchemy"}), ("import archive.public", {"boto3", "sqlalchemy"})],
)
def test_importing_costs_no_library_that_is_not_needed(code: str, spared: set[str]) -> None:
    code = f"{code}, sys; print(set({sorted(spared)!r}) & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"set()\n"
