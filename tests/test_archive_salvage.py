"""Promises of salvage: damage inside a closed segment costs the damaged captures, and nobody has to come and help."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.salvage import set_damaged_apart
from archive.spool import OpenSegment, Spooled, leftovers, run_of
from archive.warc_reader import read_captures
from tests.sample_articles import make_capture

RUN = "20260304T050607Z-aaaaaa"


@pytest.fixture
def segment(tmp_path: Path) -> tuple[Path, list[Spooled]]:
    """A closed segment of five captures."""
    segment = OpenSegment.create(tmp_path / f"{RUN}-0001", info={"run": RUN})
    spooled = [segment.append(make_capture(number)) for number in range(5)]
    return segment.close().path, spooled


def flip(path: Path, position: int) -> bytes:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)
    return bytes(data)


def urls(folder: Path) -> list[str]:
    found = []
    for segment in leftovers(folder):
        assert run_of(segment) == RUN
        with segment.path.open("rb") as stream:
            found += [stored.capture.url for stored in read_captures(stream)]
    return found


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_a_damaged_response_costs_its_own_page_only(
    segment: tuple[Path, list[Spooled]], part: float, caplog: pytest.LogCaptureFixture
) -> None:
    path, spooled = segment
    damaged = flip(path, spooled[2].offset + int(spooled[2].length * part))
    [apart] = set_damaged_apart(path.parent)
    assert urls(path.parent) == [make_capture(number).url for number in (0, 1, 3, 4)]
    assert apart.read_bytes() == damaged
    assert "4 captures saved" in caplog.text


def test_a_damaged_request_costs_no_page(segment: tuple[Path, list[Spooled]]) -> None:
    path, spooled = segment
    flip(path, spooled[1].offset + spooled[1].length + 30)
    set_damaged_apart(path.parent)
    assert len(urls(path.parent)) == 5


def test_a_salvage_that_was_cut_short_is_done_again(segment: tuple[Path, list[Spooled]]) -> None:
    path, spooled = segment
    damaged = flip(path, spooled[2].offset + 50)
    [apart] = set_damaged_apart(path.parent)
    apart.unlink()
    path.write_bytes(damaged)
    path.with_name(f"{RUN}-0001s.warc.gz.open").write_bytes(damaged[:100])
    set_damaged_apart(path.parent)
    assert len(urls(path.parent)) == 4


def test_whole_segments_stay_as_they_are(segment: tuple[Path, list[Spooled]]) -> None:
    path, _ = segment
    before = path.read_bytes()
    assert set_damaged_apart(path.parent) == []
    assert {entry.name: entry.read_bytes() for entry in path.parent.iterdir()} == {path.name: before}
