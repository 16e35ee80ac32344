"""Saving what can be saved from a spool segment that was closed whole and is damaged now.

The damaged file is kept beside the others, under a name that no recovery touches, for whoever wants to look at it. Its
captures that can still be read go into a new segment. The pages of the others are not in the catalog, and so are
fetched again by the next crawl that meets them.
"""

from __future__ import annotations

import logging
from pathlib import Path

from archive.errors import DamagedObject
from archive.spool import CLOSED_SUFFIX, DAMAGED_SUFFIX, OPEN_SUFFIX, OpenSegment
from archive.warc_reader import read_captures, salvage_captures

logger = logging.getLogger(__name__)


def set_damaged_apart(folder: Path) -> list[Path]:
    """Put what a damaged segment of a site's spool folder still holds in its place; where the damaged ones are now.

    The folder must not be in use by another process: hold the site's lease. After a crash it may be done again.
    """
    apart = []
    for path in sorted(folder.glob(f"*{CLOSED_SUFFIX}")):
        try:
            with path.open("rb") as stream:
                for _ in read_captures(stream):
                    pass
        except DamagedObject as exc:
            apart.append(_set_apart(path, exc))
    return apart


def _set_apart(path: Path, damage: DamagedObject) -> Path:
    name = path.name.removesuffix(CLOSED_SUFFIX)
    saved_name = path.with_name(f"{name}s")
    # An attempt may have been cut short.
    saved_name.with_name(saved_name.name + OPEN_SUFFIX).unlink(missing_ok=True)
    saved = OpenSegment.create(saved_name, info={"run": name.rpartition("-")[0]})
    with path.open("rb") as stream:
        for stored in salvage_captures(stream):
            saved.append(stored.capture)
    count = saved.close().captures
    apart = path.with_name(name + DAMAGED_SUFFIX)
    path.rename(apart)
    # An error, because by default nothing less is shown.
    logger.error("spool %s: %s; %s captures saved from it, and it is kept as %s", path, damage, count, apart.name)
    return apart
