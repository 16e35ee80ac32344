"""Promises of the profiles that come with presskeep, each on a page made like the site's own."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crawler.extract import Page, extract
from crawler.profile import builtin_profiles

PAGES = Path(__file__).with_name("site_pages")
CASES: dict[str, Any] = tomllib.loads((PAGES / "cases.toml").read_text(encoding="utf-8"))

sites = pytest.mark.parametrize("site", sorted(CASES))


def test_every_builtin_profile_has_a_page_here() -> None:
    assert sorted(builtin_profiles()) == sorted(CASES)


@sites
def test_a_builtin_profile_reads_its_page(site: str) -> None:
    case = CASES[site]
    page = Page(
        url=case["articles"][0],
        html=(PAGES / f"{site}.html").read_bytes(),
        content_type="text/html; charset=utf-8",
        fetched=datetime(2026, 11, 1, tzinfo=UTC),
    )
    extraction = extract(page, builtin_profiles()[site])
    assert extraction.title == case["title"]
    assert list(extraction.authors) == case["authors"]
    assert extraction.published == case["published"]
    assert extraction.language == case["language"]
    assert len(extraction.text.split("\n\n")) == 4


@sites
def test_a_builtin_profile_tells_articles_from_other_pages(site: str) -> None:
    profile, case = builtin_profiles()[site], CASES[site]
    assert [url for url in case["articles"] if not profile.accepts(url)] == []
    assert [url for url in case["others"] if profile.accepts(url)] == []


@sites
def test_a_builtin_profile_names_sources_and_waits_between_requests(site: str) -> None:
    profile = builtin_profiles()[site]
    assert profile.sources.feeds or profile.sources.sitemaps or profile.sources.sections
    assert profile.fetch.delay >= 2
