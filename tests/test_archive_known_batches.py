"""Promises of archive/known_batches.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.known_batches import KnownBatches
from archive.manifest_reader import ManifestReader
from archive.store import DirectoryStore
from tests.small_archive import SmallArchive, page
from tests.test_archive_compaction import compact


class CountingStore(DirectoryStore):
    """Notes which manifests are read."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.manifests: list[str] = []

    def get(self, key: str, *, offset: int = 0, length: int | None = None) -> bytes:
        if key.startswith("batches/"):
            self.manifests.append(key)
        return super().get(key, offset=offset, length=length)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallArchive]:
    small = SmallArchive(DirectoryStore(tmp_path / "archive"), tmp_path)
    for number in range(3):
        small.crawl(page(number, text=f"Story {number}."))
    yield small
    small.catalog.close()


def looked_at(small: SmallArchive) -> tuple[list[str], int]:
    """The texts that are there, and how many manifests were read for it."""
    store = CountingStore(small.folder / "archive")
    reader = ManifestReader(store, known_batches=KnownBatches(small.folder / "batches.json"))
    return sorted(article.text for article in reader.articles()), len(store.manifests)


def test_only_new_manifests_are_fetched(small: SmallArchive) -> None:
    texts = ["Story 0.", "Story 1.", "Story 2."]
    assert [looked_at(small), looked_at(small)] == [(texts, 3), (texts, 0)]
    small.crawl(page(3, text="Story 3."))
    assert looked_at(small) == ([*texts, "Story 3."], 1)
    compact(small)
    assert looked_at(small) == ([*texts, "Story 3."], 1)


def test_a_file_that_cannot_be_read_is_written_anew(small: SmallArchive) -> None:
    looked_at(small)
    (small.folder / "batches.json").write_text("[{]")
    assert [looked_at(small)[1], looked_at(small)[1]] == [3, 0]


def test_where_there_is_no_folder_nothing_is_kept(tmp_path: Path) -> None:
    known = KnownBatches(tmp_path / "absent" / "batches.json")
    known.write([])
    assert not known.read()
    assert not (tmp_path / "absent").exists()
