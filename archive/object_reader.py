"""A remote object as an ordinary seekable stream."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BUFFER_SIZE = 8 << 20
"""Bytes fetched at once when less is asked for, unless told otherwise."""


def open_ranged(fetch: Callable[[int, int], bytes], size: int, *, at_once: int = BUFFER_SIZE) -> BinaryIO:
    """A buffered stream over `size` bytes, of which `fetch(offset, length)` brings up to `length` at a time.

    Where less is asked for, `at_once` bytes are fetched.

    Since every fetch is a request of its own, a broken connection costs one retried fetch and not the whole stream.
    """
    return io.BufferedReader(_RangedReader(fetch, size), at_once)


class _RangedReader(io.RawIOBase):
    def __init__(self, fetch: Callable[[int, int], bytes], size: int) -> None:
        self._fetch = fetch
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError(f"cannot seek to {start + offset}, before the start of the object")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        data = self._next(len(view))
        view[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        # The inherited one would ask for a few kilobytes at a time.
        return self._next(self._size)

    def _next(self, length: int) -> bytes:
        length = min(length, self._size - self._position)
        if length <= 0:
            return b""
        data = self._fetch(self._position, length)
        self._position += len(data)
        return data
