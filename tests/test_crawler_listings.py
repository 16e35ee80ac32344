"""Promises of JSON listings, of sitemaps that robots.txt names, and of feeds that pages name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crawler.announced import SourceError
from crawler.errors import ProfileError
from crawler.listings import read_listing
from crawler.profile import SiteProfile, builtin_profiles, load_profile
from crawler.source_rules import Listing
from crawler.sources import read_source

BASE = "https://www.example.org"
RULES = Listing(
    url=f"{BASE}/api?page={{page}}&lang=en", items="Data.Groups.0.Articles", link="Link", title="Head.Line", date="At"
)


def page(*items: dict[str, Any]) -> bytes:
    return json.dumps({"Data": {"Groups": [{"Articles": list(items)}]}}).encode()


def test_a_listing_gives_links_titles_and_dates_as_its_paths_say() -> None:
    body = page(
        {"Link": "/news/1", "Head": {"Line": "One\n bridge"}, "At": "2023-12-04T17:11:00"},
        {"Link": "https://www.example.org/news/2", "At": 1701702660},
        {"Link": None},
    )
    announced = read_listing(body, RULES.page(1), RULES, 1)
    assert [(one.url, one.announcement.title, one.announcement.published) for one in announced.found] == [
        (f"{BASE}/news/1", "One bridge", "2023-12-04T17:11:00"),
        (f"{BASE}/news/2", None, "1701702660"),
    ]
    assert {one.announcement.kind for one in announced.found} == {"listing"}
    assert len(announced.warnings) == 1


def test_a_listing_goes_on_to_the_next_number_until_a_page_is_empty() -> None:
    assert read_listing(page({"Link": "/news/1"}), RULES.page(3), RULES, 3).next_page == f"{BASE}/api?page=4&lang=en"
    end = read_listing(page(), RULES.page(4), RULES, 4)
    assert (end.next_page, end.reason) == (None, "listing_empty")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html><body>Sorry</body></html>", "listing_is_html"),
        (b"{", "bad_json"),
        (b'{"Data": {"Groups": []}}', "not_a_listing"),
        (b"[]", "not_a_listing"),
        (b"[" * 100_000, "bad_json"),
    ],
    ids=["html", "cut", "elsewhere", "root", "deep"],
)
def test_what_is_no_listing_says_why(body: bytes, reason: str) -> None:
    with pytest.raises(SourceError) as caught:
        read_listing(body, RULES.page(1), RULES, 1)
    assert caught.value.reason == reason


def test_the_listing_of_rudaw_is_read_with_naive_dates_of_its_own_zone() -> None:
    rudaw = builtin_profiles()["rudaw"]
    [url] = [url for kind, url in rudaw.sources_asked if kind == "listing"]
    item = {"Title": "Water", "Link": "/english/kurdistan/041220233", "AMPDateTime": "2023-12-04T17:11:00"}
    body = json.dumps({"Data": {"CategoryNews": {"Articles": [item]}}}).encode()
    [found] = read_source("listing", body, url, "application/json", rudaw.sources.listing(url)).found
    assert rudaw.accepts(found.url)
    assert found.announcement.published == "2023-12-04T17:11:00"


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"url": "https://a.example/{page}/{page}", "link": "u"}, "only once"),
        ({"url": "a.example/{page}", "link": "u"}, "absolute"),
        ({"url": "https://a.example/{page}", "link": "a..b"}, "no path"),
        ({"url": "https://a.example/{page}"}, "is required"),
    ],
    ids=["twice", "relative", "path", "lacking"],
)
def test_a_wrong_listing_in_a_profile_is_told(tmp_path: Any, rules: dict[str, str], told: str) -> None:
    lines = [f'{key} = "{value}"' for key, value in rules.items()]
    text = "\n".join(['name = "x"', 'title = "X"', 'hosts = ["a.example"]', "[[sources.listings]]", *lines])
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError, match=told):
        load_profile(tmp_path / "x.toml")


def profile(**sources: Any) -> SiteProfile:
    return SiteProfile.model_validate({"name": "x", "title": "X", "hosts": ["www.example.org"], "sources": sources})


def test_a_profile_without_sources_looks_for_them_in_robots_txt_and_on_the_home_page() -> None:
    assert profile().sources_asked == (("robots", f"{BASE}/robots.txt"), ("section", f"{BASE}/"))
    assert profile(discover=False).sources_asked == ()


def test_a_profile_with_sources_looks_for_more_only_if_told_to() -> None:
    feed = f"{BASE}/rss.xml"
    assert profile(feeds=[feed]).sources_asked == (("feed", feed),)
    assert profile(feeds=[feed], discover=True).sources_asked == (("feed", feed), ("robots", f"{BASE}/robots.txt"))


def test_robots_txt_leads_to_the_sitemaps_that_it_names() -> None:
    body = (
        b"User-agent: *\nDisallow: /private\nSitemap: https://www.example.org/a.xml\nsitemap:https://b.example/b.xml\n"
    )
    announced = read_source("robots", body, f"{BASE}/robots.txt")
    assert [one.url for one in announced.sitemaps] == [f"{BASE}/a.xml", "https://b.example/b.xml"]
    assert (announced.found, announced.reason) == ((), None)
