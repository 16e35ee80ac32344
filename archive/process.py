"""Which process this is, in facts by which another one on the same machine can tell that it no longer exists.

A pid alone is used again sooner or later, and means another process in another container. So a process is named by the
boot of its machine, its PID namespace, its pid and the moment it started (proc(5), namespaces(7)).
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """One process of one machine."""

    host: str
    """The machine's name."""
    boot: str
    """Boot id and PID namespace, within which a pid has its meaning; empty on a system without /proc."""
    pid: int
    started: str
    """Clock ticks from boot to its start; empty on a system without /proc."""


def this_process() -> Process:
    """The process that asks."""
    return Process(host=socket.gethostname(), boot=_boot(), pid=os.getpid(), started=_started(os.getpid()) or "")


def is_gone(process: Process) -> bool:
    """Whether that process has certainly ended; False also when it cannot be told from here."""
    if not process.boot or (process.host, process.boot) != (socket.gethostname(), _boot()):
        return False
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _started(process.pid) != process.started


def _boot() -> str:
    try:
        boot_id = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot_id} {(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    """Field 22 of /proc/PID/stat; None for a process that has ended, whether or not its parent has noticed."""
    try:
        # The second field is the program's name in brackets, which may hold blanks and brackets itself.
        state, *fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state in "ZX" else fields[18]
