"""Shards: the articles of one batch and one month of publication, as a Parquet file.

zstd, row groups of 500 articles (one `show` reads one group), and a checksum on every page, because pyarrow reads
most flipped bits silently without them. The same articles always give the same bytes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from archive.errors import DamagedObject
from archive.records import Article, DateCandidate, RemovedBlock
from archive.tables import articles_of, regrouped, rows_where

_STRINGS = pa.list_(pa.string())
_MOMENT = pa.timestamp("us", tz="UTC")

SCHEMA = pa.schema(
    [
        pa.field("url_id", pa.string(), nullable=False),
        pa.field("url", pa.string(), nullable=False),
        pa.field("canonical_url", pa.string(), nullable=False),
        pa.field("site", pa.string(), nullable=False),
        pa.field("revision", pa.int32(), nullable=False),
        pa.field("content_hash", pa.string(), nullable=False),
        pa.field("title", pa.string()),
        pa.field("alt_title", pa.string()),
        pa.field("authors", _STRINGS, nullable=False),
        pa.field("published", pa.date32()),
        pa.field("published_at", _MOMENT),
        pa.field("published_precision", pa.string()),
        pa.field("published_source", pa.string()),
        pa.field(
            "date_candidates",
            pa.list_(pa.struct([("source", pa.string()), ("value", pa.string())])),
            nullable=False,
        ),
        pa.field("modified", pa.date32()),
        pa.field("modified_at", _MOMENT),
        pa.field("fetched", _MOMENT, nullable=False),
        pa.field("origin", pa.string()),
        pa.field("language", pa.string()),
        pa.field("section", pa.string()),
        pa.field("tags", _STRINGS, nullable=False),
        pa.field("description", pa.string()),
        pa.field("image", pa.string()),
        pa.field("canonical_link", pa.string()),
        pa.field("text", pa.string(), nullable=False),
        pa.field("structure", _STRINGS, nullable=False),
        pa.field("word_count", pa.int32(), nullable=False),
        pa.field("flags", _STRINGS, nullable=False),
        pa.field(
            "removed_blocks",
            pa.list_(pa.struct([("text", pa.string()), ("reason", pa.string())])),
            nullable=False,
        ),
        pa.field("extractor", pa.string(), nullable=False),
        pa.field("extractor_version", pa.string(), nullable=False),
        pa.field("profile_hash", pa.string(), nullable=False),
        pa.field("warc_key", pa.string(), nullable=False),
        pa.field("warc_offset", pa.int64(), nullable=False),
        pa.field("warc_length", pa.int64(), nullable=False),
        pa.field("payload_digest", pa.string(), nullable=False),
    ]
)
"""One field for each field of `Article`, in reading order; meanings stand there."""

ROWS_PER_GROUP = 500

DOWNLOAD_SCHEMA = SCHEMA.append(pa.field("duplicate_of", pa.string())).append(pa.field("markdown", pa.string()))
"""That of downloads."""

# Statistics only where a query can skip by them: those of long texts would hold each text three times.
_STATISTICS = ["url_id", "site", "published", "fetched", "language"]

_DICTIONARIES = [
    *("site", "published_precision", "published_source", "language", "section"),
    *("extractor", "extractor_version", "profile_hash", "warc_key"),
]


def write_shard(articles: Iterable[Article], stream: BinaryIO) -> None:
    """Write the articles, in the order given, as one Parquet file; a row group of them is held at a time."""
    write_tables(_tables(articles), stream, SCHEMA)


def write_tables(tables: Iterable[pa.Table], stream: BinaryIO, schema: pa.Schema) -> None:
    """Write the rows as one Parquet file, in row groups as those of a shard."""
    with pq.ParquetWriter(
        stream,
        schema,
        compression="zstd",
        compression_level=9,
        use_dictionary=_DICTIONARIES,
        write_statistics=_STATISTICS,
        write_page_checksum=True,
        # Parquet's own types say all; Arrow's copy of the schema would cost 3 kB a file.
        store_schema=False,
    ) as writer:
        for table in regrouped(tables, ROWS_PER_GROUP):
            writer.write_table(table.combine_chunks())


def read_shard(stream: BinaryIO, *, url_ids: Iterable[str] | None = None) -> Iterator[Article]:
    """The articles of a shard in order, a row group at a time, or only those with these ids.

    Raises DamagedObject when the file is not Parquet, is cut, or a page fails its checksum.
    """
    with _damage_named():
        yield from articles_of(read_tables(stream, url_ids=url_ids))


def read_tables(stream: BinaryIO, *, url_ids: Iterable[str] | None = None) -> Iterator[pa.Table]:
    """As `read_shard`, each row group as a table with the columns of `SCHEMA`."""
    wanted = None if url_ids is None else set(url_ids)
    with _damage_named(), pq.ParquetFile(stream, page_checksum_verification=True) as file:
        # The footer has no checksum of its own.
        if not file.schema_arrow.equals(SCHEMA):
            raise DamagedObject("shard has other columns than a shard of ours; restore it with `presskeep repair`")
        for group in range(file.num_row_groups):
            if wanted is not None and wanted.isdisjoint(_rows(file, group, ["url_id"])["url_id"].to_pylist()):
                continue
            table = _rows(file, group)
            yield table if wanted is None else rows_where(table, ("url_id",), wanted.__contains__)


def read_row(stream: BinaryIO, row: int, columns: Collection[str]) -> dict[str, Any]:
    """These columns of that row of a shard, from 0, with values as Arrow gives them.

    DamagedObject as for `read_shard`, and where there is no such row.
    """
    with _damage_named(), pq.ParquetFile(stream, page_checksum_verification=True) as file:
        before = 0
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if row < before + rows:
                found: dict[str, Any] = _rows(file, group, list(columns)).slice(row - before, 1).to_pylist()[0]
                return found
            before += rows
    raise DamagedObject(f"shard has {before} rows, row {row} was looked for; restore it with `presskeep repair`")


def read_order(stream: BinaryIO) -> Iterator[tuple[str, datetime, int]]:
    """URL id, time of the capture and number of each revision in a shard; DamagedObject as for `read_shard`."""
    names = ["url_id", "fetched", "revision"]
    with _damage_named(), pq.ParquetFile(stream, page_checksum_verification=True) as file:
        for group in range(file.num_row_groups):
            table = _rows(file, group, names)
            yield from zip(*(table[name].to_pylist() for name in names), strict=True)


@contextmanager
def _damage_named() -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, OverflowError, MemoryError) as exc:
        raise DamagedObject(f"shard cannot be read, restore it with `presskeep repair`: {exc}") from exc


def _rows(file: pq.ParquetFile, group: int, columns: list[str] | None = None) -> pa.Table:
    # A thread of Arrow's may let go of the stream only after the interpreter has ended, which aborts the process
    # ("terminate called without an active exception"); groups this small gain nothing from threads.
    return file.read_row_group(group, columns=columns, use_threads=False)


def _tables(articles: Iterable[Article]) -> Iterator[pa.Table]:
    rest = iter(articles)
    while group := list(islice(rest, ROWS_PER_GROUP)):
        columns = [
            pa.array([_plain(getattr(article, field.name)) for article in group], field.type) for field in SCHEMA
        ]
        yield pa.Table.from_arrays(columns, schema=SCHEMA)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [dataclasses.asdict(part) if isinstance(part, DateCandidate | RemovedBlock) else part for part in value]
    return value
