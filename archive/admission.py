"""What may become part of the archive: pages that were taken down stay out of every batch, however they came.

A crawl asks before it fetches. This is for what it had fetched already when the takedown was ordered, for redirects to
a page that was taken down, and for another address of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from archive.records import url_id
from archive.settled import Settled
from archive.spool import ClosedSegment
from archive.spool_cut import without
from archive.tombstones import Tombstones


def admit(
    tombstones: Tombstones, segment: ClosedSegment, settled: Sequence[Settled]
) -> tuple[ClosedSegment, list[Settled], int]:
    """The segment without what was taken down, the captures that stay, and how many texts do not; often all stays.

    The segment is written anew where anything goes, and its file is gone where nothing stays.
    """
    removed = tombstones.among({one for item in settled for one in _ids(item)})
    refused = [item for item in settled if removed.intersection(_ids(item))]
    if not refused:
        return segment, list(settled), 0
    cut = {(item.spooled.url, item.spooled.fetched) for item in refused}
    segment, places = without(segment, lambda capture: (capture.url, capture.fetched) in cut)
    stay = [item for item in settled if (item.spooled.url, item.spooled.fetched) not in cut]
    kept = [dataclasses.replace(item, spooled=place) for item, place in zip(stay, places, strict=True)]
    return segment, kept, sum(item.draft is not None for item in refused)


def _ids(item: Settled) -> set[str]:
    """Of the page, and of the article that was read from it."""
    return {item.url_id, url_id(item.spooled.url), *([item.draft.url_id] if item.draft else [])}
