"""Promises of the compressed week, tried on half a day of a few sites: no due run and no story is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crawling import PROJECT


@pytest.mark.slow
@pytest.mark.bench
@pytest.mark.timeout(600)
def test_every_due_run_of_half_a_day_takes_place(tmp_path: Path) -> None:
    report = tmp_path / "week.json"
    command = [sys.executable, "-m", "bench.week", "--sites", "6", "--days", "0.5", "--json", str(report)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    week = json.loads(report.read_text("utf-8"))
    assert week["runs_due"] > 0
    assert (week["runs_done"], week["runs_skipped"]) == (week["runs_due"], 0), done.stdout
    assert week["archived"] == week["stories"] > 0
