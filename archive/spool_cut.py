"""Cutting captures out of what waits in the spool of a site."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shutil import rmtree

from archive.records import Capture
from archive.spool import CLOSED_SUFFIX, DAMAGED_SUFFIX, OPEN_SUFFIX, ClosedSegment, OpenSegment, Spooled, spooled
from archive.warc_reader import salvage_captures

_ASIDE = ".cut"
"""Folder below that of the site in which a segment is written anew; recovery looks into none."""


def cut_spool(folder: Path, is_cut: Callable[[Capture], bool]) -> int:
    """Cut captures out of all segments in a site's spool folder, damaged ones too; how many.

    The folder must not be in use by another process: hold the site's lease.
    """
    if (folder / _ASIDE).exists():
        rmtree(folder / _ASIDE)
    suffixes = (CLOSED_SUFFIX, OPEN_SUFFIX, DAMAGED_SUFFIX)
    paths = [path for suffix in suffixes for path in sorted(folder.glob(f"*{suffix}"))]
    return sum(cut_segment(path, is_cut)[0] for path in paths)


def cut_segment(path: Path, is_cut: Callable[[Capture], bool]) -> tuple[int, list[Spooled]]:
    """Cut captures out of one segment: how many, and those that stay, as they lie now.

    It is written anew and takes the place of the old file at one moment, or goes with its last capture. What is torn or
    damaged is not taken over. A file in which nothing is cut stays as it is.
    """
    if not path.exists():
        return 0, []
    with path.open("rb") as stream:
        found = [(spooled(stored), is_cut(stored.capture)) for stored in salvage_captures(stream)]
    cut = sum(gone for _, gone in found)
    if not cut:
        return 0, [place for place, _ in found]
    if cut == len(found):
        path.unlink()
        return cut, []
    name = path.name.partition(".")[0]
    aside = OpenSegment.create(path.parent / _ASIDE / name, info={"run": name.rpartition("-")[0]})
    with path.open("rb") as stream:
        kept = [aside.append(stored.capture) for stored in salvage_captures(stream) if not is_cut(stored.capture)]
    aside.close().path.replace(path)
    rmtree(path.parent / _ASIDE)
    return cut, kept


def without(segment: ClosedSegment, is_cut: Callable[[Capture], bool]) -> tuple[ClosedSegment, list[Spooled]]:
    """A closed segment without some captures, and what stays in it; its file is gone if nothing does."""
    _, kept = cut_segment(segment.path, is_cut)
    return ClosedSegment(path=segment.path, captures=len(kept)), kept
