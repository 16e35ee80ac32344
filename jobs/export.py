"""Articles as one file that other programs read: JSON lines, CSV or Parquet.

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

from pydantic import TypeAdapter

from archive.records import Article
from archive.shards import write_shard

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_ARTICLE = TypeAdapter(Article)

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet (CWE-1236); an apostrophe before it makes it text."""

_LISTS = ("authors", "tags", "flags")
_NOT_IN_CSV = ("date_candidates", "removed_blocks")
CSV_COLUMNS = [field.name for field in dataclasses.fields(Article) if field.name not in _NOT_IN_CSV]


def write_jsonl(articles: Iterable[Article], stream: BinaryIO) -> None:
    """Write each article as a line of UTF-8 JSON (https://jsonlines.org): all fields, times as ISO 8601."""
    for article in articles:
        stream.write(_ARTICLE.dump_json(article) + b"\n")


def write_csv(articles: Iterable[Article], stream: BinaryIO) -> None:
    """Write a header and a row an article (RFC 4180), UTF-8 with the byte order mark that spreadsheets look for."""
    text = io.TextIOWrapper(stream, "utf-8-sig", newline="")
    rows = csv.writer(text)
    rows.writerow(CSV_COLUMNS)
    for article in articles:
        plain = fields(article) | {name: "; ".join(getattr(article, name)) for name in _LISTS}
        rows.writerow([_cell(plain[name]) for name in CSV_COLUMNS])
    text.detach()


FILE_FORMATS: dict[str, Callable[[Iterable[Article], BinaryIO], None]] = {
    "jsonl": write_jsonl,
    "csv": write_csv,
    "parquet": write_shard,
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
    """All fields of an article as plain values, the same as in a line of `write_jsonl`."""
    plain: dict[str, Any] = _ARTICLE.dump_python(article, mode="json")
    return plain


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return value
