"""Promises of `presskeep sql`: an archive answers in SQL, each revision once, where it lies."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.dataset import shard_dataset
from archive.manifest import StoredObject
from archive.run_report import RunReport, SiteReport, write_report
from archive.store import DirectoryStore
from jobs.sql import RUN_COLUMNS, SITE_COLUMNS, answered
from tests.archive_builder import Installation, visited
from tests.command import Finished, presskeep
from tests.sample_articles import START
from tests.small_archive import SmallArchive, filled, page
from tests.test_archive_compaction import compact
from tests.test_archive_reading_on import take_down

QUERY_PAGE = Path(__file__).parent.parent / "docs" / "query.md"
RECIPES = re.findall(r"^presskeep sql .*", QUERY_PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallArchive]:
    small = filled(DirectoryStore(tmp_path / "archive"), tmp_path)
    yield small
    small.catalog.close()


@pytest.fixture(scope="module")
def same(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallArchive]:
    """One that no test changes."""
    folder = tmp_path_factory.mktemp("sql")
    same = filled(DirectoryStore(folder / "archive"), folder)
    yield same
    same.catalog.close()


def ask(small: SmallArchive, query: str, *options: str) -> Finished:
    return presskeep("sql", query, "--archive", small.store.url, *options, folder=small.folder)


def rows(small: SmallArchive, query: str) -> list[dict[str, object]]:
    asked = ask(small, query, "--format", "jsonl")
    assert asked.code == 0, asked.err
    return [json.loads(line) for line in asked.out.splitlines()]


def test_articles_has_the_newest_revision_and_revisions_all(same: SmallArchive) -> None:
    assert rows(same, "SELECT count(*) AS n FROM revisions") == [{"n": 6}]
    newest = rows(same, "SELECT text, revision FROM articles WHERE url LIKE '%/1'")
    assert newest == [{"text": "Corrected.", "revision": 2}]
    assert rows(same, "SELECT count(*) AS n, count(DISTINCT url_id) AS ids FROM articles") == [{"n": 5, "ids": 5}]


def test_what_compaction_replaced_counts_once_and_what_was_taken_down_not_at_all(small: SmallArchive) -> None:
    compact(small)
    assert rows(small, "SELECT count(*) AS n FROM revisions") == [{"n": 6}]
    take_down(small, 1)
    assert rows(small, "SELECT count(*) AS n FROM revisions") == [{"n": 4}]


def test_days_and_moments_are_such(same: SmallArchive) -> None:
    [row] = rows(same, "SELECT min(published) AS day, max(fetched) AS moment FROM articles")
    assert row["day"] == "2026-01-31"
    assert str(row["moment"]).endswith("+00:00")
    assert rows(same, "SELECT count(*) AS n FROM articles WHERE published IS NULL") == [{"n": 1}]


def test_shards_of_other_sites_and_months_are_not_fetched(same: SmallArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = []
    get = DirectoryStore.get

    def told(self: DirectoryStore, key: str, *, offset: int = 0, length: int | None = None) -> bytes:
        fetched.append(key)
        return get(self, key, offset=offset, length=length)

    monkeypatch.setattr(DirectoryStore, "get", told)
    assert rows(same, "SELECT count(*) AS n FROM revisions WHERE published < DATE '2026-02-01'")[0]["n"] == 1
    assert {key.split("/")[2] for key in fetched if key.startswith("articles/")} == {"month=2026-01"}
    fetched.clear()
    assert rows(same, "SELECT count(*) AS n FROM articles WHERE site = 'other'")[0]["n"] == 0
    assert [key for key in fetched if key.startswith(("articles/", "runs/"))] == []


def test_runs_has_a_row_for_each_run_and_site(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.crawl(visited(1), visited(2))
    run = installation.crawl(visited(3))
    [row] = presskeep("sql", "SELECT count(*) AS n FROM runs", "--format", "csv", folder=tmp_path).out.splitlines()[1:]
    assert row == "0"
    report = RunReport(
        run=run,
        command="crawl daily",
        state="done",
        exit_code=0,
        started=START,
        finished=START,
        sites=(SiteReport(site="daily", new=1),),
    )
    write_report(DirectoryStore(installation.archive), report)
    with answered(DirectoryStore(installation.archive), "SELECT * FROM runs") as answer:
        [found] = answer.read_all().to_pylist()
    assert list(found) == [*RUN_COLUMNS, *SITE_COLUMNS]
    assert (found["run"], found["site"], found["new"], found["started"]) == (run, "daily", 1, START)


def test_cells_move_no_cursor_and_are_no_formulas(same: SmallArchive) -> None:
    query = "SELECT chr(27) || '[31mred' AS a, '=cmd' AS b"
    assert "\x1b" not in ask(same, query).out
    [row] = csv.DictReader(io.StringIO(ask(same, query, "--format", "csv").out))
    assert row["b"] == "'=cmd"
    assert "1 row" in ask(same, query).out


def test_a_wrong_query_or_a_damaged_shard_is_one_line(small: SmallArchive) -> None:
    wrong = ask(small, "SELECT nothing FROM articles")
    assert (wrong.code, "nothing" in wrong.err) == (2, True)
    small.flip(small.keys("articles/")[0], 60)
    damaged = ask(small, "SELECT count(text) FROM revisions")
    assert (damaged.code, small.keys("articles/")[0] in damaged.err) == (2, True)


def test_without_the_extra_it_says_what_to_install(same: SmallArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert "pip install 'presskeep[sql]'" in ask(same, "SELECT 1").err


def test_days_of_a_month_are_all_of_it() -> None:
    stored = StoredObject(
        key="articles/site=daily/month=2024-02/x.parquet", kind="articles", size=1, sha256="", records=1
    )
    with shard_dataset(DirectoryStore(Path("/nowhere")), [stored], []) as dataset:
        assert "2024-02-29" in str([fragment.partition_expression for fragment in dataset().get_fragments()])


_FIRST_OF_MANY = """
import sys, time
from pathlib import Path
from archive.store import DirectoryStore
from jobs.sql import answered

class SlowStore(DirectoryStore):
    def get(self, key, **span):
        time.sleep(0.1 if key.startswith("articles/") else 0)
        return super().get(key, **span)

with answered(SlowStore(Path(sys.argv[1])), "SELECT text FROM revisions LIMIT 1") as answer:
    print(next(iter(answer)).num_rows)
"""


@pytest.mark.slow
def test_a_process_that_wants_no_more_ends_in_good_order_while_shards_are_read_ahead(tmp_path: Path) -> None:
    small = SmallArchive(DirectoryStore(tmp_path / "archive"), tmp_path)
    for number in range(10):
        small.crawl(page(number, text=f"Story {number}."))
    small.catalog.close()
    command = [sys.executable, "-c", _FIRST_OF_MANY, str(tmp_path / "archive")]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_recipes_of_the_documentation_are_answered(same: SmallArchive, recipe: str) -> None:
    arguments = shlex.split(recipe)[1:]
    asked = presskeep(*arguments, "--archive", same.store.url, folder=same.folder)
    assert asked.code == 0, asked.err
