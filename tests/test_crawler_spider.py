"""Promises of the crawl: every article of every site archived once, every URL with one outcome, nothing fetched twice.

All of them are looked at in two crawls of the whole newsroom, one after the other.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from archive import outcomes
from archive.warc_reader import read_captures
from jobs.crawl_order import Done
from tests.crawling import CONTACT, Installation, article
from tests.newsroom import PAGES, Fault, LoggedRequest, Newsroom, Page, Site, load_sites


def served(page: Page) -> Fault:
    """A page that nothing announces."""
    return Fault(headers={"Content-Type": "text/html; charset=utf-8"}, body=page.read())


HOPS = Site(
    name="hops",
    title="The Hops",
    pages=(
        article("/plain"),
        article("/moved", "old name"),
        article("/chain", "old name"),
        article("/lost", "old name"),
        article("/abroad", "old name"),
        article("/circle", "old name"),
        article("/endless", "old name"),
        article("/nowhere", "old name"),
    ),
    faults={
        "/moved": Fault(location="/new-home", status=301),
        "/chain": Fault(location="/chain-2"),
        "/chain-2": Fault(location="{{base}}/chain-3", status=307),
        "/chain-3": Fault(location="/end-of-chain", status=308),
        "/new-home": served(article("/new-home")),
        "/end-of-chain": served(article("/end-of-chain")),
        "/lost": Fault(location="/gone"),
        "/abroad": Fault(location="http://127.0.0.1:9/abroad"),
        "/circle": Fault(location="/circle"),
        "/endless": Fault(location="/endless?1"),
        **{f"/endless?{n}": Fault(location=f"/endless?{n + 1}") for n in range(1, 30)},
        "/nowhere": Fault(location="mailto:desk@hops.example"),
    },
)


@dataclass(frozen=True, kw_only=True)
class TwoCrawls:
    """What there is to see after two crawls."""

    installation: Installation
    first: Done
    second: Done
    first_log: list[LoggedRequest]
    second_log: list[LoggedRequest]

    def outcome(self, path: str) -> str:
        """Of a URL of `hops`, in the first crawl."""
        return self.installation.by_path("hops", self.first.run)[path]

    def hops(self, *paths: str) -> list[str]:
        """Outcomes of the captures of these addresses of `hops`, in the order fetched."""
        base = self.installation.newsroom.base_urls["hops"]
        return [entry.outcome for entry in self.installation.captures() if entry.url.removeprefix(base) in paths]

    def counted(self, site: str, outcome: str) -> int:
        """How many sources of a site had that outcome in the second crawl."""
        counts = self.installation.counts(self.second.run)
        return sum(one.count for one in counts if (one.site, one.kind, one.outcome) == (site, "source", outcome))

    def fetched(self, path: str) -> int:
        """How often an address of `hops` was asked for in the first crawl."""
        return sum(request.site == "hops" and request.path == path for request in self.first_log)


@pytest.fixture(scope="module")
def crawls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoCrawls]:
    with Newsroom([*load_sites(PAGES), HOPS]) as newsroom:
        installation = Installation(tmp_path_factory.mktemp("crawls"), newsroom)
        first = installation.crawl()
        first_log = newsroom.log
        second = installation.crawl()
        yield TwoCrawls(
            installation=installation,
            first=first,
            second=second,
            first_log=first_log,
            second_log=newsroom.log[len(first_log) :],
        )


def fixture_articles(newsroom: Newsroom) -> dict[str, str]:
    """URL -> site of every article of the newsroom's own sites."""
    return {
        newsroom.base_urls[site.name] + page.path: site.name
        for site in newsroom.sites.values()
        if site is not HOPS
        for page in site.articles
    }


def test_every_article_of_the_newsroom_is_archived_once_under_its_site(crawls: TwoCrawls) -> None:
    expected = fixture_articles(crawls.installation.newsroom)
    archived = {
        row.url: row.site for row in crawls.installation.outcomes(crawls.first.run) if row.outcome == "archived"
    }
    assert len(expected) == 30
    assert {url: site for url, site in archived.items() if site != "hops"} == expected
    revisions = crawls.installation.archived_urls()
    assert {url: count for url, count in revisions.items() if url in expected} == dict.fromkeys(expected, 1)


def test_a_request_record_names_the_host_that_was_asked(crawls: TwoCrawls) -> None:
    """No HTTP/1.1 request is whole without it."""
    raw = sorted((crawls.installation.folder / "archive" / "raw").rglob("*.warc.gz"))
    captures = [stored.capture for path in raw for stored in read_captures(io.BytesIO(path.read_bytes()))]
    assert len(captures) > 30
    assert {dict(capture.request_headers)["Host"] == urlsplit(capture.url).netloc for capture in captures} == {True}


@pytest.mark.parametrize("crawl", ["first", "second"])
def test_every_request_ends_in_exactly_one_outcome(crawls: TwoCrawls, crawl: str) -> None:
    """What the sites' own log shows is what the catalog tells: as the URL itself, or as a hop on the way to it."""
    newsroom = crawls.installation.newsroom
    log = crawls.first_log if crawl == "first" else crawls.second_log
    run = crawls.first.run if crawl == "first" else crawls.second.run
    rows = crawls.installation.outcomes(run)
    asked = {newsroom.base_urls[request.site] + request.path for request in log if request.path != "/robots.txt"}
    hops = {entry.url for entry in crawls.installation.captures() if 300 <= entry.status < 400}
    assert {row.url for row in rows} <= asked
    assert asked - {row.url for row in rows} <= hops | {
        newsroom.base_urls["hops"] + path for path in ("/new-home", "/end-of-chain", "/gone")
    }
    assert [url for url, count in Counter((row.site, row.url) for row in rows).items() if count > 1] == []


@pytest.mark.parametrize("crawl", ["first", "second"])
def test_the_run_counts_what_it_recorded(crawls: TwoCrawls, crawl: str) -> None:
    """The counts of a run are its outcomes, and beside them only URLs that were known."""
    run = crawls.first.run if crawl == "first" else crawls.second.run
    counts = {(count.site, count.kind, count.outcome): count.count for count in crawls.installation.counts(run)}
    known = {key: value for key, value in counts.items() if key[2] == outcomes.KNOWN}
    recorded = Counter((row.site, row.kind, row.outcome) for row in crawls.installation.outcomes(run))
    assert {key: value for key, value in counts.items() if key not in known} == dict(recorded)


def test_a_second_crawl_fetches_no_article_again(crawls: TwoCrawls) -> None:
    """From the servers' logs: only sources and robots.txt, and every article is counted as known."""
    newsroom = crawls.installation.newsroom
    asked = {newsroom.base_urls[request.site] + request.path for request in crawls.second_log}
    pages = {newsroom.base_urls[site.name] + page.path for site in newsroom.sites.values() for page in site.pages}
    assert asked & pages == set()
    for site in crawls.second.sites:
        articles = newsroom.sites[site.site].articles
        assert (site.new, site.failed) == (0, {}), site.site
        # What its sitemap index says has not changed is not looked into.
        skipped = crawls.counted(site.site, outcomes.KNOWN)
        assert site.unchanged == site.found, site.site
        assert skipped or site.found == len(articles), site.site


def test_summaries_agree_with_the_catalog(crawls: TwoCrawls) -> None:
    for site in crawls.first.sites:
        rows = [row for row in crawls.installation.outcomes(crawls.first.run) if row.site == site.site]
        pages = Counter(row.outcome for row in rows if row.kind == "page")
        assert site.new == pages.pop("archived")
        assert site.failed == dict(pages)
        assert site.found == site.settled
        assert site.sources == sum(row.kind == "source" for row in rows)


def test_the_crawler_names_itself_and_asks_for_robots_first(crawls: TwoCrawls) -> None:
    assert {request.agent.partition(" ")[2] for request in crawls.first_log} == {f"(+{CONTACT})"}
    assert {request.agent.partition("/")[0] for request in crawls.first_log} == {"presskeep"}
    firsts = {request.site: request.path for request in reversed(crawls.first_log)}
    assert set(firsts.values()) == {"/robots.txt"}


def test_a_redirected_article_is_known_by_its_last_address(crawls: TwoCrawls) -> None:
    base = crawls.installation.newsroom.base_urls["hops"]
    archived = crawls.installation.archived_urls()
    assert archived[base + "/new-home"] == archived[base + "/end-of-chain"] == 1
    assert not archived[base + "/moved"]
    assert crawls.outcome("/moved") == crawls.outcome("/chain") == outcomes.ARCHIVED


def test_each_hop_is_captured_and_settled_as_redirected(crawls: TwoCrawls) -> None:
    assert crawls.hops("/moved") == [outcomes.REDIRECTED]
    assert crawls.hops("/chain", "/chain-2", "/chain-3") == [outcomes.REDIRECTED] * 3


def test_a_redirect_to_a_failure_carries_that_failure(crawls: TwoCrawls) -> None:
    """Were it settled as `redirected`, the announced address would never be tried again."""
    assert crawls.outcome("/lost") == "http_404"
    assert crawls.hops("/lost", "/gone") == ["http_404", "http_404"]


def test_a_redirect_to_another_host_is_not_followed(crawls: TwoCrawls) -> None:
    [row] = [row for row in crawls.installation.outcomes(crawls.first.run) if row.url.endswith("/abroad")]
    assert (row.outcome, row.detail) == (outcomes.OFFSITE, "redirected to http://127.0.0.1:9/abroad")
    assert crawls.hops("/abroad") == [outcomes.OFFSITE]


@pytest.mark.parametrize("path", ["/circle", "/endless"])
def test_redirects_without_end_are_given_up(crawls: TwoCrawls, path: str) -> None:
    assert crawls.outcome(path) == "bad_response:too_many_redirects"


def test_a_redirect_circle_is_asked_a_few_times_only(crawls: TwoCrawls) -> None:
    assert crawls.fetched("/circle") == 9


def test_a_redirect_to_what_is_no_web_page_is_refused(crawls: TwoCrawls) -> None:
    assert crawls.outcome("/nowhere") == outcomes.REFUSED_URL
