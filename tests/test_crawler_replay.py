"""Promises of replay: captures that a crash left behind are settled as a crawl that went on would have settled them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archive.records import ArticleDraft, Capture
from archive.spool import OpenSegment
from crawler.profile import SiteProfile
from crawler.replay import settle_captures
from tests.sample_articles import SITE, make_capture, make_draft, make_url

PROFILE = SiteProfile(name=SITE, title="The Daily", hosts=("daily.example",))


class Extraction:
    """Stands for the pool: every page is an article."""

    async def extract(self, page: Capture, profile: SiteProfile) -> ArticleDraft:
        return make_draft(1)


def redirect(number: int, to: str) -> Capture:
    capture = make_capture(number, status=301)
    return replace(capture, headers=(*capture.headers, ("Location", to)))


def settled(folder: Path, *captures: Capture) -> list[Any]:
    segment = OpenSegment.create(folder / "run-0001", info={})
    for capture in captures:
        segment.append(capture)
    return asyncio.run(settle_captures(segment.close().path, PROFILE, Extraction(), lambda _: {}))  # type: ignore[arg-type] # enough


@pytest.mark.parametrize(
    ("captures", "outcomes"),
    [
        ([redirect(1, "/2026/2"), make_capture(2)], ["redirected", "archived"]),
        ([redirect(1, "/2026/2"), make_capture(2, status=404)], ["http_404", "http_404"]),
        ([redirect(1, "/2026/2"), redirect(2, "/2026/3"), make_capture(3, status=410)], ["http_410"] * 3),
        ([redirect(1, "/2026/2")], ["interrupted"]),
        ([redirect(1, "https://elsewhere.example/")], ["offsite"]),
        ([redirect(1, "/2026/2"), redirect(2, "/2026/1")], ["bad_response:too_many_redirects"] * 2),
        ([make_capture(1, status=503), make_capture(1)], ["retried", "archived"]),
        ([make_capture(1, status=304)], ["http_304"]),
    ],
    ids=["to a page", "to a failure", "twice", "unfollowed", "away", "in a circle", "repeated", "no redirect"],
)
def test_redirects_share_the_failure_that_they_led_to(
    tmp_path: Path, captures: list[Capture], outcomes: list[str]
) -> None:
    assert [one.outcome for one in settled(tmp_path, *captures)] == outcomes


def test_an_address_whose_redirect_was_not_followed_has_its_outcome_recorded(tmp_path: Path) -> None:
    [one] = settled(tmp_path, redirect(1, "/2026/2"))
    assert (one.row.url, one.row.outcome) == (make_url(1), "interrupted")


def test_a_redirect_to_a_page_leaves_the_outcome_to_that_page(tmp_path: Path) -> None:
    first, second = settled(tmp_path, redirect(1, "/2026/2"), make_capture(2))
    assert (first.row, second.row.outcome) == (None, "archived")
