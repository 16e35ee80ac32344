"""What travels through Scrapy: an errand with every request, a visit as every item.

An errand is one URL that we set out for. Redirects and retries leave captures on its trail. It ends in exactly one
visit, which carries the outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from archive import outcomes
from archive.catalog_rows import UrlState
from archive.records import Announcement, ArticleDraft, Capture
from archive.writer import Ticket
from crawler.sources import Source

Kind = Literal["page", "source"]

META = "errand"
"""Key of the errand in `Request.meta`."""


class Recorded(NamedTuple):
    """A capture on the trail of an errand."""

    ticket: Ticket
    url: str
    status: int
    fetched: datetime


@dataclass(kw_only=True, slots=True)
class Errand:
    """One URL that we set out for."""

    site: str
    kind: Kind
    url: str
    """As announced or given."""
    announcement: Announcement | None = None
    known: UrlState | None = None
    """What was remembered of it when we set out, None if it is new."""
    conditions: Mapping[str, str] = field(default_factory=dict)
    """Request fields that ask for it only if it was modified."""
    source: Source | None = None
    """What is to be read, None for a page."""
    trail: list[Recorded] = field(default_factory=list)
    """Captures so far, in order; redirect hops and retries share the list."""
    latest: Capture | None = None
    """The newest of them whole, with its body."""


@dataclass(kw_only=True, slots=True)
class Visit:
    """How an errand ended."""

    errand: Errand
    outcome: str
    """See archive/outcomes.py; `archived` is only a proposal until the batch is safe."""
    detail: str = ""
    """One line for people."""
    answered: bool = False
    """Whether the last capture of the trail is the answer that the outcome speaks of."""
    capture: Capture | None = None
    """The page to extract from."""
    draft: ArticleDraft | None = None
    """The article that was extracted."""

    def __repr__(self) -> str:
        """Short, because Scrapy logs every item."""
        return f"<Visit {self.outcome} {self.errand.url}>"

    @property
    def hops(self) -> Iterator[tuple[Recorded, str]]:
        """The captures that were only on the way, and the outcome of each.

        Where the errand failed or its article is gone, the last capture of each address shares its outcome; else that
        address would be taken for done with, and never be tried again.
        """
        hops = self.errand.trail[:-1] if self.answered else self.errand.trail
        met_again = {hop.url for hop in self.errand.trail[len(hops) :]}
        settled = []
        for hop in reversed(hops):
            passed = outcomes.REDIRECTED if 300 <= hop.status < 400 else outcomes.RETRIED
            ended = outcomes.failed(self.outcome) or outcomes.name_of(self.outcome) == outcomes.REMOVED
            final = ended and hop.url not in met_again
            settled.append((hop, self.outcome if final else passed))
            met_again.add(hop.url)
        return reversed(settled)
