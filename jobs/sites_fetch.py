"""Fetching single pages the way a crawl does: robots.txt, pace, caps, user agent, TLS.

A subprocess with Scrapy's downloader (jobs/sites_process.py) answers one request after another: one line of JSON each
way.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jobs.errors import JobsError


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """What became of one request."""

    url: str
    """Address of the answer, after redirects; of the request if there was none."""
    status: int = 0
    """HTTP status; 0 without an answer."""
    content_type: str | None = None
    """The HTTP header field."""
    body: bytes = b""
    """Without its content coding."""
    latency: float = 0.0
    """Seconds from the request to the beginning of its answer; 0 without an answer."""
    problem: str | None = None
    """Why this is not what was asked for, as in archive/outcomes.py: `http_404`, `refused_robots`, `timeout` …"""
    detail: str = ""
    """One line for people, about the problem."""

    def to_json(self) -> str:
        """One line."""
        return json.dumps({**dataclasses.asdict(self), "body": base64.b64encode(self.body).decode()}) + "\n"

    @classmethod
    def from_json(cls, line: str) -> Fetched:
        """The inverse of `to_json`."""
        values = json.loads(line)
        return cls(**{**values, "body": base64.b64decode(values["body"])})


Fetch = Callable[[str], Fetched]
"""Asks for one URL and waits for the answer."""


@contextmanager
def fetching(config: Path, slots: Mapping[str, Mapping[str, float]]) -> Iterator[Fetch]:
    """A `Fetch` with the settings of a configuration; `slots` are the paces of hosts, see jobs/crawl_settings.py.

    JobsError when the subprocess dies.
    """
    with subprocess.Popen(
        [sys.executable, "-c", "from jobs.sites_process import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
        asked, answers = process.stdin, process.stdout

        def fetch(url: str) -> Fetched:
            try:
                asked.write(json.dumps({"url": url}) + "\n")
                asked.flush()
            except BrokenPipeError:
                raise JobsError(f"{url}: the process that fetches has ended; see its words above") from None
            line = answers.readline()
            if not line:
                raise JobsError(f"{url}: the process that fetches has ended; see its words above")
            return Fetched.from_json(line)

        try:
            asked.write(json.dumps({"config": str(config.resolve()), "slots": slots}) + "\n")
            yield fetch
        finally:
            # Scrapy would wait for pooled connections; nothing is worth that here.
            process.kill()
