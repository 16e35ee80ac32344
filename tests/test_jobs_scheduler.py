"""Promises of `presskeep schedule` and `crawl --due`, as real processes."""

from __future__ import annotations

import dataclasses
import json
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.catalog import Catalog
from archive.marker import ensure_marker
from archive.run_report import RunReport
from archive.spool import OpenSegment
from archive.store import DirectoryStore
from jobs.housekeeping import keep_house
from tests.archive_builder import Installation as Built
from tests.archive_builder import visited
from tests.command import presskeep
from tests.crawling import Installation, article, articles
from tests.newsroom import Fault, Newsroom, Site
from tests.sample_articles import make_capture, make_url
from tests.small_archive import SmallArchive, filled


def scheduled(folder: Path, newsroom: Newsroom) -> Installation:
    """Each site is due twice a day, and at once because it has never been crawled."""
    profiles = {name: 'schedule = "every 12h"\n' + newsroom.profile(name) for name in newsroom.sites}
    installation = Installation(folder / "installation", newsroom, profiles=profiles)
    text = installation.config.read_text()
    installation.config.write_text(f'{text}log_format = "json"\n[schedule]\nhousekeeping = ""\njitter = 0\n')
    return installation


def site(name: str) -> Site:
    return Site(name=name, title=name.title(), pages=articles(2))


def until(condition: Callable[[], bool], seconds: float = 100) -> None:
    """Wait for it; the limit only keeps a broken test from lasting for ever."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def reports(installation: Installation) -> list[RunReport]:
    """Of all runs that have ended."""
    if not (installation.folder / "data" / "catalog.sqlite").exists():
        return []
    with installation.catalog() as catalog:
        catalog.prepare()
        found = [catalog.diary.report(row["run"]) for row in catalog.runs(limit=10)]
    return [report for report in found if report is not None]


@pytest.mark.slow
def test_the_scheduler_crawls_takes_over_a_new_site_and_ends_on_sigterm(tmp_path: Path) -> None:
    with Newsroom([site("daily"), site("weekly")]) as newsroom:
        installation = scheduled(tmp_path, newsroom)
        weekly = installation.folder / "sites" / "weekly.toml"
        text = weekly.read_text()
        weekly.unlink()
        with installation.started("schedule") as process:
            until(lambda: len(reports(installation)) == 1)
            weekly.write_text(text)
            until(lambda: len(reports(installation)) == 2)
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert [report.sites[0].site for report in reports(installation)] == ["weekly", "daily"]
    assert {report.command for report in reports(installation)} == {"schedule"}
    lines = [json.loads(line) for line in err.splitlines()]
    assert {line["run"] for line in lines if "run" in line} >= {report.run for report in reports(installation)}


@pytest.mark.slow
def test_what_is_due_is_crawled_once(tmp_path: Path) -> None:
    with Newsroom([site("daily")]) as newsroom:
        installation = scheduled(tmp_path, newsroom)
        listed = json.loads(installation.command("schedule", "--list", "--json").stdout)
        assert [(each["site"], each["due"], each["last"]) for each in listed] == [("daily", True, None)]
        first = installation.command("crawl", "--due")
        again = installation.command("crawl", "--due")
    assert (first.returncode, first.stderr) == (0, "")
    assert (again.returncode, again.stdout) == (0, "nothing is due\n")
    assert len(reports(installation)) == 1
    [after] = presskeep("schedule", "--list", "--json", folder=installation.folder).json
    assert (after["due"], after["last_state"]) == (False, "claimed")
    assert "next " in presskeep("schedule", "--list", folder=installation.folder).out


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_scheduler_killed_in_the_middle_of_a_crawl_is_followed_and_nothing_is_lost(tmp_path: Path) -> None:
    """Its crawl commits what it has fetched, and the next tick, run by the standby, brings the rest."""
    faults = {f"/story-{number}": Fault(delay=1) for number in range(12)}
    with Newsroom([Site(name="daily", title="Daily", pages=articles(12), faults=faults)]) as newsroom:
        installation = scheduled(tmp_path, newsroom)
        profile = installation.folder / "sites" / "daily.toml"
        profile.write_text(profile.read_text().replace("every 12h", "every 1m"))
        with installation.started("schedule") as first:
            until(lambda: sum(request.path.startswith("/story") for request in newsroom.log) >= 3)
            with installation.started("schedule") as second:
                time.sleep(3)
                first.kill()
                first.wait()
                until(lambda: len(installation.archived_urls()) == 12, seconds=200)
                second.send_signal(signal.SIGTERM)
                out, err = second.communicate(timeout=60)
        asked = Counter(request.path for request in newsroom.log if request.path.startswith("/story"))
    assert (second.returncode, out) == (0, "")
    assert "leads" in err
    assert set(installation.archived_urls().values()) == {1}
    # What was under way when the first one died is fetched again, and no more.
    assert sum(asked.values()) <= 12 + 4
    states = [report.state for report in reports(installation)]
    assert (states[0], states[-1]) == ("done", "interrupted")


def test_due_and_names_do_not_go_together(tmp_path: Path) -> None:
    folder = Built(tmp_path).folder
    done = presskeep("crawl", "--due", "daily", folder=folder)
    assert (done.code, done.out) == (2, "")
    assert "--due says itself what is crawled" in done.err


# Housekeeping.


@pytest.fixture
def archive(tmp_path: Path) -> SmallArchive:
    return filled(DirectoryStore(tmp_path / "archive"), tmp_path)


def test_in_twenty_days_everything_is_read_the_oldest_first(archive: SmallArchive) -> None:
    for number in range(8):
        archive.crawl(*(visited(100 + number, body=f"<p>{number}</p>".encode()),))
    now, seen = datetime.now(UTC), []
    for day in range(20):
        done = keep_house(archive.store, archive.catalog, now + timedelta(days=day))
        assert (done.findings, done.problems) == ((), ())
        seen.append(done.read_since)
    assert seen[0] is None
    assert seen[-1] is not None
    assert sum(at is not None for at in seen) > 5
    archive.catalog.close()


def test_damage_is_found_when_its_turn_comes(archive: SmallArchive) -> None:
    for key in archive.keys("articles/"):
        archive.flip(key, 100)
    now = datetime.now(UTC)
    first = keep_house(archive.store, archive.catalog, now)
    second = keep_house(archive.store, archive.catalog, now + timedelta(days=20))
    assert {found.kind for found in (*first.findings, *second.findings)} >= {"object_damaged"}
    archive.catalog.close()


def test_a_run_that_was_killed_is_closed_with_a_report(archive: SmallArchive) -> None:
    run = "20260304T050607Z-aaaaaa"
    now = datetime.now(UTC)
    archive.catalog.start_run(run, "schedule", now - timedelta(hours=2))
    archive.catalog.start_run("20260304T050607Z-bbbbbb", "schedule", now)
    assert keep_house(archive.store, archive.catalog, now).closed_runs == 1
    report = archive.catalog.diary.report(run)
    assert report is not None
    assert (report.state, report.exit_code) == ("failed", 3)
    assert keep_house(archive.store, archive.catalog, now).closed_runs == 0
    archive.catalog.close()


def test_housekeeping_is_a_run_like_any_other(tmp_path: Path) -> None:
    installation = Built(tmp_path)
    installation.crawl(visited(1))
    ensure_marker(DirectoryStore(installation.archive))
    done = presskeep("housekeeping", folder=installation.folder)
    assert done.code == 0
    assert "1 batches read through" in done.out
    assert presskeep("runs", "--json", folder=installation.folder).json[0]["command"] == "housekeeping"
    assert presskeep("housekeeping", "--json", folder=installation.folder).json["findings"] == []


PAGE = article("/bridge")


def leave_in_spool(folder: Path, site: str) -> None:
    """As a run does that is killed."""
    segment = OpenSegment.create(folder / "data" / "spool" / site / "20260304T050607Z-aaaaaa-0001", info={})
    segment.append(dataclasses.replace(make_capture(1, body=PAGE.source.decode()), site=site))
    segment._stream.close()


def test_housekeeping_finishes_what_dead_runs_left_in_the_spool(tmp_path: Path) -> None:
    """Of every site that has a profile and is in nobody's hands; the others wait, and are told of."""
    installation = Built(tmp_path, sites=["daily", "held"])
    installation.crawl(visited(7))
    ensure_marker(DirectoryStore(installation.archive))
    for site in ("daily", "gone", "held"):
        leave_in_spool(tmp_path, site)
    catalog = Catalog(f"sqlite:///{tmp_path}/data/catalog.sqlite")
    catalog.leases.acquire("held", "crawl-1", timedelta(minutes=5))
    done = presskeep("housekeeping", "--json", folder=tmp_path)
    assert (done.code, done.json["recovered"]) == (3, 1)
    [problem] = done.json["problems"]
    assert problem.startswith("gone: ") and "has no profile" in problem
    left = sorted(path.parent.name for path in (tmp_path / "data" / "spool").rglob("*.warc.gz*"))
    assert left == ["gone", "held"]
    assert [entry.url for entry in catalog.article_entries() if entry.url == make_url(1)] == [make_url(1)]
    catalog.close()
