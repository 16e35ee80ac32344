"""Promises of recovery: a crawl killed at any named point loses nothing, doubles nothing, and needs no operator."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import duckdb
import pytest

from archive.failpoints import NAMES
from tests.crawling import Installation, articles
from tests.newsroom import PAGES, Newsroom, Site, load_site

SITE = "harbour"


@pytest.fixture(scope="module")
def newsroom() -> Iterator[Newsroom]:
    with Newsroom([load_site(PAGES / SITE)]) as newsroom:
        yield newsroom


def crawl(folder: Path, failpoint: str = "") -> subprocess.CompletedProcess[str]:
    """One `presskeep crawl`; its crawl process dies at the failpoint."""
    return subprocess.run(
        [sys.executable, "-m", "jobs.cli", "crawl", SITE, "--json"],
        cwd=folder,
        env={**os.environ, "PRESSKEEP_FAILPOINT": failpoint},
        capture_output=True,
        text=True,
    )


def write_config(folder: Path, newsroom: Newsroom) -> None:
    (folder / "sites").mkdir()
    (folder / "sites" / f"{SITE}.toml").write_text(newsroom.profile(SITE), encoding="utf-8")
    (folder / "presskeep.toml").write_text(
        f'archive = "file://{folder}/bucket"\ncontact = "desk@example.org"\nallow_networks = ["127.0.0.0/8"]\n',
        encoding="utf-8",
    )


def requests(newsroom: Newsroom) -> Counter[str]:
    articles = {page.path for page in newsroom.sites[SITE].articles}
    return Counter(request.path for request in newsroom.log if request.path in articles)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_crawl_killed_at_a_failpoint_is_finished_by_the_next(name: str, newsroom: Newsroom, tmp_path: Path) -> None:
    write_config(tmp_path, newsroom)
    before = requests(newsroom)
    killed = crawl(tmp_path, f"{name}:3" if name == "mid_record" else name)
    assert killed.returncode == 3 and "137" in killed.stdout
    fetched = assert_finished(tmp_path, newsroom, before)
    assert max(fetched.values()) == (2 if name == "mid_record" else 1), "fetched again though it was spooled"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_recovery_that_is_killed_again_and_again_is_finished_in_the_end(newsroom: Newsroom, tmp_path: Path) -> None:
    """Six times, each time a step further; nothing is fetched before it is finished."""
    write_config(tmp_path, newsroom)
    before = requests(newsroom)
    crawl(tmp_path, "segment_closed")
    for name in NAMES[1:]:
        killed = crawl(tmp_path, name)
        assert killed.returncode == 3 and "137" in killed.stdout
    fetched = assert_finished(tmp_path, newsroom, before)
    assert set(fetched.values()) == {1}


@pytest.mark.slow
def test_a_segment_of_an_older_version_is_drained(newsroom: Newsroom, tmp_path: Path) -> None:
    """It is a WARC of responses; neither our own fields nor requests are needed to make articles of it."""
    write_config(tmp_path, newsroom)
    folder = tmp_path / "data" / "spool" / SITE
    folder.mkdir(parents=True)
    page = newsroom.sites[SITE].articles[0]
    url = newsroom.base_urls[SITE] + page.path
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + urlopen(url).read()
    record = (
        f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:8a7a9b1e-0000-4000-8000-000000000001>\r\n"
        f"WARC-Date: {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\r\nWARC-Target-URI: {url}\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
    ).encode()
    segment = folder / "20260304T050607Z-0123ab-0001.warc.gz"
    segment.write_bytes(gzip.compress(record + http + b"\r\n\r\n", mtime=0))
    before = requests(newsroom)
    fetched = assert_finished(tmp_path, newsroom, before)
    assert page.path not in fetched


@pytest.mark.slow
def test_what_a_dead_run_left_is_finished_by_a_crawl_of_any_site(tmp_path: Path) -> None:
    """Its own site may never be crawled again."""
    sites = [Site(name=name, title=name, pages=articles(3)) for name in ("daily", "weekly")]
    with Newsroom(sites) as newsroom:
        installation = Installation(tmp_path / "installation", newsroom)
        killed = installation.command("crawl", "daily", PRESSKEEP_FAILPOINT="segment_closed")
        assert killed.returncode == 3 and not (installation.folder / "archive" / "batches").exists()
        other = installation.command("crawl", "weekly")
        assert (other.returncode, other.stderr) == (0, "")
        assert set(installation.archived_urls().values()) == {1}
        assert len(installation.archived_urls()) == 6
        assert not list((installation.folder / "data" / "spool").rglob("*.warc.gz*"))


def assert_finished(folder: Path, newsroom: Newsroom, before: Counter[str]) -> Counter[str]:
    """The next crawl leaves every article safe, once, and nothing in the spool; how often each was fetched."""
    finished = crawl(folder)
    assert finished.returncode == 0, finished.stderr
    rows = duckdb.sql(f"select url_id, revision from '{folder}/bucket/articles/**/*.parquet'").fetchall()
    assert len(rows) == len(set(rows)) == len(newsroom.sites[SITE].articles)
    assert not list((folder / "data/spool").rglob("*.warc.gz*"))
    verified = subprocess.run(
        [sys.executable, "-m", "jobs.cli", "verify", "--read-data", "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert verified.returncode == 0, verified.stdout
    return requests(newsroom) - before
