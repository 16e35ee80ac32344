"""Promises of the month in minutes, tried on its first days."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crawling import PROJECT


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_everything_announced_is_found_and_lasting_edits_are_caught_at_a_small_price(tmp_path: Path) -> None:
    report = tmp_path / "month.json"
    command = [sys.executable, "-m", "bench.month", "--days", "3", "--every", "6", "--json", str(report)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ours, naive = (json.loads(report.read_text("utf-8"))[name] for name in ("presskeep", "naive"))
    assert ours["covered"] == 100
    assert ours["edits"] > 0 and ours["caught"] == 100, done.stdout
    assert ours["requests_a_story"] <= 6.5
    assert ours["bytes_of_304"] == 0
    assert ours["megabytes"] < naive["megabytes"]
