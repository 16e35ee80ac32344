"""Promises of the memory of blocks: it is in the catalog, forgets in time, and never makes a revision by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from archive import block_memory
from archive.block_memory import block_print, letters_in, unpacked
from archive.catalog import Catalog
from archive.rebuild import Rebuilding
from archive.records import Article, RemovedBlock
from archive.store import DirectoryStore
from crawler.repeated import remove_repeated
from tests.archive_builder import Visited
from tests.sample_articles import SITE, START
from tests.small_archive import SmallArchive, page, rows
from tests.test_crawler_repeated import TAIL, prose

BEFORE = START + timedelta(days=1)


@pytest.fixture
def archive(directory_store: DirectoryStore, tmp_path: Path) -> Iterator[SmallArchive]:
    """An empty archive in a folder, whose writer learns."""
    archive = SmallArchive(directory_store, tmp_path, clean=remove_repeated)
    yield archive
    archive.catalog.close()


def story(number: int, body: str = "", *, more: str = "") -> Visited:
    """An article with the tail of its site."""
    text = "\n\n".join([prose(number), prose(number, 1) + more, TAIL])
    return page(number, body, text=text, flags=())


def newest(archive: SmallArchive) -> dict[str, Article]:
    """Last revision of each article, by the last part of its URL."""
    entries = sorted(archive.catalog.article_entries(), key=lambda entry: entry.revision)
    return {entry.url.rpartition("/")[2]: archive.article(entry) for entry in entries}


def test_prints_are_equal_for_the_same_letters_and_tell_how_many() -> None:
    one, other = block_print("Sign up for our Newsletter!"), block_print("sign up — for our newsletter")
    assert one is not None and one == other
    assert (len(one), letters_in(one)) == (8, 22)
    assert block_print("(Reuters)") is None


def test_an_article_cleaned_by_what_earlier_runs_saw_says_so(archive: SmallArchive) -> None:
    archive.crawl(story(1), story(2))
    archive.crawl(story(3))
    articles = newest(archive)
    assert [TAIL in articles[number].text for number in "123"] == [True, True, False]
    assert articles["3"].removed_blocks[-1] == RemovedBlock(text=TAIL, reason=block_memory.REPEATED)


def test_what_is_learned_since_makes_no_new_revision(archive: SmallArchive) -> None:
    """The first two articles keep the tail, the third lost it: all three are as they were."""
    archive.crawl(story(1), story(2))
    archive.crawl(story(3))
    archive.crawl(story(1), story(2), story(3))
    assert {entry.revision for entry in archive.catalog.article_entries()} == {1}


def test_a_correction_makes_a_new_revision_without_what_was_learned(archive: SmallArchive) -> None:
    archive.crawl(story(1), story(2), story(3))
    archive.crawl(story(1, "corrected", more=" He corrected himself later."))
    article = newest(archive)["1"]
    assert article.revision == 2
    assert article.text.endswith("He corrected himself later.")


def test_a_rebuilt_catalog_remembers_the_same(archive: SmallArchive, catalog: Catalog) -> None:
    archive.crawl(story(1), story(2))
    archive.crawl(story(3), page(4, text="Short."))
    assert list(Rebuilding(archive.store, catalog).findings()) == []
    assert rows(catalog) == rows(archive.catalog)
    remembered = catalog.block_prints(SITE, BEFORE)
    assert sorted(map(repr, remembered)) == sorted(map(repr, archive.catalog.block_prints(SITE, BEFORE)))
    assert [block_print(TAIL) in article.prints for article in remembered].count(True) == 3


def test_a_site_is_remembered_for_a_time(archive: SmallArchive) -> None:
    archive.crawl(story(1), story(2))
    assert len(archive.catalog.block_prints(SITE, START + block_memory.AGE)) == 2
    assert archive.catalog.block_prints(SITE, START + block_memory.AGE + timedelta(days=1)) == []
    assert archive.catalog.block_prints(SITE, START) == archive.catalog.block_prints("other", BEFORE) == []


def test_the_newest_articles_are_remembered(archive: SmallArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.crawl(*map(story, range(1, 6)))
    monkeypatch.setattr("archive.catalog.NEWEST", 2)
    remembered = archive.catalog.block_prints(SITE, BEFORE)
    assert all(block_print(prose(number)) in it.prints for number, it in zip((5, 4), remembered, strict=True))


def test_a_shard_is_made_again_to_the_byte_by_what_was_known_then(archive: SmallArchive) -> None:
    archive.crawl(story(1), story(2))
    archive.crawl(story(3))
    archive.crawl(*map(story, range(4, 9)))
    before = archive.objects()
    for key in archive.keys("articles/"):
        archive.store.delete(key)
    assert {(step.kind, step.state) for step in archive.repair()} == {("restore_shard", "done")}
    assert archive.objects() == before


def test_a_column_of_a_catalog_of_version_1_holds_no_prints() -> None:
    assert list(unpacked(None)) == []
