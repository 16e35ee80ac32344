"""Promises about bad input: each is a recorded outcome with its reason, and harms nothing else.

One crawl meets all of it, through `scrapy crawl` because that takes settings: a short time-out and a single retry.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from archive.records import url_id
from tests.crawling import Installation, article
from tests.newsroom import BROKEN_SITEMAP, EMPTY_FEED, HTML_FEED, PDF, Fault, Newsroom, Page, Site

HTML = {"Content-Type": "text/html; charset=utf-8"}
BOMB = Fault(headers=HTML | {"Content-Encoding": "gzip"}, body=gzip.compress(bytes(20 << 20)))
BARE = b"<html><head><title>Bare</title></head><body></body></html>"
LOOP = (
    '<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    + "<sitemap><loc>{{base}}/loop.xml</loc></sitemap><sitemap><loc>{{base}}/loop-2.xml</loc></sitemap>" * 20
    + "</sitemapindex>"
).encode()
ELSEWHERE = Fault(
    headers={"Content-Type": "application/rss+xml"},
    body=b'<rss version="2.0"><channel><title>Elsewhere</title><link>{{base}}/</link><description>-</description>'
    b"<item><title>No such host</title><link>http://nowhere.invalid/story</link></item>"
    b"<item><title>Nobody listens</title><link>http://127.0.0.1:9/story</link></item>"
    b"<item><title>Not ours</title><link>http://other.invalid/story</link></item></channel></rss>",
)
PROFILE = """
name = "wild"
title = "Wild News"
hosts = ["{host}", "nowhere.invalid", "127.0.0.1:9"]
[sources]
feeds = [
    "{base}/rss.xml", "{base}/html-feed", "{base}/empty-feed", "{base}/elsewhere", "{base}/no-feed",
    "http://127.0.0.1:9/rss.xml",
]
sitemaps = ["{base}/broken.xml", "{base}/loop.xml"]
[articles]
exclude = ['/before-the-damage', '/a[?]b']
[fetch]
delay = 0
concurrency = 4
"""


def raw(path: str, source: bytes) -> Page:
    return Page(path=path, title=path, published=article(path).published, source=source)


PAGES: dict[str, tuple[Page, Fault | None, str]] = {
    page.path: (page, fault, outcome)
    for page, fault, outcome in (
        (article("/good"), None, "archived"),
        (article("/charset"), Fault(headers={"Content-Type": "text/html; charset=no-such-charset"}), "archived"),
        (article("/no-type"), Fault(headers={"Content-Type": ""}), "archived"),
        (article("/flaky"), Fault(status=503, times=1), "archived"),
        (article("/missing"), Fault(status=404), "http_404"),
        (article("/gone"), Fault(status=410), "http_410"),
        (article("/broken"), Fault(status=500), "http_500"),
        (article("/huge"), Fault(size=30_000_000), "too_large"),
        (article("/pdf"), PDF, "wrong_type:application/pdf"),
        (article("/nonsense"), Fault(headers={"Content-Type": "a [31m b"}), "wrong_type:unreadable"),
        (article("/cut"), Fault(cut=100), "bad_response"),
        (article("/slow"), Fault(delay=30), "timeout"),
        (article("/dripping"), Fault(pause=30), "timeout"),
        (article("/private/story"), None, "refused_robots"),
        (article("/bomb"), BOMB, "extract_failed:too_large"),
        (article("/empty"), Fault(headers=HTML, body=b""), "extract_failed:empty"),
        (raw("/bare", BARE), None, "not_article:no_text"),
    )
}
SOURCES = {
    "/rss.xml": "listed",
    "/html-feed": "source_failed:feed_is_html",
    "/empty-feed": "source_empty",
    "/elsewhere": "listed",
    "/no-feed": "http_404",
    "http://127.0.0.1:9/rss.xml": "connection_failed",
    "/broken.xml": "listed",
    "/loop.xml": "listed",
    "/loop-2.xml": "listed",
}
OTHERS = {"http://nowhere.invalid/story": "dns_failed", "http://127.0.0.1:9/story": "connection_failed"}

WILD = Site(
    name="wild",
    title="Wild News",
    pages=tuple(page for page, _, _ in PAGES.values()),
    faults={path: fault for path, (_, fault, _) in PAGES.items() if fault}
    | {
        "/html-feed": HTML_FEED,
        "/empty-feed": EMPTY_FEED,
        "/elsewhere": ELSEWHERE,
        "/broken.xml": BROKEN_SITEMAP,
        "/loop.xml": Fault(headers={"Content-Type": "application/xml"}, body=LOOP),
        "/loop-2.xml": Fault(headers={"Content-Type": "application/xml"}, body=LOOP),
    },
    profile_template=PROFILE.format(host="{{host}}", base="{{base}}"),
)


@dataclass(frozen=True, kw_only=True)
class Wild:
    """What there is to see after the crawl."""

    installation: Installation
    process: CompletedProcess[str]
    outcomes: dict[str, str]
    requests: Counter[str]


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wild]:
    with Newsroom([WILD]) as newsroom:
        installation = Installation(tmp_path_factory.mktemp("wild"), newsroom)
        process = installation.scrapy("crawl", "news", "-s", "DOWNLOAD_TIMEOUT=8", "-s", "RETRY_TIMES=1")
        requests = Counter(request.path for request in newsroom.log)
        yield Wild(
            installation=installation,
            process=process,
            outcomes=installation.by_path("wild"),
            requests=requests,
        )


@pytest.mark.slow
@pytest.mark.parametrize("path", PAGES)
def test_every_bad_page_has_its_own_outcome(wild: Wild, path: str) -> None:
    assert wild.outcomes[path] == PAGES[path][2]


@pytest.mark.slow
@pytest.mark.parametrize("path", SOURCES)
def test_every_bad_source_has_its_own_outcome(wild: Wild, path: str) -> None:
    assert wild.outcomes[path] == SOURCES[path]


@pytest.mark.slow
@pytest.mark.parametrize("url", OTHERS)
def test_every_unreachable_host_has_its_own_outcome(wild: Wild, url: str) -> None:
    assert wild.outcomes[url] == OTHERS[url]


@pytest.mark.slow
def test_nothing_else_was_met(wild: Wild) -> None:
    """An announced URL on a host that is not the site's is no URL of ours at all."""
    assert set(wild.outcomes) == set(PAGES) | set(SOURCES) | set(OTHERS)


@pytest.mark.slow
def test_nothing_of_it_is_an_accident(wild: Wild) -> None:
    """What servers do wrong is expected: no traceback, no error, and no line that says which library we use for it."""
    assert wild.process.returncode == 0
    for sign in ("Traceback", " ERROR: ", "Unhandled", "was never retrieved", "destroyed", "Warning"):
        assert sign not in wild.process.stderr, wild.process.stderr


@pytest.mark.slow
def test_the_failed_are_retried_and_the_retries_recorded(wild: Wild) -> None:
    base = wild.installation.newsroom.base_urls["wild"]
    captured: dict[str, list[str]] = {}
    for entry in wild.installation.captures():
        captured.setdefault(entry.url.removeprefix(base), []).append(entry.outcome)
    assert captured["/broken"] == ["retried", "http_500"]
    assert captured["/flaky"] == ["retried", "archived"]
    assert wild.requests["/cut"] == 2
    assert wild.requests["/missing"] == wild.requests["/gone"] == 1


@pytest.mark.slow
def test_answers_without_an_article_are_kept(wild: Wild) -> None:
    """Whatever came back whole can be looked at, and extracted again one day."""
    base = wild.installation.newsroom.base_urls["wild"]
    kept = {entry.url.removeprefix(base): entry.outcome for entry in wild.installation.captures()}
    for path in ("/missing", "/pdf", "/bomb", "/empty", "/bare"):
        assert kept[path] == PAGES[path][2]


@pytest.mark.slow
def test_sitemaps_that_name_each_other_are_read_once(wild: Wild) -> None:
    assert wild.requests["/loop.xml"] == wild.requests["/loop-2.xml"] == 1


@pytest.mark.slow
def test_what_robots_forbids_is_not_asked_for(wild: Wild) -> None:
    assert not wild.requests["/private/story"]


@pytest.mark.slow
def test_failures_are_remembered_for_a_later_try(wild: Wild) -> None:
    base = wild.installation.newsroom.base_urls["wild"]
    with wild.installation.catalog() as catalog:
        states = catalog.url_states(url_id(base + path) for path in ("/good", "/missing", "/broken"))
    assert states[url_id(base + "/good")].failures == 0
    assert states[url_id(base + "/missing")].failures == 1
    assert states[url_id(base + "/broken")].outcome == "http_500"


@pytest.mark.slow
def test_a_page_beyond_the_deadline_is_kept_and_says_so(tmp_path: Path) -> None:
    paragraphs = b"".join(b"<p>Paragraph %d of a very long read about the lower canal.</p>" % n for n in range(20_000))
    long = raw("/story", b"<html><body><article><h1>Long</h1>" + paragraphs + b"</article></body></html>")
    site = Site(name="late", title="Late", pages=(long,))
    with Newsroom([site]) as newsroom:
        installation = Installation(tmp_path / "late", newsroom)
        process = installation.scrapy("crawl", "news", "-s", "PRESSKEEP_EXTRACTION_DEADLINE=0.01")
    assert "Traceback" not in process.stderr, process.stderr
    assert installation.by_path("late")["/story"] == "extract_failed:timeout"
    assert [entry.outcome for entry in installation.captures()] == ["extract_failed:timeout"]
