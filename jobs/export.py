"""Articles as one file: JSON lines, CSV or Parquet for other programs, EPUB for people.

JSON lines and Parquet hold every field. CSV is for spreadsheets: one row an article, lists joined by `; `, and no cell
that a spreadsheet would take for a formula.
"""

from __future__ import annotations

import csv
import dataclasses
import gzip
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, BinaryIO, cast

from pydantic import TypeAdapter

from archive.likeness import Likenesses
from archive.records import Article
from archive.shards import DOWNLOAD_SCHEMA, write_shard
from jobs.export_epub import write_epub
from jobs.markdown import markdown_text

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_AT_ONCE = 500

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet (CWE-1236); an apostrophe before it makes it text."""

_LISTS = ("authors", "tags", "flags")
_NOT_IN_CSV = ("structure", "date_candidates", "removed_blocks")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Downloaded(Article):
    """An article as downloads hold it."""

    duplicate_of: str | None = None
    """URL of the article of another site with nearly the same text that was captured first, None if there is none."""
    markdown: str | None = None
    """Its text as `jobs.markdown` writes it, None unless asked for."""


CSV_COLUMNS = [field.name for field in dataclasses.fields(Downloaded) if field.name not in _NOT_IN_CSV]

_ARTICLE = TypeAdapter(Article)
_DOWNLOADED = TypeAdapter(Downloaded)


def downloaded(
    articles: Iterable[Article], likenesses: Likenesses | None, *, markdown: bool = False
) -> Iterator[Downloaded]:
    """The articles, each with what it is a copy of, if anything is there to tell, and with Markdown if asked for."""
    rest = iter(articles)
    while some := list(islice(rest, _AT_ONCE)):
        originals = likenesses.originals(some) if likenesses else {}
        for article in some:
            original = originals.get(article.url_id)
            values = {field.name: getattr(article, field.name) for field in dataclasses.fields(article)}
            yield Downloaded(
                **values,
                duplicate_of=original.url if original else None,
                markdown=markdown_text(article) if markdown else None,
            )


def write_jsonl(articles: Iterable[Downloaded], stream: BinaryIO) -> None:
    """Write each article as a line of UTF-8 JSON (https://jsonlines.org): all fields, times as ISO 8601."""
    for article in articles:
        stream.write(_DOWNLOADED.dump_json(article) + b"\n")


def write_csv(articles: Iterable[Downloaded], stream: BinaryIO) -> None:
    """Write a header and a row an article (RFC 4180), UTF-8 with the byte order mark that spreadsheets look for."""
    text = io.TextIOWrapper(stream, "utf-8-sig", newline="")
    rows = csv.writer(text)
    rows.writerow(CSV_COLUMNS)
    for article in articles:
        plain = _DOWNLOADED.dump_python(article, mode="json") | {
            name: "; ".join(getattr(article, name)) for name in _LISTS
        }
        rows.writerow([csv_cell(plain[name]) for name in CSV_COLUMNS])
    text.detach()


def write_parquet(articles: Iterable[Downloaded], stream: BinaryIO) -> None:
    """Write a file of the columns of the archive's shards, `duplicate_of` and `markdown`."""
    write_shard(articles, stream, DOWNLOAD_SCHEMA)


FILE_FORMATS: dict[str, Callable[[Iterable[Downloaded], BinaryIO], None]] = {
    "jsonl": write_jsonl,
    "csv": write_csv,
    "parquet": write_parquet,
    "epub": write_epub,
}
"""Name -> what writes articles to a stream in that format."""


@contextmanager
def compressed(stream: BinaryIO, name: str) -> Iterator[BinaryIO]:
    """The stream, or one that compresses into it as the end of the file's name (`.gz`, `.zst`) says."""
    if name.endswith(".gz"):
        with gzip.GzipFile(filename="", fileobj=stream, mode="wb", compresslevel=6, mtime=0) as packed:
            yield cast(BinaryIO, packed)
    elif name.endswith(".zst"):
        with zstd.ZstdFile(stream, "wb") as packed:
            yield cast(BinaryIO, packed)
    else:
        yield stream


def fields(article: Article) -> dict[str, Any]:
    """All fields of an article as plain values, as in a line of `write_jsonl`."""
    plain: dict[str, Any] = _ARTICLE.dump_python(article, mode="json")
    return plain


def csv_cell(value: Any) -> Any:
    """The value, as no spreadsheet takes it for a formula."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return value
