"""Promises of the history of sites, on both databases: what health and metrics are told."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from archive.catalog import Catalog
from archive.catalog_rows import OutcomeRow
from archive.run_report import RunReport, SiteReport, SourceTrouble
from archive.site_history import totals_query
from tests.sample_articles import START
from tests.sample_batches import commit, make_article, make_entry

DAY = timedelta(days=1)
NOW = START + 30 * DAY


def record(catalog: Catalog, started: datetime, *sites: SiteReport) -> str:
    run = f"{started:%Y%m%dT%H%M%SZ}-abcdef"
    report = RunReport(
        run=run, command="test", state="done", exit_code=0, started=started, finished=started, sites=sites
    )
    catalog.diary.record(report)
    return run


def test_totals_are_of_the_last_day_and_know_the_last_run_and_the_last_new_article(catalog: Catalog) -> None:
    big = 3_000_000_000
    record(catalog, NOW - 5 * DAY, SiteReport(site="daily", new=4, requests=50), SiteReport(site="weekly"))
    record(catalog, NOW - timedelta(hours=2), SiteReport(site="daily", requests=7, revised=1, bytes_received=big))
    record(catalog, NOW - timedelta(hours=1), SiteReport(site="daily", requests=5, throttled=2, bytes_received=big))
    daily, weekly = catalog.sites.totals(NOW - DAY)
    assert daily == {
        "site": "daily",
        "last_run_timestamp_seconds": NOW - timedelta(hours=1),
        "last_new_timestamp_seconds": NOW - 5 * DAY,
        "runs_day": 2,
        "new_articles_day": 0,
        "revised_articles_day": 1,
        "requests_day": 12,
        "throttled_day": 2,
        "received_bytes_day": 2 * big,
        "stored_bytes_day": 0,
    }
    assert (weekly["site"], weekly["runs_day"], weekly["requests_day"]) == ("weekly", 0, 0)
    assert (weekly["last_run_timestamp_seconds"], weekly["last_new_timestamp_seconds"]) == (NOW - 5 * DAY, None)


def test_totals_of_an_empty_catalog_are_none(catalog: Catalog) -> None:
    assert catalog.sites.totals(NOW) == []


def test_totals_never_read_the_whole_history(catalog: Catalog) -> None:
    """By SQLite's own plan: `SCAN` reads every row, `SEARCH` goes by an index."""
    with catalog._database.reading() as connection:
        if connection.dialect.name != "sqlite":
            pytest.skip("PostgreSQL plans by how much there is")
        query = totals_query(NOW).compile(connection, compile_kwargs={"literal_binds": True})
        plan = [row.detail for row in connection.execute(sa.text(f"EXPLAIN QUERY PLAN {query}"))]
    assert any("SEARCH run_sites" in step for step in plan)
    assert [step for step in plan if step.startswith("SCAN run_sites")] == []


def test_runs_are_told_oldest_first_with_outcomes_and_troubled_sources(catalog: Catalog) -> None:
    trouble = SourceTrouble(
        url="https://daily.example/feed", kind="feed", reason="http_404", times=3, since=START, announced_ever=9
    )
    record(catalog, NOW - 9 * DAY, SiteReport(site="daily"))
    record(catalog, NOW, SiteReport(site="daily", pages={"archived": 2}, sources={"listed": 1}, new=2))
    record(catalog, NOW - DAY, SiteReport(site="daily", pages={"http_404": 1}, troubled_sources=(trouble,)))
    before, last = catalog.sites.runs("daily", NOW - 2 * DAY)
    assert (before.started, dict(before.pages), list(before.troubled_sources)) == (
        NOW - DAY,
        {"http_404": 1},
        [trouble],
    )
    assert (last.started, last.new, dict(last.pages), dict(last.sources)) == (NOW, 2, {"archived": 2}, {"listed": 1})


def test_articles_are_told_oldest_first_with_the_run_that_found_them(catalog: Catalog) -> None:
    first = record(catalog, START - timedelta(hours=1), SiteReport(site="daily"))
    commit(catalog, "b1", make_entry(1), make_entry(2), articles=[make_article(1), make_article(2)])
    facts = catalog.sites.articles("daily", START - DAY, limit=10)
    assert [(it.url, it.run, it.titled, it.authors) for it in facts] == [
        ("https://daily.example/2026/1", first, True, 2),
        ("https://daily.example/2026/2", first, True, 2),
    ]
    assert facts[0].published_at == START
    assert [it.url for it in catalog.sites.articles("daily", START - DAY, limit=1)] == ["https://daily.example/2026/2"]
    assert catalog.sites.articles("daily", NOW, limit=10) == []


def test_pages_with_an_outcome_are_told_newest_first(catalog: Catalog) -> None:
    rows = [
        OutcomeRow(site="daily", kind=kind, url=f"https://daily.example/{n}", outcome=outcome, at=START + n * DAY)
        for n, (kind, outcome) in enumerate(
            [("page", "http_404"), ("page", "http_403"), ("source", "http_404"), ("page", "http_404")]
        )
    ]
    catalog.note("a-run", rows)
    found = catalog.sites.pages_with("daily", ["http_404"], START, limit=5)
    assert found == ["https://daily.example/3", "https://daily.example/0"]
