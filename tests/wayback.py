"""A stand-in for the Wayback Machine: its CDX server and its replay, over captures made up for a test.

The index follows the README of wayback-cdx-server
(https://github.com/internetarchive/wayback/blob/master/wayback-cdx-server/README.md): `matchType`, `from`, `to`,
`filter`, `collapse`, `fl`, `limit`, `showResumeKey` and `resumeKey`, rows as text or JSON. Repeated bodies have rows of
type `warc/revisit` with the status `-`. The replay knows the form `<time>id_/<URL>`, leads to the nearest time where
there is no capture at the one asked for, and gives the page's own header fields as `X-Archive-Orig-*`, the time as
`Memento-Datetime` (RFC 7089, section 2.1.1) and the file as `x-archive-src`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qs, quote_plus, unquote_plus, urlsplit

from tests.stand_in import Reply, StandIn

_NAMES = ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length")
SOURCE = "daily-20230101/daily-20230101000000-00001.warc.gz"


@dataclass(frozen=True, kw_only=True)
class Memento:
    """One capture."""

    url: str
    taken: str
    """14 digits."""
    body: bytes
    status: int = 200
    mimetype: str = "text/html"
    revisit: bool = False
    """Kept as a reference to an earlier capture with the same body."""

    @property
    def row(self) -> dict[str, str]:
        """As the index has it."""
        return {
            "urlkey": surt(self.url),
            "timestamp": self.taken,
            "original": self.url,
            "mimetype": "warc/revisit" if self.revisit else self.mimetype,
            "statuscode": "-" if self.revisit else str(self.status),
            "digest": base64.b32encode(hashlib.sha1(self.body).digest()).decode(),
            "length": str(len(self.body) // 3),
        }


class Wayback(StandIn):
    """The server; `cdx` and `replay` are the two addresses."""

    def __init__(self, captures: Sequence[Memento]) -> None:
        super().__init__(self._answer)
        self._captures = sorted(captures, key=lambda it: (surt(it.url), it.taken))
        self.cdx = f"{self.url}/cdx/search/cdx"
        self.replay = f"{self.url}/web"

    @property
    def replayed(self) -> list[str]:
        """URLs of the pages asked for, in order."""
        return [path.partition("id_/")[2] for path in self.asked if path.startswith("/web/")]

    def _answer(self, path: str, headers: Mapping[str, str]) -> Reply:
        parts = urlsplit(path)
        if parts.path == "/cdx/search/cdx":
            return self._index(parts.query)
        match = re.fullmatch(r"/web/(\d{1,14})id_/(.+)", path)
        return self._page(match[1], match[2]) if match else Reply(status=404)

    def _index(self, query: str) -> Reply:
        asked = parse_qs(query)
        one = {name: values[0] for name, values in asked.items()}
        rows = list(_collapsed(self._matching(asked, one), one.get("collapse")))
        begin = int(unquote_plus(one["resumeKey"]).split("!")[1]) if "resumeKey" in one else 0
        end = begin + int(one.get("limit", "150000"))
        names = one["fl"].split(",") if "fl" in one else list(_NAMES)
        table = [[row[name] for name in names] for row in rows[begin:end]]
        # The key is printed encoded; here it holds the number of the next row.
        key = [quote_plus(f"{rows[end]['urlkey']} !{end}")] if end < len(rows) and "showResumeKey" in one else []
        if one.get("output") == "json":
            whole = [names, *table, *([[], key] if key else [])] if table else []
            return Reply(headers={"Content-Type": "application/json"}, body=json.dumps(whole).encode())
        lines = [" ".join(row) for row in table] + (["", *key] if key else [])
        return Reply(headers={"Content-Type": "text/plain"}, body="".join(f"{line}\n" for line in lines).encode())

    def _matching(self, asked: Mapping[str, list[str]], one: Mapping[str, str]) -> Iterator[dict[str, str]]:
        key = surt(one["url"])
        for capture in self._captures:
            row = capture.row
            host = row["urlkey"].partition(")")[0]
            is_there = {
                "exact": row["urlkey"] == key,
                "prefix": row["urlkey"].startswith(key),
                "host": host == key.partition(")")[0],
            }[one.get("matchType", "exact")]
            first, last = one.get("from", "").ljust(14, "0"), one.get("to", "").ljust(14, "9")
            if is_there and first <= row["timestamp"] <= last and all(_passes(row, it) for it in asked["filter"]):
                yield row

    def _page(self, taken: str, url: str) -> Reply:
        found = [capture for capture in self._captures if surt(capture.url) == surt(url)]
        if not found:
            return Reply(status=404, headers={"X-Archive-Wayback-Runtime-Error": f"ResourceNotInArchive: {url}"})
        nearest = min(found, key=lambda it: abs(int(it.taken) - int(taken)))
        if nearest.taken != taken:
            return Reply(status=302, headers={"Location": f"{self.replay}/{nearest.taken}id_/{nearest.url}"})
        moment = datetime.strptime(taken, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        headers = {
            "Content-Type": f"{nearest.mimetype}; charset=utf-8",
            "Memento-Datetime": format_datetime(moment, usegmt=True),
            "x-archive-orig-server": "Apache",
            "x-archive-orig-content-type": f"{nearest.mimetype}; charset=utf-8",
            "x-archive-orig-content-length": str(len(nearest.body)),
            "x-archive-src": SOURCE,
        }
        return Reply(status=nearest.status, headers=headers, body=nearest.body)


def surt(url: str) -> str:
    """The key by which an index is sorted: host names the other way round, without scheme and `www.`."""
    parts = urlsplit(url if "//" in url else f"http://{url}")
    host = ",".join(reversed((parts.hostname or "").removeprefix("www.").split(".")))
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    return f"{host}{port}){parts.path or '/'}{'?' + parts.query if parts.query else ''}".lower()


def _passes(row: Mapping[str, str], filter_: str) -> bool:
    name, _, pattern = filter_.removeprefix("!").partition(":")
    return (re.fullmatch(pattern, row[name]) is None) == filter_.startswith("!")


def _collapsed(rows: Iterator[dict[str, str]], field: str | None) -> Iterator[dict[str, str]]:
    """The first of neighbours that are equal in the field, or in its first characters."""
    name, _, length = (field or "").partition(":")
    before = None
    for row in rows:
        value = row[name][: int(length) if length else None] if name else None
        if value is None or value != before:
            yield row
        before = value
