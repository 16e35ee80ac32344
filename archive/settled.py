"""What a capture becomes part of a batch with: its place in the spool and what was found in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from archive.catalog_rows import OutcomeRow
from archive.records import ArticleDraft
from archive.spool import Spooled


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """A spooled capture and what became of it."""

    spooled: Spooled
    url_id: str
    """Id of the canonical form of the URL requested."""
    outcome: str
    """See archive/outcomes.py."""
    draft: ArticleDraft | None = None
    """The article that was read from it."""
    next_check: datetime | None = None
    """When the URL should be fetched again, aware UTC; None for not by itself."""
    row: OutcomeRow | None = None
    """The outcome of the URL whose pursuit ended in this capture, to be recorded when it is safe."""
