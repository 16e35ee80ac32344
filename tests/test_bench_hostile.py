"""Promises of an honest site beside hostile ones: not one page of it is missing. How fast it is, the bench measures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crawling import PROJECT
from tests.hostile_tricks import TRICKS


@pytest.mark.slow
@pytest.mark.bench
@pytest.mark.timeout(600)
def test_an_honest_site_beside_hostile_ones_is_archived_in_full(tmp_path: Path) -> None:
    report = tmp_path / "hostile.json"
    few = ["--pages", "20", "--hostile", "2", "--rounds", "1", "--delay", "0.1"]
    command = [sys.executable, "-m", "bench.hostile", *few, "--json", str(report)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    crawls = json.loads(report.read_text("utf-8"))["crawls"]
    assert [crawl["archived"] for crawl in crawls["alone"] + crawls["beside"]] == [20, 20]
    assert [(crawl["hostile_pages"], crawl["tracebacks"]) for crawl in crawls["beside"]] == [(2 * len(TRICKS), 0)]
