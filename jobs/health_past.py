"""What the health of one site is judged by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from archive.site_findings import SiteFinding
from archive.site_history import ArticleFacts, SiteRun, SourceNews
from crawler.profile import SiteProfile

EXAMPLES = 3
"""Addresses given with a finding."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Harvest:
    """The articles of one run."""

    at: datetime
    """When the first one was fetched, aware UTC."""
    articles: Sequence[ArticleFacts]


@dataclass(frozen=True, kw_only=True)
class SitePast:
    """One site up to the end of its last run."""

    profile: SiteProfile
    runs: Sequence[SiteRun]
    """Oldest first, only those that read its sources."""
    articles: Sequence[ArticleFacts]
    """Oldest first, those of runs that were given their addresses left out."""
    sources: Sequence[SourceNews] = ()
    """Those of the profile that can be read."""
    findings: Sequence[SiteFinding]
    """All that there ever were."""
    now: datetime
    """The end of the last run, aware UTC."""

    @cached_property
    def harvests(self) -> Sequence[Harvest]:
        """The articles of each run, oldest first."""
        groups = (tuple(some) for _, some in groupby(self.articles, attrgetter("run")))
        return [Harvest(at=some[0].fetched, articles=some) for some in groups]

    def usual(self, kind: str, subject: str = "") -> Callable[[datetime], bool]:
        """Whether what was at a moment tells what is usual of a kind: it lies in no trouble that is over, and not
        before one that was accepted."""
        closed = [it for it in self.findings if (it.kind, it.subject) == (kind, subject) and it.closed is not None]

        def is_usual(at: datetime) -> bool:
            return not any(at < it.since if it.accepted else it.since <= at <= (it.closed or at) for it in closed)

        return is_usual if closed else lambda at: True


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What a check has found; it becomes a finding."""

    kind: str
    subject: str = ""
    since: datetime
    """Aware UTC."""
    summary: str
    cause: str
    examples: Sequence[str] = ()


class Check(Protocol):
    """Looks for one kind of trouble."""

    def troubles(self, past: SitePast) -> Sequence[Trouble]:
        """What is wrong now."""

    def handles(self, finding: SiteFinding) -> bool:
        """Whether it is this check that knows when that finding is over."""

    def is_over(self, past: SitePast, finding: SiteFinding) -> bool:
        """Whether it is."""


def shown(moment: datetime) -> str:
    """A moment for people."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
