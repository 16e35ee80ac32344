"""What passes between the command and its crawl process, as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from crawler.tally import SiteTally


@dataclass(frozen=True, kw_only=True)
class CrawlOrder:
    """What to crawl."""

    run: str
    """Id of the run."""
    config: str
    """Path of the configuration file."""
    sites: Sequence[str]
    urls: Sequence[tuple[str, str]] = ()
    """Pairs of site and URL; if there are any, only these are fetched."""
    limit: int = 0
    """Pages a site at most; 0 for all."""
    command: str = "crawl"
    """The command line as the diary shall show it."""
    memory: int = 0
    """Megabytes that the process may take before it is told to stop; 0 for no limit."""
    log_level: str = "ERROR"
    """Problems of the archive and of sites are told in `Done`; errors in the log are faults of ours."""

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Parse that line."""
        fields = json.loads(line)
        return cls(**fields | {"urls": [tuple(pair) for pair in fields["urls"]]})


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far the crawl is."""

    sites: Sequence[SiteTally]

    def to_json(self) -> str:
        """One line."""
        return _line("progress", self)


@dataclass(frozen=True, kw_only=True)
class Done:
    """How the crawl ended."""

    run: str
    state: str
    """`done`, `interrupted` or `failed`."""
    begun: bool
    """False when the archive could not be opened, so that nothing was fetched."""
    problems: Sequence[str] = ()
    """What went wrong with the archive, a line each."""
    sites: Sequence[SiteTally] = field(default=())

    def to_json(self) -> str:
        """One line."""
        return _line("done", self)


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The crawl could not start."""

    message: str

    def to_json(self) -> str:
        """One line."""
        return _line("failed", self)


def read_event(line: str) -> Progress | Done | Failed:
    """Parse an event of the crawl process."""
    fields: dict[str, Any] = json.loads(line)
    kind = fields.pop("event")
    if "sites" in fields:
        fields["sites"] = [SiteTally(**site) for site in fields["sites"]]
    events: dict[str, type[Progress | Done | Failed]] = {"progress": Progress, "done": Done, "failed": Failed}
    return events[kind](**fields)


def _line(event: str, value: Progress | Done | Failed) -> str:
    return json.dumps({"event": event, **asdict(value)}) + "\n"
