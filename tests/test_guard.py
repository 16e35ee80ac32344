"""Promises of the guard over the tests' own servers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil

from tests.guard import Guard

PARENT = """
import subprocess, sys, time
from tests.guard import Guard
server = subprocess.Popen(["sleep", "600"], start_new_session=True)
Guard('kill -9 "$1"', server.pid)
print(server.pid, flush=True)
time.sleep(600)
"""


def test_a_server_ends_when_the_tests_are_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        server = psutil.Process(int(parent.stdout.readline()))
        assert server.is_running()
        parent.kill()
    psutil.wait_procs([server], timeout=60)
    assert not server.is_running()


def test_a_guard_that_is_dismissed_does_nothing(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.touch()
    Guard('rm "$1"', kept).dismiss()
    assert kept.exists()
