"""Promises of the spool: a disk that fails costs one record at most, and what is not ours is named and left alone."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from archive.errors import ArchiveError
from archive.spool import OPEN_SUFFIX, OpenSegment, leftovers, strangers
from tests.sample_articles import make_capture

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class FailingDisk(io.FileIO):
    """Takes half of what is written while it fails."""

    fails = False

    def write(self, data: ReadableBuffer) -> int:
        view = memoryview(data).cast("B")
        if self.fails:
            super().write(view[: len(view) // 2])
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().write(view) or 0


def test_a_write_that_fails_half_way_costs_no_other_capture(tmp_path: Path) -> None:
    path = tmp_path / f"20260304T120000Z-abcdef-0001{OPEN_SUFFIX}"
    disk = FailingDisk(path, "xb")
    segment = OpenSegment(path, disk, info={})
    segment.append(make_capture(1))
    disk.fails = True
    with pytest.raises(ArchiveError, match="Input/output error; the disk may be failing") as caught:
        segment.append(make_capture(2))
    assert str(path) in str(caught.value)
    disk.fails = False
    segment.append(make_capture(3))
    segment.close().verify()
    assert [left.captures for left in leftovers(tmp_path)] == [2]


def test_a_segment_that_could_not_be_synced_is_not_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    segment = OpenSegment.create(tmp_path / "20260304T120000Z-abcdef-0001", info={})
    segment.append(make_capture(1))
    fsync = os.fsync

    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(ArchiveError, match="the disk may be failing"):
        segment.close()
    assert [path.name for path in tmp_path.iterdir()] == [f"20260304T120000Z-abcdef-0001{OPEN_SUFFIX}"]
    monkeypatch.setattr(os, "fsync", fsync)
    assert segment.close().captures == 1


def test_what_is_no_segment_is_named_and_stays(tmp_path: Path) -> None:
    (tmp_path / "daily").mkdir()
    segment = OpenSegment.create(tmp_path / "daily" / "20260304T120000Z-abcdef-0001", info={})
    segment.append(make_capture(1))
    segment.close()
    (tmp_path / "daily" / "20260304T120000Z-abcdef-0002.warc.gz.damaged").touch()
    ours = [tmp_path / "daily" / "notes.txt", tmp_path / "left.warc"]
    for path in ours:
        path.write_text("mine")
    assert len(list(leftovers(tmp_path / "daily"))) == 1
    assert strangers(tmp_path) == ours
