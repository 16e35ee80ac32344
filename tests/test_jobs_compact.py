"""Promises of `presskeep compact` and of what housekeeping compacts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from archive.catalog import Catalog
from archive.held_site import held_site
from archive.store import DirectoryStore
from jobs.cli import app
from jobs.compact_rules import CompactRules
from jobs.compacting import new_compaction
from jobs.housekeeping import keep_house
from tests.archive_builder import Installation, visited
from tests.sample_articles import SITE


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """Three runs with an article each."""
    installation = Installation(tmp_path)
    for number in range(3):
        installation.crawl(visited(number))
    monkeypatch.chdir(tmp_path)
    return installation


def objects(installation: Installation) -> set[Path]:
    return {path for path in installation.archive.rglob("*") if path.is_file()}


def test_a_dry_run_tells_what_would_be_done_and_does_nothing(installation: Installation) -> None:
    before = objects(installation)
    result = CliRunner().invoke(app, ["compact", "--dry-run"])
    assert result.exit_code == 0
    assert "daily 2026-03: 3 batches, 3 pages" in result.output
    assert objects(installation) == before


def test_batches_become_one_and_then_there_is_nothing_to_do(installation: Installation) -> None:
    first = CliRunner().invoke(app, ["compact", SITE, "--json"])
    [group] = json.loads(first.output)["groups"]
    assert (group["batches"], group["state"]) == (3, "done")
    assert len(list(installation.archive.glob(f"batches/*/{group['detail']}.json"))) == 1
    assert "nothing to compact" in CliRunner().invoke(app, ["compact"]).output


def test_a_site_in_use_is_told_of_with_exit_code_3(installation: Installation) -> None:
    catalog = Catalog(f"sqlite:///{installation.folder}/data/catalog.sqlite")
    with held_site(catalog.leases, SITE, "run-1"):
        result = CliRunner().invoke(app, ["compact"])
    catalog.close()
    assert result.exit_code == 3
    assert "run-1 works on it" in result.output


@pytest.mark.parametrize(("day", "compacted"), [(31, 0), (1, 3)], ids=["the same month", "the next month"])
def test_housekeeping_compacts_months_that_are_over(day: int, compacted: int, installation: Installation) -> None:
    catalog = Catalog(f"sqlite:///{installation.folder}/data/catalog.sqlite")
    store = DirectoryStore(installation.archive)
    compaction = new_compaction(
        CompactRules(), store, catalog, folder=installation.folder, run="20260401T000000Z-000000", software={}
    )
    now = datetime(2026, 3 if day == 31 else 4, day, tzinfo=UTC)
    done = keep_house(store, catalog, now, compaction=compaction)
    catalog.close()
    assert (done.compacted, done.findings) == (compacted, ())
