"""Promises of crawler/traps.py: addresses without end are told from those of articles."""

from __future__ import annotations

import pytest

from crawler.profile import SiteProfile
from crawler.traps import trap

PROFILE = SiteProfile(name="daily", title="The Daily", hosts=("daily.example",))


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/a" + "".join(f"/{n}" for n in range(16)), "depth"),
        ("/news/news/news/story-1", "repeats"),
        ("/world/asia/world/asia/world/asia/story-1", "repeats"),
        ("/shop?" + "&".join(f"p{n}=1" for n in range(9)), "parameters"),
        ("/news?tag=a&tag=b&tag=c", "parameters"),
        ("/calendar/2031/05/", "calendar"),
        ("/events/city/2031-05-06", "calendar"),
        ("/whats-on?month=2031-05", "calendar"),
    ],
)
def test_an_address_without_end_is_told_and_refused(path: str, reason: str) -> None:
    assert trap(f"https://daily.example{path}") == reason
    assert not PROFILE.accepts(f"https://daily.example{path}")


@pytest.mark.parametrize(
    "path",
    [
        "/2026/03/04/council-to-mend-bridge",
        "/english/categories/kurdistan/123456",
        "/news/2026/news/a-calendar-of-events",
        "/a/b/a/b/story",
        "/article?id=7&lang=ku&section=2",
        "/events/mayor-opens-bridge-2026",
        "/world/asia/china/hong-kong/politics/elections/2026/03/04/results",
    ],
)
def test_addresses_of_articles_are_not_taken_for_traps(path: str) -> None:
    assert trap(f"https://daily.example{path}") is None
    assert PROFILE.accepts(f"https://daily.example{path}")


def test_session_ids_make_no_new_addresses() -> None:
    plain = PROFILE.canonical("https://daily.example/story-1?id=7")
    for url in ("/story-1;jsessionid=0A1B?id=7", "/story-1?PHPSESSID=abc&id=7", "/story-1?id=7&CFID=1&CFTOKEN=2"):
        assert PROFILE.canonical(f"https://daily.example{url}") == plain
