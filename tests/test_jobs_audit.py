"""Promises of the memory of sources, seen in crawls: what a site announces is found, tried again, and accounted for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.crawling import Installation, article, articles
from tests.newsroom import EMPTY_FEED, HTML_FEED, Fault, LoggedRequest, Newsroom, Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SILENT = article("/silent")
PROFILE = """\
name = "weekly"
title = "The Weekly"
hosts = ["{{host}}"]
[sources]
feeds = ["{{base}}/rss.xml", "{{base}}/dead.xml", "{{base}}/page.xml", "{{base}}/none.xml"]
sitemaps = ["{{base}}/sitemap.xml"]
[articles]
include = ['/(story-\\d|silent|wanting)$']
[fetch]
delay = 0
recheck = []
"""
FAULTS = {"/page.xml": HTML_FEED, "/none.xml": EMPTY_FEED, "/wanting": Fault(status=403)}
SITE = Site(
    name="weekly",
    title="The Weekly",
    pages=(*articles(3), SILENT, article("/wanting")),
    faults={**FAULTS, "/silent": Fault(delay=4)},
    profile_template=PROFILE,
)
LATER = replace(
    SITE,
    pages=articles(3),
    faults={**FAULTS, "/silent": Fault(headers={"Content-Type": "text/html"}, body=SILENT.read())},
)


@dataclass(frozen=True, kw_only=True)
class Crawls:
    """A trial of one page, a crawl, one after the site has dropped two articles, and one when nothing happened."""

    installation: Installation
    logs: list[list[LoggedRequest]]
    outcomes: list[dict[str, str]]
    errors: str

    def audit(self) -> dict[str, Any]:
        done = self.installation.command("status", "weekly", "--audit", "--json")
        assert done.returncode == 0, done.stderr
        base = self.installation.newsroom.base_urls["weekly"]
        return {source["url"].removeprefix(base): source for source in json.loads(done.stdout)}


@pytest.fixture(scope="module")
def crawls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawls]:
    with Newsroom([SITE]) as newsroom:
        installation = Installation(tmp_path_factory.mktemp("audit") / "installation", newsroom)
        logs, outcomes, errors = [], [], ""
        for hours, site, more in ((0, SITE, ["-a", "limit=1"]), (1, SITE, []), (5, LATER, []), (6, LATER, [])):
            newsroom.replace(site)
            before = len(newsroom.log)
            done = installation.scrapy(
                *("crawl", "news", "-s", "PRESSKEEP_CLOCK=tests.shifted_clock.now", "-s", "RETRY_TIMES=0"),
                *("-s", "DOWNLOAD_TIMEOUT=1", *more),
                CLOCK_SHIFT=str(hours),
            )
            assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
            logs.append(newsroom.log[before:])
            outcomes.append(installation.by_path("weekly"))
            errors = done.stderr
        yield Crawls(installation=installation, logs=logs, outcomes=outcomes, errors=errors)


def test_what_a_trial_left_unfetched_is_found_though_its_feed_says_304(crawls: Crawls) -> None:
    answers = {request.path: request.status for request in crawls.logs[1]}
    assert answers["/rss.xml"] == 304
    met = [path for outcomes in crawls.outcomes[:2] for path, outcome in outcomes.items() if outcome == "archived"]
    assert {"/story-0", "/story-1", "/story-2"} <= {*met, *crawls.outcomes[2]}


def test_a_page_that_timed_out_and_left_its_feed_is_archived_later(crawls: Crawls) -> None:
    assert crawls.outcomes[1]["/silent"] == "timeout"
    assert crawls.outcomes[2]["/silent"] == "archived"


def test_nothing_is_sent_for_sources_that_have_not_changed(crawls: Crawls) -> None:
    sizes = {request.path: request.bytes for request in crawls.logs[3] if request.status == 304}
    assert sizes == {"/rss.xml": 0, "/sitemap.xml": 0, "/sitemap-pages.xml": 0}


def test_the_audit_tells_what_is_archived_and_why_the_rest_is_not(crawls: Crawls) -> None:
    feed = crawls.audit()["/rss.xml"]
    assert (feed["listed"], feed["announced"], feed["archived"]) == (3, 5, 4)
    base = crawls.installation.newsroom.base_urls["weekly"]
    assert (feed["missing"], feed["examples"]) == ({"http_403": 1}, {"http_403": [f"{base}/wanting"]})


def test_dead_and_empty_feeds_are_named_in_log_report_and_status(crawls: Crawls) -> None:
    reasons = {"/dead.xml": "http_404", "/page.xml": "source_failed:feed_is_html", "/none.xml": "source_empty"}
    audit = crawls.audit()
    assert {path: audit[path]["trouble"]["reason"] for path in reasons} == reasons
    shown = crawls.installation.command("status").stdout
    report = crawls.installation.command("runs", "show", crawls.installation.runs[0]["run"]).stdout
    for path, reason in reasons.items():
        for text in (shown, report, crawls.errors):
            assert f"{path}: {reason}, 4 times in a row since" in text


def test_a_crawl_finds_what_only_robots_txt_and_the_head_of_a_page_lead_to(tmp_path: Path) -> None:
    lines = PROFILE.splitlines()
    sections = ['sections = ["{{base}}/"]', "discover = true"]
    profile = "\n".join([*lines[:4], *sections, *lines[6:]])
    faults = {"/atom.xml": Fault(status=410)}
    site = Site(
        name="weekly", title="The Weekly", pages=articles(4), feed_size=2, faults=faults, profile_template=profile
    )
    with Newsroom([site]) as newsroom:
        installation = Installation(tmp_path / "installation", newsroom)
        done = installation.crawl()
        base = newsroom.base_urls["weekly"]
        sources = {row.url.removeprefix(base): row.outcome for row in installation.outcomes()}
    assert done.sites[0].new == 4
    assert {"/robots.txt", "/rss.xml", "/atom.xml", "/sitemap.xml", "/news-sitemap.xml"} <= sources.keys()
    assert sources["/atom.xml"] == "hint_failed:http_410"
    assert installation.runs[0]["exit_code"] == 0, "a page may name a feed that is gone"
