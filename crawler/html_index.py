"""Folders of HTML files with a list of their addresses, as pages to import.

The list is CSV (RFC 4180) with a line of names, or JSON lines. Of each page it names

    url         its address
    file        its file, relative to the list; gzip if it ends in `.gz`
    fetched     when it was captured, ISO 8601, UTC where it names no zone; without it, the time of the file
    published   its date of publication in any format, title: its headline; both are hints, as from a feed
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from archive.foreign_warc import MAX_BYTES, ForeignPage, Passed, Place
from archive.records import Announcement
from crawler.announced import tidy

SUFFIXES = (".csv", ".jsonl", ".ndjson")
"""Of lists."""


def read_html_index(path: Path, passes: Callable[[str], str | None], *, start: Place) -> Iterator[ForeignPage | Passed]:
    """The pages of a list, from `start` on, whose offset and number both count rows.

    A row that gives no page has the reason `no_row`, `no_url`, `no_file`, `no_date`, `too_large`, or what `passes`
    said.
    """
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for number, row in enumerate(_rows(path, stream)):
            if number >= start.number:
                yield _read(row, path.parent, Place(offset=number, number=number), passes)


def _rows(path: Path, stream: TextIO) -> Iterator[Mapping[str, Any] | None]:
    if path.suffix == ".csv":
        yield from csv.DictReader(stream)
        return
    for line in stream:
        if line.strip():
            yield _json_row(line)


def _json_row(line: str) -> Mapping[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _read(
    row: Mapping[str, Any] | None, folder: Path, place: Place, passes: Callable[[str], str | None]
) -> ForeignPage | Passed:
    if row is None:
        return Passed(place=place, reason="no_row")
    url, name = str(row.get("url") or "").strip(), str(row.get("file") or "")
    if not url.lower().startswith(("http://", "https://")):
        return Passed(place=place, reason="no_url")
    if reason := passes(url):
        return Passed(place=place, reason=reason)
    path = folder / name
    # A list from elsewhere must not name files outside of its folder.
    if not name or not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        return Passed(place=place, reason="no_file")
    if path.stat().st_size > MAX_BYTES:
        return Passed(place=place, reason="too_large")
    try:
        fetched = _moment(row.get("fetched"), path)
    except ValueError:
        return Passed(place=place, reason="no_date")
    return ForeignPage(
        place=place,
        url=url,
        status=200,
        headers=(("Content-Encoding", "gzip"),) if path.suffix == ".gz" else (),
        body=path.read_bytes(),
        fetched=fetched,
        record_id=None,
        ip=None,
        truncated=None,
        announcement=Announcement(
            source="list",
            kind="list",
            title=tidy(str(row.get("title") or ""), 500),
            published=tidy(str(row.get("published") or ""), 100),
        ),
    )


def _moment(stated: object, path: Path) -> datetime:
    if not stated:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    moment = datetime.fromisoformat(str(stated))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
