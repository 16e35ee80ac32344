"""What crawler/feeds.py promises: every entry of any feed with its dates as written, and no harm from hostile ones."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.records import Announcement
from crawler.announced import SourceError
from crawler.feeds import MAX_ENTRIES, read_feed

URL = "https://www.gazette.example/feeds/all"

RSS_2 = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/">
<channel><title>The Gazette</title><link>https://www.gazette.example/</link>
<image><title>Logo</title><link>https://www.gazette.example/logo</link></image>
<item><title>Rain &amp;amp; wind: &lt;em&gt;storm&lt;/em&gt; ahead</title><link>/weather/1?a=1&amp;b=2#top</link>
<pubDate>Mon, 04 Dec 2023 10:00:00 +0300</pubDate><description>Text &lt;p&gt;</description>
<media:content url="https://www.gazette.example/x.jpg"><media:title>A picture</media:title></media:content></item>
<item><title><![CDATA[Über die
  Brücke]]></title><guid>https://www.gazette.example/2</guid></item>
</channel></rss>"""

RSS_1 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://www.gazette.example/"><title>G</title></channel>
<item rdf:about="https://www.gazette.example/1"><title>One</title><link>https://www.gazette.example/1</link>
<dc:date>2023-12-04T10:00:00+03:00</dc:date></item></rdf:RDF>"""

RSS_091 = """<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"
 "http://127.0.0.1:1/rss-0.91.dtd" [ <!ENTITY eacute "&#233;"> ]>
<rss version="0.91"><channel><title>G</title>
<item><title>Caf&eacute;</title><link>https://www.gazette.example/1</link></item></channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://cdn.gazette.example/en/"><title>G</title>
<link rel="self" href="https://www.gazette.example/feeds/all"/>
<entry><id>tag:gazette,1</id>
<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">One <b>bold</b> claim</div></title>
<link rel="enclosure" type="audio/mpeg" href="one.mp3"/><link href="one"/>
<published>2023-12-04T10:00:00Z</published><updated>2023-12-05T11:00:00Z</updated>
<author><name>Ada</name></author><content type="html">&lt;p&gt;Text</content>
<source><title>Elsewhere</title><id>https://elsewhere.example/</id></source></entry>
<entry><id>https://www.gazette.example/two</id><title>Two</title><updated>2023-12-06T00:00:00Z</updated></entry></feed>"""


def announced(title: str | None, published: str | None = None, modified: str | None = None) -> Announcement:
    """What the feed says of an entry."""
    return Announcement(source=URL, kind="feed", title=title, published=published, modified=modified)


def rss(items: str) -> bytes:
    """A feed of these items."""
    return f'<rss version="2.0"><channel><title>G</title>{items}</channel></rss>'.encode()


def reason_of(body: bytes) -> str:
    """The reason for which the body is refused; the message names the feed."""
    with pytest.raises(SourceError) as caught:
        read_feed(body, URL)
    assert str(caught.value).startswith(f"{URL}: ")
    assert "\n" not in str(caught.value)
    return caught.value.reason


def test_rss_2_gives_links_titles_and_dates_exactly_as_announced() -> None:
    result = read_feed(RSS_2.encode(), URL)
    assert [(found.url, found.announcement) for found in result.found] == [
        (
            "https://www.gazette.example/weather/1?a=1&b=2",
            announced("Rain & wind: storm ahead", "Mon, 04 Dec 2023 10:00:00 +0300"),
        ),
        ("https://www.gazette.example/2", announced("Über die Brücke")),
    ]
    assert (result.reason, result.warnings) == (None, ())


def test_the_dublin_core_date_of_rss_is_the_date_of_publication() -> None:
    (found,) = read_feed(RSS_1.encode(), URL).found
    assert found.url == "https://www.gazette.example/1"
    assert found.announcement == announced("One", "2023-12-04T10:00:00+03:00")


def test_named_characters_that_a_feed_declares_are_read_and_its_dtd_is_not_fetched() -> None:
    (found,) = read_feed(RSS_091.encode(), URL).found
    assert found.announcement.title == "Café"


def test_atom_gives_alternate_links_and_both_dates() -> None:
    result = read_feed(ATOM.encode(), URL)
    assert [(found.url, found.announcement) for found in result.found] == [
        (
            "https://cdn.gazette.example/en/one",
            announced("One bold claim", "2023-12-04T10:00:00Z", "2023-12-05T11:00:00Z"),
        ),
        ("https://www.gazette.example/two", announced("Two", None, "2023-12-06T00:00:00Z")),
    ]


def test_the_original_link_is_preferred_to_feedburners() -> None:
    body = rss(
        '<item xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"><link>https://feeds.example/~r/1</link>'
        "<feedburner:origLink>https://www.gazette.example/1</feedburner:origLink></item>"
    )
    assert [found.url for found in read_feed(body, URL).found] == ["https://www.gazette.example/1"]


def test_a_sound_feed_without_entries_is_no_error_but_says_so() -> None:
    result = read_feed(rss(""), URL)
    assert (result.found, result.reason) == ((), "feed_empty")


def test_entries_without_a_usable_link_are_counted_not_guessed() -> None:
    body = rss(
        "<item><title>none</title></item><item><link>javascript:alert(1)</link></item>"
        '<item><guid isPermaLink="false">77</guid></item><item><guid isPermaLink="false">urn:uuid:1</guid></item>'
        "<item><link>https://user@h..x/</link></item><item><link>https://www.gazette.example/1</link></item>"
    )
    result = read_feed(body, URL)
    assert [found.url for found in result.found][-1] == "https://www.gazette.example/1"
    assert result.warnings == (
        "1 skipped as empty: '': is empty",
        "2 skipped as not_http: 'javascript:alert(1)': is not an absolute http or https URL",
        "1 skipped as bad_host: 'https://***@h..x/': 'h..x' is not a host name",
    )


def test_unescaped_ampersands_and_html_entities_cost_no_entry() -> None:
    body = rss(
        "<item><title>Q&A &nbsp; caf&eacute; &copy 2023</title><link>https://www.gazette.example/1?a=1&b=2</link></item>"
        "<item><link>https://www.gazette.example/2</link></item>"
    )
    result = read_feed(body, URL)
    assert [found.url for found in result.found] == [
        "https://www.gazette.example/1?a=1&b=2",
        "https://www.gazette.example/2",
    ]
    assert result.found[0].announcement.title == "Q&A café &copy 2023"
    assert len(result.warnings) == 1
    assert result.warnings[0].startswith("damaged XML, read as far as possible")


def test_a_feed_cut_short_gives_what_came_through() -> None:
    whole = rss("<item><link>https://www.gazette.example/1</link></item>" * 3)
    result = read_feed(whole[: whole.rindex(b"</link>") - 5], URL)
    assert [found.url for found in result.found][:2] == ["https://www.gazette.example/1"] * 2
    assert result.warnings


@pytest.mark.parametrize(
    ("declaration", "content_type", "encoding"),
    [
        ('<?xml version="1.0" encoding="windows-1256"?>', None, "windows-1256"),
        ('<?xml version="1.0" encoding="utf-8"?>', "text/xml; charset=windows-1256", "windows-1256"),
        ("", None, "utf-8"),
        ("", "application/rss+xml", "utf-8-sig"),
        ('<?xml version="1.0" encoding="utf-16"?>', None, "utf-16"),
        ('\n<?xml version="1.0" encoding="utf-8"?>', "text/xml; charset=hex", "utf-8"),
    ],
)
def test_titles_survive_every_way_of_declaring_the_charset(
    declaration: str, content_type: str | None, encoding: str
) -> None:
    item = "<item><title>روداو</title><link>https://www.gazette.example/1</link></item>"
    body = declaration.encode(encoding if encoding != "utf-8-sig" else "ascii") + rss(item).decode().encode(encoding)
    if encoding == "utf-16":
        body = (declaration + rss(item).decode()).encode(encoding)
    assert read_feed(body, URL, content_type).found[0].announcement.title == "روداو"


def test_titles_are_one_line_of_composed_unicode_without_control_characters() -> None:
    (found,) = read_feed(
        rss("<item><title>Cafe\u0301\n \u007f&#x200E;bar\u007f</title><link>/1</link></item>"), URL
    ).found
    assert found.announcement.title == "Caf\u00e9 \u200ebar"


def test_undeclared_windows_1252_is_recognised() -> None:
    body = rss("<item><title>Café – “bar”</title><link>/1</link></item>").decode().encode("cp1252")
    assert read_feed(body, URL).found[0].announcement.title == "Café – “bar”"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<!DOCTYPE html>\n<html lang=en><title>Gazette</title><body><p>Not found</html>", "feed_is_html"),
        (b"<html><head><title>Gazette</title></head><body/></html>", "feed_is_html"),
        (b"", "not_a_feed"),
        (b"  \n", "not_a_feed"),
        (b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"/>', "not_a_feed"),
        (b"%PDF-1.7\n\xff\xfe\x00", "not_a_feed"),
        (b'<rss version="2.0"><channel><title>G', "bad_xml"),
        (b"<rss>" + b"<a>" * 300, "bad_xml"),
    ],
)
def test_what_is_no_feed_is_refused_with_a_reason(body: bytes, reason: str) -> None:
    assert reason_of(body) == reason


def nested_entities() -> str:
    """A billion laughs."""
    tens = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE rss [<!ENTITY l0 "lol">{tens}]>'


@pytest.mark.parametrize(
    "doctype",
    [
        nested_entities(),
        '<!DOCTYPE rss [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE rss [<!ENTITY l9 SYSTEM "http://127.0.0.1:1/">]>',
        '<!DOCTYPE rss [<!ENTITY % p SYSTEM "http://127.0.0.1:1/"> %p;]>',
        f'<!DOCTYPE rss [<!ENTITY l9 "{"l" * 50_000}">]>',
    ],
    ids=["laughs", "file", "network", "parameter", "quadratic"],
)
def test_xml_bombs_and_external_entities_are_refused(doctype: str) -> None:
    item = f"<item><title>{'&l9;' * 1000}</title><link>https://www.gazette.example/1</link></item>"
    assert reason_of(doctype.encode() + rss(item)) == "xml_bomb"


def test_elements_that_cost_feedparser_hours_are_not_handed_to_it() -> None:
    body = rss(f"<item><author>{'a' * 300_000}</author><link>https://www.gazette.example/1</link></item>")
    assert [found.url for found in read_feed(body, URL).found] == ["https://www.gazette.example/1"]


def test_a_feed_is_read_up_to_the_entry_cap() -> None:
    result = read_feed(rss("<item><link>/a</link></item>" * (MAX_ENTRIES + 1)), URL)
    assert len(result.found) == MAX_ENTRIES
    assert result.warnings == ("more than 5,000 entries, the rest is not read",)


TOKENS = st.sampled_from(
    [
        *(
            '<rss version="2.0">',
            "<channel>",
            "</channel>",
            "<item>",
            "</item>",
            '<feed xmlns="http://www.w3.org/2005/Atom">',
        ),
        *(
            "<entry>",
            "</entry>",
            "<title>",
            "</title>",
            '<title type="html">',
            "<link>",
            "</link>",
            '<link href="/a"/>',
        ),
        *(
            "<pubDate>",
            "</pubDate>",
            "Mon, 04 Dec 2023",
            "<guid>",
            "</guid>",
            "<updated/>",
            "&amp;",
            "&",
            "&#0;",
            "&#xD800;",
        ),
        *(
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            "<?x",
            "?>",
            "<",
            ">",
            "\x00",
            "é",
            "https://www.gazette.example/1",
            "</rss>",
        ),
        *(
            '<item xml:base="::">',
            '<link rel="alternate" type="x"/>',
            "<source>",
            '<title type="application/octet-stream">',
        ),
    ]
)


@settings(deadline=None, max_examples=300)
@given(st.lists(TOKENS, max_size=25).map("".join))
def test_no_soup_of_tags_raises_anything_but_a_source_error(soup: str) -> None:
    try:
        result = read_feed(b'<rss version="2.0"><channel>' + soup.encode(), URL)
    except SourceError as exc:
        assert exc.reason in {"bad_xml", "not_a_feed", "feed_is_html", "xml_bomb"}
    else:
        assert all(found.url.startswith("http") for found in result.found)


def json_feed(**values: object) -> bytes:
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "Island", **values}).encode()


def test_a_json_feed_announces_its_items_with_title_and_dates() -> None:
    item = {
        "id": "1",
        "url": "/2024/06/ferry",
        "title": "Ferry\nreturns",
        "date_published": "2024-06-03T18:40:00+01:00",
    }
    announced = read_feed(json_feed(items=[item, {"id": "https://example.org/2"}, "no item"]), "https://example.org/f")
    assert [found.url for found in announced.found] == ["https://example.org/2024/06/ferry", "https://example.org/2"]
    said = announced.found[0].announcement
    assert (said.kind, said.title, said.published) == ("feed", "Ferry returns", "2024-06-03T18:40:00+01:00")
    assert len(announced.warnings) == 1


def test_an_empty_json_feed_and_other_json_are_told_apart() -> None:
    assert read_feed(json_feed(items=[]), "https://example.org/f").reason == "feed_empty"
    for body, reason in ((b'{"a": 1}', "not_a_feed"), (b"{" * 100_000, "bad_json"), (b"{broken", "bad_json")):
        with pytest.raises(SourceError) as caught:
            read_feed(body, "https://example.org/f")
        assert caught.value.reason == reason


def test_the_page_of_older_entries_is_named_on_the_same_host_only() -> None:
    atom = '<feed xmlns="http://www.w3.org/2005/Atom"><link rel="next" href="{}"/></feed>'
    rss = (
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
        '<atom:link rel="next" href="{}"/></channel></rss>'
    )
    for form in (atom, rss):
        assert (
            read_feed(form.format("/f?p=2").encode(), "https://example.org/f").next_page == "https://example.org/f?p=2"
        )
        assert read_feed(form.format("https://other.org/f").encode(), "https://example.org/f").next_page is None
        assert read_feed(form.format("/f").encode(), "https://example.org/f").next_page is None
    assert (
        read_feed(json_feed(items=[], next_url="/f/2"), "https://example.org/f").next_page == "https://example.org/f/2"
    )
