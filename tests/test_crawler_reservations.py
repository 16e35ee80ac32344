"""Promises about what publishers reserve: it is seen in fields and in the page, and flagged."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from archive.records import Capture
from crawler.articles import read_article
from crawler.profile import SiteProfile
from tests.crawling import article

PROFILE = SiteProfile(name="daily", title="Daily", hosts=("daily.example",))
RESERVED = {"noarchive", "noai", "noimageai", "tdm_reserved"}


def flags(*fields: tuple[str, str], meta: str = "") -> set[str]:
    """Those flags of an article with these response fields and head that speak of reservations."""
    capture = Capture(
        site="daily",
        url="https://daily.example/story",
        status=200,
        headers=(("Content-Type", "text/html; charset=utf-8"), *fields),
        body=article("/story").read().replace(b"<title>", meta.encode() + b"<title>"),
        fetched=datetime(2026, 3, 4, tzinfo=UTC),
    )
    return RESERVED & set(read_article(capture, PROFILE).flags)


def test_an_article_without_reservations_has_no_such_flag() -> None:
    assert flags(("X-Robots-Tag", "max-snippet:20, index"), ("TDM-Reservation", "0")) == set()


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("X-Robots-Tag", "noarchive", {"noarchive"}),
        ("x-robots-tag", "NoAI, NoImageAI", {"noai", "noimageai"}),
        ("X-Robots-Tag", "presskeep: noarchive", {"noarchive"}),
        ("X-Robots-Tag", "otherbot: noarchive", set()),
        ("X-Robots-Tag", "unavailable_after: 25 Jun 2030 15:00:00 PST, noarchive", {"noarchive"}),
        ("TDM-Reservation", " 1 ", {"tdm_reserved"}),
    ],
)
def test_fields_of_the_answer_count(field: str, value: str, found: set[str]) -> None:
    assert flags((field, value)) == found


@pytest.mark.parametrize(
    ("meta", "found"),
    [
        ('<meta name="robots" content="index, noarchive">', {"noarchive"}),
        ('<meta name="ROBOTS" content="noai"><meta name="robots" content="noimageai">', {"noai", "noimageai"}),
        ('<meta name="presskeep" content="noarchive">', {"noarchive"}),
        ('<meta name="otherbot" content="noarchive">', set()),
        ('<meta name="tdm-reservation" content="1">', {"tdm_reserved"}),
    ],
)
def test_the_head_of_the_page_counts(meta: str, found: set[str]) -> None:
    assert flags(meta=meta) == found
