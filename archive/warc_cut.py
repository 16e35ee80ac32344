"""Cutting captures out of a WARC: what stays is copied byte for byte.

A capture's records end with its response, so the bytes from the end of the capture before belong to it; only a
`warcinfo` record among them stays, because it speaks of those that follow too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import BinaryIO, Protocol, TypeVar

from archive.errors import DamagedObject
from archive.warc_reader import warcinfo_members


class Placed(Protocol):
    """Anything that says where a response record lies."""

    @property
    def offset(self) -> int:
        """First byte of its gzip member."""

    @property
    def length(self) -> int:
        """Bytes of that member."""


P = TypeVar("P", bound=Placed)


def cut_captures(
    source: BinaryIO, captures: Iterable[P], target: BinaryIO, is_cut: Callable[[P], bool]
) -> list[tuple[P, int]]:
    """Copy all captures but those that are cut, one at a time; those that stay, each with its new offset.

    `captures` are all captures of the file. DamagedObject when the file ends before the last of them.
    """
    kept = []
    start = 0
    for capture in sorted(captures, key=lambda capture: capture.offset):
        end = capture.offset + capture.length
        group = source.read(end - start)
        if len(group) < end - start:
            raise DamagedObject(f"the WARC file ends before byte {end}; run `presskeep repair`")
        if is_cut(capture):
            target.write(warcinfo_members(group))
        else:
            kept.append((capture, target.tell() + capture.offset - start))
            target.write(group)
        start = end
    return kept
