"""A file on a web server, read by range requests as if it lay here (RFC 9110, section 14).

That is how the WARC files of CC-NEWS are read, which are a gigabyte each
(https://commoncrawl.org/blog/news-dataset-available): nothing of them is stored, and reading goes on at any byte.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from typing import BinaryIO, cast
from urllib.parse import urlsplit

from crawler.errors import WebArchiveError
from crawler.polite_client import Answer, PoliteClient, as_it_is

BLOCK = 16 * 1024**2
"""Bytes that are asked for at once."""

_TOTAL = re.compile(r"bytes (?:\d+-\d+|\*)/(?P<total>\d+)")


def open_remote(client: PoliteClient, url: str) -> BinaryIO:
    """The file at this address, seekable; reading raises WebArchiveError when the server does not give it."""
    return cast(BinaryIO, io.BufferedReader(_Ranges(client, url), BLOCK))


def read_path_list(client: PoliteClient, url: str) -> list[str]:
    """Addresses of the files that a `warc.paths.gz` of Common Crawl names, a path from the server's root a line.

    WebArchiveError when it cannot be had, or is none.
    """
    answer = client.get(url, as_it_is)
    if answer.status != 200:
        raise WebArchiveError(f"{url}: answers {answer.status}")
    try:
        paths = gzip.decompress(answer.body).decode("ascii").split()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as exc:
        raise WebArchiveError(f"{url}: is no list of paths: {exc}") from exc
    root = urlsplit(url)._replace(path="", query="").geturl()
    return [f"{root}/{path}" for path in paths]


class _Ranges(io.RawIOBase):
    """Each read is one request."""

    def __init__(self, client: PoliteClient, url: str) -> None:
        self._client = client
        self._url = url
        self._at = 0
        self._total: int | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        before = {io.SEEK_SET: lambda: 0, io.SEEK_CUR: lambda: self._at, io.SEEK_END: self._size}[whence]()
        self._at = max(0, before + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._total is not None and self._at >= self._total:
            return 0
        data = self._range(self._at, self._at + len(buffer) - 1)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _size(self) -> int:
        if self._total is None:
            self._range(0, 0)
        return self._total or 0

    def _range(self, first: int, last: int) -> bytes:
        asked = {"Range": f"bytes={first}-{last}"}
        return self._client.get(self._url, self._body, headers=asked, at_most=last - first + 1)

    def _body(self, answer: Answer) -> bytes:
        if answer.status not in (206, 416):
            what = "gives no parts of files" if answer.status == 200 else f"answers {answer.status}"
            raise WebArchiveError(f"{answer.url}: {what}")
        match = _TOTAL.fullmatch(answer.header("content-range") or "")
        if match is None:
            raise ValueError("says not which part of the file this is")
        self._total = int(match["total"])
        return answer.body if answer.status == 206 else b""
