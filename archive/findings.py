"""What verifying finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "marker_missing",
    "marker_damaged",
    "manifest_missing",
    "manifest_damaged",
    "object_missing",
    "object_damaged",
    "capture_unreadable",
    "article_unreadable",
    "revision_taken",
    "report_damaged",
    "catalog_missing",
    "catalog_differs",
    "foreign",
    "orphan",
    "lost",
]
"""What is wrong:

    marker_…             `presskeep.json` is not there, or is none of ours
    manifest_…           a manifest that the catalog knows is not there; it cannot be read, or is not the one committed
    object_…             a WARC or shard that a manifest names is not there, or has other bytes
    capture_unreadable   a raw page cannot be read back as it was fetched
    article_unreadable   an article cannot be read back as it was archived, or leads to no raw page
    revision_taken       two batches give articles the same number, after two catalogs grew apart
    report_damaged       the report of a run cannot be read: only that part of the history is lost
    catalog_…            a batch of the bucket is not in the catalog, or the catalog says other things of it
    foreign              an object that presskeep did not name
    orphan               a WARC or shard that no manifest names: a commit under way, or the rest of one that failed
    lost                 raw pages are gone, and a manifest says so: `presskeep repair` has been here
"""

NOTES = frozenset({"foreign", "orphan", "lost"})
"""Kinds that are no damage."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    kind: Kind
    key: str
    """Key of the object."""
    detail: str
    """What was found and what was expected, one line."""
    batch: str | None = None
    """Id of the batch that the object belongs to."""
    offset: int | None = None
    """First byte of the response record in its WARC, for captures and articles."""
    url: str | None = None
    """Address of the capture or article."""

    @property
    def damage(self) -> bool:
        """Whether something is lost, wrong or cannot be found; the rest is only worth knowing."""
        return self.kind not in NOTES
