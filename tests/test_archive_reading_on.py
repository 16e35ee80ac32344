"""Promises to whoever reads while the archive changes: nothing lost, nothing double, nothing that was taken down."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock

import pytest

from archive.errors import ObjectMissing
from archive.fetching import Fetcher
from archive.inventory import take_inventory
from archive.kept import KeptBytes
from archive.manifest_reader import ManifestReader
from archive.reader import ArchiveReader
from archive.selection import Selection
from archive.store import DirectoryStore
from archive.warc_reader import read_captures
from archive.warc_slice import write_slice
from tests.archive_builder import Visited
from tests.small_archive import SmallArchive, page
from tests.test_archive_compaction import compact
from tests.test_archive_removal import enforce, order

Read = Callable[[SmallArchive, DirectoryStore], list[str]]


class MeddledStore(DirectoryStore):
    """Lets something happen just before the first object is read whose key begins so."""

    def __init__(self, root: Path, prefix: str, happens: Callable[[], object]) -> None:
        super().__init__(root)
        self._prefix = prefix
        self._happens: Callable[[], object] | None = happens
        self._lock = Lock()

    def get(self, key: str, *, offset: int = 0, length: int | None = None) -> bytes:
        with self._lock:
            if self._happens and key.startswith(self._prefix):
                happens, self._happens = self._happens, None
                happens()
        return super().get(key, offset=offset, length=length)


def url(number: int) -> str:
    return f"https://daily.example/2026/{number}"


def take_down(small: SmallArchive, *numbers: int) -> None:
    for number in numbers:
        order(small, url(number))
    enforce(small)


def story(number: int) -> Visited:
    return page(number, text=f"Story {number}.")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallArchive]:
    """A dozen batches, of one article each and one batch with three."""
    small = SmallArchive(DirectoryStore(tmp_path / "archive"), tmp_path)
    for number in range(1, 12):
        small.crawl(story(number))
    small.crawl(story(20), story(21), story(22))
    yield small
    small.catalog.close()


EVERYTHING = sorted(f"Story {number}." for number in (*range(1, 12), 20, 21, 22))


def by_catalog(small: SmallArchive, store: DirectoryStore) -> list[str]:
    return [article.text for article in ArchiveReader(store, small.catalog).articles()]


def by_manifests(small: SmallArchive, store: DirectoryStore) -> list[str]:
    return [article.text for article in ManifestReader(store).articles()]


def newest(small: SmallArchive, store: DirectoryStore) -> list[str]:
    return [article.text for article in ManifestReader(store).articles(Selection(latest=True))]


def pages(small: SmallArchive, store: DirectoryStore) -> list[str]:
    reader, stream = ManifestReader(store), io.BytesIO()
    write_slice(reader, reader.articles(), stream, info={})
    bodies = [stored.capture.body.decode() for stored in read_captures(io.BytesIO(stream.getvalue()))]
    return [f"Story {body.removeprefix('<h1>Page ').removesuffix('</h1>')}." for body in bodies]


readers = pytest.mark.parametrize("read", [by_catalog, by_manifests, newest, pages], ids=lambda read: read.__name__)


def meddled(small: SmallArchive, read: Read, happens: Callable[[], object]) -> list[str]:
    prefix = "raw/" if read is pages else "articles/"
    return sorted(read(small, MeddledStore(small.folder / "archive", prefix, happens)))


def collect(small: SmallArchive) -> None:
    """Remove all that was replaced."""
    inventory = take_inventory(small.store)
    for info in inventory.unnamed():
        small.store.delete(info.key)
    for batch in inventory.replaced_batches:
        small.store.delete(batch.manifest_key)


@readers
def test_reading_goes_on_through_a_compaction_whose_garbage_is_gone_at_once(small: SmallArchive, read: Read) -> None:
    def happens() -> None:
        compact(small)
        collect(small)

    assert meddled(small, read, happens) == EVERYTHING


# A takedown waits a minute for a reader of the catalog before it goes on.
@pytest.mark.slow
@readers
def test_reading_goes_on_through_a_takedown_and_leaves_out_what_it_took(small: SmallArchive, read: Read) -> None:
    # One of three pages of a batch, and all of another.
    found = meddled(small, read, lambda: take_down(small, 5, 21))
    assert found == [text for text in EVERYTHING if text not in ("Story 5.", "Story 21.")]


@readers
def test_an_object_that_is_lost_is_no_change_and_ends_the_reading(small: SmallArchive, read: Read) -> None:
    prefix = "raw/" if read is pages else "articles/"
    with pytest.raises(ObjectMissing):
        meddled(small, read, lambda: small.store.delete(small.keys(prefix)[3]))


def test_the_objects_of_a_batch_that_is_taken_down_as_a_whole_go_before_its_manifest(small: SmallArchive) -> None:
    manifest = next(key for key in small.keys("batches/") if url(5) in small.store.get(key).decode())
    data = small.store.get(manifest)

    def happens() -> None:
        take_down(small, 5)
        small.folder.joinpath("archive", manifest).write_bytes(data)

    assert meddled(small, by_manifests, happens) == [text for text in EVERYTHING if text != "Story 5."]


# what was fetched is kept


def test_what_is_kept_is_not_fetched_again_and_what_was_torn_is(small: SmallArchive, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()

    def fetched() -> list[int]:
        sizes: list[int] = []
        store = MeddledStore(small.folder / "archive", "articles/", lambda: sizes.append(1))
        fetcher = Fetcher(store, kept=KeptBytes(folder))
        assert sorted(article.text for article in ManifestReader(store, fetcher=fetcher).articles()) == EVERYTHING
        return sizes

    assert fetched() == [1]
    assert fetched() == []
    torn = sorted(folder.iterdir())[4]
    torn.write_bytes(torn.read_bytes()[:-1])
    assert fetched() == [1]
    assert fetched() == []
