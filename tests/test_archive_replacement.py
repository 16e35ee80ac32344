"""Promises of replacing batches: at one moment, again after a crash, never twice, and nothing is lost to readers."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.catalog import Catalog
from archive.errors import BatchReplaced, LeaseLost
from archive.garbage import GarbageCollection
from archive.held_site import HeldSite, held_site
from archive.inventory import read_manifest, take_inventory
from archive.manifest import Manifest
from archive.reader import ArchiveReader
from archive.rebuild import Rebuilding
from archive.records import Article, content_hash
from archive.replacement import Replacing, finish_replacements, in_order_of_month
from archive.shards import read_shard
from archive.store import DirectoryStore, Store
from tests.sample_articles import SITE
from tests.small_archive import SOFTWARE, SmallArchive, filled, rows


@pytest.fixture
def archive(directory_store: DirectoryStore, tmp_path: Path) -> Iterator[SmallArchive]:
    """`filled`, in a folder."""
    archive = filled(directory_store, tmp_path)
    yield archive
    archive.catalog.close()


def manifests(archive: SmallArchive) -> list[Manifest]:
    """Those of the batches that count, oldest first."""
    return [read_manifest(archive.store, held.manifest_key)[0] for held in archive.catalog.batches.live(SITE)]


def articles_of(store: Store, manifest: Manifest) -> list[Article]:
    """All rows of its shards."""
    shards = [stored.key for stored in manifest.objects if stored.kind == "articles"]
    return [article for key in shards for article in read_shard(io.BytesIO(store.get(key)))]


def retitled(article: Article, title: str) -> Article:
    return dataclasses.replace(article, title=title, content_hash=content_hash(title, article.text))


def retitle(archive: SmallArchive, old: Manifest, title: str, held: HeldSite) -> Manifest:
    """Replace a batch by one whose articles have another title."""
    articles = in_order_of_month(retitled(article, title) for article in articles_of(archive.store, old))
    return Replacing(archive.store, archive.catalog, held, folder=archive.folder).replace(
        [old], raw=old.objects[0], captures=old.captures, articles=articles, run="run-9", software=SOFTWARE
    )


def titles(archive: SmallArchive) -> list[str | None]:
    """Of all articles that a reader meets."""
    return sorted(article.title or "" for article in ArchiveReader(archive.store, archive.catalog).articles())


def rebuilt(archive: SmallArchive, name: str) -> Catalog:
    catalog = archive.new_catalog(name)
    assert list(Rebuilding(archive.store, catalog).findings()) == []
    return catalog


def collect(archive: SmallArchive, *, days: int) -> list[str]:
    """Remove what is garbage of a week so many days from now, until nothing more is found; what was removed."""
    removed: list[str] = []
    while True:
        now = datetime.now(UTC) + timedelta(days=days)
        collection = GarbageCollection(archive.store, archive.catalog, now=now, older_than=timedelta(days=7))
        found = list(collection.garbage())
        if not found:
            return removed
        removed += [one.key for one in found if collection.remove(one)]


def test_a_replaced_batch_is_what_the_new_one_says(archive: SmallArchive) -> None:
    old, other = manifests(archive)
    with held_site(archive.catalog.leases, SITE, "test") as held:
        new = retitle(archive, old, "New", held)
    assert new.replaces == (old.batch,)
    assert titles(archive).count("New") == len(articles_of(archive.store, old)) == 4
    assert len(titles(archive)) == 4 + len(articles_of(archive.store, other))
    assert archive.damage() == []
    catalog = rebuilt(archive, "rebuilt")
    assert rows(catalog) == rows(archive.catalog)
    catalog.close()


def test_shards_that_are_kept_count_on(archive: SmallArchive) -> None:
    old, _ = manifests(archive)
    before = titles(archive)
    with held_site(archive.catalog.leases, SITE, "test") as held:
        Replacing(archive.store, archive.catalog, held, folder=archive.folder).replace(
            [old], raw=old.objects[0], captures=old.captures, kept=old.objects[1:], run="run-9", software=SOFTWARE
        )
    assert titles(archive) == before
    assert archive.damage() == []


def test_a_reader_that_began_before_reads_on_in_what_was_replaced(archive: SmallArchive) -> None:
    reading = ArchiveReader(archive.store, archive.catalog).articles()
    seen = [next(reading)]
    old, _ = manifests(archive)
    with held_site(archive.catalog.leases, SITE, "test") as held:
        retitle(archive, old, "New", held)
    seen += reading
    assert len({(article.url_id, article.revision) for article in seen}) == len(seen) == 6
    assert "New" not in {article.title for article in seen}


def test_what_was_replaced_goes_with_its_manifest_after_the_time_of_grace(archive: SmallArchive) -> None:
    old, _ = manifests(archive)
    with held_site(archive.catalog.leases, SITE, "test") as held:
        retitle(archive, retitle(archive, old, "New", held), "Newer", held)
    before = archive.objects()
    assert collect(archive, days=6) == []
    removed = collect(archive, days=8)
    assert sum(key.startswith("batches/") for key in removed) == 2
    assert set(before) - set(removed) == {
        *(stored.key for manifest in manifests(archive) for stored in manifest.objects),
        *(held.manifest_key for held in archive.catalog.batches.live(SITE)),
        "presskeep.json",
    }
    assert archive.damage() == []
    assert titles(archive).count("Newer") == 4


def test_a_replacement_that_the_catalog_never_heard_of_is_finished_and_its_old_objects_wait_for_that(
    archive: SmallArchive,
) -> None:
    old, _ = manifests(archive)
    with held_site(archive.catalog.leases, SITE, "sleeper") as held:
        replaced = held.lease
        archive.catalog.leases.release(replaced)
        held.keep = lambda **_: None  # type: ignore[method-assign] # its lease ends behind the last look at it
        with pytest.raises(LeaseLost):
            retitle(archive, old, "New", held)
    assert "New" not in titles(archive)
    assert collect(archive, days=8) == []
    with held_site(archive.catalog.leases, SITE, "next") as held:
        assert len(finish_replacements(archive.store, archive.catalog, held)) == 1
        assert finish_replacements(archive.store, archive.catalog, held) == []
    assert titles(archive).count("New") == 4
    assert archive.damage() == []


def test_who_takes_the_place_of_a_batch_second_is_refused_and_leaves_nothing(archive: SmallArchive) -> None:
    old, _ = manifests(archive)
    with held_site(archive.catalog.leases, SITE, "test") as held:
        retitle(archive, old, "First", held)
        with pytest.raises(BatchReplaced):
            retitle(archive, old, "Second", held)
    assert titles(archive).count("First") == 4


def test_a_manifest_that_came_too_late_is_void_and_goes(archive: SmallArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    old, _ = manifests(archive)
    with held_site(archive.catalog.leases, SITE, "test") as held:
        first = retitle(archive, old, "First", held)
        monkeypatch.setattr(archive.catalog.batches, "check_not_replaced", lambda site, replaces: None)
        with pytest.raises(BatchReplaced):
            retitle(archive, old, "Second", held)
        monkeypatch.undo()
        inventory = take_inventory(archive.store)
        assert len(inventory.void) == 1
        assert first.batch in {batch.batch for batch in inventory.live}
        catalog = rebuilt(archive, "rebuilt")
        assert rows(catalog) == rows(archive.catalog)
        catalog.close()
        assert finish_replacements(archive.store, archive.catalog, held) == []
    assert take_inventory(archive.store).void == frozenset()
    assert archive.damage() == []
