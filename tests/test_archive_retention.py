"""Promises of retention: what is old enough goes, nothing sooner, and it is neither fetched again nor called damage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from archive import outcomes, schema
from archive.rebuild import Rebuilding
from archive.records import url_id
from archive.retention import Retention, Rules
from archive.store import DirectoryStore
from crawler.retention_periods import period
from tests.sample_articles import SITE, START
from tests.small_archive import SOFTWARE, SmallArchive, filled, page, rows
from tests.test_archive_compaction import compact, contents
from tests.test_archive_replacement import collect

YEAR = timedelta(days=365)
URL = url_id("https://daily.example/2026/1")


@pytest.fixture
def archive(directory_store: DirectoryStore, tmp_path: Path) -> Iterator[SmallArchive]:
    """`filled`, in a folder."""
    archive = filled(directory_store, tmp_path)
    yield archive
    archive.catalog.close()


def let_go(archive: SmallArchive, rules: Rules, *, now: datetime) -> list[str]:
    """Let go what may go; what went."""
    retention = Retention(
        archive.store, archive.catalog, folder=archive.folder, run="20261122T010203Z-abcdef", software=SOFTWARE
    )
    expired = list(retention.expired(SITE, rules, now=now))
    for one in expired:
        retention.let_go(one)
    return [one.what for one in expired]


def test_pages_go_and_articles_stay(archive: SmallArchive) -> None:
    before, states = contents(archive), archive.catalog.url_states([URL])
    assert let_go(archive, Rules(raw=YEAR), now=START + 2 * YEAR) == ["raw", "raw"]
    assert contents(archive) == before
    assert archive.catalog.url_states([URL]) == states
    assert archive.damage() == []
    collect(archive, days=8)
    assert archive.keys("raw/") == []
    assert contents(archive) == before
    assert archive.damage() == []
    assert let_go(archive, Rules(raw=YEAR), now=START + 2 * YEAR) == []


def test_articles_go_and_that_they_were_fetched_stays_known(archive: SmallArchive) -> None:
    assert let_go(archive, Rules(all=YEAR), now=START + 2 * YEAR) == ["all", "all"]
    collect(archive, days=8)
    assert contents(archive) == []
    assert archive.keys("raw/") + archive.keys("articles/") == []
    state = archive.catalog.url_states([URL])[URL]
    assert (state.outcome, state.failures, state.next_check) == (outcomes.EXPIRED, 0, None)
    assert archive.damage() == []
    assert let_go(archive, Rules(all=YEAR), now=START + 2 * YEAR) == []


def test_nothing_goes_before_the_newest_page_of_its_batch_is_old_enough(archive: SmallArchive) -> None:
    newest = max(row["fetched"] for row in archive.catalog.rows(schema.captures))
    assert let_go(archive, Rules(all=YEAR), now=newest + YEAR) == ["all"]
    assert let_go(archive, Rules(), now=newest + 100 * YEAR) == []


def test_what_is_left_can_be_repaired_compacted_past_and_rebuilt(archive: SmallArchive) -> None:
    before = contents(archive)
    let_go(archive, Rules(raw=YEAR), now=START + 2 * YEAR)
    archive.crawl(page(20))
    archive.crawl(page(21))
    assert len(compact(archive)) == 1
    collect(archive, days=8)
    catalog = archive.new_catalog("rebuilt")
    assert list(Rebuilding(archive.store, catalog).findings()) == []
    assert rows(catalog)["articles"] == rows(archive.catalog)["articles"]
    catalog.close()
    archive.flip(archive.keys("articles/")[0], 200)
    archive.repair()
    assert archive.damage() == []
    assert len(contents(archive)) >= len(before)


@pytest.mark.parametrize(("given", "days"), [("30d", 30), ("12m", 365.25), ("2y", 730.5)])
def test_periods_are_days_months_or_years(given: str, days: float) -> None:
    assert period(given) == timedelta(days=days)


def test_forever_has_no_end() -> None:
    assert period("forever") is None


@pytest.mark.parametrize("given", ["", "2", "0d", "-1y", "2 y", "1w"])
def test_other_periods_are_refused(given: str) -> None:
    with pytest.raises(ValueError, match="forever"):
        period(given)
