"""What the other tests rely on when they crawl the newsroom."""

from __future__ import annotations

import gzip
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import feedparser
import pytest
from lxml import etree, html

from crawler.profile import load_profile
from tests.newsroom import PAGES, Fault, Newsroom, Page, Site, load_site, load_sites
from tests.newsroom.client import get

SITES = load_sites(PAGES)
ARTICLES = [
    pytest.param(site, page, id=f"{site.name}-{page.source.stem}")
    for site in SITES
    for page in site.pages
    if page.article and isinstance(page.source, Path)
]
SEED_PAGES = ["rudaw/kirkuk-attack", "harbour/kirkuk-strike", "dispatch/kirkuk-attack"]
by_site = pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)


def expected(page: Page) -> Any:
    assert isinstance(page.source, Path)
    return json.loads(page.source.with_suffix(".expected.json").read_text(encoding="utf-8"))


def locations(xml: bytes) -> list[str]:
    return [element.text for element in etree.fromstring(xml).iter("{*}loc")]


@pytest.fixture(scope="module")
def newsroom() -> Iterator[Newsroom]:
    """All sites, each behaving well."""
    with Newsroom(replace(site, faults={}) for site in SITES) as newsroom:
        yield newsroom


@pytest.fixture
def base(newsroom: Newsroom) -> str:
    return newsroom.base_urls["harbour"]


@pytest.mark.parametrize(("site", "page"), ARTICLES)
def test_every_expected_line_stands_on_the_page_as_served(newsroom: Newsroom, site: Site, page: Page) -> None:
    """In this order, and the rest of the expectation agrees with what the site says of the page."""
    answer = get(newsroom.base_urls[site.name] + page.path)
    wanted = expected(page)

    assert answer.status == 200
    assert b"{{" not in answer.body
    assert (page.path, page.title) == (wanted["url_path"], wanted["title"])
    assert (page.section, page.language) == (wanted["section"], wanted["language"])
    assert page.published.date().isoformat() == wanted["published"]
    parser = html.HTMLParser(encoding=page.charset)
    shown = " ".join(html.document_fromstring(answer.body, parser=parser).text_content().split())
    in_order = ".*".join(re.escape(line) for line in [wanted["title"], *wanted["text"].split("\n\n")])
    assert re.search(in_order, shown)


def test_the_real_article_has_three_layouts_and_one_text() -> None:
    texts = [json.loads((PAGES / f"{name}.expected.json").read_text(encoding="utf-8")) for name in SEED_PAGES]

    assert len({text["text"] for text in texts}) == 1
    assert len(texts[0]["text"].split("\n\n")) == 14
    assert {tuple(text["authors"]) for text in texts} == {("Karwan Faidhi Dri",)}


def test_pages_that_are_not_articles_are_served_but_not_announced(base: str) -> None:
    assert get(f"{base}/about").status == 200
    assert f"{base}/about" in locations(get(f"{base}/sitemap-pages.xml").body)
    assert f"{base}/about" not in locations(get(f"{base}/sitemap-articles.xml").body)


@by_site
def test_the_profile_of_each_site_takes_all_its_articles(newsroom: Newsroom, site: Site, tmp_path: Path) -> None:
    path = tmp_path / "profile.toml"
    path.write_text(newsroom.profile(site.name), encoding="utf-8")
    profile = load_profile(path)
    base = newsroom.base_urls[site.name]

    assert profile.hosts == (urlsplit(base).netloc,)
    for page in site.articles:
        assert any(re.search(pattern, base + page.path) for pattern in profile.articles.include)
    sources = profile.sources
    assert {get(url).status for url in sources.feeds + sources.sitemaps + sources.sections} == {200}


@by_site
@pytest.mark.parametrize("feed", ["rss.xml", "atom.xml"])
def test_feeds_list_every_article_with_its_date(newsroom: Newsroom, site: Site, feed: str) -> None:
    base = newsroom.base_urls[site.name]
    parsed = feedparser.parse(get(f"{base}/{feed}").body)

    assert not parsed.bozo
    listed = {(entry.link, entry.title, entry.published_parsed[:6]) for entry in parsed.entries}
    assert listed == {(base + page.path, page.title, page.published.utctimetuple()[:6]) for page in site.articles}


@by_site
def test_sitemaps_list_every_article_plain_gzipped_and_as_news(newsroom: Newsroom, site: Site) -> None:
    base = newsroom.base_urls[site.name]
    articles = [base + page.path for page in site.articles]
    packed, _ = locations(get(f"{base}/sitemap.xml").body)

    assert locations(gzip.decompress(get(packed).body)) == articles
    assert locations(get(f"{base}/sitemap-articles.xml").body) == articles
    news = etree.fromstring(get(f"{base}/news-sitemap.xml").body)
    assert [element.text for element in news.iter("{*}loc")] == articles
    assert [element.text for element in news.iter("{*}title")] == [page.title for page in site.articles]


@by_site
def test_the_pages_of_the_sections_lead_to_every_article(site: Site) -> None:
    found = set()
    with Newsroom([replace(site, faults={}, page_size=1)]) as newsroom:
        base = newsroom.base_urls[site.name]
        queue = [f"{base}/section/{quote(name)}" for name in {page.section for page in site.articles}]
        while queue:
            url = queue.pop()
            tree = html.fromstring(get(url).body)
            found |= {urljoin(url, link) for link in tree.xpath("//article//a/@href")}
            queue += [urljoin(url, link) for link in tree.xpath("//a[@rel='next']/@href")]

    assert found == {base + page.path for page in site.articles}


@pytest.mark.parametrize(
    "path", ["/", "/rss.xml", "/about", "/world/2023/12/04/us-claims-responsibility-kirkuk-attack"]
)
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_an_unchanged_document_is_answered_with_304(base: str, path: str, encoding: str) -> None:
    first = get(base + path, Accept_Encoding=encoding)
    tag, date = first.headers["ETag"], first.headers["Last-Modified"]
    again = get(base + path, Accept_Encoding=encoding, If_None_Match=tag)

    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
    assert get(base + path, If_Modified_Since=date).status == 304
    earlier = format_datetime(parsedate_to_datetime(date) - timedelta(days=1), usegmt=True)
    assert get(base + path, If_Modified_Since=earlier).status == 200
    assert get(base + path, If_None_Match='"other"', If_Modified_Since=date).status == 200


def test_gzip_is_sent_to_those_who_ask_under_its_own_tag(base: str) -> None:
    plain, packed = get(f"{base}/"), get(f"{base}/", Accept_Encoding="br, gzip")

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["ETag"] != plain.headers["ETag"]


def test_head_has_the_headers_of_get_and_no_body(base: str) -> None:
    head, whole = get(f"{base}/about", method="HEAD"), get(f"{base}/about")

    assert head.body == b""
    assert head.headers["Content-Length"] == str(len(whole.body))


def test_foreign_query_parameters_do_not_change_the_page(base: str) -> None:
    assert get(f"{base}/about?utm_source=letter").body == get(f"{base}/about").body


def test_two_sites_have_two_addresses(newsroom: Newsroom) -> None:
    hosts = {urlsplit(url).hostname for url in newsroom.base_urls.values()}

    assert len(hosts) == len(SITES)
    assert all(host and host.startswith("127.0.1.") for host in hosts)


def test_a_plain_folder_is_a_site_too(tmp_path: Path) -> None:
    """Paths, titles and dates are derived, and the profile takes the pages."""
    folder = tmp_path / "gazette"
    folder.mkdir()
    (folder / "one.html").write_text("<title>One &amp; only</title><p>{{base}}</p>")
    (folder / "two.html.gz").write_bytes(gzip.compress(b"<p>No title</p>"))
    (site,) = load_sites(tmp_path)

    with Newsroom([site]) as newsroom:
        base = newsroom.base_urls["gazette"]
        assert get(f"{base}/one.html").body.endswith(f"<p>{base}</p>".encode())
        assert get(f"{base}/two.html").body == b"<p>No title</p>"
        (tmp_path / "profile.toml").write_text(newsroom.profile("gazette"))
        assert load_profile(tmp_path / "profile.toml").sources.feeds == (f"{base}/rss.xml",)
    assert [(page.path, page.title) for page in site.articles] == [("/two.html", "two"), ("/one.html", "One & only")]


def test_site_toml_gives_details_and_faults(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<title>Derived</title>")
    (tmp_path / "site.toml").write_text(
        'title = "Gazette"\nlanguage = "fr"\ntimezone = "Europe/Paris"\n'
        '[pages.page]\npath = "/une"\npublished = 2024-07-01\nsection = "Monde"\n'
        '[faults."/une"]\nbody = "closed"\nstatus = 500\n'
    )
    site = load_site(tmp_path)

    assert site.faults == {"/une": Fault(body=b"closed", status=500)}
    (page,) = site.pages
    assert (page.path, page.section, page.language, page.title) == ("/une", "Monde", "fr", "Derived")
    assert page.published.isoformat() == "2024-07-01T08:00:00+02:00"


def test_the_rudaw_feed_is_empty_as_the_real_one() -> None:
    with Newsroom([load_site(PAGES / "rudaw")]) as newsroom:
        feed = get(newsroom.base_urls["rudaw"] + "/rss.xml")

    assert (feed.status, feedparser.parse(feed.body).entries) == (200, [])


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    command = [sys.executable, "-m", "tests.newsroom", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]) as process:
        assert process.stdout
        addresses = json.loads(process.stdout.readline())
        statuses = {get(f"{base}/").status for base in addresses.values()}
        process.send_signal(signal.SIGTERM)

    assert (statuses, process.returncode) == ({200}, 0)
    assert set(addresses) == {site.name for site in SITES}
    assert len(log.read_text().splitlines()) == len(SITES)
