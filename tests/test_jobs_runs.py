"""Promises of `presskeep runs`: what runs did, as a list and in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive import keys
from archive.run_report import RunReport, read_report
from archive.store import open_store
from tests.archive_builder import Installation, visited
from tests.command import presskeep
from tests.crawling import Installation as Crawling
from tests.crawling import articles
from tests.newsroom import Fault, Newsroom, Site


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Three runs, two of one site and one of another."""
    installation = Installation(tmp_path, sites=["daily", "weekly"])
    installation.crawl(visited(1))
    installation.crawl(visited(1, site="weekly"), visited(2, site="weekly"), site="weekly")
    installation.crawl(visited(2))
    return installation


def test_the_newest_runs_come_first(installation: Installation) -> None:
    listed = presskeep("runs", "--json", "--limit", "2", folder=installation.folder)
    assert [(run["command"], run["new"], run["state"]) for run in listed.json] == [
        ("crawl daily", 1, "done"),
        ("crawl weekly", 2, "done"),
    ]
    text = presskeep("runs", folder=installation.folder)
    assert (text.code, len(text.out.splitlines())) == (0, 4)


def test_the_runs_of_one_site(installation: Installation) -> None:
    listed = presskeep("runs", "--site", "weekly", "--json", folder=installation.folder)
    assert [run["command"] for run in listed.json] == ["crawl weekly"]


def test_one_run_in_full_by_the_beginning_of_its_id(installation: Installation) -> None:
    run = presskeep("runs", "--json", folder=installation.folder).json[1]["run"]
    shown = presskeep("runs", "show", run[:-3], "--json", folder=installation.folder).json
    assert shown["run"] == run
    assert shown["sites"][0]["pages"] == {"archived": 2}
    assert "weekly: 2 archived" in presskeep("runs", "show", run, folder=installation.folder).out


@pytest.mark.parametrize(("run", "said"), [("2026", "not one run: 3 runs begin so"), ("1999", "no such run")])
def test_an_id_that_names_no_single_run_is_one_line(installation: Installation, run: str, said: str) -> None:
    done = presskeep("runs", "show", run, folder=installation.folder)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


@pytest.mark.slow
def test_a_crawl_leaves_the_same_report_in_the_catalog_and_in_the_bucket(tmp_path: Path) -> None:
    """It counts what the server counted."""
    pages = articles(3)
    faults = {"/story-2": Fault(status=404), "/rss.xml": Fault(status=429)}
    site = Site(name="daily", title="The Daily", pages=pages, faults=faults)
    with Newsroom([site]) as newsroom:
        installation = Crawling(tmp_path / "installation", newsroom)
        done = installation.crawl()
        asked = [request.path for request in newsroom.log]
    with installation.catalog() as catalog:
        kept = catalog.diary.report(done.run)
    stored = read_report(open_store(installation.archive), keys.run_key(done.run))
    assert isinstance(kept, RunReport)
    assert (kept.sites, kept.state, kept.exit_code) == (stored.sites, "done", 3)
    assert stored.software["presskeep"]
    assert stored.peak_memory > 150_000_000, "the crawl process alone takes about 110 MB, each worker 60"
    [report] = stored.sites
    assert (report.new, report.revised, report.missing, report.found) == (2, 0, 1, 3)
    assert report.requests == len(asked)
    assert report.throttled == asked.count("/rss.xml") > 0
    assert report.bytes_received > 1000
    assert report.bytes_stored == done.sites[0].bytes
    assert report.pages == {"archived": 2, "http_404": 1}
