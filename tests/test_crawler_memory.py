"""Promise of the memory limit: workers count, and what processes share counts once."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import os, sys
from crawler.memory import session_memory
before = session_memory()
held = bytearray(os.urandom(1)) * 50_000_000
children = []
for _ in range(2):
    ready, tell = os.pipe()
    if not (pid := os.fork()):
        own = bytearray(b"x") * 40_000_000
        os.write(tell, b"1")
        sys.stdin.read()
        os._exit(0)
    os.read(ready, 1)
    children.append(pid)
print(session_memory() - before, flush=True)
"""


def test_workers_count_and_what_they_share_counts_once() -> None:
    """50 MB that all three share, and 40 MB of each child's own."""
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        took = int(process.stdout.readline())
        process.stdin.close()
    assert 125_000_000 < took < 160_000_000
