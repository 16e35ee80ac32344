"""Promises about processes: one that has ended is known to have, any other counts as alive."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from archive.process import Process, is_gone, this_process

_CHILD = """
import dataclasses, json, sys
from archive.process import this_process
print(json.dumps(dataclasses.asdict(this_process())), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def child() -> Iterator[tuple[subprocess.Popen[str], Process]]:
    """Another process, which waits to be killed, and what it says of itself."""
    with subprocess.Popen(
        [sys.executable, "-c", _CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process, Process(**json.loads(process.stdout.readline()))
        process.kill()


def test_a_process_that_runs_is_not_gone(child: tuple[subprocess.Popen[str], Process]) -> None:
    assert not is_gone(child[1])
    assert not is_gone(this_process())


def test_a_killed_process_is_gone(child: tuple[subprocess.Popen[str], Process]) -> None:
    popen, process = child
    popen.kill()
    popen.wait()
    assert is_gone(process)


def test_a_killed_process_is_gone_before_its_parent_notices(child: tuple[subprocess.Popen[str], Process]) -> None:
    popen, process = child
    popen.kill()
    os.waitid(os.P_PID, popen.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(process)


def test_a_pid_that_is_used_again_is_another_process() -> None:
    assert is_gone(replace(this_process(), started="1"))


@pytest.mark.parametrize("elsewhere", [{"host": "other"}, {"boot": "other"}, {"boot": ""}])
def test_of_another_machine_nothing_is_known(elsewhere: dict[str, str]) -> None:
    """A reboot looks like a second machine of the same name; then only the lease's time counts."""
    assert not is_gone(replace(this_process(), started="1", **elsewhere))
