"""What crawler/sections.py promises: the links of a page with their headlines, and the page that continues it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.records import Announcement
from crawler.announced import SourceError
from crawler.sections import MAX_BYTES, MAX_LINKS, read_section

URL = "https://www.gazette.example/world"


def titles(html: str, url: str = URL) -> dict[str, str | None]:
    """Each link of the page with its headline."""
    return {found.url: found.announcement.title for found in read_section(html.encode(), url).found}


def next_page(html: str, url: str = URL) -> str | None:
    """The page that continues this one."""
    return read_section(html.encode(), url).next_page


def test_links_come_in_page_order_each_once_absolute_and_without_fragment() -> None:
    html = '<a href="b#top">B</a><a href="/a">A</a><a href="https://other.example/c?d=e">C</a><a href=" b ">B again</a>'
    result = read_section(html.encode(), URL + "/")
    assert [found.url for found in result.found] == [
        "https://www.gazette.example/world/b",
        "https://www.gazette.example/a",
        "https://other.example/c?d=e",
    ]
    assert result.found[1].announcement == Announcement(source=URL + "/", kind="section", title="A")


def test_what_leads_nowhere_else_is_left_out() -> None:
    html = '<a href="#top">x</a><a href="">x</a><a name="x">x</a><a href="javascript:void(0)">x</a>'
    html += f'<a href="mailto:a@b.example">x</a><a href="TEL:1">x</a><a href="{URL}">x</a><a href="{URL}#c">x</a>'
    result = read_section(html.encode(), URL)
    assert (result.found, result.reason, result.warnings) == ((), "section_empty", ())


def test_broken_links_are_counted() -> None:
    result = read_section(b'<a href="https://a..b/">x</a><a href="/1">y</a>', URL)
    assert [found.url for found in result.found] == ["https://www.gazette.example/1"]
    assert result.warnings == ("1 skipped as bad_host: 'https://a..b/': 'a..b' is not a host name",)


def test_the_base_element_counts() -> None:
    assert list(titles('<base href="/en/"><a href="1">x</a>')) == ["https://www.gazette.example/en/1"]
    assert list(titles('<base href="http://[/"><a href="1">x</a>')) == ["https://www.gazette.example/1"]


@pytest.mark.parametrize(
    "card",
    [
        '<a href="/1"><img></a><h3><a href="/1">Rain <em>ahead</em>,\n says bureau</a></h3><a href="/1">Read more</a>',
        '<a href="/1"><span>World</span><h2>Rain <em>ahead</em>, says bureau</h2><p>A long teaser of the story</p></a>',
        '<h3><span><a href="/1">Rain ahead, says bureau</a></span></h3><a href="/1">A long teaser of the story</a>',
        '<a href="/1">Read more</a><a href="/1">Rain ahead, says bureau</a><a href="/1">' + "All of it. " * 40 + "</a>",
    ],
)
def test_the_best_anchor_text_is_the_headline(card: str) -> None:
    assert titles(card) == {"https://www.gazette.example/1": "Rain ahead, says bureau"}


def test_a_link_without_text_has_no_headline() -> None:
    assert titles('<a href="/1"><img alt="x"></a>') == {"https://www.gazette.example/1": None}


def test_headlines_survive_the_pages_charset() -> None:
    page = '<meta charset="windows-1256"><a href="/1">روداو</a>'.encode("windows-1256")
    assert read_section(page, URL).found[0].announcement.title == "روداو"
    page = '<a href="/1">新聞</a>'.encode("big5")
    assert read_section(page, URL, "text/html; charset=big5").found[0].announcement.title == "新聞"


def test_rel_next_names_the_next_page() -> None:
    assert next_page('<link rel="next" href="/world?page=2"><a href="/1">x</a>') == f"{URL}?page=2"
    assert next_page('<a rel="nofollow next" href="?page=2">Older</a>') == f"{URL}?page=2"


@pytest.mark.parametrize(
    ("pager", "url", "expected"),
    [
        ('<li class="active"><span>1</span></li><a href="?page=2">2</a><a href="?page=3">3</a>', URL, "?page=2"),
        ('<a href="?page=1">1</a><a class="current" href="?page=2">2</a><a href="?page=3">3</a>', URL, "?page=3"),
        ('<a href="?p=1">1</a><b aria-current="page">2</b><a href="?p=3">3</a><a href="?p=9">9</a>', URL, "?p=3"),
        ('<span>1</span><a href="?page=2">2</a><a href="?page=3">3</a>', URL, "?page=2"),
        ('<a href="?p=1">1</a><a href="?p=2">2</a> 3 <a href="?p=4">4</a><a href="?p=9">9</a>', URL, "?p=4"),
        ('<a href="/world">1</a><a href="/world/page/2/">2</a>', URL, "/page/2/"),
        (
            '<a href="/world">1</a><a href="/world/page/2">2</a><a href="/world/page/3">3</a>',
            URL + "/page/2",
            "/page/3",
        ),
        ('<a href="/world/٢">٢</a><a href="/world/٣">٣</a>', URL, "/%D9%A2"),
    ],
)
def test_the_pagers_number_after_the_current_one_is_the_next_page(pager: str, url: str, expected: str) -> None:
    assert next_page(f'<nav><a href="/1">A story</a>{pager}</nav>', url) == URL + expected


@pytest.mark.parametrize(
    "html",
    [
        '<link rel="next" href="https://evil.example/world?page=2">',
        '<link rel="next" href="https://www.gazette.example/world#x">',
        '<link rel="next" href="javascript:next()">',
        '<span class="current">3</span><a href="?page=1">1</a><a href="?page=2">2</a>',
        '<td class="active">4</td><a href="/2023/12/05">5</a><a href="/2023/12/06">6</a>',
        '<a href="/world?page=9">9</a>',
        "<p>1 2 3</p>",
    ],
)
def test_there_is_no_next_page_where_none_is_sure(html: str) -> None:
    assert next_page(html) is None


@pytest.mark.parametrize("body", [b"", b" \n", b"\x00\x00", b"%PDF-1.7\n\xff\xfe", b"plain text", b"<!-- -->"])
def test_what_holds_no_links_is_empty_not_an_error(body: bytes) -> None:
    assert read_section(body, URL).reason == "section_empty"


def test_a_charset_that_is_none_does_not_stop_the_reader() -> None:
    assert read_section(b'<a href="/1">x</a>', URL, "text/html; charset=idna").found


def test_oversized_pages_are_refused() -> None:
    with pytest.raises(SourceError) as caught:
        read_section(b" " * (MAX_BYTES + 1), URL)
    assert caught.value.reason == "too_large"


def test_links_are_read_up_to_the_cap() -> None:
    result = read_section("".join(f'<a href="/{n}">x</a>' for n in range(MAX_LINKS + 5)).encode(), URL)
    assert len(result.found) == MAX_LINKS
    assert result.warnings == ("10,000 links read, the rest is not",)


def test_endless_nesting_ends_with_a_warning() -> None:
    result = read_section(b'<a href="/1">x</a>' + b"<div>" * 100_000 + b'<a href="/2">y</a>', URL)
    assert [found.url for found in result.found] == ["https://www.gazette.example/1"]
    assert result.warnings == ("nested too deeply, read as far as possible",)


TOKENS = st.sampled_from(
    [
        *(
            '<a href="/1">',
            "</a>",
            "<a href=x>",
            '<a rel=next href="::">',
            '<base href="x:">',
            "<h2>",
            "</h2>",
            "<table>",
            "2",
        ),
        *(
            "<li class=current>",
            "1",
            "<svg>",
            "<math>",
            "<!--",
            "-->",
            "<![CDATA[",
            "<?xml?>",
            "&#xD800;",
            "&#0;",
            "\x00",
            "é",
        ),
        *(
            "<template>",
            "<script>",
            "</script>",
            "<textarea>",
            "<frameset>",
            "</html>",
            "<",
            '<a href="//[/">',
            "\udc80",
        ),
    ]
)


@settings(deadline=None, max_examples=300)
@given(st.lists(TOKENS, max_size=25).map("".join))
def test_no_soup_of_tags_raises_anything(soup: str) -> None:
    result = read_section(soup.encode(errors="surrogateescape"), URL)
    assert all(found.url.startswith("http") for found in result.found)
