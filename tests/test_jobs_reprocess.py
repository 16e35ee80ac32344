"""Promises of `presskeep reprocess`: our own captures extracted again, shown before it is done, the WARC untouched."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from archive.keys import RAW
from archive.records import Article
from archive.store import open_store
from crawler.reprocessed import Choice
from jobs.config import load_config
from jobs.opened import opened_archive, opened_catalog
from jobs.reprocess import ReprocessReport, reprocess
from jobs.warc_import import import_files
from tests.command import presskeep
from tests.foreign_files import html, warc

PROFILE = 'name = "daily"\ntitle = "The Daily"\nhosts = ["daily.example"]\n'
BETTER = PROFILE + '[extract]\ndrop_lines = ["The desk that keeps.*"]\n'
NOTICE = b"<p>The desk that keeps the ledger &lt;b&gt;of the bridge&lt;/b&gt; wrote this line for its own readers.</p>"
CHOICE = Choice(site="daily")


class Desk:
    """An archive of a site whose profile can be bettered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "sites").mkdir()
        self.write_profile(PROFILE)
        archive = (folder / "archive").as_uri()
        self.config = folder / "presskeep.toml"
        self.config.write_text(f'archive = "{archive}"\ncontact = "https://presskeep.example/"\n', encoding="utf-8")
        pages = [
            ("https://daily.example/story-0", html("story-0")),
            ("https://daily.example/story-1", html("story-1").replace(b"</h1>", b"</h1>" + NOTICE)),
            ("https://daily.example/story-2", html("story-2")),
        ]
        (folder / "a.warc.gz").write_bytes(warc(pages))
        import_files(
            load_config(self.config),
            [str(folder / "a.warc.gz")],
            site=None,
            every=False,
            command="import",
            on_begin=lambda sources: None,
            on_progress=lambda report: None,
        )

    def write_profile(self, text: str) -> None:
        (self.folder / "sites" / "daily.toml").write_text(text, encoding="utf-8")

    def run(self, choice: Choice = CHOICE, *, apply: bool = False) -> ReprocessReport:
        config = load_config(self.config)
        with opened_catalog(config) as catalog:
            return reprocess(config, catalog, choice, apply=apply, on_progress=lambda done, total: None)

    def articles(self) -> list[Article]:
        with opened_archive(load_config(self.config)) as (_, reader):
            return sorted(reader.articles(), key=lambda article: article.url)

    def raw(self) -> dict[str, str | None]:
        store = open_store((self.folder / "archive").as_uri())
        return {info.key: (found := store.head(info.key)) and found.sha256 for info in store.list(RAW)}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_what_carries_todays_version_and_profile_is_not_extracted_again(desk: Desk) -> None:
    assert desk.run().extracted == 0
    assert desk.run(Choice(site="daily", before_version="0.0.1")).extracted == 0
    report = desk.run(Choice(site="daily", again=True))
    assert (report.extracted, report.changed) == (3, 0)


def test_a_dry_run_tells_what_differs_and_changes_nothing(desk: Desk) -> None:
    before = desk.articles()
    assert "ledger" in before[1].text
    desk.write_profile(BETTER)
    report = desk.run()
    assert (report.batches, report.extracted, report.changed, report.replaced) == (1, 3, 1, 0)
    assert report.fields["text"] == 1
    assert desk.articles() == before
    assert desk.run(Choice(site="daily", since=date(2025, 1, 1))).extracted == 0


def test_applied_it_replaces_the_articles_and_leaves_the_pages_and_a_second_run_changes_nothing(desk: Desk) -> None:
    before, raw = desk.articles(), desk.raw()
    desk.write_profile(BETTER)
    assert desk.run(apply=True).replaced == 1
    after = desk.articles()
    assert "ledger" not in after[1].text
    assert [(it.url_id, it.revision, it.fetched, it.origin) for it in after] == [
        (it.url_id, it.revision, it.fetched, it.origin) for it in before
    ]
    assert len({it.profile_hash for it in after} | {it.profile_hash for it in before}) == 2
    assert desk.raw() == raw
    assert desk.run(apply=True).extracted == 0
    assert presskeep("verify", "--read-data", folder=desk.folder).code == 0


def test_the_report_shows_both_texts_and_no_markup_of_theirs(desk: Desk) -> None:
    desk.write_profile(BETTER)
    result = presskeep("reprocess", "--site", "daily", "--report", "diff.html", "--json", folder=desk.folder)
    assert (result.code, result.json["changed"]) == (0, 1)
    page = (desk.folder / "diff.html").read_text(encoding="utf-8")
    assert "ledger" in page
    assert "<b>of the bridge" not in page
    assert "<script" not in page
    again = presskeep("reprocess", "--site", "daily", "--report", "diff.html", folder=desk.folder)
    assert again.code == 2
    assert "exists already" in again.err


@pytest.mark.slow
@pytest.mark.parametrize("place", ["replacing_shards_put", "replacing_manifest_put"])
def test_killed_while_it_replaces_the_next_run_ends_in_the_same(desk: Desk, place: str) -> None:
    desk.write_profile(BETTER)
    command = [
        sys.executable,
        "-m",
        "jobs.cli",
        "--config",
        str(desk.config),
        "reprocess",
        "--site",
        "daily",
        "--apply",
    ]
    killed = subprocess.run(command, env={"PRESSKEEP_FAILPOINT": place, "PATH": ""}, timeout=60, check=False)
    assert killed.returncode == 137
    desk.run(apply=True)
    assert [("ledger" in article.text) for article in desk.articles()] == [False] * 3
    assert desk.run(apply=True).extracted == 0
    assert presskeep("verify", "--read-data", folder=desk.folder).code == 0
