"""What crawler/urls.py promises: one name for all addresses of an article, and a clear no to what is no address."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawler.urls import InvalidUrl, absolute_url, canonical_url

ARTICLE = "https://www.example.org/world/story-1"

SEGMENTS = st.sampled_from(
    [
        *(
            "a",
            "",
            ".",
            "..",
            "%2e%2e",
            "%2E",
            "%41",
            "%2525",
            "%",
            "%zz",
            "%2%46",
            "%e9",
            "é",
            "a b",
            "a+b",
            "%2F",
            "|",
        ),
        *(
            "x-1",
            "amp",
            "y.amp",
            "z-2.amp.html",
            "index.html",
            "INDEX.HTM",
            "q;jsessionid=1",
            "r;a=%7e",
            "[",
            "\\",
            "'",
        ),
    ]
)
PARAMETERS = st.sampled_from(
    [
        "",
        "b",
        "=",
        "a=1",
        "a=1=2",
        "é=ü",
        "c=%20",
        "c=+",
        "%",
        "x=%zz",
        "amp",
        "amp=1",
        "amp=2",
        "%75tm_source=1",
        "a;b",
    ]
)
HOSTS = st.sampled_from(
    ["h.de", "H.DE.", "h:80", "h:443", "h:8080", "h:", "u:p@h", "[0:0::1]", "пример.рф", "xn--a", "１.de", "[v1.a:b]"]
)


@st.composite
def urls(draw: st.DrawFn) -> str:
    """URLs full of what canonicalisation has to deal with."""
    scheme = draw(st.sampled_from(["http", "https", "HTTP"]))
    path = "/".join(draw(st.lists(SEGMENTS, max_size=5)))
    query = "&".join(draw(st.lists(PARAMETERS, max_size=4)))
    tail = draw(st.sampled_from(["", "/", f"?{query}", f"/?{query}#part", "#part"]))
    return f"{scheme}://{draw(HOSTS)}/{path}{tail}"


@settings(deadline=None, max_examples=500)
@example("http://h/" + ".amp" * 500)
@given(urls() | st.text(max_size=30).map("http://h/".__add__) | st.text(max_size=15).map("http://".__add__))
def test_canonical_is_idempotent_ascii_and_the_same_for_the_address_to_fetch(url: str) -> None:
    try:
        canonical = canonical_url(url)
    except InvalidUrl:
        return
    assert canonical.isascii()
    assert canonical_url(canonical) == canonical
    fetched = absolute_url(url)
    assert absolute_url(fetched) == fetched
    assert canonical_url(fetched) == canonical


@pytest.mark.parametrize(
    "twin",
    [
        "http://www.example.org/world/story-1",
        "HTTPS://WWW.Example.ORG:443/world/story-1",
        "http://www.example.org:80/world/story-1#comments",
        "https://reader:secret@www.example.org/world/story-1",
        "https://www.example.org./world/./x/../story-1",
        "https://www.example.org/world/%2e/story%2D1",
        "https://www.example.org/world/story-1?utm_source=feed&UTM_Medium=rss&fbclid=abc",
        "https://www.example.org/world/story-1?gclid=1&_ga=2&PHPSESSID=3",
        "https://www.example.org/world/story-1;jsessionid=0F3A?xtor=RSS-1",
        "https://www.example.org/world/story-1/amp",
        "https://www.example.org/world/story-1.amp",
        "https://www.example.org/world/story-1?amp",
        "https://www.example.org/world/story-1?amp=1&usqp=x",
        "https://www.example.org/world/story-1?outputType=amp",
        "  https://www.example.org/world/story-1\n",
    ],
)
def test_all_addresses_of_an_article_have_one_name(twin: str) -> None:
    assert canonical_url(twin) == ARTICLE


@pytest.mark.parametrize(
    "other",
    [
        "https://www.example.org/world/story-1/",
        "https://www.example.org/World/story-1",
        "https://www.example.org/world//story-1",
        "https://www.example.org/world/story-1?id=7",
        "https://www.example.org/world/story-1?source=wire",
        "https://m.example.org/world/story-1",
        "https://www.example.org:8443/world/story-1",
        "http://www.example.org:443/world/story-1",
        "https://www.example.org/world%2Fstory-1",
        "https://www.example.org/world/story-1?amp=2",
    ],
)
def test_what_may_be_another_article_keeps_its_own_name(other: str) -> None:
    assert canonical_url(other) != ARTICLE


def test_parameters_are_sorted_and_kept_whole() -> None:
    assert canonical_url("https://h.org/a?b=2&a=%c3%a9&b=1&c") == "https://h.org/a?a=%C3%A9&b=1&b=2&c="


def test_a_section_called_amp_is_no_twin() -> None:
    assert canonical_url("https://h.org/music/amp/") == "https://h.org/music/amp/"


def test_index_html_is_its_folder_and_other_files_are_not() -> None:
    assert canonical_url("https://h.org/a/index.html") == canonical_url("https://h.org/a/")
    assert canonical_url("https://h.org/a/index.php") == "https://h.org/a/index.php"


def test_http_and_its_port_are_kept_where_https_is_not_to_be_expected() -> None:
    assert canonical_url("http://127.0.0.1:8080") == "http://127.0.0.1:8080/"


def test_international_hosts_become_idna_so_that_look_alikes_differ() -> None:
    cyrillic = canonical_url("https://аррӏе.com/")
    assert cyrillic == "https://xn--80ak6aa92e.com/"
    assert canonical_url("https://пример.рф/") == "https://xn--e1afmkfd.xn--p1ai/"
    assert canonical_url("http://１２７．0.0.1/") == "https://127.0.0.1/"


def test_percent_signs_that_encode_nothing_are_encoded_themselves() -> None:
    assert canonical_url("https://h.org/100%/%zz/%2525") == "https://h.org/100%25/%25zz/%2525"
    assert canonical_url("https://h.org/a%00b") == "https://h.org/a%00b"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "not_http"),
        ("/relative/path", "not_http"),
        ("//h.org/a", "not_http"),
        ("ftp://h.org/a", "not_http"),
        ("javascript:alert(1)", "not_http"),
        ("data:text/html,<p>", "not_http"),
        ("mailto:a@h.org", "not_http"),
        ("http:///a", "no_host"),
        ("http:h.org", "no_host"),
        ("https://./a", "no_host"),
        ("https://a..b/", "bad_host"),
        ("https://ex ample.org/", "bad_host"),
        ("https://h%00.org/", "bad_host"),
        ("https://[fe80::1%25eth0]/", "bad_host"),
        ("https://[v1.a:b]/", "bad_host"),
        ("https://" + "a" * 64 + ".org/", "bad_host"),
        ("https://h.org:99999/", "malformed"),
        ("https://h.org:port/", "malformed"),
        ("https://[::1/", "malformed"),
        ("https://h.org/\ud800", "malformed"),
        ("https://h.org/a\r\nHost: evil.org", "control_character"),
        ("https://h.org/a\tb", "control_character"),
        ("https://h.org/a\x00", "control_character"),
        ("https://h.org/" + "a" * 5000, "too_long"),
        ("https://h.org/" + "é" * 500, "too_long"),
    ],
)
def test_what_is_no_fetchable_url_is_refused_with_a_reason(url: str, reason: str) -> None:
    with pytest.raises(InvalidUrl) as caught:
        canonical_url(url)
    assert caught.value.reason == reason


def test_a_refusal_is_one_short_line_without_the_password() -> None:
    with pytest.raises(InvalidUrl) as caught:
        canonical_url("https://reader:" + "secret" * 50 + "@h.org:port/\x1b[31m\nnext line")
    message = str(caught.value)
    assert "secret" not in message
    assert message.isprintable()
    assert len(message) < 300


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("story-1", "https://www.example.org/world/story-1"),
        ("/a?b=c#d", "https://www.example.org/a?b=c"),
        ("?page=2", "https://www.example.org/world/?page=2"),
        ("//cdn.example.org/x", "https://cdn.example.org/x"),
        (" /sto\r\n\try ", "https://www.example.org/story"),
        ("/é b", "https://www.example.org/%C3%A9%20b"),
        ("HTTP://user:pass@Other.org:80", "http://other.org/"),
        ("/story/amp?utm_source=x", "https://www.example.org/story/amp?utm_source=x"),
    ],
)
def test_links_become_addresses_to_fetch_as_browsers_would(link: str, expected: str) -> None:
    assert absolute_url(link, "https://www.example.org/world/") == expected


def test_an_empty_link_is_not_the_page_it_stands_on() -> None:
    with pytest.raises(InvalidUrl, match="is empty"):
        absolute_url(" ", "https://www.example.org/")
