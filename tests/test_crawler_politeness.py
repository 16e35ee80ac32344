"""Promises of politeness: robots.txt by RFC 9309, rests that hosts ask for, budgets; by the sites' own logs.

Nearly all of it is met in one crawl of many small sites and a second one after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from archive.catalog import Catalog
from archive.host_memory import Rest, RobotsFile
from crawler.hosts import LONGEST, retry_after
from crawler.robots import MAX_BYTES, Rules
from tests.crawling import Installation, articles
from tests.newsroom import Fault, Newsroom, Site

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
PLAIN = {"Content-Type": "text/plain"}
CLOSED = b"User-agent: *\nDisallow: /story-0\n"


def robots(**fault: object) -> dict[str, Fault]:
    return {"/robots.txt": Fault(**fault)}  # type: ignore[arg-type]


SITES: dict[str, tuple[dict[str, Fault], set[str]]] = {
    "missing": (robots(status=404), {"archived"}),
    "forbidden": (robots(status=403), {"archived"}),
    "failing": (robots(status=500), {"put_off:robots"}),
    "busy": (robots(status=503), {"put_off:robots"}),
    "limited": (robots(status=429), {"put_off:robots"}),
    "torn": (robots(headers=PLAIN, body=CLOSED, cut=5), {"bad_response"}),
    "huge": (robots(headers=PLAIN, body=CLOSED + b"#" * 9_999_999), {"archived", "refused_robots"}),
    "late": (robots(headers=PLAIN, body=b"#" * MAX_BYTES + b"\nUser-agent: *\nDisallow: /\n"), {"archived"}),
    "html": (robots(headers={"Content-Type": "text/html"}, body=b"<html><p>Disallow: /</p></html>"), {"archived"}),
    "binary": (robots(headers=PLAIN, body=bytes(range(256)) + b"\n" + CLOSED), {"archived", "refused_robots"}),
    "moved": (
        robots(location="/r1") | {"/r1": Fault(location="/r2"), "/r2": Fault(headers=PLAIN, body=CLOSED)},
        {"archived", "refused_robots"},
    ),
    "circling": (robots(location="/robots.txt"), {"archived"}),
    "resting": ({"/rss.xml": Fault(status=503, headers={"Retry-After": "86400000"})}, {"put_off:resting"}),
    "pausing": ({"/story-1": Fault(status=429, headers={"Retry-After": "2"}, times=1)}, {"archived"}),
    "frugal": ({}, {"archived", "put_off:budget"}),
    "daily": ({}, {"archived", "put_off:budget"}),
    "distant": (robots(headers=PLAIN, body=b"User-agent: *\nCrawl-delay: 1\n"), {"archived"}),
}
"""Name of each site, what goes wrong there, and the outcomes of its two pages and its feed but `listed`."""

PROFILE = """
name = "{name}"
title = "{name}"
hosts = ["{{{{host}}}}"]
[sources]
feeds = ["{{{{base}}}}/rss.xml"]
[fetch]
delay = 0
{key}
"""
KEYS = {"frugal": "requests_per_run = 3", "daily": "requests_per_day = 3", "resting": "requests_per_day = 100"}


@dataclass(frozen=True, kw_only=True)
class Visited:
    """What there is to see after two crawls."""

    outcomes: list[dict[str, dict[str, str]]]
    """For each crawl: site -> path -> outcome."""
    asked: list[dict[str, list[tuple[str, datetime]]]]
    """For each crawl: site -> paths asked for and when, in order."""


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    sites = [
        Site(
            name=name,
            title=name,
            pages=articles(2),
            faults=faults,
            profile_template=PROFILE.format(name=name, key=KEYS.get(name, "")),
        )
        for name, (faults, _) in SITES.items()
    ]
    outcomes, asked, before = [], [], 0
    with Newsroom(sites) as newsroom:
        installation = Installation(tmp_path_factory.mktemp("polite") / "installation", newsroom)
        for _ in range(2):
            settings = ("RETRY_TIMES=1", "PRESSKEEP_FIRST_REST=0.1")
            installation.scrapy("crawl", "news", *(option for setting in settings for option in ("-s", setting)))
            outcomes.append({name: installation.by_path(name) for name in SITES})
            log = newsroom.log[before:]
            before += len(log)
            asked.append({n: [(it.path, datetime.fromisoformat(it.time)) for it in log if it.site == n] for n in SITES})
    yield Visited(outcomes=outcomes, asked=asked)


@pytest.mark.slow
@pytest.mark.parametrize("site", SITES)
def test_a_site_ends_as_its_robots_txt_and_its_wishes_say(visited: Visited, site: str) -> None:
    assert set(visited.outcomes[0][site].values()) - {"listed"} == SITES[site][1]


@pytest.mark.slow
@pytest.mark.parametrize("site", ["failing", "busy", "limited", "torn"])
def test_while_robots_txt_is_ill_nothing_else_is_asked_for(visited: Visited, site: str) -> None:
    assert {path for path, _ in visited.asked[0][site]} == {"/robots.txt"}


@pytest.mark.slow
@pytest.mark.parametrize("site", ["missing", "html", "moved"])
def test_robots_txt_is_not_asked_for_again_within_a_day(visited: Visited, site: str) -> None:
    assert visited.asked[0][site][0][0] == "/robots.txt"
    assert "/robots.txt" not in [path for path, _ in visited.asked[1][site]]


@pytest.mark.slow
def test_a_robots_txt_that_was_ill_is_asked_for_again_by_the_next_run(visited: Visited) -> None:
    assert visited.asked[1]["failing"]


@pytest.mark.slow
def test_redirects_of_robots_txt_are_followed_five_times(visited: Visited) -> None:
    assert [path for path, _ in visited.asked[0]["circling"]].count("/robots.txt") == 6


@pytest.mark.slow
def test_a_host_that_asks_for_a_long_rest_gets_it_in_the_next_run_too(visited: Visited) -> None:
    assert [path for path, _ in visited.asked[0]["resting"]] == ["/robots.txt", "/rss.xml"]
    assert visited.asked[1]["resting"] == []
    assert set(visited.outcomes[1]["resting"].values()) == {"put_off:resting"}


@pytest.mark.slow
def test_a_short_rest_is_waited_for(visited: Visited) -> None:
    times = [time for path, time in visited.asked[0]["pausing"] if path == "/story-1"]
    assert len(times) == 2
    assert times[1] - times[0] >= timedelta(seconds=1.9)


@pytest.mark.slow
def test_the_crawl_delay_of_robots_txt_is_kept(visited: Visited) -> None:
    """By the server's clock, within what a loaded machine may shift; the profile itself asks for no delay at all."""
    times = [time for _, time in visited.asked[0]["distant"]]
    assert len(times) == 4
    assert times[-1] - times[1] >= timedelta(seconds=1.8)


@pytest.mark.slow
def test_a_run_sends_no_more_requests_than_its_budget(visited: Visited) -> None:
    assert len(visited.asked[0]["frugal"]) == 3
    assert sorted(visited.outcomes[0]["frugal"].values()) == ["archived", "listed", "put_off:budget"]


@pytest.mark.slow
def test_what_the_budget_of_a_run_left_over_is_fetched_by_the_next(visited: Visited) -> None:
    """The feed did not change meanwhile, and what it named then still counts."""
    assert set(visited.outcomes[1]["frugal"].values()) == {"unchanged", "archived"}


@pytest.mark.slow
def test_a_day_has_no_more_requests_than_its_budget(visited: Visited) -> None:
    """Midnight (UTC) between the two crawls would give it a new one."""
    assert len(visited.asked[0]["daily"]) == 3
    assert len(visited.asked[1]["daily"]) in (0, 3)


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        (None, None),
        (b"", None),
        (b"120", 120),
        (b"0", 0),
        (b"-5", None),
        (b"1.5", None),
        (b"soon", None),
        (b"9" * 5000, LONGEST.total_seconds()),
        (b"Wed, 04 Mar 2026 12:01:00 GMT", 60),
        (b"Wednesday, 04-Mar-26 12:01:00 GMT", 60),
        (b"Wed, 04 Mar 2026 11:00:00 GMT", None),
        (b"Wed, 99 Mar 2026 11:00:00 GMT", None),
        (b"\xff\x00", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_absurd(field: bytes | None, seconds: float | None) -> None:
    found = retry_after(field, NOW)
    assert (found.total_seconds() if found is not None else None) == seconds


def test_the_most_specific_group_of_robots_txt_counts() -> None:
    rules = Rules(
        "User-agent: *\nDisallow: /\n\nUser-agent: presskeep\nAllow: /\nCrawl-delay: 7\nSitemap: /s\n", "presskeep"
    )
    assert rules.allows("https://a.example/x")
    assert (rules.delay, rules.sitemaps) == (7.0, ("/s",))


def test_hosts_are_remembered(catalog: Catalog) -> None:
    memory = catalog.hosts
    rest = Rest(host="a.example", not_before=NOW, strikes=2, reason="answered 503")
    assert memory.rest("a.example") is None
    memory.keep_rest(rest)
    memory.keep_rest(rest)
    assert memory.rest("a.example") == rest
    memory.forget_rest("a.example")
    assert memory.rest("a.example") is None
    file = RobotsFile(origin="https://a.example", fetched=NOW, text="User-agent: *\n")
    memory.keep_robots(file)
    assert memory.robots("https://a.example") == file


def test_requests_of_a_day_are_those_of_all_its_runs(catalog: Catalog) -> None:
    memory, day = catalog.hosts, NOW.date()
    for run, count in (("one", 3), ("two", 5), ("two", 6)):
        memory.keep_requests("daily", day, run, count)
    memory.keep_requests("other", day, "one", 100)
    memory.keep_requests("daily", day - timedelta(days=1), "one", 100)
    assert memory.requests("daily", day) == 9
