"""A site made by hand: what can be set, exchanged and broken, and what the log says of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import IncompleteRead
from pathlib import Path
from urllib.robotparser import RobotFileParser

import feedparser
import pytest
from lxml import etree, html

from tests.newsroom import BROKEN_SITEMAP, EMPTY_FEED, HTML_FEED, PDF, Fault, Newsroom, Page, Site
from tests.newsroom.client import get


@pytest.fixture
def small() -> Site:
    """A site of two pages, made by hand."""
    day = datetime(2024, 1, 1, tzinfo=UTC)
    pages = (
        Page(path="/a", title="A", published=day, source=b"<title>A</title><p>First {{base}}/a</p>" * 50),
        Page(path="/b", title="B", published=day + timedelta(days=1), source=b"<title>B</title><p>Second</p>"),
    )
    return Site(name="small", title="Small", pages=pages)


def test_robots_closes_the_draft_and_may_ask_for_patience(small: Site) -> None:
    with Newsroom([replace(small, crawl_delay=2)]) as newsroom:
        base = newsroom.base_urls["small"]
        robots = RobotFileParser()
        robots.parse(get(f"{base}/robots.txt").body.decode().splitlines())

        assert robots.can_fetch("anyone", f"{base}/a")
        assert not robots.can_fetch("anyone", f"{base}/private/draft")
        assert str(robots.crawl_delay("anyone")) == "2"
        assert [get(url).status for url in robots.site_maps() or []] == [200, 200]
        assert get(f"{base}/private/draft").status == 200


@pytest.mark.parametrize("process", [False, True], ids=["thread", "process"])
def test_a_site_can_be_exchanged_while_it_is_served(small: Site, process: bool) -> None:
    with Newsroom([small], process=process) as newsroom:
        url = newsroom.base_urls["small"] + "/b"
        before = get(url)
        edited = replace(small.pages[1], source=b"<title>B</title><p>Corrected</p>")
        newsroom.replace(replace(small, pages=(small.pages[0], edited)))
        after = get(url, If_None_Match=before.headers["ETag"])

    assert (after.status, after.body) == (200, edited.source)
    assert [request.path for request in newsroom.log] == ["/b", "/b"]


def test_the_log_has_every_request(small: Site, tmp_path: Path) -> None:
    other = replace(small, name="other", faults={"/a": Fault(cut=5), "/huge": Fault(size=100_000)})
    with Newsroom([small, other], log=tmp_path / "requests.jsonl") as newsroom:
        one, two = newsroom.base_urls.values()
        body = get(f"{one}/a?x=1", User_Agent="tester/1").body
        get(f"{one}/a", method="HEAD", User_Agent="tester/2")
        get(f"{two}/missing")
        huge = get(f"{two}/huge").body
        with pytest.raises(IncompleteRead):
            get(f"{two}/a")
        log = newsroom.log

    assert [(r.site, r.method, r.path, r.status, r.agent) for r in log] == [
        ("small", "GET", "/a?x=1", 200, "tester/1"),
        ("small", "HEAD", "/a", 200, "tester/2"),
        ("other", "GET", "/missing", 404, ""),
        ("other", "GET", "/huge", 200, ""),
        ("other", "GET", "/a", 200, ""),
    ]
    assert [r.bytes for r in log if r.status == 200] == [len(body), 0, len(huge), 5]
    assert all(datetime.fromisoformat(r.time).tzinfo for r in log)
    assert len((tmp_path / "requests.jsonl").read_text().splitlines()) == len(log)


@pytest.fixture
def faulty(small: Site) -> Iterator[str]:
    """Base URL of a site where nearly everything is wrong."""
    faults = {
        "/gone": Fault(status=410),
        "/busy": Fault(status=503, headers={"Retry-After": "7"}, times=1),
        "/moved": Fault(location="/moved/again"),
        "/moved/again": Fault(location="{{base}}/b", status=301),
        "/a": Fault(headers={"Content-Type": "text/html; charset=koi8-r", "ETag": '"lie"'}),
        "/b?cut": Fault(cut=10),
        "/b?slow": Fault(pause=0.001, delay=0.001),
        "/rss.xml": EMPTY_FEED,
        "/atom.xml": HTML_FEED,
        "/sitemap.xml": BROKEN_SITEMAP,
        "/huge": Fault(size=3_000_000),
        "/report.pdf": PDF,
    }
    with Newsroom([replace(small, faults=faults)]) as newsroom:
        yield newsroom.base_urls["small"]


def test_faults_of_status_and_redirect(faulty: str) -> None:
    assert get(f"{faulty}/gone").status == 410
    moved, again = get(f"{faulty}/moved"), get(f"{faulty}/moved/again")
    assert (moved.status, moved.headers["Location"]) == (302, "/moved/again")
    assert (again.status, again.headers["Location"]) == (301, f"{faulty}/b")


def test_a_fault_that_happens_once_is_gone_the_second_time(faulty: str) -> None:
    busy = get(f"{faulty}/busy")
    assert (busy.status, busy.headers["Retry-After"]) == (503, "7")
    assert get(f"{faulty}/busy").status == 404


def test_faults_of_headers_leave_the_body_alone(faulty: str, small: Site) -> None:
    lying = get(f"{faulty}/a")
    assert (lying.headers["Content-Type"], lying.headers["ETag"]) == ("text/html; charset=koi8-r", '"lie"')
    assert lying.body == small.pages[0].read().replace(b"{{base}}", faulty.encode())


def test_faults_of_feeds_and_sitemaps(faulty: str) -> None:
    empty, page = feedparser.parse(get(f"{faulty}/rss.xml").body), get(f"{faulty}/atom.xml")
    assert (empty.version, empty.entries) == ("rss20", [])
    assert (page.status, html.fromstring(page.body).findtext(".//h1")) == (200, "Page not found")
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(get(f"{faulty}/sitemap.xml").body)


def test_faults_of_delivery(faulty: str, small: Site) -> None:
    with pytest.raises(IncompleteRead) as cut:
        get(f"{faulty}/b?cut")
    assert cut.value.partial == small.pages[1].read()[:10]
    assert get(f"{faulty}/b?slow").body == small.pages[1].read()
    assert get(f"{faulty}/report.pdf").body.startswith(b"%PDF-")
    assert len(get(f"{faulty}/huge").body) == pytest.approx(3_000_000, rel=0.01)
