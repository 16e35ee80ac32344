"""A stand-in for Common Crawl: the list of its crawls, their indexes, and the files that hold the pages.

The list is `collinfo.json`; the indexes follow the CDXJ Server API of pywb
(https://pywb.readthedocs.io/en/latest/manual/cdxserver_api.html) as https://index.commoncrawl.org runs it: one JSON
object a line, pages that `showNumPages` counts, 404 with a message where nothing is known. The files are WARC, one
gzip member a record, and ranges of them are answered with 206 (RFC 9110, section 14); `warc.paths.gz` names those of
a crawl.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from tests.foreign_files import members, warc
from tests.stand_in import Reply, StandIn
from tests.wayback import surt

PAGE_SIZE = 3
"""Rows on a page of an index."""


class CommonCrawl(StandIn):
    """Both servers; `url` is the address of each."""

    def __init__(self, crawls: Mapping[str, Sequence[tuple[str, datetime, bytes]]]) -> None:
        """`crawls` has, by the id of a crawl, its pages: URL, moment and body."""
        super().__init__(self._answer)
        self._files = {
            f"crawl-data/{name}/segments/1/warc/{name}-{number:05d}.warc.gz": (warc([(url, body)], taken=taken), name)
            for name, pages in crawls.items()
            for number, (url, taken, body) in enumerate(pages)
        }
        self._rows = {name: sorted(self._of_crawl(name, pages), key=_order) for name, pages in crawls.items()}
        self._moments = {name: sorted(taken for _, taken, _ in pages) for name, pages in crawls.items()}

    @property
    def ranges(self) -> int:
        """How many pages were asked for."""
        return sum(path.startswith("/crawl-data/") for path in self.asked)

    def _answer(self, path: str, headers: Mapping[str, str]) -> Reply:
        parts = urlsplit(path)
        if parts.path == "/collinfo.json":
            return _json([self._described(name) for name in self._rows])
        if match := re.fullmatch(r"/(.+)-index", parts.path):
            return self._index(match[1], parse_qs(parts.query))
        return self._file(parts.path.removeprefix("/"), headers.get("range"))

    def _described(self, name: str) -> dict[str, str]:
        moments = self._moments[name]
        return {
            "id": name,
            "name": f"{name} Index",
            "timegate": f"{self.url}/{name}/",
            "cdx-api": f"{self.url}/{name}-index",
            "from": f"{moments[0]:%Y-%m-%dT%H:%M:%S}",
            "to": f"{moments[-1]:%Y-%m-%dT%H:%M:%S}",
        }

    def _of_crawl(self, name: str, pages: Sequence[tuple[str, datetime, bytes]]) -> list[dict[str, str]]:
        files = [(path, data) for path, (data, crawl) in self._files.items() if crawl == name]
        return [_row(*page, *file) for page, file in zip(pages, files, strict=True)]

    def _index(self, crawl: str, asked: Mapping[str, list[str]]) -> Reply:
        prefix = surt(asked["url"][0].removesuffix("*"))
        filters = [_filter(it) for it in asked.get("filter", [])]
        rows = [
            row
            for row in self._rows[crawl]
            if row["urlkey"].startswith(prefix) and all(row[name] == value for name, value in filters)
        ]
        if "showNumPages" in asked:
            pages = -(-len(rows) // PAGE_SIZE)
            return _json({"pages": pages, "pageSize": 5, "blocks": pages})
        number = int(asked.get("page", ["0"])[0])
        found = rows[number * PAGE_SIZE : (number + 1) * PAGE_SIZE]
        if not found:
            return _json({"message": f"No Captures found for: {asked['url'][0]}"}, status=404)
        return Reply(body="".join(f"{json.dumps(row)}\n" for row in found).encode())

    def _file(self, path: str, asked: str | None) -> Reply:
        if path.endswith("/warc.paths.gz"):
            folder = path.removesuffix("warc.paths.gz")
            paths = "".join(f"{name}\n" for name in self._files if name.startswith(folder))
            return Reply(body=gzip.compress(paths.encode(), mtime=0))
        if path not in self._files:
            return Reply(status=404)
        whole = self._files[path][0]
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", asked or "")
        if match is None:
            return Reply(body=whole)
        begin, end = int(match[1]), min(int(match[2] or len(whole) - 1), len(whole) - 1)
        if begin > end:
            return Reply(status=416, headers={"Content-Range": f"bytes */{len(whole)}"})
        return Reply(
            status=206, headers={"Content-Range": f"bytes {begin}-{end}/{len(whole)}"}, body=whole[begin : end + 1]
        )


def _row(url: str, taken: datetime, body: bytes, path: str, data: bytes) -> dict[str, str]:
    # The second member of the file is the response; before it stands the warcinfo record.
    _, begin, end, *_ = [*members(data), len(data)]
    return {
        "urlkey": surt(url),
        "timestamp": f"{taken:%Y%m%d%H%M%S}",
        "url": url,
        "mime": "text/html",
        "mime-detected": "text/html",
        "status": "200",
        "digest": hashlib.sha1(body).hexdigest(),
        "length": str(end - begin),
        "offset": str(begin),
        "filename": path,
        "languages": "eng",
        "encoding": "UTF-8",
    }


def _order(row: Mapping[str, str]) -> tuple[str, str]:
    return row["urlkey"], row["timestamp"]


def _filter(text: str) -> tuple[str, str]:
    """`=name:value`, which is the only form that is used here."""
    name, _, value = text.removeprefix("=").partition(":")
    return name, value


def _json(value: object, status: int = 200) -> Reply:
    return Reply(status=status, headers={"Content-Type": "application/json"}, body=json.dumps(value).encode())
