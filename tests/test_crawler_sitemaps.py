"""What crawler/sitemaps.py promises: every entry of a sitemap with its news fields, however packed or damaged it is."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.records import Announcement
from crawler.announced import MAX_BYTES, SourceError
from crawler.sitemaps import MAX_ENTRIES, read_robots_sitemaps, read_sitemap

URL = "https://www.gazette.example/sitemap.xml"
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'

NEWS = f"""<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet href="style.xsl"?>
<urlset {NAMESPACE} xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
 xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<!-- two entries -->
<url><loc> https://www.gazette.example/1?a=1&amp;b=2
</loc><image:image><image:loc>https://www.gazette.example/1.jpg</image:loc><image:title>Picture</image:title></image:image>
<news:news><news:publication><news:name>The Gazette</news:name><news:language>en</news:language></news:publication>
<news:publication_date>2023-12-04T10:00:00+03:00</news:publication_date><news:title><![CDATA[Rain & wind]]></news:title>
</news:news><lastmod>2023-12-05</lastmod></url>
<url><loc>https://www.gazette.example/2</loc><changefreq>daily</changefreq></url>
</urlset>"""


def urlset(*links: str) -> bytes:
    """A sitemap of these links."""
    return f"<urlset {NAMESPACE}>{''.join(f'<url><loc>{link}</loc></url>' for link in links)}</urlset>".encode()


def links(body: bytes) -> list[str]:
    """The URLs found in a sitemap."""
    return [found.url for found in read_sitemap(body, URL).found]


def reason_of(body: bytes) -> str:
    """The reason for which the body is refused; the message names the sitemap."""
    with pytest.raises(SourceError) as caught:
        read_sitemap(body, URL)
    assert str(caught.value).startswith(f"{URL}: ")
    assert "\n" not in str(caught.value)
    return caught.value.reason


def test_news_fields_and_lastmod_are_kept_as_written() -> None:
    result = read_sitemap(NEWS.encode(), URL)
    assert [(found.url, found.announcement) for found in result.found] == [
        (
            "https://www.gazette.example/1?a=1&b=2",
            Announcement(
                source=URL,
                kind="news_sitemap",
                title="Rain & wind",
                published="2023-12-04T10:00:00+03:00",
                modified="2023-12-05",
            ),
        ),
        ("https://www.gazette.example/2", Announcement(source=URL, kind="sitemap")),
    ]
    assert (result.sitemaps, result.reason, result.warnings) == ((), None, ())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_the_declared_encoding_is_followed(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    text = NEWS.replace("UTF-8", declared).replace("Rain", "Régen")
    assert read_sitemap(text.encode(encoding), URL).found[0].announcement.title == "Régen & wind"


def test_an_index_gives_its_sitemaps_and_no_articles() -> None:
    index = (
        f"<sitemapindex {NAMESPACE}><sitemap><loc>/sitemap-2023.xml.gz</loc><lastmod>2023-12-31</lastmod></sitemap>"
        "<sitemap><loc>https://www.gazette.example/sitemap-2024.xml</loc></sitemap></sitemapindex>"
    )
    result = read_sitemap(index.encode(), URL)
    assert [(found.url, found.announcement.modified) for found in result.sitemaps] == [
        ("https://www.gazette.example/sitemap-2023.xml.gz", "2023-12-31"),
        ("https://www.gazette.example/sitemap-2024.xml", None),
    ]
    assert (result.found, result.reason) == ((), None)


def test_namespaces_that_publishers_forget_or_misspell_do_not_matter() -> None:
    assert links(b"<urlset><url><loc>https://h.example/1</loc></url></urlset>") == ["https://h.example/1"]
    assert links(urlset("https://h.example/1").replace(b"http://www.", b"https://")) == ["https://h.example/1"]


def test_a_sound_sitemap_without_entries_says_so() -> None:
    result = read_sitemap(urlset(), URL)
    assert (result.found, result.reason) == ((), "sitemap_empty")


def test_a_plain_list_of_urls_is_a_sitemap_too() -> None:
    assert links(b"\xef\xbb\xbfhttps://h.example/1\r\n\r\nhttps://h.example/2\r\n") == [
        "https://h.example/1",
        "https://h.example/2",
    ]


def test_entries_without_a_usable_link_are_counted() -> None:
    result = read_sitemap(urlset("", "https://h.example/1", "mailto:a@h.example", "tel:1"), URL)
    assert [found.url for found in result.found] == ["https://h.example/1"]
    assert result.warnings == (
        "1 skipped as empty: '': is empty",
        "2 skipped as not_http: 'mailto:a@h.example': is not an absolute http or https URL",
    )


def test_gzip_is_recognised_by_its_bytes_also_in_several_members() -> None:
    body = urlset("https://h.example/1", "https://h.example/2")
    half = len(body) // 2
    assert links(gzip.compress(body)) == links(body)
    assert links(gzip.compress(body[:half]) + gzip.compress(body[half:])) == links(body)


def test_cut_gzip_gives_the_entries_before_the_cut() -> None:
    packed = gzip.compress(urlset(*(f"https://h.example/{n * n}/{n**3}" for n in range(2000))))
    result = read_sitemap(packed[: len(packed) // 2], URL)
    assert 500 < len(result.found) < 1500
    assert result.warnings[0] == "damaged gzip, read as far as possible"
    assert result.warnings[1].startswith(f"damaged XML after {len(result.found):,} entries")


def test_xml_damaged_in_the_middle_gives_the_entries_before_the_damage() -> None:
    result = read_sitemap(urlset("https://h.example/1", "https://h.example/2", "<loc>", "https://h.example/3"), URL)
    assert [found.url for found in result.found][:2] == ["https://h.example/1", "https://h.example/2"]
    assert len(result.found) < 4
    assert result.warnings[0].startswith("damaged XML after ")


def test_a_bare_ampersand_does_not_cost_the_entries_after_it() -> None:
    body = NEWS.replace("<![CDATA[Rain & wind]]>", "Q&A on AT&T&nbsp;deal").encode()
    result = read_sitemap(body, URL)
    assert len(result.found) == 2
    assert result.found[0].announcement.title == "Q&A on AT&T deal"
    assert result.warnings == ("damaged XML, mended",)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<!DOCTYPE html><html><head><title>Not found</title></head></html>", "sitemap_is_html"),
        (b"<!doctype html>\n<html lang=en><meta charset=utf-8><p>Not found", "sitemap_is_html"),
        (b'<rss version="2.0"><channel/></rss>', "not_a_sitemap"),
        (b'<feed xmlns="http://www.w3.org/2005/Atom"/>', "not_a_sitemap"),
        (b"<Error><Code>AccessDenied</Code></Error>", "not_a_sitemap"),
        (b"", "bad_xml"),
        (b'{"urls": []}', "bad_xml"),
        (urlset()[:-9], "bad_xml"),
        (b"\x1f\x8b\x08", "bad_gzip"),
        (b"\x1f\x8bnonsense", "bad_gzip"),
        (gzip.compress(b"no xml", mtime=0), "bad_xml"),
    ],
)
def test_what_is_no_sitemap_is_refused_with_a_reason(body: bytes, reason: str) -> None:
    assert reason_of(body) == reason


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE urlset [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x "&b;&b;&b;&b;">]>',
        '<!DOCTYPE urlset [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE urlset [<!ENTITY x SYSTEM "http://127.0.0.1:1/">]>',
        '<!DOCTYPE urlset [<!ENTITY % p SYSTEM "http://127.0.0.1:1/"> %p;]>',
        f'<!DOCTYPE urlset [<!ENTITY x "{"l" * 50_000}">]>',
    ],
    ids=["laughs", "file", "network", "parameter", "quadratic"],
)
def test_xml_bombs_and_external_entities_are_refused(doctype: str) -> None:
    assert reason_of(doctype.encode() + urlset("https://h.example/&x;")) == "xml_bomb"


def test_an_external_dtd_is_not_fetched_and_does_no_harm() -> None:
    body = b'<!DOCTYPE urlset SYSTEM "http://127.0.0.1:1/sitemap.dtd">' + urlset("https://h.example/1")
    assert links(body) == ["https://h.example/1"]


def test_the_protocols_byte_limit_holds_for_packed_and_plain_sitemaps() -> None:
    large = urlset() + b" " * MAX_BYTES
    assert reason_of(large) == "too_large"
    assert reason_of(gzip.compress(large, compresslevel=1)) == "too_large"


@pytest.mark.slow
def test_the_protocols_entry_limit_holds() -> None:
    result = read_sitemap(urlset(*(f"/{n}" for n in range(MAX_ENTRIES + 1))), URL)
    assert len(result.found) == MAX_ENTRIES
    assert result.warnings == ("more than 50,000 entries, the rest is not read",)


def test_deep_and_wide_nonsense_between_entries_is_passed_over() -> None:
    wide = urlset("https://h.example/1").replace(b"</url>", b"<x/>" * 100_000 + b"</url>" + b"<x/>" * 100_000)
    assert links(wide) == ["https://h.example/1"]
    deep = urlset("https://h.example/1").replace(b"</urlset>", b"<a>" * 100_000)
    assert links(deep) == ["https://h.example/1"]


def test_robots_txt_gives_each_absolute_sitemap_once() -> None:
    robots = (
        "\ufeffSitemap: https://www.gazette.example/a.xml\nUser-agent: *\nDisallow: /x # Sitemap: /no\n"
        "  SITEMAP :https://www.gazette.example/b.xml.gz\r\nSitemap: https://www.gazette.example/a.xml\n"
        "Sitemap: /relative.xml\nSitemap:\nSitemap: file:///etc/passwd\n"
    )
    assert read_robots_sitemaps(robots.encode()) == (
        "https://www.gazette.example/a.xml",
        "https://www.gazette.example/b.xml.gz",
    )


def test_robots_txt_may_be_anything() -> None:
    assert read_robots_sitemaps(b"") == ()
    assert read_robots_sitemaps(b"<html><p>Not found</p></html>") == ()
    assert read_robots_sitemaps(b"\xff\xfe\x00" * 10 + b"\nSitemap: https://h.example/1") == ("https://h.example/1",)


def test_robots_txt_counts_up_to_500_kib() -> None:
    assert read_robots_sitemaps(b"#" * 512_000 + b"\nSitemap: https://h.example/1") == ()


TOKENS = st.sampled_from(
    [
        *(
            "<url>",
            "</url>",
            "<sitemap>",
            "</sitemap>",
            "<loc>",
            "</loc>",
            "https://h.example/1",
            "<lastmod/>",
            "</urlset>",
        ),
        *(
            '<n:news xmlns:n="n">',
            "</n:news>",
            "<n:title>",
            "&amp;",
            "&",
            "&nbsp;",
            "&#xD800;",
            "&#0;",
            "&x;",
            "\x00",
            "é",
        ),
        *("<![CDATA[", "]]>", "<!--", "-->", "<?x", "?>", "<", ">", "<url/>", "<a b='1' b='2'>", "\udc80"),
    ]
)


@settings(deadline=None, max_examples=300)
@given(st.lists(TOKENS, max_size=25).map("".join))
def test_no_soup_of_tags_raises_anything_but_a_source_error(soup: str) -> None:
    try:
        result = read_sitemap(f"<urlset {NAMESPACE}>{soup}".encode(errors="surrogateescape"), URL)
    except SourceError as exc:
        assert exc.reason == "bad_xml"
    else:
        assert all(found.url.startswith("https://") for found in result.found)
