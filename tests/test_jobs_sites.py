"""Promises of `presskeep sites`: profiles listed, tried out and proposed, on the sites of the newsroom."""

from __future__ import annotations

import dataclasses
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from crawler.profile import SiteProfile
from jobs.config import load_config
from jobs.crawl_settings import download_slots
from jobs.errors import JobsError
from jobs.extractor import Extract, PageExtractor
from jobs.sites_add import propose
from jobs.sites_check import check_site
from jobs.sites_fetch import Fetch, Fetched, fetching
from jobs.sites_page import PageReport, check_page
from jobs.sites_source import SourceReport
from jobs.sites_toml import render
from tests.command import presskeep
from tests.crawling import Installation
from tests.newsroom import EMPTY_FEED, HTML_FEED, PAGES, Newsroom, load_site, load_sites

ADDRESS = "https://www.harbour-courier.example/news/2024/06/03/calder-ferry-engine-fire"
FERRY = PAGES / "harbour" / "ferry-fire.html"


@pytest.fixture(scope="module")
def newsroom() -> Iterator[Newsroom]:
    """All sites."""
    with Newsroom(load_sites(PAGES)) as newsroom:
        yield newsroom


@pytest.fixture(scope="module")
def extract() -> Iterator[Extract]:
    """As the command extracts."""
    with PageExtractor() as extractor:
        yield extractor.read


def fetch(url: str) -> Fetched:
    """Without pace and robots.txt, for speed."""
    try:
        with urllib.request.urlopen(url) as answer:
            kind = answer.headers.get("Content-Type")
            return Fetched(url=answer.url, status=answer.status, content_type=kind, body=answer.read())
    except urllib.error.HTTPError as exc:
        with exc:
            return Fetched(url=url, status=exc.code, problem=f"http_{exc.code}")


def pages(answers: Mapping[str, bytes]) -> Fetch:
    """A site that is only this: URL -> body."""
    return lambda url: (
        Fetched(url=url, status=200, content_type="text/html; charset=utf-8", body=answers[url])
        if url in answers
        else Fetched(url=url, status=404, problem="http_404")
    )


def profile(newsroom: Newsroom, site: str) -> SiteProfile:
    return SiteProfile.model_validate(tomllib.loads(newsroom.profile(site)))


def reports(newsroom: Newsroom, site: str, extract: Extract) -> tuple[list[SourceReport], list[PageReport]]:
    found = list(check_site(profile(newsroom, site), fetch, 2, extract))
    return [r for r in found if isinstance(r, SourceReport)], [r for r in found if isinstance(r, PageReport)]


SITES = sorted(path.name for path in PAGES.iterdir() if path.is_dir())


@pytest.mark.parametrize("site", SITES)
def test_a_proposed_profile_is_valid_and_finds_every_article_of_its_site(
    newsroom: Newsroom, site: str, extract: Extract
) -> None:
    base = newsroom.base_urls[site]
    text = render(propose(base, fetch, extract, name=site))
    proposed = SiteProfile.model_validate(tomllib.loads(text))
    urls = [base + page.path for page in newsroom.sites[site].pages]
    articles = {base + page.path for page in newsroom.sites[site].articles}
    assert {url for url in urls if proposed.accepts(url)} == articles
    assert f"{len(articles)} of {len(articles)} article URLs match" in text
    assert proposed.sources.feeds
    assert proposed.sources.sitemaps == (f"{base}/news-sitemap.xml",)
    language = newsroom.sites[site].language
    assert proposed.language in (language, None)


def test_a_proposal_says_where_each_value_came_from(newsroom: Newsroom, extract: Extract) -> None:
    text = render(propose(newsroom.base_urls["harbour"], fetch, extract))
    lines = text.splitlines()
    assert lines[lines.index('title = "The Harbour Courier"') - 1] == "# og:site_name of its pages"
    assert lines[lines.index('timezone = "Europe/London"') - 1].startswith("# sample pages state +0000, +0100")
    assert lines[lines.index('language = "en"') - 1] == "# 3 of 3 sample pages"
    assert "named in the head of the home page" in text
    assert "named in robots.txt" in text


def test_without_feeds_and_sitemaps_headlines_of_the_home_page_teach_the_pattern(extract: Extract) -> None:
    link = '<a href="/story/{n}/x">A headline that is long enough, number {n}</a>'
    links = "".join(link.format(n=number) for number in range(10_000, 10_008))
    home = f'<title>Island News</title><a href="/about">About this newspaper and us</a>{links}'
    site = pages({"https://example.org/": home.encode()})
    text = render(propose("https://example.org/", site, extract))
    proposed = SiteProfile.model_validate(tomllib.loads(text))
    assert proposed.sources.sections == ("https://example.org/",)
    assert proposed.accepts("https://example.org/story/99999/other")
    assert not proposed.accepts("https://example.org/about")


def test_the_order_of_dates_is_learned_from_pages_that_say_the_day_twice(extract: Extract) -> None:
    paragraphs = "<p>The ferry to the outer island sailed again on Monday, after a winter at the quay.</p>" * 4
    day = '<meta property="article:published_time" content="2023-04-12T10:00:00+03:00">'
    page = f"<html><head>{day}</head><body><article><h1>Ferry</h1><p>04/12/2023</p>{paragraphs}</article></body></html>"
    links = "".join(
        f'<a href="/story/{number}/x">A headline that is long enough {number}</a>' for number in (71_000, 72_000)
    )
    answers = {"https://example.org/": links.encode()}
    answers |= {f"https://example.org/story/{number}/x": page.encode() for number in (71_000, 72_000)}
    proposed = SiteProfile.model_validate(
        tomllib.loads(render(propose("https://example.org/", pages(answers), extract)))
    )
    assert proposed.extract.date_order == "MDY"
    assert proposed.timezone == "Etc/GMT-3"


def test_what_a_site_says_of_itself_never_breaks_the_profile(extract: Extract) -> None:
    name = "Evil\" \\ &#10;timezone = &quot;x&#13;&#27;[31m''' # Times"
    home = f'<head><meta property="og:site_name" content="{name}"></head><a href="/a">x</a>'
    text = render(propose("https://example.org/", pages({"https://example.org/": home.encode()}), extract))
    assert SiteProfile.model_validate(tomllib.loads(text)).timezone == "UTC"
    assert "\x1b" not in text


def test_a_home_page_that_cannot_be_had_is_one_clear_line(extract: Extract) -> None:
    with pytest.raises(JobsError, match=r"^https://example\.org/: http_404; the home page is needed$"):
        propose("https://example.org/", pages({}), extract)
    with pytest.raises(JobsError, match="not an absolute http or https URL"):
        propose("ftp://example.org/", pages({}), extract)


def test_checking_a_site_shows_sources_and_pages(newsroom: Newsroom, extract: Extract) -> None:
    sources, articles = reports(newsroom, "harbour", extract)
    assert [source.good for source in sources] == [True, True]
    assert [page.good for page in articles] == [True, True]
    assert {found.url for source in sources for found in source.articles} == {
        newsroom.base_urls["harbour"] + page.path for page in newsroom.sites["harbour"].articles
    }


def test_dead_empty_and_html_sources_are_told_apart(extract: Extract) -> None:
    site = load_site(PAGES / "harbour")
    faults = {"/rss.xml": EMPTY_FEED, "/atom.xml": HTML_FEED}
    with Newsroom([dataclasses.replace(site, faults=faults)]) as newsroom:
        base = newsroom.base_urls["harbour"]
        feeds = {"feeds": [f"{base}/rss.xml", f"{base}/atom.xml", f"{base}/nothing.xml"]}
        checked = profile(newsroom, "harbour").model_dump() | {"sources": feeds}
        found = list(check_site(SiteProfile.model_validate(checked), fetch, 2, extract))
    assert [(report.outcome, report.good) for report in found] == [
        ("source_empty", False),
        ("source_failed:feed_is_html", False),
        ("http_404", False),
    ]


def test_each_field_of_a_page_names_the_places_that_say_the_same(newsroom: Newsroom, extract: Extract) -> None:
    page = next(page for page in newsroom.sites["harbour"].articles if "ferry" in page.path)
    report = check_page(fetch(newsroom.base_urls["harbour"] + page.path), profile(newsroom, "harbour"), extract)
    fields = {field.name: field for field in report.fields}
    assert fields["title"].value == page.title
    assert {"jsonld:headline", "h1"} <= set(fields["title"].origins)
    assert fields["language"].origins
    assert fields["published"].origins[0] in [candidate.source for candidate in report.date_candidates]
    assert report.paragraphs > 1
    assert report.first != report.last


def test_a_saved_page_is_checked_without_a_configuration(tmp_path: Path) -> None:
    done = presskeep("sites", "check", str(FERRY), "--url", ADDRESS, folder=tmp_path)
    assert done.code == 0
    assert f"page {ADDRESS}" in done.out
    assert "from jsonld:headline" in done.out
    as_json = presskeep("sites", "check", str(FERRY), "--url", ADDRESS, "--json", folder=tmp_path).json
    assert as_json[0]["outcome"] == "archived"


def test_all_sites_are_listed_configured_or_not(newsroom: Newsroom, tmp_path: Path) -> None:
    bare = presskeep("sites", "list", folder=tmp_path)
    assert "builtin:guardian" in bare.out
    installation = Installation(tmp_path / "here", newsroom)
    rows = presskeep("sites", "list", "--json", folder=installation.folder).json
    assert {row["site"] for row in rows if row["configured"]} == set(newsroom.sites)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "nosuchsite"], "'nosuchsite' is no site, URL or file"),
        (["check", "no.toml"], "no.toml: cannot be read"),
        (["check", "rudaw", "--url", "https://example.org/"], "--url goes with a saved page"),
        (["check", "bare.html"], "does not name its address; give it with --url"),
        (["check", "https://example.org/"], "no such file; write one with `presskeep init`"),
        (["add", "not a url"], "not an absolute http or https URL"),
        (["check", "http://[bad/"], "malformed"),
    ],
    ids=["unknown", "no-profile", "url-of-site", "no-address", "no-config", "no-url", "bad-url"],
)
def test_wrong_use_is_one_clear_line(arguments: list[str], words: str, tmp_path: Path) -> None:
    (tmp_path / "bare.html").write_text("<p>A page without an address.</p>")
    done = presskeep("sites", *arguments, folder=tmp_path)
    assert done.code == 2
    assert words in done.err
    assert done.err.count("\n") == 1


@pytest.mark.slow
def test_pages_are_fetched_as_a_crawl_fetches_them(newsroom: Newsroom, tmp_path: Path) -> None:
    installation = Installation(tmp_path / "here", newsroom)
    base = newsroom.base_urls["harbour"]
    slots = download_slots([profile(newsroom, "harbour")])
    with fetching(installation.config, slots) as ask:
        home, private, gone = (ask(base + path) for path in ("/", "/private/x", "/nothing"))
    assert (home.status, home.problem) == (200, None)
    assert b"The Harbour Courier" in home.body
    assert private.problem == "refused_robots"
    assert gone.problem == "http_404"
    agents = {request.agent for request in newsroom.log if request.path == "/nothing"}
    assert agents == {load_config(installation.config).user_agent}


@pytest.mark.slow
def test_a_profile_is_written_once(newsroom: Newsroom, tmp_path: Path) -> None:
    installation = Installation(tmp_path / "here", newsroom)
    order = ("sites", "add", newsroom.base_urls["harbour"], "--name", "again", "--write")
    assert presskeep(*order, folder=installation.folder).code == 0
    written = (installation.folder / "sites" / "again.toml").read_text(encoding="utf-8")
    assert SiteProfile.model_validate(tomllib.loads(written)).name == "again"
    again = presskeep(*order, folder=installation.folder)
    assert again.code == 2
    assert "again.toml: exists already" in again.err
