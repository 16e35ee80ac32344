"""Promises of `presskeep remove` and `presskeep retention`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from archive.catalog import Catalog
from archive.held_site import held_site
from archive.marker import ensure_marker
from archive.store import DirectoryStore
from archive.tombstones import read_tombstone
from jobs.cli import app
from jobs.housekeeping import keep_house
from tests.archive_builder import Installation, visited
from tests.sample_articles import SITE

URL = "https://daily.example/2026/1"


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """Three articles in one run."""
    installation = Installation(tmp_path)
    installation.crawl(*(visited(number) for number in range(3)))
    ensure_marker(DirectoryStore(installation.archive))
    monkeypatch.chdir(tmp_path)
    return installation


def remove(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["remove", *arguments])


def objects(installation: Installation) -> set[Path]:
    return {path for path in installation.archive.rglob("*") if path.is_file()}


def test_a_dry_run_shows_what_would_go_and_changes_nothing(installation: Installation) -> None:
    before = objects(installation)
    result = remove(URL, "--reason", "court order")
    assert result.exit_code == 0
    assert URL in result.output
    assert "1 articles, 1 revisions, 1 pages in 1 batches" in result.output
    assert "--apply" in result.output
    assert objects(installation) == before


@pytest.mark.parametrize("chosen", [[f"{URL}?utm_source=x"], ["--match", "of 1."]], ids=["url", "words"])
def test_what_was_chosen_goes_and_the_reason_stays(chosen: list[str], installation: Installation) -> None:
    result = remove(*chosen, "--reason", "court order", "--apply", "--json")
    assert result.exit_code == 0, result.output
    [removed] = json.loads(result.output)["removed"]
    assert (removed["batches"], removed["captures"]) == (1, 1)
    [tombstone] = installation.archive.glob("removed/*.json")
    assert read_tombstone(DirectoryStore(installation.archive), f"removed/{tombstone.name}").reason == "court order"
    shown = CliRunner().invoke(app, ["show", URL])
    assert shown.exit_code == 1
    assert f"was taken down and is not fetched again; removed/{tombstone.name} tells when and why" in shown.output
    assert CliRunner().invoke(app, ["verify", "--read-data"]).exit_code == 0


def test_a_site_alone_means_all_of_it(installation: Installation) -> None:
    assert remove("--site", SITE, "--reason", "contract ended", "--apply").exit_code == 0
    assert list(installation.archive.rglob("*.warc.gz")) + list(installation.archive.rglob("*.parquet")) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([URL], "--reason"),
        ([URL, "--reason", "two\nlines"], "--reason"),
        (["--reason", "why"], "say what is to be removed"),
        (["https://elsewhere.example/", "--reason", "why"], "nothing is archived of it"),
    ],
    ids=["no reason", "two lines", "nothing", "another host"],
)
def test_what_cannot_be_meant_is_refused(arguments: list[str], said: str, installation: Installation) -> None:
    before = objects(installation)
    result = remove(*arguments, "--apply")
    assert result.exit_code != 0
    assert said in str(result.exception)
    assert objects(installation) == before


def test_what_a_site_in_use_keeps_is_removed_with_resume(installation: Installation) -> None:
    catalog = Catalog(f"sqlite:///{installation.folder}/data/catalog.sqlite")
    with held_site(catalog.leases, SITE, "run-1"):
        result = remove(URL, "--reason", "court order", "--apply")
        assert result.exit_code == 3
        assert "the tombstone is in force" in result.output
        assert CliRunner().invoke(app, ["show", URL]).exit_code == 0
    catalog.close()
    assert remove("--resume").exit_code == 0
    assert CliRunner().invoke(app, ["show", URL]).exit_code != 0


def test_retention_shows_first_and_then_lets_go(installation: Installation) -> None:
    profile = installation.folder / "sites" / f"{SITE}.toml"
    profile.write_text(profile.read_text(encoding="utf-8") + 'keep_raw = "1d"\n', encoding="utf-8")
    shown = CliRunner().invoke(app, ["retention"])
    assert "pages" in shown.output
    assert "nothing was changed" in shown.output
    [gone] = json.loads(CliRunner().invoke(app, ["retention", "--apply", "--json"]).output)["batches"]
    assert gone["state"] == "done"
    assert "nothing is old enough" in CliRunner().invoke(app, ["retention"]).output
    assert CliRunner().invoke(app, ["verify", "--read-data"]).exit_code == 0


def test_the_search_index_forgets_what_retention_lets_go(installation: Installation) -> None:
    assert CliRunner().invoke(app, ["search", "--update"]).exit_code == 0
    profile = installation.folder / "sites" / f"{SITE}.toml"
    profile.write_text(profile.read_text(encoding="utf-8") + 'keep_raw = "1d"\nkeep = "1d"\n', encoding="utf-8")
    done = json.loads(CliRunner().invoke(app, ["retention", "--apply", "--json"]).output)
    assert ([one["state"] for one in done["batches"]], done["problems"]) == (["done"], [])
    state = json.loads((installation.folder / "data/search/state.json").read_text(encoding="utf-8"))
    assert (state["number"], state["shards"]) == (2, {})


def test_housekeeping_without_rules_lets_nothing_go(installation: Installation) -> None:
    catalog = Catalog(f"sqlite:///{installation.folder}/data/catalog.sqlite")
    done = keep_house(DirectoryStore(installation.archive), catalog, datetime.now(UTC))
    catalog.close()
    assert (done.let_go, done.compacted, done.findings) == (0, 0, ())
