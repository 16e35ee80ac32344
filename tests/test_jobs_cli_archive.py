"""Promises of `presskeep verify`, `presskeep repair`, `presskeep gc` and `presskeep catalog rebuild`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from archive import schema
from archive.catalog import Catalog
from archive.marker import ensure_marker
from archive.outcomes import ARCHIVED
from archive.records import Capture
from archive.store import DirectoryStore
from jobs.config import load_config
from jobs.errors import JobsError
from jobs.extractor import PageExtractor
from tests.archive_builder import Installation, Visited, answered, visited
from tests.command import presskeep
from tests.sample_articles import START
from tests.small_archive import rows

PARAGRAPH = "<p>The council met on Tuesday and decided to mend the old bridge before the winter, the mayor said.</p>"
PAGE = f"""<!doctype html><html lang="en"><head><title>Bridge to be mended</title>
<meta property="article:published_time" content="2026-03-01T08:00:00Z"></head>
<body><article><h1>Bridge to be mended</h1>{PARAGRAPH * 4}</article></body></html>"""


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Two runs of `daily`: three articles in two months and a 404, then a correction and a new article."""
    installation = Installation(tmp_path)
    ensure_marker(DirectoryStore(installation.archive))
    missing = answered("https://daily.example/gone", "http_404", status=404)
    installation.crawl(visited(1), visited(2, published=date(2026, 1, 31)), visited(3), missing)
    installation.crawl(visited(1, text="Corrected."), visited(5))
    return installation


@pytest.fixture
def catalog(installation: Installation) -> Iterator[Catalog]:
    """Its catalog."""
    catalog = Catalog(f"sqlite:///{installation.folder}/data/catalog.sqlite")
    yield catalog
    catalog.close()


def january(installation: Installation) -> Path:
    """The shard of January."""
    [path] = installation.archive.glob("articles/site=daily/month=2026-01/*")
    return path


def warcs(installation: Installation) -> list[Path]:
    """All WARCs, the oldest first."""
    return sorted(installation.archive.glob("raw/**/*.warc.gz"))


def files(installation: Installation) -> dict[str, bytes]:
    """The whole archive."""
    found = (path for path in installation.archive.rglob("*") if path.is_file())
    return {str(path.relative_to(installation.archive)): path.read_bytes() for path in found}


# verify


def test_verify_of_a_whole_archive_is_one_line_and_exit_code_0(installation: Installation) -> None:
    done = presskeep("verify", "--read-data", folder=installation.folder)
    assert (done.code, done.err, done.out.count("\n")) == (0, "", 1)
    assert done.out.startswith("2 batches and 5 objects checked, 2 batches read through")
    assert "nothing is damaged" in done.out


def test_verify_names_object_and_page_and_exits_with_1(installation: Installation) -> None:
    january(installation).unlink()
    done = presskeep("verify", folder=installation.folder)
    assert done.code == 1
    assert f"month=2026-01/{warcs(installation)[0].name.partition('.')[0]}.parquet" in done.out
    assert "https://daily.example/2026/2" in done.out
    assert "presskeep repair" in done.out


def test_verify_reports_as_json(installation: Installation) -> None:
    (installation.archive / "notes.txt").write_text("mine")
    january(installation).unlink()
    done = presskeep("verify", "--json", folder=installation.folder)
    assert done.code == 1
    assert (done.json["clean"], done.json["batches"], done.json["objects"]) == (False, 2, 5)
    found = [(finding["kind"], finding["damage"]) for finding in done.json["findings"]]
    assert found == [("foreign", False), ("object_missing", True), ("article_unreadable", True)]


def test_verify_of_foreign_objects_alone_exits_with_0(installation: Installation) -> None:
    (installation.archive / "notes.txt").write_text("mine")
    done = presskeep("verify", folder=installation.folder)
    assert done.code == 0
    assert "foreign            notes.txt" in done.out


def test_verify_reads_everything_in_as_many_days_as_a_subset_says(installation: Installation) -> None:
    read = [
        presskeep("verify", "--read-data", "--subset", "20%", "--seed", str(seed), "--json", folder=installation.folder)
        for seed in range(5)
    ]
    assert sum(done.json["batches_read"] for done in read) == 2
    today = presskeep("verify", "--read-data", "--subset", "20%", "--json", folder=installation.folder)
    assert today.json["batches_read"] in {done.json["batches_read"] for done in read}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--subset", "5%"), "add it"),
        (("--read-data", "--seed", "1"), "--subset"),
        (("--read-data", "--subset", "half"), "'half': is no share"),
        (("--read-data", "--subset", "0%"), "is no share"),
        (("--read-data", "--subset", "101%"), "is no share"),
        (("--site", "dialy"), "unknown site 'dialy'; there are: daily"),
    ],
)
def test_verify_refuses_what_it_cannot_mean(
    installation: Installation, arguments: tuple[str, ...], reason: str
) -> None:
    done = presskeep("verify", *arguments, folder=installation.folder)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert reason in done.err


def test_verify_that_cannot_check_exits_with_2(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither clean nor damaged: nobody knows."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(installation.folder))
    config = installation.folder / "presskeep.toml"
    config.write_text(config.read_text().replace(installation.archive.as_uri(), "s3://bucket/without-credentials"))
    done = presskeep("verify", "--json", folder=installation.folder)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)


# repair


def test_repair_shows_first_and_changes_nothing(installation: Installation, catalog: Catalog) -> None:
    january(installation).unlink()
    before, known = files(installation), rows(catalog)
    done = presskeep("repair", folder=installation.folder)
    assert done.code == 1
    assert done.out.startswith("planned ")
    assert "--apply" in done.out
    assert (files(installation), rows(catalog)) == (before, known)


def test_repair_of_a_whole_archive_finds_nothing_to_mend(installation: Installation) -> None:
    done = presskeep("repair", folder=installation.folder)
    assert (done.code, done.out) == (0, "there is nothing to mend\n")


def test_repair_makes_a_shard_again_with_the_real_extractor(tmp_path: Path) -> None:
    """From the raw page, to the byte."""
    installation = Installation(tmp_path)
    ensure_marker(DirectoryStore(installation.archive))
    capture = Capture(
        site="daily",
        url="https://daily.example/bridge",
        status=200,
        headers=(("Content-Type", "text/html; charset=utf-8"),),
        body=PAGE.encode(),
        fetched=START + timedelta(hours=1),
    )
    with PageExtractor(load_config(tmp_path / "presskeep.toml").profiles()) as extract:
        draft = extract(capture)
    assert draft is not None
    installation.crawl(Visited(capture=capture, outcome=ARCHIVED, draft=draft))
    before = files(installation)
    [shard] = installation.archive.glob("articles/**/*.parquet")
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    done = presskeep("repair", "--apply", "--json", folder=tmp_path)
    assert [(step["kind"], step["state"]) for step in done.json["steps"]] == [("restore_shard", "done")]
    assert done.code == 0
    assert files(installation) == before


def test_repair_names_lost_pages_and_lists_their_urls(installation: Installation) -> None:
    warcs(installation)[0].unlink()
    done = presskeep("repair", "--apply", "--lost", "lost.txt", folder=installation.folder)
    assert done.code == 1
    urls = installation.folder.joinpath("lost.txt").read_text().splitlines()
    assert urls == [*(f"https://daily.example/2026/{number}" for number in (1, 2, 3)), "https://daily.example/gone"]
    assert all(url in done.out for url in urls)
    assert presskeep("verify", folder=installation.folder).code == 0
    assert presskeep("repair", folder=installation.folder).code == 0


def test_repair_keeps_an_existing_list_and_then_does_nothing(installation: Installation) -> None:
    january(installation).unlink()
    (installation.folder / "lost.txt").write_text("mine")
    before = files(installation)
    done = presskeep("repair", "--apply", "--lost", "lost.txt", folder=installation.folder)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert files(installation) == before


def test_repair_says_what_it_cannot_do_and_exits_with_3(installation: Installation, catalog: Catalog) -> None:
    [manifest, _] = sorted(installation.archive.glob("batches/daily/*"))
    manifest.write_bytes(b"{")
    catalog.forget(manifest.stem)
    done = presskeep("repair", "--apply", folder=installation.folder)
    assert done.code == 3
    assert "another copy" in done.out


def test_repair_leaves_a_site_that_is_being_crawled_alone_and_exits_with_3(
    installation: Installation, catalog: Catalog
) -> None:
    january(installation).unlink()
    catalog.leases.acquire("daily", "crawl-1", timedelta(minutes=5))
    done = presskeep("repair", "--apply", folder=installation.folder)
    assert (done.code, done.out.count("\n")) == (3, 1)
    assert done.out.startswith("failed     site_in_use batches/daily/: left alone: site daily: crawl-1 works on it")
    assert not list(installation.archive.glob("articles/site=daily/month=2026-01/*"))


def test_a_page_of_a_site_without_a_profile_is_not_extracted(tmp_path: Path) -> None:
    [page] = [visited(1, site="gone").capture]
    with PageExtractor({}) as extract, pytest.raises(JobsError, match="'gone' has no profile"):
        extract(page)


# gc


def orphan(installation: Installation, *, days: int) -> Path:
    """A WARC that no manifest names, so old."""
    path = warcs(installation)[0].with_name("20260304T050607089Z-0123456789ab.warc.gz")
    path.write_bytes(b"rest")
    then = path.stat().st_mtime - days * 86400
    os.utime(path, (then, then))
    return path


def test_gc_shows_first_and_removes_with_apply(installation: Installation) -> None:
    path = orphan(installation, days=8)
    shown = presskeep("gc", folder=installation.folder)
    assert (shown.code, path.exists()) == (0, True)
    assert path.name in shown.out and "--apply" in shown.out
    done = presskeep("gc", "--apply", "--json", folder=installation.folder)
    assert (done.code, done.json["removed"], path.exists()) == (0, 1, False)
    assert [(found["kind"], found["size"]) for found in done.json["found"]] == [("orphan", 4)]


def test_gc_leaves_what_is_younger_than_asked_for(installation: Installation) -> None:
    path = orphan(installation, days=8)
    assert presskeep("gc", "--older-than", "9d", "--apply", "--json", folder=installation.folder).json["found"] == []
    assert presskeep("gc", "--older-than", "24h", "--apply", "--json", folder=installation.folder).json["removed"] == 1
    assert not path.exists()


@pytest.mark.parametrize(("age", "reason"), [("7", "such as 12h or 7d"), ("-7d", "7d"), ("0h", "an hour")])
def test_gc_refuses_an_age_that_is_none_or_too_short(installation: Installation, age: str, reason: str) -> None:
    done = presskeep("gc", "--older-than", age, folder=installation.folder)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert reason in done.err


def test_gc_leaves_a_site_alone_while_it_is_crawled(installation: Installation, catalog: Catalog) -> None:
    path = orphan(installation, days=8)
    catalog.leases.acquire("daily", "crawl-1", timedelta(minutes=5))
    done = presskeep("gc", "--apply", folder=installation.folder)
    assert path.exists()
    assert "crawl-1 works on it" in done.err
    assert "0 removed" in done.out


# catalog rebuild


def test_rebuild_puts_an_equal_catalog_in_the_place_of_a_lost_one(installation: Installation, catalog: Catalog) -> None:
    known = rows(catalog)
    catalog.close()
    (installation.folder / "data" / "catalog.sqlite").unlink()
    done = presskeep("catalog", "rebuild", "--json", folder=installation.folder)
    assert (done.code, done.json["batches"], done.json["captures"], done.json["articles"]) == (0, 2, 6, 5)
    assert rows(catalog) == known


def test_rebuild_keeps_the_old_catalog_with_its_diary(installation: Installation, catalog: Catalog) -> None:
    known = rows(catalog)
    catalog.close()
    assert presskeep("catalog", "rebuild", folder=installation.folder).code == 0
    assert rows(catalog) == known
    assert list(catalog.runs(limit=9)) == []
    old = Catalog(f"sqlite:///{installation.folder}/data/catalog.sqlite.bak")
    assert len(list(old.runs(limit=9))) == 2
    old.close()
    again = presskeep("catalog", "rebuild", folder=installation.folder)
    assert again.code == 2
    assert "move it away" in again.err


def test_rebuild_replaces_a_catalog_that_cannot_be_opened(installation: Installation, catalog: Catalog) -> None:
    known = rows(catalog)
    catalog.close()
    (installation.folder / "data" / "catalog.sqlite").write_bytes(b"no database at all" * 1000)
    assert presskeep("catalog", "rebuild", folder=installation.folder).code == 0
    assert rows(catalog) == known


def test_a_dry_run_of_rebuild_changes_nothing(installation: Installation) -> None:
    before = {path.name for path in (installation.folder / "data").iterdir()}
    done = presskeep("catalog", "rebuild", "--dry-run", folder=installation.folder)
    assert (done.code, done.out) == (0, "2 batches, 6 captures, 5 articles, 0 runs: nothing was changed\n")
    assert {path.name for path in (installation.folder / "data").iterdir()} == before


def test_rebuild_names_what_the_bucket_no_longer_gives(installation: Installation) -> None:
    january(installation).unlink()
    done = presskeep("catalog", "rebuild", folder=installation.folder)
    assert done.code == 1
    assert "object_missing" in done.out


def test_rebuild_does_not_forget_what_only_the_old_catalog_knows(installation: Installation, catalog: Catalog) -> None:
    """It is the only place from which a lost manifest can be written again."""
    next(installation.archive.glob("batches/daily/*")).unlink()
    done = presskeep("catalog", "rebuild", folder=installation.folder)
    assert done.code == 2
    assert "presskeep repair" in done.err
    assert len(list(catalog.rows(schema.batches))) == 2
    assert not (installation.folder / "data" / "catalog.sqlite.bak").exists()


def test_rebuild_waits_for_a_site_that_is_being_crawled(installation: Installation, catalog: Catalog) -> None:
    catalog.leases.acquire("daily", "crawl-1", timedelta(minutes=5))
    done = presskeep("catalog", "rebuild", folder=installation.folder)
    assert done.code == 2
    assert "crawl-1 works on it" in done.err


def test_rebuild_without_an_archive_leaves_no_catalog(tmp_path: Path) -> None:
    Installation(tmp_path)
    done = presskeep("catalog", "rebuild", folder=tmp_path)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "no archive" in done.err
    assert not (tmp_path / "data" / "catalog.sqlite").exists()
