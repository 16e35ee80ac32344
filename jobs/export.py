"""The archive as one file that other programs read: JSON lines (https://jsonlines.org), one article a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO

from pydantic import TypeAdapter

from archive.reader import ArchiveReader
from archive.records import Article
from jobs.errors import JobsError

_ARTICLE = TypeAdapter(Article)


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """How much was written so far."""

    articles: int
    bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which articles; everything that is not said means all."""

    sites: Sequence[str] = ()
    since: date | None = None
    """First day of publication; without a day, articles whose day is unknown count too."""
    until: date | None = None
    """Last day of publication."""


def selection(*, sites: Iterable[str], since: str | None, until: str | None) -> Selection:
    """From what was asked for; days are `YYYY-MM-DD`. JobsError names what is wrong with them."""
    first, last = _day(since, "--from"), _day(until, "--to")
    if first and last and first > last:
        raise JobsError(f"--from {first} is later than --to {last}; exchange them")
    return Selection(sites=tuple(dict.fromkeys(sites)), since=first, until=last)


def _day(given: str | None, option: str) -> date | None:
    if given is None:
        return None
    try:
        day = date.fromisoformat(given)
    except ValueError:
        day = None
    # ISO 8601 has other forms too, such as week dates; one is enough, and means the same to everybody.
    if day is None or day.isoformat() != given:
        raise JobsError(f"{option} {given!r}: is no day of the calendar; write it as YYYY-MM-DD, such as 2026-02-28")
    return day


def select(reader: ArchiveReader, wanted: Selection) -> Iterator[Article]:
    """All revisions of the selected articles, site by site and shard by shard, held one shard at a time."""
    for site in wanted.sites or (None,):
        yield from reader.articles(site=site, since=wanted.since, until=wanted.until)


def write_jsonl(articles: Iterable[Article], stream: BinaryIO, on_progress: Callable[[Written], None]) -> Written:
    """Write each article as a line of UTF-8 JSON: all fields of `Article`, times as ISO 8601. Tells how far it is."""
    written = Written(articles=0, bytes=0)
    for article in articles:
        line = _ARTICLE.dump_json(article) + b"\n"
        stream.write(line)
        written = Written(articles=written.articles + 1, bytes=written.bytes + len(line))
        on_progress(written)
    return written


def fields(article: Article) -> dict[str, Any]:
    """All fields of an article as plain values, the same as in a line of `write_jsonl`."""
    plain: dict[str, Any] = _ARTICLE.dump_python(article, mode="json")
    return plain
