"""How much memory a crawl takes, its extraction workers included, and the limit on it.

Pages that processes share count once: the proportional set size (proc_pid_smaps(5), smaps_rollup) of every process of
the session, for each crawl that has a limit begins a session of its own.
"""

from __future__ import annotations

import os
from pathlib import Path

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.extensions.memusage import MemoryUsage

from crawler.run_report import peak_memory

_PROC = Path("/proc")


class SessionMemoryUsage(MemoryUsage):
    """Scrapy's extension, which counts its own process only, and that at its peak."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        # Many a crawl has ended before the first look, and when it has, its workers are gone.
        crawler.signals.connect(self.update, signal=signals.spider_idle)

    def get_virtual_size(self) -> int:
        """Bytes that the session holds now; where /proc does not tell, what this process has held at most."""
        return session_memory() or super().get_virtual_size()


def crawl_peak(crawler: Crawler) -> int:
    """Bytes that a crawl has held at most, at any look; without its workers where its session is not its own."""
    own, stats = peak_memory(), crawler.stats
    if stats is None or os.getsid(0) != os.getpid():
        return own
    return max(own, int(stats.get_value("memusage/max", 0)))


def session_memory() -> int:
    """Bytes that the processes of this session hold now, those of other users left out; 0 where it cannot be told."""
    session = os.getsid(0)
    return sum(_memory(int(entry.name)) for entry in _PROC.glob("[0-9]*") if _session(int(entry.name)) == session)


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _memory(pid: int) -> int:
    try:
        rollup = (_PROC / str(pid) / "smaps_rollup").read_text()
    except OSError:
        # It has ended, or belongs to somebody else.
        return 0
    return next((int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0)
