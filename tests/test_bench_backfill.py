"""Promises of the backfill of years, tried on a few hundred articles of one season."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crawling import PROJECT


@pytest.mark.slow
@pytest.mark.bench
@pytest.mark.timeout(900)
def test_a_backfill_that_is_killed_three_times_finds_all_and_asks_for_nothing_twice(tmp_path: Path) -> None:
    report = tmp_path / "backfill.json"
    options = ["--articles", "300", "--days", "60", "--delay", "0", "--json", str(report)]
    command = [sys.executable, "-m", "bench.backfill", *options]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(report.read_text("utf-8"))
    assert (figures["found"], figures["kills"]) == (figures["articles"], 3)
