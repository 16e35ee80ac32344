"""Promises of jobs/json_lines.py."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from pydantic import TypeAdapter

from archive.records import Article, DateCandidate, RemovedBlock
from archive.shards import SCHEMA
from jobs.json_lines import json_lines
from tests.sample_batches import make_article

HARD = "".join(map(chr, range(1, 0x30))) + '"\\\\n\x7f\x80\u2028\ufffd\ud7ff\ue000 خبر 新聞 🗞️'

ARTICLES = [
    make_article(1),
    replace(make_article(2), title=HARD, text=HARD, authors=(HARD, '"', ""), tags=(), flags=()),
    replace(make_article(3), title=None, section=None, published=None, published_at=None, modified=None, text="\n"),
    replace(make_article(4), fetched=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), published=date(1987, 6, 5), revision=7),
    replace(make_article(5), fetched=datetime(2026, 1, 2, 3, 4, 5, 600000, tzinfo=UTC), warc_offset=2**40),
    replace(
        make_article(6), date_candidates=(DateCandidate(source="a", value=HARD), DateCandidate(source="b", value=""))
    ),
    replace(make_article(7), removed_blocks=(RemovedBlock(text=HARD, reason="menu"),), date_candidates=()),
]
TABLE = pa.Table.from_pylist([asdict(article) for article in ARTICLES], schema=SCHEMA)


def expected(articles: list[Article]) -> list[dict[str, object]]:
    return [TypeAdapter(Article).dump_python(article, mode="json") for article in articles]


@pytest.mark.parametrize("place", range(len(ARTICLES)))
def test_a_line_is_that_of_pydantic_byte_for_byte(place: int) -> None:
    table = TABLE.select([field.name for field in fields(Article)]).slice(place, 1)
    assert json_lines(table) == TypeAdapter(Article).dump_json(ARTICLES[place]) + b"\n"


def test_lines_say_what_the_articles_say() -> None:
    lines = json_lines(TABLE).splitlines(keepends=True)
    assert [json.loads(line) for line in lines] == expected(ARTICLES)
    assert all(line.endswith(b"}\n") for line in lines)


def test_tables_in_several_pieces_and_without_rows_are_written_too() -> None:
    assert json_lines(pa.concat_tables([TABLE.slice(0, 2), TABLE.slice(2)])) == json_lines(TABLE)
    assert json_lines(TABLE.slice(0, 0)) == b""


def test_a_table_too_large_for_arrows_strings_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = json_lines(TABLE)
    monkeypatch.setattr("jobs.json_lines._MOST", 1)
    assert json_lines(TABLE) == whole
