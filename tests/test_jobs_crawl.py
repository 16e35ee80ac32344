"""Promises of `presskeep crawl`: exit codes, one line an error, and an orderly end however it is ended."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from archive import outcomes, schema
from tests.command import Finished, presskeep
from tests.crawling import CONTACT, Installation, articles
from tests.newsroom import Fault, Newsroom, Site
from tests.seaweed import BUCKET, Seaweed

# Many process starts, outages and waits.
pytestmark = pytest.mark.slow

CANARY = "canary-7f3a"
"""Stands for a secret; must never be seen."""


@contextmanager
def installed(folder: Path, site: Site, archive: str | None = None) -> Iterator[Installation]:
    with Newsroom([site]) as newsroom:
        yield Installation(folder / "installation", newsroom, archive=archive)


def daily(count: int, **faults: Fault) -> Site:
    """A site with so many articles."""
    return Site(name="daily", title="The Daily", pages=articles(count), faults={f"/{k}": f for k, f in faults.items()})


def one_line(err: str) -> str:
    """The only line on standard error."""
    [line] = err.splitlines()
    assert "Traceback" not in line
    return line


def test_a_crawl_is_ordered_without_what_only_the_crawl_needs() -> None:
    """Each of these takes a good part of a second and tens of megabytes, beside the crawl process that has them too."""
    heavy = {"alembic", "boto3", "pyarrow", "scrapy", "sqlalchemy", "trafilatura", "twisted"}
    code = "import sys, jobs.cli, jobs.cli_crawl; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert heavy.isdisjoint(loaded)


# What is wrong is said before anything is fetched.

CONFIG = f'archive = "file:///nowhere/archive"\ncontact = "{CONTACT}"\n'
PROFILE = 'name = "daily"\ntitle = "The Daily"\nhosts = ["daily.example"]\n'


def attempt(folder: Path, *arguments: str, config: str | None = CONFIG, profile: str = PROFILE) -> Finished:
    """A crawl that is not expected to get as far as fetching."""
    (folder / "sites").mkdir()
    (folder / "sites" / "daily.toml").write_text(profile, encoding="utf-8")
    if config is not None:
        (folder / "presskeep.toml").write_text(config, encoding="utf-8")
    return presskeep("crawl", *arguments, folder=folder)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (None, "presskeep.toml: no such file; write one with `presskeep init`"),
        ("archive = [", "not TOML"),
        (f'archive = "file:///a"\ncontact = "{CONTACT}"\nsties = []\n', "sties: unknown key"),
        (f'archive = "ftp://a"\ncontact = "{CONTACT}"\n', "archive: 'ftp://a': must be s3://bucket/prefix or file:///"),
        ('archive = "file:///a"\n', "contact: is required"),
    ],
)
def test_a_wrong_configuration_is_one_line_and_exit_code_2(tmp_path: Path, config: str | None, said: str) -> None:
    done = attempt(tmp_path, "daily", config=config)
    assert done.code == 2
    assert said in one_line(done.err)


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("name = [", "daily.toml: not TOML"),
        (PROFILE + "titel = 1\n", "daily.toml: titel: unknown key; did you mean 'title'?"),
        (
            PROFILE + 'schedule = "0 6 * * 9"\n',
            "site daily: schedule: '0 6 * * 9': not a crontab line: '9' is no weekday",
        ),
    ],
)
def test_a_wrong_profile_is_one_line_and_exit_code_2(tmp_path: Path, profile: str, said: str) -> None:
    done = attempt(tmp_path, "daily", profile=profile)
    assert done.code == 2
    assert said in one_line(done.err)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["weekly"], "unknown site 'weekly'; configured are: daily"),
        ([], "nothing to crawl: name a site, or give --all, --url or --urls; configured are: daily"),
        (["--all", "daily"], "name sites or give --all, not both"),
        (["--url", "https://weekly.example/1"], "https://weekly.example/1: weekly.example is not a host of"),
        (["--url", "nonsense"], "nonsense: no host is not a host of"),
        (["--urls", "missing.txt"], "--urls missing.txt: cannot be read: "),
    ],
)
def test_a_wrong_order_is_one_line_and_exit_code_2(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = attempt(tmp_path, *arguments)
    assert done.code == 2
    assert said in one_line(done.err)


def failing(folder: Path, config: str, **environment: str) -> str:
    """What a crawl says whose archive cannot be used; nothing was fetched."""
    with installed(folder, daily(1)) as installation:
        installation.config.write_text(f'contact = "{CONTACT}"\n{config}', encoding="utf-8")
        done = installation.command("crawl", "--all", **environment)
        assert installation.newsroom.log == []
    assert (done.returncode, done.stdout) == (2, "")
    line = one_line(done.stderr)
    assert CANARY not in line
    return line


AWS = {
    "AWS_ACCESS_KEY_ID": "AK",
    "AWS_SECRET_ACCESS_KEY": CANARY,
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def test_a_bucket_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    line = failing(tmp_path, 'archive = "s3://press"\n', AWS_ENDPOINT_URL_S3="http://127.0.0.1:9", **AWS)
    assert "bucket press at http://127.0.0.1:9" in line


def test_wrong_credentials_are_told_without_repeating_them(tmp_path: Path, seaweed: Seaweed) -> None:
    line = failing(tmp_path, f'archive = "s3://{BUCKET}/denied"\n', AWS_ENDPOINT_URL_S3=seaweed.endpoint, **AWS)
    assert f"bucket {BUCKET} at {seaweed.endpoint}" in line


def test_a_spool_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    archive = (tmp_path / "archive").as_uri()
    line = failing(tmp_path, f'archive = "{archive}"\nspool = "{tmp_path}/file/spool"\n')
    assert line.startswith(f"presskeep: spool {tmp_path}/file/spool: cannot be written: Not a directory; ")


# What was done, and how well.


def test_a_site_that_fails_in_part_is_exit_code_3(tmp_path: Path) -> None:
    """Its feed is dead, its sitemap is not: the articles are archived all the same."""
    with installed(tmp_path, daily(3, **{"rss.xml": Fault(status=404)})) as installation:
        done = installation.command("crawl", "daily")
    assert (done.returncode, done.stderr) == (3, "")
    assert "1 source http_404" in done.stdout
    assert Counter(row.outcome for row in installation.outcomes() if row.kind == "page") == {"archived": 3}


def test_all_well_is_exit_code_0_and_the_summary_can_be_read_by_programs(tmp_path: Path) -> None:
    with installed(tmp_path, daily(3)) as installation:
        done = installation.command("crawl", "--all", "--json", "--limit", "2")
        again = installation.command("crawl", "--all")
    assert (done.returncode, done.stderr) == (0, "")
    assert '"state": "done"' in done.stdout
    assert [run["command"] for run in installation.runs] == ["crawl --all", "crawl --all --json --limit 2"]
    assert (again.returncode, again.stderr) == (0, "")
    assert sorted(installation.archived_urls().values()) == [1, 1, 1]


def test_only_the_urls_given_are_fetched(tmp_path: Path) -> None:
    with installed(tmp_path, daily(4)) as installation:
        base = installation.newsroom.base_urls["daily"]
        listed = tmp_path / "list.txt"
        listed.write_text(f"# two pages\n{base}/story-1\n{base}/story-2\n", encoding="utf-8")
        done = installation.command("crawl", "--url", f"{base}/story-0", "--urls", str(listed))
    assert (done.returncode, done.stderr) == (0, "")
    assert {request.path for request in installation.newsroom.log} == {
        "/robots.txt",
        "/story-0",
        "/story-1",
        "/story-2",
    }
    assert {row.outcome for row in installation.outcomes()} == {"archived"}


def test_a_crawl_into_a_bucket_shows_no_secret_even_when_it_tells_all(tmp_path: Path, seaweed: Seaweed) -> None:
    with installed(tmp_path, daily(2), archive=f"s3://{BUCKET}/crawl-{tmp_path.name}") as installation:
        done = installation.command("crawl", "--all", "-vv", **seaweed.environment())
    assert done.returncode == 0, done.stderr
    assert Counter(row.outcome for row in installation.outcomes() if row.kind == "page") == {"archived": 2}
    assert "DEBUG" in done.stderr
    for secret in (seaweed.environment()["AWS_SECRET_ACCESS_KEY"], "Signature=", "Authorization"):
        assert secret not in done.stderr


# However it ends, it ends in good order.

SLOW = Site(
    name="daily",
    title="The Daily",
    pages=articles(12),
    faults={f"/story-{n}": Fault(delay=0.3) for n in range(12)} | {"/story-11": Fault(delay=600)},
    profile_template="""
name = "daily"
title = "The Daily"
hosts = ["{{host}}"]
[sources]
feeds = ["{{base}}/rss.xml"]
[fetch]
delay = 0
concurrency = 4
""",
)


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for it; the limit only keeps a broken test from lasting for ever."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@contextmanager
def interrupted(folder: Path) -> Iterator[tuple[Installation, subprocess.Popen[str]]]:
    """A crawl in its midst: some pages are fetched, more wait, one would take ten minutes."""
    with installed(folder, SLOW) as installation, installation.started("crawl", "--all") as process:
        until(lambda: sum("/story" in request.path for request in installation.newsroom.log) >= 4)
        until(lambda: len(family(process)) >= 4)
        yield installation, process


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The crawl process first, then its fork server, a resource tracker and workers."""
    return psutil.Process(process.pid).children(recursive=True)


def assert_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=60)
    assert alive == []


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_crawl_keeps_what_it_fetched_and_the_next_fetches_the_rest(
    tmp_path: Path, sign: signal.Signals
) -> None:
    with interrupted(tmp_path) as (installation, process):
        processes = family(process)
        process.send_signal(sign)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (3, "")
        assert_gone(processes)
        assert installation.runs[0]["state"] == "interrupted"
        found = {path: how for path, how in installation.by_path("daily").items() if path.startswith("/story")}
        assert len(found) == 12
        assert set(found.values()) == {outcomes.ARCHIVED, outcomes.INTERRUPTED}

        installation.newsroom.replace(daily(12))
        installation.crawl()
    asked = Counter(request.path for request in installation.newsroom.log)
    assert {asked[path] for path, how in found.items() if how == outcomes.ARCHIVED} == {1}
    assert sorted(installation.archived_urls().values()) == [1] * 12


def test_a_crawl_whose_command_is_killed_ends_and_commits(tmp_path: Path) -> None:
    with interrupted(tmp_path) as (installation, process):
        processes = family(process)
        process.kill()
        assert_gone(processes)
        assert installation.runs[0]["state"] == "interrupted"
        assert {"archived", "interrupted"} <= {row.outcome for row in installation.outcomes()}


def test_a_crawl_process_that_is_killed_takes_its_workers_along_and_is_told_of(tmp_path: Path) -> None:
    with interrupted(tmp_path) as (_, process):
        processes = family(process)
        processes[0].kill()
        out, err = process.communicate(timeout=60)
        assert_gone(processes)
    assert process.returncode == 3
    assert ": failed in " in out
    assert "archive: the crawl process died with code -9; captures that were not yet safe wait in the spool" in err
    assert "Traceback" not in err


def test_a_second_signal_ends_a_crawl_at_once(tmp_path: Path) -> None:
    """What was spooled stays on disk."""
    with interrupted(tmp_path) as (installation, process):
        processes = family(process)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert process.returncode == 3
        assert_gone(processes)
        safe = sum(row.outcome == outcomes.ARCHIVED for row in installation.outcomes())
        assert safe or list((installation.folder / "data" / "spool").rglob("*.warc.gz*"))


def test_a_crawl_that_slept_while_another_took_its_site_commits_nothing_twice(tmp_path: Path) -> None:
    """Stopped for longer than its lease lasts, it wakes up when the other has finished its work."""
    site = replace(SLOW, faults={f"/story-{n}": Fault(delay=0.3) for n in range(12)})
    with installed(tmp_path, site) as installation, installation.started("crawl", "--all") as process:
        until(lambda: sum("/story" in request.path for request in installation.newsroom.log) >= 5)
        asleep = family(process)[0]
        asleep.suspend()
        with installation.catalog() as catalog, catalog._database.transaction() as connection:
            connection.execute(schema.leases.update().values(expires=datetime(2026, 1, 1, tzinfo=UTC)))
        other = installation.command("crawl", "--all")
        asleep.resume()
        _, err = process.communicate(timeout=60)
        assert other.returncode == 0, other.stderr
        assert process.returncode == 3
        assert "another run has taken the site over" in one_line(err)
        archived = installation.archived_urls()
        assert (len(archived), set(archived.values())) == (12, {1})
        assert installation.command("verify", "--read-data").returncode == 0
        assert installation.command("crawl", "--all").returncode == 0
        assert installation.archived_urls() == archived


def test_an_article_that_cannot_be_stored_waits_in_the_spool(tmp_path: Path) -> None:
    """The archive's folder is lost while the crawl runs."""
    with installed(tmp_path, SLOW) as installation, installation.started("crawl", "--all") as process:
        until(lambda: any("/story" in request.path for request in installation.newsroom.log))
        (installation.folder / "archive" / "raw").write_text("in the way of a folder")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert one_line(err).startswith("archive: daily: ")
    assert f"its captures wait in {installation.folder}/data/spool/daily" in err
    assert installation.runs[0]["state"] == "failed"
    assert list((installation.folder / "data" / "spool" / "daily").glob("*.warc.gz"))


def test_a_spool_that_takes_nothing_ends_the_crawl(tmp_path: Path) -> None:
    """What cannot be kept is not fetched: the rest stays due."""
    with installed(tmp_path, SLOW) as installation:
        (installation.folder / "data" / "spool").mkdir(parents=True)
        (installation.folder / "data" / "spool" / "daily").write_text("in the way of a folder")
        done = installation.command("crawl", "--all")
    assert done.returncode == 3
    assert one_line(done.stderr).startswith(f"archive: spool {installation.folder}/data/spool/daily/")
    assert {row.outcome for row in installation.outcomes() if row.kind == "page"} == {outcomes.INTERRUPTED}
    assert installation.runs[0]["state"] == "failed"
