"""Promises of `presskeep search` and of its index."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from tests.archive_builder import Installation, visited
from tests.command import Finished, presskeep

FIRST = "https://daily.example/2026/1"
LONG = "The council met on Monday. " * 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of two sites with an index; tests only read it."""
    installation = Installation(tmp_path_factory.mktemp("news"), sites=["daily", "other"])
    installation.crawl(
        visited(1, title="The dam broke", text=f"{LONG}\n\nKarun floods the valley.", published=date(2026, 1, 31)),
        visited(2, title="Prices", text="A dam of sand, said the minister.", published=date(2026, 2, 1), language="de"),
        visited(3, title="日本銀行総裁", text="金利を引き上げる。", published=date(2026, 3, 1), language="ja"),
        visited(
            4, title="سد كركوك", text="انهار السدّ في كَركوك.", published=None, published_at=None, authors=("Sara Noori",)
        ),
    )
    installation.crawl(visited(1, title="The dam broke", text="It stood after all.", published=date(2026, 1, 31)))
    installation.crawl(visited(5, site="other", title="Dam", text="A dam.", section="Local"), site="other")
    done = presskeep("search", "--update", folder=installation.folder)
    assert (done.code, done.err.strip()) == (0, "6 articles read, 6 in the index")
    return installation.folder


def urls(found: Finished) -> list[str]:
    return [one["url"].rpartition("/")[2] for one in found.json]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["dam", "broke"], ["1"]),
        (["DAM,", "sand"], ["2"]),
        (["銀行"], ["3"]),
        (["كركوك"], ["4"]),
        (["dam", "--site", "daily", "--sort", "date"], ["2", "1"]),
        (["dam", "--site", "other"], ["5"]),
        (["dam", "--from", "2026-02-01", "--to", "2026-02-28"], ["2"]),
        (["dam", "--language", "de"], ["2"]),
        (["dam", "--section", "LOCAL"], ["5"]),
        (["كركوك", "--author", "noori"], ["4"]),
        (["كركوك", "--author", "nobody"], []),
        (["dam", "--flag", "short", "--site", "other"], ["5"]),
        (["dam", "--no-flag", "short"], []),
        (["karun"], ["1"]),
        (["karun", "--latest"], []),
        (["dam", "--limit", "1", "--sort", "date", "--site", "daily"], ["2"]),
        (["..."], []),
        (['"dam of sand"'], ["2"]),
        (["“sand of dam”"], []),
        (['"Karun Floods"', "dam"], ["1"]),
        (["«本銀行»"], ["3"]),
        (['"銀行日本"'], []),
    ],
)
def test_what_has_all_the_words_and_meets_the_conditions_is_found(
    arguments: list[str], expected: list[str], folder: Path
) -> None:
    found = presskeep("search", *arguments, "--json", folder=folder)
    assert (found.code, urls(found)) == (0 if expected else 1, expected)


def test_words_of_the_headline_count_more(folder: Path) -> None:
    assert urls(presskeep("search", "dam", "--site", "daily", "--json", folder=folder))[0] == "1"


def test_the_snippet_shows_where_the_words_stand(folder: Path) -> None:
    [one] = presskeep("search", "floods", "karun", "--json", folder=folder).json
    assert "Karun floods the valley." in one["snippet"]
    assert one["words"] == ["Karun", "floods"]
    assert len(one["snippet"]) < 300


def test_people_see_headline_day_site_address_and_snippet(folder: Path) -> None:
    lines = presskeep("search", "sand", folder=folder).out.splitlines()
    assert lines == ["Prices", "2026-02-01 · daily · https://daily.example/2026/2", "A dam of sand, said the minister."]


def test_an_archive_is_searched_by_its_address_alone(folder: Path, tmp_path: Path) -> None:
    address = (folder / "archive").as_uri()
    found = presskeep("search", "sand", "--update", "--archive", address, "--index", "index", "--json", folder=tmp_path)
    assert urls(found) == ["2"]


def test_without_an_index_the_error_says_how_to_make_it(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.crawl(visited(1))
    failed = presskeep("search", "dam", folder=tmp_path)
    assert failed.code == 2
    assert "--update" in failed.err


def test_in_an_archive_without_articles_nothing_is_found(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.crawl()
    assert presskeep("search", "--update", folder=tmp_path).code == 0
    found = presskeep("search", "dam", folder=tmp_path)
    assert (found.code, found.out, found.err) == (1, "", "")


def test_only_new_shards_are_read_and_old_ones_are_said_to_be_missing(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.crawl(visited(1))
    presskeep("search", "--update", folder=tmp_path)
    installation.crawl(visited(2, text="A dam."))
    assert "1 shards are newer" in presskeep("search", "dam", folder=tmp_path).err
    again = presskeep("search", "dam", "--update", folder=tmp_path)
    assert (again.code, again.err.strip()) == (0, "1 articles read, 2 in the index")


def test_nothing_stays_of_what_was_taken_down(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.crawl(visited(1, text="Zanzibarquist speaks."), visited(2, text="A dam."))
    presskeep("search", "--update", folder=tmp_path)
    assert presskeep("search", "zanzibarquist", folder=tmp_path).code == 0
    removed = presskeep("remove", FIRST, "--reason", "asked", "--apply", folder=tmp_path)
    assert removed.code == 0
    assert presskeep("search", "zanzibarquist", folder=tmp_path).code == 1
    files = [path for path in (tmp_path / "data/search").rglob("*") if path.is_file()]
    assert files
    assert not any(b"zanzibarquist" in path.read_bytes().lower() for path in files)
    assert presskeep("search", "dam", folder=tmp_path).code == 0


def test_an_update_that_was_cut_short_is_finished_by_the_next(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.crawl(visited(1, text="A dam."), visited(2, text="Sand."))
    presskeep("search", "--update", folder=tmp_path)
    state = tmp_path / "data/search/state.json"
    cut = json.loads(state.read_text("utf-8")) | {"shards": {}}
    state.write_text(json.dumps(cut), "utf-8")
    assert presskeep("search", "--update", folder=tmp_path).err.strip() == "2 articles read, 2 in the index"
    state.write_text(json.dumps(cut | {"unsettled": True}), "utf-8")
    assert presskeep("search", "--update", folder=tmp_path).err.strip() == "2 articles read, 2 in the index"
