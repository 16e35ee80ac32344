"""Common Crawl: the index of each of its crawls says in which WARC file a page lies, and where in it.

The list of crawls is `collinfo.json`; each index speaks the CDXJ Server API of pywb
(https://pywb.readthedocs.io/en/latest/manual/cdxserver_api.html) with one JSON object a line, in pages that
`showNumPages` counts (https://commoncrawl.org/blog/announcing-the-common-crawl-index). A page is one gzip member of
its file, which a range request gives (https://commoncrawl.org/get-started; RFC 9110, section 14). Where nothing is
known the index answers 404; it answers 503 to who asks too much, and the data server 403.
"""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import urlencode

from archive.backfills import KnownCapture
from archive.foreign_warc import BEGINNING, MAX_BYTES, ForeignPage, read_foreign
from crawler.errors import WebArchiveError
from crawler.polite_client import Answer, PoliteClient
from crawler.web_archives import moment_of


class CommonCrawl:
    """Common Crawl, or servers that speak like it."""

    name = "commoncrawl"

    def __init__(self, index: PoliteClient, data: PoliteClient, *, index_url: str, data_url: str) -> None:
        """The addresses are such as https://index.commoncrawl.org and https://data.commoncrawl.org."""
        self._index = index
        self._data = data
        self._index_url = index_url.rstrip("/")
        self._data_url = data_url.rstrip("/")

    def captures(self, host: str, since: date, until: date) -> Iterator[KnownCapture]:
        """As in `crawler.web_archives.WebArchive`."""
        wanted = [
            ("url", f"{host}/*"),
            ("output", "json"),
            ("filter", "=status:200"),
            ("filter", "=mime-detected:text/html"),
        ]
        for crawl in self._index.get(f"{self._index_url}/collinfo.json", _crawls):
            if not _overlaps(crawl, since, until):
                continue
            query = f"{self._index_url}/{crawl['id']}-index?{urlencode(wanted)}"
            for number in range(self._index.get(f"{query}&showNumPages=true", _pages)):
                for capture in self._index.get(f"{query}&page={number}", _captures):
                    if since <= capture.taken.date() <= until:
                        yield capture

    def page(self, capture: KnownCapture) -> ForeignPage | str:
        """As in `crawler.web_archives.WebArchive`."""
        name, _, place = capture.place.partition("#")
        offset, _, length = place.partition("+")
        if int(length) > MAX_BYTES:
            return "too_large"
        asked = {"Range": f"bytes={offset}-{int(offset) + int(length) - 1}"}
        answer = self._data.get(f"{self._data_url}/{name}", _unless_refused, headers=asked, at_most=int(length))
        if answer.status != 206:
            return f"http_{answer.status}"
        found = next((it for it in read_foreign(io.BytesIO(answer.body), lambda _: None)), None)
        if not isinstance(found, ForeignPage):
            return "bad_response"
        return dataclasses.replace(found, place=BEGINNING, origin=f"{self._data_url}/{name}#{offset}")


def _crawls(answer: Answer) -> list[dict[str, Any]]:
    if answer.status != 200:
        raise WebArchiveError(f"{answer.url}: answers {answer.status}; correct the address of the index")
    found = json.loads(answer.body)
    return [crawl for crawl in found if isinstance(crawl, dict) and str(crawl.get("id", "")).isprintable()]


def _overlaps(crawl: dict[str, Any], since: date, until: date) -> bool:
    """Whether a crawl took pages in these days, by its own dates, else by the year in its name."""
    first, last = str(crawl.get("from", ""))[:10], str(crawl.get("to", ""))[:10]
    if first and last:
        return date.fromisoformat(first) <= until and since <= date.fromisoformat(last)
    return any(str(year) in str(crawl["id"]) for year in range(since.year, until.year + 1))


def _pages(answer: Answer) -> int:
    return int(json.loads(answer.body).get("pages", 0)) if _is_there(answer) else 0


def _captures(answer: Answer) -> list[KnownCapture]:
    """The rows of one page of an index; ValueError where a line is torn."""
    lines = answer.body.decode().splitlines() if _is_there(answer) else []
    rows = (json.loads(line) for line in lines if line.strip())
    return [_capture(row) for row in rows if row.get("status") == "200" and row.get("mime") != "warc/revisit"]


def _capture(row: dict[str, Any]) -> KnownCapture:
    try:
        return KnownCapture(
            archive=CommonCrawl.name,
            url=str(row["url"]),
            taken=moment_of(str(row["timestamp"])),
            digest=str(row["digest"]),
            place=f"{row['filename']}#{int(row['offset'])}+{int(row['length'])}",
        )
    except KeyError as exc:
        raise ValueError(f"a row without {exc}") from exc


def _unless_refused(answer: Answer) -> Answer:
    """ValueError where the data server says that we ask too much."""
    if answer.status == 403:
        raise ValueError("answers 403")
    return answer


def _is_there(answer: Answer) -> bool:
    if answer.status not in (200, 404):
        raise WebArchiveError(f"{answer.url}: answers {answer.status}")
    return answer.status == 200
