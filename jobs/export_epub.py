"""Articles as an EPUB to read on a device: a chapter an article, by day; made for a day or a week, not for years.

EPUB 3.3 (https://www.w3.org/TR/epub-33/). Each chapter says its language and direction by itself. The book turns its
pages from right to left if most of its articles are written so. The same articles always give the same bytes.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from archive.records import Article
from jobs.article_view import right_to_left
from jobs.export_html import article_body, escaped, heading

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_BOOKS = uuid.UUID("5b0b8f5e-6d0c-5c3f-9b43-0f6f3f1f5a86")
"""Namespace of the ids of books (RFC 9562, section 5.5)."""

_CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""

_PACKAGE = """<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:{identifier}</dc:identifier>
<dc:title>{title}</dc:title>
{languages}
<meta property="dcterms:modified">{modified:%Y-%m-%dT%H:%M:%SZ}</meta>
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="style" href="style.css" media-type="text/css"/>
{items}
</manifest>
<spine page-progression-direction="{direction}">
<itemref idref="nav"/>
{spine}
</spine>
</package>
"""

_PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" xml:lang="{language}" \
lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8"/>
<title>{title}</title>
<link rel="stylesheet" href="style.css"/>
</head>
<body>
{body}
</body>
</html>
"""

_STYLE = """body { line-height: 1.6; }
h1, h2, h3, h4, h5, h6 { font-family: sans-serif; line-height: 1.25; }
.facts { font-family: sans-serif; font-size: 0.8em; }
nav ol { list-style: none; padding: 0 1em; }
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Chapter:
    """An article in the table of contents."""

    path: str
    title: str
    site: str
    published: date | None
    language: str
    right_to_left: bool
    fetched: datetime

    @property
    def place(self) -> tuple[date, str, str]:
        """What orders chapters."""
        return self.published or date.max, self.site, self.path


def write_epub(articles: Iterable[Article], stream: BinaryIO) -> None:
    """Write the book; it takes some hundred bytes of memory an article."""
    chapters = []
    with ZipFile(stream, "w") as book:
        # Readers tell a book by it, so it comes first and uncompressed (EPUB 3.3, section 4.3).
        book.writestr(ZipInfo("mimetype", _ZIP_TIME), "application/epub+zip", ZIP_STORED)
        _add(book, "META-INF/container.xml", _CONTAINER)
        for article in articles:
            chapter = _chapter(article)
            chapters.append(chapter)
            _add(book, f"EPUB/{chapter.path}", _page(chapter, article))
        chapters.sort(key=lambda chapter: chapter.place)
        _add(book, "EPUB/style.css", _STYLE)
        _add(book, "EPUB/nav.xhtml", _contents(chapters))
        _add(book, "EPUB/package.opf", _package(chapters))


def _chapter(article: Article) -> _Chapter:
    return _Chapter(
        path=f"{article.url_id}-{article.revision}.xhtml",
        title=heading(article),
        site=article.site,
        published=article.published,
        language=article.language or "und",
        right_to_left=right_to_left(article.text),
        fetched=article.fetched,
    )


def _page(chapter: _Chapter, article: Article) -> str:
    return _PAGE.format(
        language=escaped(chapter.language),
        direction="rtl" if chapter.right_to_left else "ltr",
        title=escaped(chapter.title),
        body=article_body(article),
    )


def _contents(chapters: Sequence[_Chapter]) -> str:
    """The table of contents: days, in each of them the articles."""
    days = "\n".join(
        f'<li><a href="{some[0].path}">{day or "undated"}</a>\n<ol>\n' + "\n".join(map(_entry, some)) + "\n</ol></li>"
        for day, group in groupby(chapters, key=lambda chapter: chapter.published)
        if (some := list(group))
    )
    empty = '<li><a href="nav.xhtml">There are none</a></li>'
    body = f'<nav epub:type="toc">\n<h1>{_title(chapters)}</h1>\n<ol>\n{days or empty}\n</ol>\n</nav>'
    return _PAGE.format(language="en", direction="ltr", title=_title(chapters), body=body)


def _entry(chapter: _Chapter) -> str:
    language = escaped(chapter.language)
    text = f"{escaped(chapter.title)} <bdi>({escaped(chapter.site)})</bdi>"
    return f'<li dir="auto" lang="{language}" xml:lang="{language}"><a href="{chapter.path}">{text}</a></li>'


def _package(chapters: Sequence[_Chapter]) -> str:
    languages = [language for language, _ in Counter(chapter.language for chapter in chapters).most_common()]
    names = [chapter.path.removesuffix(".xhtml") for chapter in chapters]
    return _PACKAGE.format(
        identifier=uuid.uuid5(_BOOKS, " ".join(names)),
        title=_title(chapters),
        languages="\n".join(f"<dc:language>{escaped(language)}</dc:language>" for language in languages or ["en"]),
        modified=max((chapter.fetched for chapter in chapters), default=_EPOCH),
        items="\n".join(
            f'<item id="a{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>' for name in names
        ),
        direction="rtl" if 2 * sum(chapter.right_to_left for chapter in chapters) > len(chapters) else "ltr",
        spine="\n".join(f'<itemref idref="a{name}"/>' for name in names),
    )


def _title(chapters: Sequence[_Chapter]) -> str:
    sites = sorted({chapter.site for chapter in chapters})
    days = sorted({chapter.published for chapter in chapters if chapter.published})
    named = ", ".join(sites) if 0 < len(sites) <= 3 else f"{len(sites)} sites"
    span = "" if not days else f", {days[0]}" if len(days) == 1 else f", {days[0]} – {days[-1]}"
    return escaped(named + span)


def _add(book: ZipFile, path: str, text: str) -> None:
    book.writestr(ZipInfo(path, _ZIP_TIME), text, ZIP_DEFLATED)
