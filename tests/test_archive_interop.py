"""The bucket holds standard files: other people's tools open them without presskeep."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from warcio.archiveiterator import ArchiveIterator

from archive import outcomes
from archive.catalog import Catalog
from archive.records import url_id
from archive.store import DirectoryStore
from archive.writer import ArchiveWriter, BatchLimits
from tests.sample_articles import SITE, START, make_capture, make_draft, make_url


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """A folder archive with 3 articles of two months."""
    catalog = Catalog(f"sqlite:///{tmp_path}/catalog.sqlite")
    catalog.prepare()
    writer = ArchiveWriter(
        store=DirectoryStore(tmp_path / "bucket"),
        catalog=catalog,
        spool=tmp_path / "spool",
        site=SITE,
        run="run",
        software={},
        limits=BatchLimits(),
    )
    for number in range(3):
        draft = make_draft(number, published=START.date() if number else None)
        writer.settle(
            writer.record(make_capture(number)), outcomes.ARCHIVED, url_id=url_id(make_url(number)), draft=draft
        )
    writer.finish()
    catalog.close()
    return tmp_path / "bucket"


def test_duckdb_reads_the_shards_with_their_partitions(bucket: Path) -> None:
    query = f"""
        select month, count(*), min(title), max(published), bool_and(length(text) > 10)
        from read_parquet('{bucket}/articles/**/*.parquet', hive_partitioning=true) group by month order by month
    """
    rows = duckdb.sql(query).fetchall()
    assert [(month, count) for month, count, *_ in rows] == [("2026-03", 2), ("unknown", 1)]
    assert rows[0][2].startswith("Überschrift 1") and rows[0][3] == START.date() and rows[0][4]


def test_duckdb_sees_lists_structs_and_moments_as_such(bucket: Path) -> None:
    query = f"""
        select authors[2], date_candidates[1].source, removed_blocks[1].reason, fetched
        from read_parquet('{bucket}/articles/**/*.parquet') order by url limit 1
    """
    [(author, source, reason, fetched)] = duckdb.sql(query).fetchall()
    assert (author, source, reason) == ("Li Wei", "jsonld:datePublished", "share_bar")
    assert fetched == START


def test_warcio_checks_and_indexes_the_warcs(bucket: Path) -> None:
    [warc] = bucket.glob("raw/**/*.warc.gz")
    for command in (["check", str(warc)], ["index", "-f", "offset,warc-type,warc-target-uri", str(warc)]):
        done = subprocess.run([sys.executable, "-m", "warcio.cli", *command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count('"warc-type": "response"') == 3


def test_each_response_stands_where_the_shard_says(bucket: Path) -> None:
    [warc] = bucket.glob("raw/**/*.warc.gz")
    rows = duckdb.sql(
        f"select url, warc_key, warc_offset, warc_length from read_parquet('{bucket}/articles/**/*.parquet')"
    ).fetchall()
    data = warc.read_bytes()
    for url, key, offset, length in rows:
        assert bucket / key == warc
        assert gzip.decompress(data[offset : offset + length]).startswith(b"WARC/1.1\r\n")
        with warc.open("rb") as stream:
            stream.seek(offset)
            record = next(iter(ArchiveIterator(stream)))
            assert record.rec_headers.get_header("WARC-Target-URI") == url
