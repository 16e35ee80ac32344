"""Promises of archive/shards.py: rows come back as they were, and damage is never served."""

from __future__ import annotations

import dataclasses
import io
import random

import pyarrow.parquet as pq
import pytest

from archive.errors import DamagedObject
from archive.records import Article
from archive.shards import SCHEMA, read_shard, write_shard
from tests.sample_articles import make_draft


def make_article(number: int) -> Article:
    draft = make_draft(number)
    return Article(
        **{field.name: getattr(draft, field.name) for field in dataclasses.fields(draft)} | {"structure": ("h2", "p")},
        revision=1,
        warc_key="raw/daily/2026/03/x.warc.gz",
        warc_offset=number * 1000,
        warc_length=900,
        payload_digest="sha256:ABC",
    )


def bare(article: Article) -> Article:
    """The same article with nothing but what is required."""
    empty = {
        field.name: None if field.default is None else ()
        for field in dataclasses.fields(article)
        if field.default in (None, ())
    }
    return dataclasses.replace(article, title=None, **empty)


def shard(articles: list[Article]) -> bytes:
    buffer = io.BytesIO()
    write_shard(articles, buffer)
    return buffer.getvalue()


def test_every_field_of_an_article_has_its_column() -> None:
    assert {field.name for field in dataclasses.fields(Article)} == set(SCHEMA.names)


def test_articles_come_back_as_written() -> None:
    articles = [make_article(1), bare(make_article(2)), make_article(3)]
    assert list(read_shard(io.BytesIO(shard(articles)))) == articles


def test_only_wanted_articles_are_read() -> None:
    articles = [make_article(number) for number in range(1200)]
    wanted = [articles[3], articles[1100]]
    found = list(read_shard(io.BytesIO(shard(articles)), url_ids=[article.url_id for article in wanted]))
    assert found == wanted


def test_equal_articles_give_equal_bytes() -> None:
    assert shard([make_article(1), make_article(2)]) == shard([make_article(1), make_article(2)])


def test_pages_carry_checksums_and_zstd() -> None:
    metadata = pq.ParquetFile(io.BytesIO(shard([make_article(1)]))).metadata
    assert metadata.row_group(0).column(0).compression == "ZSTD"


def test_flipped_bits_are_detected_or_harmless() -> None:
    """A flipped bit either raises DamagedObject or hits bytes that carry no data; a wrong article is never served."""
    articles = [make_article(number) for number in range(50)]
    data = shard(articles)
    chance = random.Random(7)
    for _ in range(300):
        damaged = bytearray(data)
        damaged[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        try:
            served = list(read_shard(io.BytesIO(bytes(damaged))))
        except DamagedObject:
            continue
        assert served == articles


@pytest.mark.parametrize("data", [b"", b"PAR1", b"<html>", shard([make_article(1)])[:-1]])
def test_what_is_no_whole_parquet_is_damage(data: bytes) -> None:
    with pytest.raises(DamagedObject):
        list(read_shard(io.BytesIO(data)))
