"""Promises of `presskeep download --format html`: a folder that is read offline in a browser."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

from jobs.export_folder import write_folder
from jobs.export_html import article_page
from tests.sample_batches import make_article

ARABIC = replace(make_article(1), title="خبر من كركوك", text="الفقرة الأولى.\n\nThe second.", language="ar")
OLD = replace(make_article(2), title="Old <b>news</b>", published=date(2026, 1, 2), url="javascript:alert(1)")
UNDATED = replace(make_article(3), title=None, published=None)


class Tags(HTMLParser):
    """Every tag with its attributes, and the text between."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def links(self) -> list[str]:
        return [str(attributes["href"]) for tag, attributes in self.found if tag == "a"]


def test_what_sites_wrote_is_text_and_no_markup() -> None:
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>\n\n\"><a href='javascript:1'>"
    page = article_page(replace(OLD, title=hostile, text=hostile, section='"x', authors=("<i>",), language='"><b>'))
    tags = Tags(page)
    assert {tag for tag, _ in tags.found} <= {
        *("html", "head", "meta", "title", "style", "body", "nav", "a", "h1", "p"),
    }
    assert not any(name.startswith("on") for _, attributes in tags.found for name in attributes)
    assert tags.links() == ["../../index.html"]
    assert "<script>alert(1)</script>" in tags.text
    assert "default-src 'none'" in page


def test_each_page_runs_in_the_direction_of_its_script() -> None:
    [arabic, *_], [latin, *_] = Tags(article_page(ARABIC)).found, Tags(article_page(OLD)).found
    assert (arabic[1]["lang"], arabic[1]["dir"]) == ("ar", "rtl")
    assert latin[1]["dir"] == "ltr"
    paragraphs = [attributes for tag, attributes in Tags(article_page(ARABIC)).found if tag == "p"]
    assert all(attributes["dir"] in ("auto", "ltr") for attributes in paragraphs)


def test_subheads_lists_and_quotes_are_those_of_the_article() -> None:
    text = "One.\n\nA head\n\nfirst\n\nsecond\n\nSaid so.\n\nTwo."
    article = replace(make_article(1), text=text, structure=("p", "h3", "ol", "ol", "blockquote", "p"))
    tags = [tag for tag, _ in Tags(article_page(article)).found]
    body = tags[tags.index("h1") + 2 : -2]
    assert body == ["p", "h3", "ol", "li", "li", "blockquote", "p", "p"]


def test_the_index_leads_to_every_article_by_day_and_back(tmp_path: Path) -> None:
    folder = tmp_path / "reading"
    write_folder([OLD, UNDATED, ARABIC], folder, "html")
    index = folder / "data/index.html"
    tags = Tags(index.read_text(encoding="utf-8"))
    days = re.findall(r'<h2 class="facts">(.*)</h2>', index.read_text(encoding="utf-8"))
    assert days == ["2026-03-04", "2026-01-02", "undated"]
    assert len(tags.links()) == 3
    for link in tags.links():
        page = index.parent / link
        back = Tags(page.read_text(encoding="utf-8")).links()[0]
        assert (page.parent / back).resolve() == index.resolve()
    assert "data/index.html" in (folder / "manifest-sha256.txt").read_text(encoding="utf-8")
