"""The newsroom's own record of who asked for what: one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self


@dataclass(frozen=True, kw_only=True, slots=True)
class LoggedRequest:
    """One request and how it was answered."""

    time: str
    """When the answer was decided: ISO 8601, UTC, microseconds."""
    site: str
    """Name of the site."""
    method: str
    """HTTP method."""
    path: str
    """Path and query as requested."""
    status: int
    """Status of the answer."""
    agent: str
    """User-Agent, empty if none was sent."""
    bytes: int
    """Bytes of body, after content encoding, handed to the network."""


class RequestLog:
    """Appends to a JSONL file; each line is on disk before the last byte of its answer leaves."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        self._file = self._path.open("a", encoding="utf-8", buffering=1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, *, site: str, method: str, path: str, status: int, agent: str, size: int) -> None:
        """Write one line, stamped with the present time."""
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        entry = LoggedRequest(time=now, site=site, method=method, path=path, status=status, agent=agent, bytes=size)
        self._file.write(json.dumps(asdict(entry)) + "\n")


def read_log(path: Path) -> list[LoggedRequest]:
    """All complete lines of a log file, in the order written."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [LoggedRequest(**json.loads(line)) for line in lines if line.endswith("\n")]
