"""Promises of fetching again: what has not changed costs no body, what has changed is seen, and nothing good is lost.

One site is crawled at its first sight, two hours later, when it has changed in many ways and announces nothing any
more, and after a month.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archive import schema
from archive.catalog_rows import UrlState
from archive.manifest import CaptureEntry
from archive.records import Capture, url_id
from archive.store import open_store
from archive.verify import WHOLE, Verification
from archive.warc_reader import read_captures
from crawler.profile import SiteProfile, Sources
from crawler.revisits import as_revisit, conditions, leads_to_front, means_removed, seen_again
from tests.crawling import Installation, article
from tests.newsroom import Fault, Newsroom, Page, Site
from tests.sample_articles import make_capture, make_url

pytestmark = pytest.mark.timeout(400)

HTML = {"Content-Type": "text/html; charset=utf-8"}
PATHS = ("/edited", "/kept", "/stamped", "/deleted", "/gone", "/homeward", "/walled", "/liar", "/newtag", "/flaky")


def changed(page: Page, old: str, new: str) -> Page:
    body = page.read()
    assert old.encode() in body
    return dataclasses.replace(page, source=body.replace(old.encode(), new.encode()))


def told(page: Page, tag: str, **fields: Any) -> Fault:
    """The page under an ETag that the server chose."""
    return Fault(headers=HTML | {"ETag": f'"{tag}"'}, body=page.read(), **fields)


NEW = datetime.now(UTC) - timedelta(hours=1)
FIRST = {path: article(path, published=NEW) for path in PATHS}
PAIR = article("/pair", published=NEW)
TWIN = changed(
    article("/print/pair", "pair", published=NEW), "<head>", '<head><link rel="canonical" href="{{base}}/pair">'
)
COPY = article("/copy", "pair", published=NEW)
SITE = Site(
    name="weekly",
    title="The Weekly",
    pages=(*FIRST.values(), PAIR, TWIN, COPY, article("/unasked")),
    faults={
        "/liar": told(FIRST["/liar"], "same"),
        "/newtag": told(FIRST["/newtag"], "old"),
        "/unasked": Fault(status=304, body=b""),
    },
)
EDITED = changed(FIRST["/edited"], "two of the four", "three of the four")
STAMPED = changed(FIRST["/stamped"], "<p>The town", "<p>Updated: 4 March 2026, 10:31</p><p>The town")
WALL = b"<html><head><title>Bridge of walled</title></head><body><article><h1>Bridge of walled</h1>" + (
    b"<p>The town council of walled met on Tuesday evening.</p><p>Subscribe to continue reading.</p>"
    b"</article></body></html>"
)
LATER = dataclasses.replace(
    SITE,
    feed_size=0,
    pages=tuple(
        {"/edited": EDITED, "/stamped": STAMPED}.get(page.path, page)
        for page in SITE.pages
        if page.path not in ("/deleted", "/unasked")
    ),
    faults={
        "/gone": Fault(status=410),
        "/homeward": Fault(location="/"),
        "/walled": Fault(headers=HTML, body=WALL),
        "/liar": Fault(status=304, headers={"ETag": '"same"'}, body=b""),
        "/newtag": told(FIRST["/newtag"], "new"),
        "/flaky": Fault(status=503),
    },
)
LAST = dataclasses.replace(
    LATER,
    faults=LATER.faults
    | {
        "/liar": told(changed(FIRST["/liar"], "two of the four", "three of the four"), "same"),
        "/flaky": Fault(status=404),
    },
)
HOURS = (0, 2, 31 * 24)


class ThreeCrawls:
    """The site at three moments."""

    def __init__(self, folder: Path, newsroom: Newsroom) -> None:
        self.installation = Installation(folder, newsroom)
        self.base = newsroom.base_urls["weekly"]
        self.requests: list[Counter[str]] = []
        self.bodies: list[Counter[str]] = []
        for site, hours in zip((SITE, LATER, LAST), HOURS, strict=True):
            newsroom.replace(site)
            before = len(newsroom.log)
            done = self.installation.scrapy(
                *("crawl", "news", "-s", "PRESSKEEP_CLOCK=tests.shifted_clock.now", "-s", "RETRY_TIMES=0"),
                CLOCK_SHIFT=str(hours),
            )
            assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
            log = newsroom.log[before:]
            self.requests.append(Counter(request.path for request in log))
            self.bodies.append(Counter({request.path: request.bytes for request in log}))

    def captures(self, path: str) -> list[CaptureEntry]:
        """In order of time."""
        found = [entry for entry in self.installation.captures() if entry.url == self.base + path]
        return sorted(found, key=lambda entry: entry.fetched)

    def outcomes(self, path: str) -> list[str]:
        return [entry.outcome for entry in self.captures(path)]

    def state(self, path: str) -> UrlState:
        with self.installation.catalog() as catalog:
            [state] = catalog.url_states([url_id(self.base + path)]).values()
        return state

    def revisions(self, path: str) -> int:
        with self.installation.catalog() as catalog:
            return len(list(catalog.rows(schema.articles, url_id=url_id(self.base + path))))


@pytest.fixture(scope="module")
def crawls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreeCrawls]:
    with Newsroom([SITE]) as newsroom:
        yield ThreeCrawls(tmp_path_factory.mktemp("revisits") / "installation", newsroom)


@pytest.mark.slow
def test_a_page_that_was_not_modified_costs_no_body(crawls: ThreeCrawls) -> None:
    assert crawls.outcomes("/kept")[:2] == ["archived", "unchanged"]
    first, second, *_ = crawls.captures("/kept")
    assert (second.status, second.revisit, second.payload_digest) == (304, "server-not-modified", first.payload_digest)
    assert crawls.bodies[1]["/kept"] == 0


@pytest.mark.slow
def test_the_last_look_asks_for_the_whole_page_and_the_same_bytes_are_not_stored_again(crawls: ThreeCrawls) -> None:
    last = crawls.captures("/kept")[2]
    assert (last.status, last.revisit, last.outcome) == (200, "identical-payload-digest", "unchanged")
    assert crawls.bodies[2]["/kept"] > 0


@pytest.mark.slow
def test_pages_are_looked_at_again_though_nothing_announces_them(crawls: ThreeCrawls) -> None:
    assert crawls.requests[1]["/kept"] == crawls.requests[2]["/kept"] == 1
    assert crawls.state("/kept").next_check is None


@pytest.mark.slow
def test_an_edit_is_a_revision_and_a_new_stamp_is_none(crawls: ThreeCrawls) -> None:
    assert crawls.outcomes("/edited")[:2] == ["archived", "archived"]
    assert crawls.revisions("/edited") == 2
    assert crawls.outcomes("/stamped")[:2] == ["archived", "unchanged"]
    assert crawls.captures("/stamped")[1].revisit is None


@pytest.mark.slow
def test_one_etag_for_two_bodies_is_believed_only_for_a_while(crawls: ThreeCrawls) -> None:
    assert crawls.outcomes("/liar") == ["archived", "unchanged", "archived"]
    assert crawls.revisions("/liar") == 2


@pytest.mark.slow
def test_a_new_etag_for_the_same_body_makes_no_revision_and_no_second_copy(crawls: ThreeCrawls) -> None:
    first, second, _ = crawls.captures("/newtag")
    assert (second.status, second.revisit, second.outcome) == (200, "identical-payload-digest", "unchanged")
    assert (first.etag, second.etag) == ('"old"', '"new"')


@pytest.mark.slow
def test_a_304_that_nobody_asked_for_is_a_failure_and_is_kept_as_it_came(crawls: ThreeCrawls) -> None:
    first = crawls.captures("/unasked")[0]
    assert (first.outcome, first.revisit) == ("http_304", None)
    assert crawls.state("/unasked").article is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "outcome"),
    [("/deleted", "removed:http_404"), ("/gone", "removed:http_410"), ("/homeward", "removed:redirect")],
)
def test_an_article_that_is_gone_is_kept_and_said_to_be_removed_since_then(
    crawls: ThreeCrawls, path: str, outcome: str
) -> None:
    assert crawls.outcomes(path)[:2] == ["archived", outcome]
    assert crawls.revisions(path) == 1
    assert crawls.state(path).removed == crawls.captures(path)[1].fetched


@pytest.mark.slow
def test_a_front_page_that_stands_in_for_an_article_is_not_fetched(crawls: ThreeCrawls) -> None:
    assert crawls.requests[1]["/"] == 0


@pytest.mark.slow
def test_a_wall_does_not_take_the_place_of_the_article(crawls: ThreeCrawls) -> None:
    first, second, *_ = crawls.outcomes("/walled")
    assert first == "archived"
    assert second.startswith("doubtful:") and "paywall" in second
    assert crawls.revisions("/walled") == 1
    assert crawls.state("/walled").removed is None


@pytest.mark.slow
def test_a_failure_says_nothing_of_the_article(crawls: ThreeCrawls) -> None:
    assert crawls.outcomes("/flaky") == ["archived", "http_503", "removed:http_404"]
    assert crawls.state("/flaky").removed == crawls.captures("/flaky")[2].fetched


@pytest.mark.slow
def test_twins_are_one_article_and_one_of_them_is_looked_at(crawls: ThreeCrawls) -> None:
    """One names the other as canonical, another has the same text."""
    addresses = ("/pair", "/print/pair", "/copy")
    assert sum(crawls.revisions(path) for path in addresses) == 1
    assert sum(crawls.requests[1][path] for path in addresses) == 1


@pytest.mark.slow
def test_everything_is_sound_and_other_tools_find_each_body(crawls: ThreeCrawls) -> None:
    store = open_store(crawls.installation.archive)
    with crawls.installation.catalog() as catalog:
        assert list(Verification(store, catalog, read=WHOLE).findings()) == []
    captures = []
    for info in store.list("raw/"):
        with store.open(info.key) as stream:
            captures += [stored.capture for stored in read_captures(stream)]
    whole = {(it.url, it.fetched): it.payload_digest for it in captures if it.revisit is None}
    revisits = [it.revisit for it in captures if it.revisit is not None]
    assert len(revisits) > 3
    assert all(whole[it.url, it.fetched] == it.payload_digest for it in revisits)


@pytest.mark.slow
def test_show_tells_that_an_article_is_gone_and_status_counts_it(crawls: ThreeCrawls) -> None:
    shown = crawls.installation.command("show", f"{crawls.base}/gone")
    [line] = [line for line in shown.stdout.splitlines() if line.startswith("removed")]
    assert f"{crawls.captures('/gone')[1].fetched:%Y-%m-%d}" in line and "http_410" in line
    status = crawls.installation.command("status", "weekly")
    assert "removed" in status.stdout


# The rules, without a network


PROFILE = SiteProfile(
    name="daily",
    title="The Daily",
    hosts=("daily.example",),
    sources=Sources(sections=("https://daily.example/world",)),
)


def known(capture: Capture, **fields: Any) -> UrlState:
    """What is remembered after that capture gave an article."""
    values: dict[str, Any] = {
        "url_id": url_id(capture.url),
        "url": capture.url,
        "outcome": "archived",
        "first_fetched": capture.fetched,
        "last_fetched": capture.fetched,
        "failures": 0,
        "etag": capture.header("ETag"),
        "last_modified": capture.header("Last-Modified"),
        "payload_digest": capture.payload_digest,
        "payload_url": capture.url,
        "payload_fetched": capture.fetched,
        "article": url_id(capture.url),
    }
    return UrlState(**values | fields)


PAGE = make_capture(1)


def test_the_request_for_a_page_we_hold_is_conditional() -> None:
    assert conditions(known(PAGE), PAGE.url) == {
        "If-None-Match": '"1"',
        "If-Modified-Since": "Wed, 04 Mar 2026 05:00:00 GMT",
    }


def test_there_is_no_condition_without_a_body_to_compare_with_or_at_another_address() -> None:
    assert conditions(known(PAGE, payload_fetched=None), PAGE.url) == {}
    assert conditions(known(PAGE), make_url(2)) == {}
    assert conditions(known(PAGE, etag="\x7fbad\ninjected", last_modified=None), PAGE.url) == {}


def test_a_body_that_was_cut_or_is_empty_is_never_the_same_as_another() -> None:
    empty = dataclasses.replace(PAGE, body=b"")
    assert as_revisit(empty, known(empty)) == empty
    cut = dataclasses.replace(PAGE, truncated="length")
    assert as_revisit(cut, known(PAGE)) == cut


def test_the_same_body_at_another_address_is_stored_there_too() -> None:
    moved = dataclasses.replace(PAGE, url=make_url(2))
    assert as_revisit(moved, known(PAGE)) == moved


@pytest.mark.parametrize("outcome", ["http_404", "http_410"])
def test_only_an_article_of_ours_can_be_removed(outcome: str) -> None:
    assert seen_again(outcome, known(PAGE)) == f"removed:{outcome}"
    assert seen_again(outcome, known(PAGE, article=None)) == seen_again(outcome, None) == outcome
    assert seen_again("http_503", known(PAGE)) == "http_503"


@pytest.mark.parametrize(
    ("target", "gone"),
    [
        ("https://daily.example/", True),
        ("https://www.daily.example/?ref=gone", True),
        ("https://daily.example/world", True),
        ("https://daily.example/2026", True),
        ("https://daily.example/2026/2", False),
        ("https://daily.example/archive/1", False),
        ("https://elsewhere.example/", False),
    ],
)
def test_a_redirect_to_a_front_page_means_that_the_article_is_gone(target: str, gone: bool) -> None:
    assert means_removed(target, known(PAGE), PROFILE) is gone
    assert not means_removed(target, known(PAGE, article=None), PROFILE)


@pytest.mark.parametrize(
    ("url", "target", "front"),
    [
        (PAGE.url, "https://daily.example/", True),
        (PAGE.url, "https://daily.example/world", True),
        (PAGE.url, "https://daily.example/2026/2", False),
        (PAGE.url, PAGE.url, False),
        (f"{PAGE.url}/amp", PAGE.url, False),
        (PAGE.url, "https://elsewhere.example/", False),
        ("https://daily.example/", "https://daily.example/world", False),
    ],
)
def test_an_address_that_never_gave_an_article_gives_none_by_leading_to_a_front_page(
    url: str, target: str, front: bool
) -> None:
    assert leads_to_front(target, url, PROFILE) is front
