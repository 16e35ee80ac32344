"""The proof of durability proves something: it counts what is wrong, and finds nothing wrong in a shorter run."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from archive import keys
from archive.store import DirectoryStore
from bench.durability_count import Count, count
from bench.durability_damage import KINDS, damage
from bench.durability_report import broken_promises
from bench.durability_rig import Place, Rig, objects_at
from tests.small_archive import SmallArchive, page

URLS = [f"https://daily.example/2026/{number}" for number in (1, 2, 3)]


@pytest.fixture
def archive(directory_store: DirectoryStore, tmp_path: Path) -> SmallArchive:
    """Two articles, in two batches."""
    archive = SmallArchive(directory_store, tmp_path)
    archive.crawl(page(1))
    archive.crawl(page(2))
    return archive


def counted(archive: SmallArchive, requests: list[str], in_flight: tuple[str, ...] = ()) -> Count:
    """The count where three articles were announced, and these were asked for."""
    pages = {url: cast(bytes, page(number).capture.body) for number, url in enumerate(URLS, start=1)}
    log = [("daily", url.removeprefix("https://daily.example"), 200) for url in requests]
    rig = SimpleNamespace(
        pages=pages,
        access=SimpleNamespace(refresh=lambda: len(log), requests=log),
        newsroom=SimpleNamespace(base_urls={"daily": "https://daily.example"}),
        objects=objects_at(archive.store.url),
        place=Place(name="test", archive=archive.store.url, catalog=f"sqlite:///{archive.folder}/own.sqlite"),
    )
    return count(cast(Rig, rig), Counter(in_flight))


def test_what_is_archived_counts_as_whole(archive: SmallArchive) -> None:
    found = counted(archive, URLS[:2])
    assert (found.announced, found.requests, found.unserved) == (3, 2, 1)
    assert (found.lost, found.duplicated, found.unreadable, found.refetched, found.orphans) == (0, 0, 0, 0, 0)


def test_an_article_that_was_served_and_is_in_no_shard_counts_as_lost(archive: SmallArchive) -> None:
    assert counted(archive, URLS).lost == 1


def test_a_request_too_many_counts_unless_a_kill_met_the_answer_before(archive: SmallArchive) -> None:
    requests = [*URLS[:2], URLS[0], URLS[0], URLS[1]]
    assert counted(archive, requests).refetched == 3
    assert counted(archive, requests, in_flight=(URLS[0], URLS[1])).refetched == 1


def test_an_article_in_two_live_shards_counts_as_duplicated(archive: SmallArchive) -> None:
    archive.crawl(page(2), catalog=archive.new_catalog("another"))
    assert counted(archive, URLS[:2]).duplicated == 1


def test_damage_counts_as_unreadable(archive: SmallArchive, capsys: pytest.CaptureFixture[str]) -> None:
    archive.flip(archive.keys(keys.RAW)[0], 700)
    assert counted(archive, URLS[:2]).unreadable > 0
    assert archive.keys(keys.RAW)[0] in capsys.readouterr().out


def test_a_shard_that_no_manifest_names_counts_as_an_orphan(archive: SmallArchive) -> None:
    archive.store.delete(archive.keys(keys.BATCHES)[0])
    found = counted(archive, URLS[:2])
    assert (found.lost, found.orphans) == (1, 2)


@pytest.mark.parametrize("name", ["unserved", "lost", "duplicated", "altered", "unreadable", "refetched"])
def test_each_fault_breaks_a_promise(name: str) -> None:
    kept: dict[str, Any] = {"kills": {"count": dict.fromkeys(Count.__dataclass_fields__, 0)}}
    assert broken_promises(kept) == []
    kept["kills"]["count"][name] = 2
    assert broken_promises(kept) == [f"kills: {name}: 2"]


def test_damage_that_nobody_looks_for_is_counted_as_undetected(
    directory_store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SmallArchive, "damage", lambda archive: [])
    found = damage(
        directory_store,
        objects_at(directory_store.url),
        tmp_path / "own",
        flips=3,
        truncations=1,
        lot=random.Random(1),
    )
    assert len(found.undetected) == 4
    assert found.served == []
    assert found.by_kind == dict.fromkeys(KINDS, 1)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_shorter_proof_finds_every_promise_kept(tmp_path: Path) -> None:
    """Some kills on each combination of store and catalog, and damage to every kind of object in both stores."""
    file = tmp_path / "report.json"
    amounts = ["--kills", "8", "--articles", "60", "--flips", "32", "--truncations", "8", "--seed", "11"]
    parts = ["--only", "kills", "--only", "damage", "--json", str(file)]
    done = subprocess.run([sys.executable, "-m", "bench.durability", *amounts, *parts], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(file.read_text("utf-8"))["results"]
    assert (results["kills"]["kills"], results["kills"]["count"]["announced"]) == (8, 60)
    assert results["kills"]["count"]["requests"] >= 60
    assert sum(results["damage"]["by_kind"].values()) == 40
