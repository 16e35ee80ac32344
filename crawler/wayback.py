"""The Wayback Machine: its CDX index says which captures it has, its replay gives them as they were.

The index is that of the Wayback CDX Server API (https://archive.org/developers/wayback-cdx-server.html and
https://github.com/internetarchive/wayback/blob/master/wayback-cdx-server/README.md): rows as JSON, so that a torn
answer cannot be taken for a whole one; equal neighbours collapsed by digest; long answers in parts with a resumption
key. The replay with `id_` behind the time gives the body unchanged, and the header fields of the page with
`X-Archive-Orig-` before their names (https://archive.org/developers/tutorial-get-snapshot-wayback.html).

It bears 24 requests a minute (https://wayback.readthedocs.io/en/stable/release-history.html, 0.5.1), and blocks whom
its 429 does not stop.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode, urljoin

from archive.backfills import KnownCapture
from archive.foreign_warc import BEGINNING, MAX_BYTES, ForeignPage
from archive.records import Headers
from crawler.errors import WebArchiveError
from crawler.polite_client import Answer, PoliteClient, as_it_is
from crawler.web_archives import moment_of

ROWS = 20_000
"""Captures that are asked for at once."""

_FIELDS = ("timestamp", "original", "mimetype", "statuscode", "digest")
_HOPS = 3
"""A capture that repeats an earlier one may lead to that."""

_ORIGINAL = "x-archive-orig-"
_OF_THE_EXCHANGE = ("content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive")


class Wayback:
    """The Wayback Machine, or a server that speaks like it."""

    name = "wayback"

    def __init__(self, client: PoliteClient, *, cdx: str, replay: str) -> None:
        """`cdx` and `replay` are such as https://web.archive.org/cdx/search/cdx and https://web.archive.org/web."""
        self._client = client
        self._cdx = cdx
        self._replay = replay.rstrip("/")

    def captures(self, host: str, since: date, until: date) -> Iterator[KnownCapture]:
        """As in `crawler.web_archives.WebArchive`."""
        query = f"{self._cdx}?{_query(host, since, until)}"
        key: str | None = ""
        while key is not None:
            # The key comes encoded, as it has to be sent.
            rows, key = self._client.get(f"{query}&resumeKey={key}" if key else query, _rows)
            yield from rows

    def page(self, capture: KnownCapture) -> ForeignPage | str:
        """As in `crawler.web_archives.WebArchive`."""
        address = f"{self._replay}/{capture.taken:%Y%m%d%H%M%S}id_/{_ascii(capture.url)}"
        for _ in range(_HOPS):
            answer = self._client.get(address, as_it_is, at_most=MAX_BYTES + 1)
            target = urljoin(address, answer.header("location") or "")
            if answer.status not in (301, 302, 307, 308) or not target.startswith(self._replay + "/"):
                break
            address = target
        if len(answer.body) > MAX_BYTES:
            return "too_large"
        taken = answer.header("memento-datetime")
        if answer.status != 200 or taken is None:
            return f"http_{answer.status}" if answer.status != 200 else "bad_response"
        return ForeignPage(
            place=BEGINNING,
            url=capture.url,
            status=answer.status,
            headers=_original_headers(answer),
            body=answer.body,
            fetched=parsedate_to_datetime(taken).astimezone(UTC),
            record_id=_ascii(answer.header("x-archive-src") or "") or None,
            ip=None,
            truncated=None,
            origin=_ascii(address),
        )


def _ascii(text: str) -> str:
    """What is no ASCII, or a blank, percent-encoded (RFC 3986, section 2.1)."""
    return quote(text, safe=";/?:@&=+$,-_.!~*'()#%[]")


def _query(host: str, since: date, until: date) -> str:
    return urlencode(
        [
            ("url", host),
            ("matchType", "host"),
            ("output", "json"),
            ("fl", ",".join(_FIELDS)),
            ("filter", "statuscode:200"),
            ("filter", "mimetype:text/html"),
            ("collapse", "digest"),
            ("from", f"{since:%Y%m%d}"),
            ("to", f"{until:%Y%m%d}"),
            ("limit", str(ROWS)),
            ("showResumeKey", "true"),
        ]
    )


def _rows(answer: Answer) -> tuple[list[KnownCapture], str | None]:
    """The captures of an answer, and the key of what follows; ValueError for an answer that is torn."""
    if answer.status != 200:
        said = answer.body[:200].decode("utf-8", "replace").strip().splitlines()
        raise WebArchiveError(f"{answer.url}: answers {answer.status}: {ascii(said[0]) if said else 'nothing'}")
    rows = json.loads(answer.body)
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise ValueError("is no list of rows")
    if not rows:
        return [], None
    key = None
    if len(rows) > 2 and rows[-2] == []:
        key, rows = str(rows[-1][0]), rows[:-2]
    return [capture for row in rows[1:] if (capture := _capture(rows[0], row)) is not None], key


def _capture(names: Sequence[Any], row: Sequence[Any]) -> KnownCapture | None:
    """A row, None where it is no page of its own: a `warc/revisit` has the status `-`."""
    fields = dict(zip(names, row, strict=False))
    if fields.get("statuscode") != "200" or fields.get("mimetype") != "text/html":
        return None
    return KnownCapture(
        archive=Wayback.name,
        url=str(fields["original"]),
        taken=moment_of(str(fields["timestamp"])),
        digest=str(fields["digest"]),
    )


def _original_headers(answer: Answer) -> Headers:
    """The fields of the page; those of the exchange itself are as the archive sent the body."""
    kept = [
        (name[len(_ORIGINAL) :], value)
        for name, value in answer.headers
        if name.lower().startswith(_ORIGINAL) and name[len(_ORIGINAL) :].lower() not in _OF_THE_EXCHANGE
    ]
    names = {name.lower() for name, _ in kept}
    own = [(name, value) for name in ("Content-Type", "Content-Encoding") if (value := answer.header(name.lower()))]
    return (*kept, *((name, value) for name, value in own if name.lower() not in names))
