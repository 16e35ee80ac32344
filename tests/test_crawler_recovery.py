"""Promises of recovery: a crawl killed at any named point loses nothing, doubles nothing, and needs no operator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from archive.failpoints import NAMES
from tests.newsroom import PAGES, Newsroom, load_site

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
    finished = crawl(tmp_path)
    assert finished.returncode == 0, finished.stderr
    rows = duckdb.sql(f"select url_id, revision from '{tmp_path}/bucket/articles/**/*.parquet'").fetchall()
    assert len(rows) == len(set(rows)) == len(newsroom.sites[SITE].articles)
    fetched = requests(newsroom) - before
    assert max(fetched.values()) == (2 if name == "mid_record" else 1), "fetched again though it was spooled"
    assert not list((tmp_path / "data/spool").rglob("*.warc.gz*"))
    verified = subprocess.run(
        [sys.executable, "-m", "jobs.cli", "verify", "--read-data", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert verified.returncode == 0, verified.stdout
    assert json.loads(verified.stdout) is not None
