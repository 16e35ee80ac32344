"""The pipeline bench: it serves the pages it says, counts every process, and both contenders archive everything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.hotspots import read_stacks
from bench.machine import measure
from bench.newsrooms import bench_sites
from tests.newsroom import PAGES

BURN = "import time\nwhile time.process_time() < 0.5: pass"


def test_every_page_has_an_address_and_a_text_of_its_own() -> None:
    pages = [page for site in bench_sites(PAGES, pages=100, sites=3, seed=1) for page in site.pages]
    assert len(pages) == len({page.path for page in pages}) == len({page.read() for page in pages}) == 100


def test_a_repeated_page_differs_in_headline_and_first_paragraph_alone(tmp_path: Path) -> None:
    sentence = "A sentence of the article that is long enough to be its first paragraph, and no byline. "
    html = f"<title>Fire</title><h1 class='x'>Fire</h1><p>By Ann</p><p>{sentence}</p><p>{sentence}</p>"
    (tmp_path / "fire.html").write_text(html, "utf-8")
    (site,) = bench_sites(tmp_path, pages=3, sites=1, seed=1)
    assert sorted(page.read().decode() for page in site.pages) == [
        f"<title>{mark}Fire</title><h1 class='x'>{mark}Fire</h1><p>By Ann</p><p>{mark}{sentence}</p><p>{sentence}</p>"
        for mark in ("1. ", "2. ", "")
    ]


def test_pages_are_drawn_evenly_from_sub_folders_and_the_same_each_time(tmp_path: Path) -> None:
    for name, count in (("small", 5), ("large", 50)):
        (tmp_path / name).mkdir()
        for number in range(count):
            (tmp_path / name / f"{name}-{number}.html").write_text(f"<title>{number}</title>", "utf-8")
    first, again = (bench_sites(tmp_path, pages=10, sites=2, seed=7) for _ in range(2))
    assert first == again
    assert sum("small" in page.path for site in first for page in site.pages) == 5


def test_a_folder_without_pages_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=str(tmp_path)):
        bench_sites(tmp_path, pages=1, sites=1, seed=1)


def test_cpu_of_a_process_that_outlives_its_parent_is_counted(tmp_path: Path) -> None:
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {BURN!r}])"
    cost = measure([sys.executable, "-W", "ignore", "-c", parent], cwd=tmp_path, env={}, log=tmp_path / "log")
    assert cost.cpu_seconds >= 0.5


def test_a_failed_command_is_an_error_that_shows_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"exit code 3(.|\n)*no bucket"):
        measure([sys.executable, "-c", "print('no bucket'); exit(3)"], cwd=tmp_path, env={}, log=tmp_path / "log")


def test_stacks_are_those_of_the_process_asked_for() -> None:
    lines = [
        'process 1:"python -m jobs.cli";main (jobs/cli.py:7) 5',
        'process 1:"python -m jobs.cli";process 2:"python -m jobs.crawl_process";<module> (a.py:1);run (b/c.py:9) 3',
    ]
    assert list(read_stacks(lines, "jobs.crawl_process")) == [(3, ["<module> (a.py)", "run (b/c.py)"])]


@pytest.mark.slow
def test_both_contenders_archive_every_page(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    arguments = ["--count", "12", "--sites", "2", "--json", str(file)]
    done = subprocess.run([sys.executable, "-m", "bench.pipeline", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ours, naive = (json.loads(file.read_text())["medians"][name] for name in ("ours", "naive"))
    assert (ours["articles"], naive["articles"]) == (12, 12)
    assert naive["puts_per_1000"] == 1000
    assert ours["raw_bytes_per_article"] > 0 == naive["raw_bytes_per_article"]
    assert all(0 < one["peak_pss_mb"] <= one["peak_rss_mb"] and one["cpu_ms_per_article"] > 0 for one in (ours, naive))
