"""Promises of the formats that `presskeep download` writes."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, fields, replace
from pathlib import Path
from zipfile import ZipFile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archive.records import Article
from archive.shards import DOWNLOAD_SCHEMA, SCHEMA, read_shard
from jobs.errors import JobsError
from jobs.export import CSV_COLUMNS, FILE_FORMATS, Downloaded, compressed, downloaded, write_csv
from jobs.export_folder import FOLDER_FORMATS, file_name, markdown, plain_text, write_folder
from tests.sample_batches import make_article


def make_downloaded(number: int) -> Downloaded:
    article = make_article(number)
    values = {field.name: getattr(article, field.name) for field in fields(article)}
    return Downloaded(**values, duplicate_of=f"https://other.example/{number}")


ARTICLES = [make_downloaded(number) for number in (1, 2, 3)]


def tables_of(articles: Iterable[Article], schema: pa.Schema = DOWNLOAD_SCHEMA) -> list[pa.Table]:
    return [pa.Table.from_pylist([asdict(article) for article in articles], schema=schema)]


def as_csv(*articles: Downloaded) -> list[dict[str, str]]:
    stream = io.BytesIO()
    write_csv(tables_of(articles), stream)
    return list(csv.DictReader(io.StringIO(stream.getvalue().decode("utf-8-sig"), newline="")))


# files


def test_parquet_holds_every_field_of_every_article() -> None:
    many = [make_downloaded(number) for number in range(1100)]
    stream = io.BytesIO()
    FILE_FORMATS["parquet"](tables_of(many), stream)
    table = pq.read_table(io.BytesIO(stream.getvalue()))
    assert table["duplicate_of"].to_pylist() == [article.duplicate_of for article in many]
    shard = io.BytesIO()
    pq.write_table(table.drop_columns(["duplicate_of", "markdown"]).cast(SCHEMA), shard)
    assert list(read_shard(io.BytesIO(shard.getvalue()))) == [make_article(number) for number in range(1100)]
    assert pq.ParquetFile(io.BytesIO(stream.getvalue())).num_row_groups == 3


def test_csv_comes_back_as_it_was() -> None:
    article = replace(make_downloaded(1), authors=("A, B", 'C "D"'), text="One.\n\nTwo; three.")
    [row] = as_csv(article)
    assert list(row) == CSV_COLUMNS
    assert (row["title"], row["text"]) == (article.title, article.text)
    assert row["authors"] == 'A, B; C "D"'
    assert row["published"] == "2026-03-04"


@pytest.mark.parametrize("start", ["=cmd|'/C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_of_a_csv_is_a_formula(start: str) -> None:
    [row] = as_csv(replace(make_downloaded(1), title=start, authors=(start,)))
    assert row["title"] == row["authors"] == "'" + start


@pytest.mark.parametrize("form", sorted(FILE_FORMATS))
def test_without_articles_a_file_is_still_one_of_its_format(form: str) -> None:
    stream = io.BytesIO()
    FILE_FORMATS[form]([], stream)
    if form == "parquet":
        assert pq.ParquetFile(io.BytesIO(stream.getvalue())).metadata.num_rows == 0
    elif form == "epub":
        assert ZipFile(stream).read("mimetype") == b"application/epub+zip"
    else:
        assert len(stream.getvalue().splitlines()) == (form == "csv")


def test_a_name_that_ends_in_gz_or_zst_is_compressed() -> None:
    packed = {}
    for name in ("a.jsonl", "a.jsonl.gz", "a.jsonl.zst"):
        stream = io.BytesIO()
        with compressed(stream, name) as target:
            FILE_FORMATS["jsonl"](tables_of(ARTICLES), target)
        packed[name] = stream.getvalue()
    assert len(packed["a.jsonl"].splitlines()) == 3
    assert gzip.decompress(packed["a.jsonl.gz"]) == packed["a.jsonl"]
    unpacked = subprocess.run(
        [sys.executable, "-c", "import pyarrow as pa, sys; sys.stdout.buffer.write("
         "pa.input_stream(pa.BufferReader(sys.stdin.buffer.read()), compression='zstd').read())"],
        input=packed["a.jsonl.zst"],
        capture_output=True,
        check=True,
    )  # fmt: skip
    assert unpacked.stdout == packed["a.jsonl"]


# folders


def test_a_folder_is_a_bag_with_a_file_an_article(tmp_path: Path) -> None:
    write_folder(ARTICLES, tmp_path / "bag", "markdown")
    assert (tmp_path / "bag/bagit.txt").read_text().startswith("BagIt-Version: 1.0\n")
    listed = dict(
        reversed(line.split("  ")) for line in (tmp_path / "bag/manifest-sha256.txt").read_text().splitlines()
    )
    files = {path.relative_to(tmp_path / "bag").as_posix() for path in tmp_path.glob("bag/data/**/*.md")}
    assert len(files) == 3
    assert {path: hashlib.sha256((tmp_path / "bag" / path).read_bytes()).hexdigest() for path in files} == listed


def test_a_file_whose_article_was_taken_down_since_the_interruption_goes(tmp_path: Path) -> None:
    folder = tmp_path / "bag"
    write_folder(ARTICLES, folder, "text")
    (folder / "manifest-sha256.txt").unlink()
    write_folder(ARTICLES[1:], folder, "text", removed=lambda site: {ARTICLES[0].url_id} if site == "daily" else ())
    assert len(list(folder.glob("data/**/*.txt"))) == 2
    assert len((folder / "manifest-sha256.txt").read_text().splitlines()) == 2


def test_an_interrupted_folder_is_completed_and_a_complete_one_is_kept(tmp_path: Path) -> None:
    def broken() -> list[Downloaded]:
        raise KeyboardInterrupt

    folder = tmp_path / "bag"
    with pytest.raises(KeyboardInterrupt):
        write_folder(
            (article for number in (0, 1) for article in (ARTICLES[:2] if number == 0 else broken())), folder, "text"
        )
    assert not (folder / "manifest-sha256.txt").exists()
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("data/**/*.txt")}
    assert len(kept) == 2
    write_folder(ARTICLES, folder, "text")
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert len(list(folder.glob("data/**/*.txt"))) == 3
    with pytest.raises(JobsError, match="holds a whole download already"):
        write_folder(ARTICLES, folder, "text")


def test_a_folder_with_anything_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear")
    with pytest.raises(JobsError, match=r"letter\.txt is not from a download"):
        write_folder(ARTICLES, tmp_path / "mine", "text")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked/data").symlink_to(tmp_path / "mine")
    with pytest.raises(JobsError, match="is not from a download"):
        write_folder(ARTICLES, tmp_path / "linked", "text")
    write_folder_partly(tmp_path / "other")
    with pytest.raises(JobsError, match="is from another download"):
        write_folder(ARTICLES[1:], tmp_path / "other", "text")
    assert not (tmp_path / "other/manifest-sha256.txt").exists()


def write_folder_partly(folder: Path) -> None:
    write_folder(ARTICLES[:1], folder, "text")
    (folder / "manifest-sha256.txt").unlink()


@pytest.mark.parametrize("title", ["../../etc/passwd", "CON", "a\0b", "C:\\x", "", None, "كركوك", "x" * 500, "NUL.txt"])
def test_file_names_are_plain_whatever_the_headline(title: str | None) -> None:
    name = file_name(replace(make_article(1), title=title))
    assert name.startswith("2026-03-04-")
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len(name) < 100


def test_revisions_have_files_of_their_own() -> None:
    assert file_name(ARTICLES[0]) != file_name(replace(ARTICLES[0], revision=2))


def test_markdown_says_just_what_the_article_says() -> None:
    article = replace(
        make_article(1),
        title="# <script>alert(1)</script>\nforged: yes",
        text="# no heading\n\n1. no *list*\n\n[no](link)",
    )
    front, body = markdown(article).split("---\n")[1:]
    assert json.loads(front.splitlines()[0].removeprefix("title: ")) == article.title
    assert not any(line.startswith("forged") for line in front.splitlines())
    assert "<script" not in body.replace("\\<", "")
    assert "\\# no heading" in body
    assert "1\\. no \\*list\\*" in body
    assert "\\[no\\](link)" in body


def test_markdown_has_the_structure_of_the_article() -> None:
    text = "One.\n\nIn C #\n\n- first\n\n2. second\n\nSaid\n\nso.\n\nThe end."
    kinds = ("p", "h2", "ul", "ul", "blockquote", "blockquote", "p")
    body = markdown(replace(make_article(1), title=None, text=text, structure=kinds)).split("---\n\n")[1]
    assert body == "One.\n\n## In C \\#\n\n- \\- first\n- 2\\. second\n\n> Said\n>\n> so.\n\nThe end.\n"


def test_items_of_a_numbered_list_are_counted() -> None:
    article = replace(make_article(1), text="Fish\n\nSalt", structure=("ol", "ol"))
    [found] = downloaded(tables_of([article], SCHEMA), None, markdown=True)
    assert found["markdown"].to_pylist() == ["1. Fish\n2. Salt"]


@pytest.mark.parametrize("form", sorted(FOLDER_FORMATS))
def test_no_terminal_escape_survives(form: str) -> None:
    escape = "\x1b]0;owned\x07\u202eabc"
    rendered = FOLDER_FORMATS[form][1](replace(make_article(1), title=escape, text=escape, authors=(escape,)))
    assert not {"\x1b", "\x07", "\u202e"} & set(rendered)


def test_plain_text_names_the_facts_and_then_the_text() -> None:
    lines = plain_text(replace(ARTICLES[0], title="A day", text="One.\n\nTwo.")).split("\n")
    assert lines[0] == "title: A day"
    assert lines[-4:] == ["One.", "", "Two.", ""]
