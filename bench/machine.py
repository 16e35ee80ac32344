"""What a command costs: wall time, CPU and memory of its whole process tree (Linux).

CPU is exact: it comes from the kernel's accounting (getrusage(2), RUSAGE_CHILDREN), and processes that outlive their
parent are adopted (PR_SET_CHILD_SUBREAPER, prctl(2)) so that theirs counts too. Memory is sampled.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import psutil  # type: ignore[import-untyped]

_SAMPLE_INTERVAL = 0.2
"""Seconds between two looks at memory."""

_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What one run of a command took."""

    seconds: float
    """Wall time from the start of its process to the end."""
    cpu_seconds: float
    """User and system time of the process and all its descendants."""
    peak_rss: int
    """Largest sum of the resident sets, bytes; a page that two processes share counts twice."""
    peak_pss: int
    """Largest sum of the proportional sets, bytes; a page that two processes share counts half in each."""


def measure(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> Cost:
    """Run a command to its end, its output in `log`; RuntimeError with the end of that log if it fails.

    No other child of this process may end meanwhile.
    """
    with _adopting_orphans(), log.open("wb") as output:
        others = set(psutil.Process().children())
        cpu_before = _cpu_of_ended_children()
        begun = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, env=env, stdout=output, stderr=subprocess.STDOUT)
        with _watched_memory(process.pid) as peaks:
            code = process.wait()
            seconds = time.perf_counter() - begun
        _await_orphans(others)
    if code:
        tail = log.read_text("utf-8", errors="replace")[-3000:]
        raise RuntimeError(f"{' '.join(command)}: exit code {code}; the end of its output:\n{tail}")
    cpu_seconds = _cpu_of_ended_children() - cpu_before
    return Cost(seconds=seconds, cpu_seconds=cpu_seconds, peak_rss=peaks.rss, peak_pss=peaks.pss)


def facts() -> dict[str, str | int]:
    """What one must know of this machine to read the figures."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
        "memory": psutil.virtual_memory().total,
    }


@contextmanager
def _adopting_orphans() -> Iterator[None]:
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _await_orphans(others: set[psutil.Process]) -> None:
    """Wait for adopted processes; the end of one may leave new orphans."""
    while orphans := set(psutil.Process().children()) - others:
        for orphan in orphans:
            os.waitpid(orphan.pid, 0)


def _cpu_of_ended_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@dataclass(slots=True)
class _Peaks:
    rss: int = 0
    pss: int = 0


@contextmanager
def _watched_memory(pid: int) -> Iterator[_Peaks]:
    """The peaks so far of a process tree, kept up to date by a thread."""
    peaks, ended = _Peaks(), Event()
    watcher = Thread(target=_watch, args=(pid, ended, peaks), daemon=True)
    watcher.start()
    try:
        yield peaks
    finally:
        ended.set()
        watcher.join()


def _watch(pid: int, ended: Event, peaks: _Peaks) -> None:
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        while not ended.wait(_SAMPLE_INTERVAL):
            rss, pss = _memory_of([root, *root.children(recursive=True)])
            peaks.rss, peaks.pss = max(peaks.rss, rss), max(peaks.pss, pss)


def _memory_of(processes: Sequence[psutil.Process]) -> tuple[int, int]:
    rss = pss = 0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            found = process.memory_full_info()
            rss, pss = rss + found.rss, pss + found.pss
    return rss, pss
