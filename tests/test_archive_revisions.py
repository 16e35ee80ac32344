"""Promises of archive/revisions.py: which texts become revisions, and of which article."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from archive import outcomes, schema
from archive.rebuild import Rebuilding
from archive.records import content_hash, url_id
from archive.store import DirectoryStore
from archive.text_hash import text_hash
from archive.writer import ArchiveWriter, BatchLimits
from tests.archive_builder import Visited, visited
from tests.small_archive import SmallArchive, rows

STORY = "\n\n".join(
    f"Sentence {number} tells what the council said about the bridge and its {number} cracked pillars."
    for number in range(6)
)
OTHER = STORY.replace("cracked", "mended")
STUB = "Subscribe to read the rest of this story, which is for readers who pay."


@pytest.fixture
def archive(directory_store: DirectoryStore, tmp_path: Path) -> SmallArchive:
    return SmallArchive(directory_store, tmp_path)


def page(number: int, text: str = STORY, *, article: int | None = None, **fields: Any) -> Visited:
    """Page `number`, whose canonical link names `article`."""
    fields.setdefault("flags", ())
    found = visited(number, body=f"{number} {text} {fields}".encode(), text=text, title="The bridge", **fields)
    assert found.draft is not None
    draft = dataclasses.replace(
        found.draft, content_hash=content_hash("The bridge", text), word_count=len(text.split())
    )
    if article is not None:
        canonical = f"https://daily.example/2026/{article}"
        draft = dataclasses.replace(draft, canonical_url=canonical, url_id=url_id(canonical))
    return dataclasses.replace(found, draft=draft)


def outcomes_of(archive: SmallArchive, number: int) -> list[str]:
    """Of each capture of page `number`, in order."""
    identity = url_id(f"https://daily.example/2026/{number}")
    captures = sorted(archive.catalog.rows(schema.captures, url_id=identity), key=lambda row: row["fetched"])
    return [row["outcome"] for row in captures]


def revisions(archive: SmallArchive) -> list[tuple[str, int]]:
    """Last digits of the URL and number of each revision archived."""
    return sorted((row["url"].rpartition("/")[2], row["revision"]) for row in archive.catalog.rows(schema.articles))


def test_a_page_that_flips_between_two_versions_has_two_revisions(archive: SmallArchive) -> None:
    for text in (STORY, OTHER, STORY, OTHER, STORY):
        archive.crawl(page(1, text))
    assert outcomes_of(archive, 1) == ["archived", "archived", "unchanged", "unchanged", "unchanged"]
    assert revisions(archive) == [("1", 1), ("1", 2)]


def test_a_page_that_differs_only_in_its_stamps_is_unchanged(archive: SmallArchive) -> None:
    archive.crawl(page(1))
    archive.crawl(page(1, f"Updated: 4 March 2026, 10:31\n\n{STORY}\n\n1,204 views"))
    assert outcomes_of(archive, 1) == ["archived", "unchanged"]


@pytest.mark.parametrize("flag", ["captcha", "consent", "login", "paywall", "short", "soft_404", "truncated"])
def test_a_doubtful_page_does_not_take_the_place_of_a_good_one(archive: SmallArchive, flag: str) -> None:
    archive.crawl(page(1))
    archive.crawl(page(1, STUB, flags=(flag,)))
    assert outcomes_of(archive, 1) == ["archived", f"doubtful:{flag}"]
    assert revisions(archive) == [("1", 1)]


def test_a_good_page_takes_the_place_of_a_doubtful_one(archive: SmallArchive) -> None:
    archive.crawl(page(1, STUB, flags=("paywall", "short")))
    archive.crawl(page(1))
    assert revisions(archive) == [("1", 1), ("1", 2)]


def test_an_edit_behind_the_same_paywall_is_a_revision(archive: SmallArchive) -> None:
    """What was in doubt before is no worse now."""
    archive.crawl(page(1, STUB, flags=("paywall",)))
    archive.crawl(page(1, f"{STUB} The mayor resigned on Monday.", flags=("no_date", "paywall")))
    assert outcomes_of(archive, 1) == ["archived", "archived"]


def test_one_story_at_five_addresses_is_one_article(archive: SmallArchive) -> None:
    """Fetched in one crawl and in a later one; by its canonical link or by its text."""
    archive.crawl(page(1), page(2, article=1), page(3))
    archive.crawl(page(4, article=1), page(5, f"{STORY}\n\n12 views"))
    assert revisions(archive) == [("1", 1)]
    assert [outcomes_of(archive, number) for number in (2, 3, 4, 5)] == [["unchanged"]] * 4
    assert {row["article"] for row in archive.catalog.rows(schema.urls)} == {url_id("https://daily.example/2026/1")}


def test_an_edit_at_one_of_its_addresses_is_one_revision(archive: SmallArchive) -> None:
    """The others may still show the old text, for caches are slow."""
    archive.crawl(page(1), page(2), page(3))
    archive.crawl(page(2, OTHER), page(1), page(3, OTHER))
    assert revisions(archive) == [("1", 1), ("2", 2)]
    [(canonical, numbers)] = {(row["canonical_url"], row["url_id"]) for row in archive.catalog.rows(schema.articles)}
    assert (canonical, numbers) == ("https://daily.example/2026/1", url_id("https://daily.example/2026/1"))


def test_an_address_keeps_its_article_when_the_text_of_that_changes(archive: SmallArchive) -> None:
    """An article that moved, and was edited afterwards."""
    archive.crawl(page(1))
    archive.crawl(page(2))
    archive.crawl(page(2, OTHER))
    assert revisions(archive) == [("1", 1), ("2", 2)]
    assert len({row["url_id"] for row in archive.catalog.rows(schema.articles)}) == 1


def test_short_notices_that_many_pages_share_are_not_one_article(archive: SmallArchive) -> None:
    archive.crawl(page(1, "See the tables."), page(2, "See the tables."))
    assert revisions(archive) == [("1", 1), ("2", 1)]


def test_doubtful_pages_with_one_text_are_not_one_article(archive: SmallArchive) -> None:
    """A consent wall looks the same at every address."""
    archive.crawl(page(1, flags=("consent",)), page(2, flags=("consent",)))
    assert revisions(archive) == [("1", 1), ("2", 1)]


def test_the_same_text_at_another_site_is_another_article(archive: SmallArchive) -> None:
    archive.crawl(page(1))
    archive.crawl(page(1, site="weekly"), site="weekly")
    assert {row["site"] for row in archive.catalog.rows(schema.articles)} == {"daily", "weekly"}


def test_an_archive_with_twins_and_revisions_is_sound_and_is_rebuilt_row_for_row(archive: SmallArchive) -> None:
    archive.crawl(page(1), page(2), page(3, article=1))
    archive.crawl(page(2, OTHER), page(1, STUB, flags=("paywall",)))
    assert archive.verify() == []
    anew = archive.new_catalog("anew")
    assert list(Rebuilding(archive.store, anew).findings()) == []
    assert rows(anew) == rows(archive.catalog)


def test_a_shard_that_is_lost_is_made_again_with_the_identity_it_had(archive: SmallArchive) -> None:
    archive.crawl(page(1))
    archive.crawl(page(2))
    archive.crawl(page(2, OTHER))
    before = archive.objects()
    for key in archive.keys("articles/"):
        archive.store.delete(key)
    archive.repair()
    assert archive.objects() == before
    assert archive.damage() == []


def test_the_catalog_knows_the_hash_of_each_text(archive: SmallArchive) -> None:
    archive.crawl(page(1))
    [row] = archive.catalog.rows(schema.articles)
    assert row["text_hash"] == text_hash("The bridge", STORY)
    assert row["content_hash"] == content_hash("The bridge", STORY)


def test_how_many_of_each_outcome_became_safe_is_told(archive: SmallArchive) -> None:
    archive.crawl(page(1), page(2, OTHER))
    writer = ArchiveWriter(
        store=archive.store,
        catalog=archive.catalog,
        spool=archive.folder / "spool",
        site="daily",
        run="run-9",
        software={},
        limits=BatchLimits(),
    )
    for one in (page(1), page(2, STUB, flags=("paywall",)), page(7, STUB)):
        writer.settle(writer.record(one.capture), outcomes.ARCHIVED, url_id=url_id(one.capture.url), draft=one.draft)
    [batch] = writer.finish()
    assert batch.articles == 1
    assert batch.outcomes == {"archived": 1, "unchanged": 1, "doubtful:paywall": 1}
