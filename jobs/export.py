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
from typing import Any, BinaryIO, cast

import pyarrow as pa
from pydantic import TypeAdapter

from archive.fetching import read_ahead
from archive.likeness import Likenesses
from archive.records import Article
from archive.shards import DOWNLOAD_SCHEMA, ROWS_PER_GROUP, write_tables
from archive.tables import article_values, articles_of, regrouped
from jobs.export_epub import write_epub
from jobs.json_lines import json_lines
from jobs.markdown import markdown_text

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet (CWE-1236); an apostrophe before it makes it text."""

_AHEAD = 1
"""Tables that are worked on while the next one is read: Arrow and the catalog leave Python to others meanwhile."""

_LISTS = ("authors", "tags", "flags")
_NOT_IN_CSV = ("structure", "date_candidates", "removed_blocks")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Downloaded(Article):
    """An article as downloads hold it."""

    duplicate_of: str | None = None
    """URL of the article of another site with nearly the same text that was captured first, None if there is none."""
    markdown: str | None = None
    """Its text as `jobs.markdown` writes it, None unless asked for."""


COLUMNS = [field.name for field in dataclasses.fields(Downloaded)]
CSV_COLUMNS = [name for name in COLUMNS if name not in _NOT_IN_CSV]

_ARTICLE = TypeAdapter(Article)
_DOWNLOADED = TypeAdapter(Downloaded)


def downloaded(
    tables: Iterable[pa.Table], likenesses: Likenesses | None, *, markdown: bool = False
) -> Iterator[pa.Table]:
    """The articles, each with what it is a copy of, if anything is there to tell, and with Markdown if asked for.

    The tables that come have the columns of a shard, those that go the columns of `DOWNLOAD_SCHEMA`.
    """

    def completed(table: pa.Table) -> pa.Table:
        url_ids = table["url_id"].to_pylist()
        originals = likenesses.originals(url_ids) if likenesses else {}
        urls = [originals[url_id].url if url_id in originals else None for url_id in url_ids]
        texts = [markdown_text(article) for article in articles_of([table])] if markdown else [None] * len(urls)
        columns = [*table.columns, pa.array(urls, pa.string()), pa.array(texts, pa.string())]
        return pa.Table.from_arrays(columns, schema=DOWNLOAD_SCHEMA)

    return read_ahead(completed, regrouped(tables, ROWS_PER_GROUP), ahead=_AHEAD)


def downloads_of(tables: Iterable[pa.Table]) -> Iterator[Downloaded]:
    """Each row as an article."""
    for table in tables:
        yield from (Downloaded(**article_values(row)) for row in table.to_pylist())


def write_jsonl(tables: Iterable[pa.Table], stream: BinaryIO) -> None:
    """Write each article as a line of UTF-8 JSON (https://jsonlines.org): all fields, times as ISO 8601."""

    def lines(table: pa.Table) -> bytes:
        return json_lines(table.select(COLUMNS).combine_chunks())

    for some in read_ahead(lines, tables, ahead=_AHEAD):
        stream.write(some)


def write_csv(tables: Iterable[pa.Table], stream: BinaryIO) -> None:
    """Write a header and a row an article (RFC 4180), UTF-8 with the byte order mark that spreadsheets look for."""
    text = io.TextIOWrapper(stream, "utf-8-sig", newline="")
    rows = csv.writer(text)
    rows.writerow(CSV_COLUMNS)
    for article in downloads_of(tables):
        plain = _DOWNLOADED.dump_python(article, mode="json") | {
            name: "; ".join(getattr(article, name)) for name in _LISTS
        }
        rows.writerow([csv_cell(plain[name]) for name in CSV_COLUMNS])
    text.detach()


def write_parquet(tables: Iterable[pa.Table], stream: BinaryIO) -> None:
    """Write a file of the columns of the archive's shards, `duplicate_of` and `markdown`."""
    write_tables(tables, stream, DOWNLOAD_SCHEMA)


FILE_FORMATS: dict[str, Callable[[Iterable[pa.Table], BinaryIO], None]] = {
    "jsonl": write_jsonl,
    "csv": write_csv,
    "parquet": write_parquet,
    "epub": lambda tables, stream: write_epub(downloads_of(tables), stream),
}
"""Name -> what writes tables of `downloaded` to a stream in that format."""


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
