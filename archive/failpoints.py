"""Named places where a test can make the process die as under kill -9.

    PRESSKEEP_FAILPOINT=after_warc_put      dies when that place is reached for the first time
    PRESSKEEP_FAILPOINT=mid_record:40       … for the fortieth time

The process exits with code 137 at once: no handlers, no flushing, no clean-up.
"""

from __future__ import annotations

import os
from collections import Counter

NAMES = (
    "mid_record",
    "segment_closed",
    "after_warc_put",
    "after_shards_put",
    "after_manifest_put",
    "before_catalog_commit",
    "before_spool_delete",
)
"""Of a crawl."""

REPLACING_NAMES = ("replacing_warc_put", "replacing_shards_put", "replacing_manifest_put")
"""Of a compaction and all else that replaces batches."""

REMOVAL_NAMES = (*REPLACING_NAMES, "removed_before_manifests", "removed_objects")
"""Of a takedown."""

MIRROR_NAMES = ("mirrored_tombstones", "mirrored_objects", "mirrored_batches")
"""Of a mirror."""

_chosen, _, _count = os.environ.get("PRESSKEEP_FAILPOINT", "").partition(":")
_reached: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """Die here if the environment says so."""
    if name == _chosen:
        _reached[name] += 1
        if _reached[name] == int(_count or 1):
            os._exit(137)
