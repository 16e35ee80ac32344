"""Promises of a run's numbers."""

from __future__ import annotations

from archive.commit import CommittedBatch
from crawler.tally import tally


def test_what_was_recovered_counts_before_its_site_is_begun() -> None:
    """A crawl tells how far it is while it finishes what an earlier run left."""
    batch = CommittedBatch(
        batch="20260304T120000000Z-000000000000",
        site="daily",
        captures=2,
        articles=2,
        revised=0,
        outcomes={"archived": 2},
        objects=3,
        bytes=1000,
    )
    assert [(one.site, one.bytes) for one in tally(["other"], {}, {}, [batch])] == [("other", 0), ("daily", 1000)]
