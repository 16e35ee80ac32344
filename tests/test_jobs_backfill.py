"""Promises of `presskeep backfill`: the past that any source reaches is planned, fetched once, and accounted for."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from archive.backfills import Part
from archive.records import Announcement
from crawler.announced import Found
from crawler.dated_urls import check_pattern, dated_url
from crawler.past import Window, is_worth_reading, place_in_past
from crawler.profile import SiteProfile
from jobs.backfill_gaps import gaps
from jobs.backfill_plan import Planning
from jobs.backfill_view import ProgressLines
from jobs.sites_fetch import Fetched
from tests.command import presskeep
from tests.crawling import Installation, article
from tests.newsroom import Newsroom, Page, Site

DECEMBER = ("--from", "2023-12-01", "--to", "2023-12-31")
WINDOW = Window(since=date(2023, 12, 1), until=date(2023, 12, 31))
PROFILE = SiteProfile(name="daily", title="The Daily", hosts=("daily.example",))


def on(day: str, path: str, **fields: bool) -> Page:
    return article(path, published=datetime.fromisoformat(f"{day}T10:00:00").replace(tzinfo=UTC), **fields)


LISTED = [on("2023-11-30", "/a"), on("2023-12-01", "/b"), on("2023-12-31", "/c"), on("2024-01-01", "/d")]
"""Pages that the news sitemap names with their dates."""

COUNTED = [
    *(on("2023-12-05", f"/05122023{number}", article=False) for number in ("", 1, 2, 3, 4, 6)),
    on("2023-12-07", "/071220231", article=False),
]
"""Pages that only their dated addresses lead to; the number 5 is a hole."""

TOML = """
name = "daily"
title = "The Daily"
hosts = ["{{host}}"]

[sources]
sitemaps = ["{{base}}/news-sitemap.xml"]
dated = ["{{base}}/{dd}{mm}{yyyy}{n}"]

[fetch]
delay = 0
"""


@pytest.fixture
def newsroom() -> Iterator[Newsroom]:
    site = Site(name="daily", title="The Daily", pages=(*LISTED, *COUNTED), profile_template=TOML)
    with Newsroom([site]) as newsroom:
        yield newsroom


@pytest.fixture
def desk(tmp_path: Path, newsroom: Newsroom) -> Installation:
    return Installation(tmp_path, newsroom)


def pages_asked_for(newsroom: Newsroom) -> Counter[str]:
    other = ("/robots.txt", "/news-sitemap.xml")
    return Counter(request.path for request in newsroom.log if request.path not in other)


@pytest.mark.slow
def test_a_dry_run_tells_what_would_be_fetched_and_stores_nothing(desk: Installation, newsroom: Newsroom) -> None:
    result = presskeep("backfill", "start", "daily", *DECEMBER, "--dry-run", "--json", folder=desk.folder)
    assert result.code == 0, result.err
    assert {(part["source"], part["urls"]) for part in result.json["plan"]} == {("dated", 31 * 3), ("sitemap", 2)}
    assert result.json["requests"] == 31 * 3 + 2
    # A WARC file, a manifest, and a Parquet file of December.
    assert (result.json["puts"], result.json["put_cost"], result.json["currency"]) == (3, 0.000015, "USD")
    assert pages_asked_for(newsroom) == Counter()
    assert presskeep("backfill", "list", "--json", folder=desk.folder).json == []


@pytest.mark.slow
def test_every_article_that_a_source_reaches_is_fetched_once_and_the_gaps_are_told(
    desk: Installation, newsroom: Newsroom
) -> None:
    base = newsroom.base_urls["daily"]
    # The name of a site alone means `start`.
    result = presskeep("backfill", "daily", *DECEMBER, "--json", folder=desk.folder)
    assert result.code == 0, result.err
    expected = {page.path for page in [*LISTED[1:3], *COUNTED]}
    assert {url.removeprefix(base) for url in desk.archived_urls()} == expected
    assert max(pages_asked_for(newsroom).values()) == 1
    december = result.json["months"]["2023-12"]
    assert (result.json["state"], december["archived"]) == ("done", len(expected))
    assert december["misses"] == result.json["planned"] - len(expected)
    again = presskeep("backfill", "start", "daily", *DECEMBER, "--dry-run", "--json", folder=desk.folder)
    assert again.json["held"] == 2 + 3 + 1
    assert presskeep("backfill", "cancel", "daily", folder=desk.folder).code == 2


@pytest.mark.slow
def test_a_backfill_can_be_stopped_shown_and_cancelled(desk: Installation) -> None:
    listed = desk.folder / "urls.txt"
    listed.write_text(f"{desk.newsroom.base_urls['daily']}/a\t2023-12-24\n", encoding="utf-8")
    arguments = ("backfill", "start", "daily", *DECEMBER, "--urls", str(listed), "--slices", "1")
    assert presskeep(*arguments, folder=desk.folder).code == 3
    [plan] = presskeep("backfill", "list", "--json", folder=desk.folder).json
    assert (plan["state"], plan["archived"]) == ("waiting", 2 + 1 + 3 + 1)
    assert presskeep("backfill", "pause", "daily", folder=desk.folder).code == 0
    shown = presskeep("backfill", "show", "daily", folder=desk.folder).out
    assert "paused" in shown
    assert "12 planned, 7 archived, 5 to fetch" in shown
    assert presskeep("backfill", "cancel", plan["backfill"], folder=desk.folder).code == 0
    assert presskeep("backfill", "resume", "daily", folder=desk.folder).code == 2


@pytest.mark.slow
def test_a_backfill_that_is_killed_goes_on_and_asks_for_nothing_twice(desk: Installation, newsroom: Newsroom) -> None:
    """Killed with its crawl in the middle; what was under way may be asked for once more."""
    with desk.started("backfill", "start", "daily", *DECEMBER) as process:
        while sum(pages_asked_for(newsroom).values()) < 20:
            time.sleep(0.05)
        process.kill()
    result = presskeep("backfill", "resume", "daily", "--json", folder=desk.folder)
    assert (result.code, result.json["state"]) == (0, "done")
    assert len(desk.archived_urls()) == len(LISTED[1:3] + COUNTED)
    twice = [path for path, count in pages_asked_for(newsroom).items() if count > 1]
    assert len(twice) <= 2


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_crawl_goes_before_the_slice_that_is_at_work(desk: Installation, newsroom: Newsroom) -> None:
    """The slice commits what it has and makes room; afterwards the backfill goes on, and nothing is fetched twice."""
    profile = desk.folder / "sites" / "daily.toml"
    profile.write_text(profile.read_text(encoding="utf-8").replace("delay = 0", "delay = 0.5"), encoding="utf-8")
    days = ("--from", "2023-12-05", "--to", "2023-12-08")
    with desk.started("backfill", "start", "daily", *days, "--json") as process:
        while sum(pages_asked_for(newsroom).values()) < 3:
            time.sleep(0.05)
        crawl = presskeep("crawl", "daily", folder=desk.folder)
        assert crawl.code == 0, crawl.err
        assert process.poll() is None
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    assert json.loads(out)["state"] == "done"
    assert len(desk.archived_urls()) == len(LISTED + COUNTED)
    commands = [run["command"].partition(" ")[0] for run in reversed(desk.runs)]
    assert commands[:3] == ["backfill", "crawl", "backfill"]
    twice = [path for path, count in pages_asked_for(newsroom).items() if count > 1]
    assert len(twice) <= 2


@pytest.mark.parametrize(
    ("number", "url"), [(0, "https://daily.example/en/05122023"), (12, "https://daily.example/en/0512202312")]
)
def test_dated_addresses_count_from_the_second_article_of_a_day(number: int, url: str) -> None:
    assert dated_url("https://daily.example/en/{dd}{mm}{yyyy}{n}", date(2023, 12, 5), number) == url


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("https://daily.example/{day}", "knows no {day}"),
        ("https://daily.example/{yyyy}/{mm}", "must name year, month and day"),
        ("/{yyyy}/{mm}/{dd}", "absolute"),
    ],
)
def test_a_pattern_that_names_no_days_is_refused_with_the_reason(pattern: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_pattern(pattern)


def found(url: str, *, published: str | None = None, modified: str | None = None) -> Found:
    announcement = Announcement(source="s", kind="sitemap", published=published, modified=modified)
    return Found(url=f"https://daily.example{url}", announcement=announcement)


@pytest.mark.parametrize(
    ("one", "belongs", "day"),
    [
        (found("/x", published="2023-12-31T23:00:00Z"), True, date(2023, 12, 31)),
        (found("/x", published="2024-01-01"), False, date(2024, 1, 1)),
        (found("/2023/12/x"), True, None),
        (found("/2023/11/x", modified="2023-12-02"), False, None),
        (found("/x", modified="2024-05-01"), True, None),
        (found("/x", modified="2023-11-30"), False, None),
        (found("/x"), True, None),
    ],
)
def test_an_address_belongs_to_the_past_wanted_by_its_best_date(one: Found, belongs: bool, day: date | None) -> None:
    assert place_in_past(one, WINDOW, PROFILE) == (belongs, day)


def test_sitemaps_whose_name_or_date_says_that_they_are_older_or_newer_are_not_read() -> None:
    assert is_worth_reading(found("/sitemap-2023-12.xml", modified="2025-01-01"), WINDOW, PROFILE)
    assert not is_worth_reading(found("/sitemap-202311.xml"), WINDOW, PROFILE)
    assert is_worth_reading(found("/sitemap-7.xml", modified="2024-02-01"), WINDOW, PROFILE)
    assert not is_worth_reading(found("/sitemap-8.xml", modified="2023-10-01"), WINDOW, PROFILE)


def test_a_listing_is_read_until_its_pages_are_older_than_the_first_day() -> None:
    pages = {
        f"https://daily.example/api?page={number}": [
            {"url": f"/{day}", "date": day} for day in (f"2024-0{6 - number}-20", f"2024-0{6 - number}-10")
        ]
        for number in range(1, 6)
    }
    asked: list[str] = []

    def fetch(url: str) -> Fetched:
        asked.append(url)
        if url not in pages:
            return Fetched(url=url, status=404, problem="http_404")
        return Fetched(url=url, status=200, body=json.dumps(pages[url]).encode())

    profile = SiteProfile.model_validate(
        {
            **PROFILE.model_dump(include={"name", "title", "hosts"}),
            "sources": {"listings": [{"url": "https://daily.example/api?page={page}", "link": "url", "date": "date"}]},
        }
    )
    planning = Planning(profile=profile, window=Window(since=date(2024, 3, 15), until=date(2024, 4, 15)), fetch=fetch)
    assert [(url.source, str(url.day)) for url in planning.urls([])] == [
        ("listing", "2024-04-10"),
        ("listing", "2024-03-20"),
    ]
    # Behind the listing comes robots.txt, where sitemaps may be named.
    assert asked[:4] == [f"https://daily.example/api?page={number}" for number in range(1, 5)]


def test_what_is_too_much_to_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.backfill_plan.MAX_SITEMAPS", 2)
    monkeypatch.setattr("jobs.backfill_plan.MAX_PAGES", 2)
    children = "".join(f"<sitemap><loc>https://daily.example/{n}.xml</loc></sitemap>" for n in range(4))

    def fetch(url: str) -> Fetched:
        if url.endswith(".xml"):
            body = f"<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{children}</sitemapindex>"
            return Fetched(url=url, status=200, body=body.encode())
        page = int(url.rpartition("/")[2])
        return Fetched(url=url, status=200, body=section_page([f"/20240401-{page}"], f"/news/{page + 1}"))

    sources = {"sections": ["https://daily.example/news/1"], "sitemaps": ["https://daily.example/index.xml"]}
    profile = PROFILE.model_copy(update={"sources": PROFILE.sources.model_copy(update=sources)})
    planning = Planning(profile=profile, window=WINDOW, fetch=fetch, sources=frozenset({"section", "sitemap"}))
    list(planning.urls([]))
    assert planning.problems == [
        "https://daily.example/1.xml: 2 sitemaps were read, 3 sitemaps are left; plan fewer days at once",
        "https://daily.example/news/3: 2 pages were read, the rest is left; name what is there with --urls",
    ]


def section_page(links: list[str], following: str | None) -> bytes:
    more = f"<a rel=next href='{following}'>Older</a>" if following else ""
    return f"<html><body>{''.join(f'<a href={link}>{link}</a>' for link in links)}{more}</body></html>".encode()


def test_a_section_is_read_as_far_as_its_pages_lead_to_the_next_one() -> None:
    """Until one is older than the first day, or has no article that is new."""
    pages = {
        f"https://daily.example/news/{page}": section_page(
            ["/about", *(f"/20240{7 - page}{day:02}-x" for day in (20, 10))], f"/news/{page + 1}"
        )
        for page in range(1, 7)
    }
    pages["https://daily.example/sport"] = section_page(["/20240401-match"], "/sport?page=2")
    pages["https://daily.example/sport?page=2"] = section_page(["/20240401-match"], "/sport?page=3")
    asked: list[str] = []

    def fetch(url: str) -> Fetched:
        asked.append(url)
        return Fetched(url=url, status=200, body=pages[url])

    profile = SiteProfile.model_validate(
        {
            **PROFILE.model_dump(include={"name", "title", "hosts"}),
            "sources": {"sections": ["https://daily.example/news/1", "https://daily.example/sport"]},
            "articles": {"exclude": ["/about", "/news/", "/sport"]},
            "extract": {"url_date": r"/(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)-"},
        }
    )
    planning = Planning(
        profile=profile,
        window=Window(since=date(2024, 3, 15), until=date(2024, 4, 15)),
        fetch=fetch,
        sources=frozenset({"section"}),
    )
    assert [(url.source, str(url.day)) for url in planning.urls([])] == [
        ("section", "2024-04-10"),
        ("section", "2024-03-20"),
        ("section", "2024-04-01"),
    ]
    assert [url.removeprefix("https://daily.example") for url in asked] == [
        *(f"/news/{page}" for page in range(1, 6)),
        "/sport",
        "/sport?page=2",
    ]


@pytest.mark.parametrize(
    ("fetch_rules", "robots", "pace"),
    [
        ({"delay": 1.0, "concurrency": 4}, "", 1.0),
        ({"delay": 0.1, "concurrency": 4}, "", 0.5),
        ({"delay": 0.0, "concurrency": 4}, "", 0.125),
        ({"delay": 1.0}, "Crawl-delay: 3", 3.0),
    ],
)
def test_a_site_is_asked_as_it_wants_or_as_fast_as_it_answers(
    fetch_rules: dict[str, float], robots: str, pace: float
) -> None:
    """In this site's half a second."""

    def fetch(url: str) -> Fetched:
        body = f"User-agent: *\n{robots}\n" if url.endswith("robots.txt") else "<urlset/>"
        return Fetched(url=url, status=200, body=body.encode(), latency=0.5)

    profile = SiteProfile.model_validate(
        {**PROFILE.model_dump(include={"name", "title", "hosts"}), "fetch": fetch_rules}
    )
    planning = Planning(profile=profile, window=WINDOW, fetch=fetch, sources=frozenset({"sitemap"}))
    list(planning.urls([]))
    assert planning.pace("presskeep") == pace


def part(day: int, outcome: str | None, count: int, *, counted: bool = False) -> Part:
    return Part(source="dated", day=date(2023, 12, day), counted=counted, outcome=outcome, count=count)


def test_the_time_left_leaves_out_what_was_fetched_before_a_backfill_was_resumed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    moments = iter((0, 10, 110, 210))
    monkeypatch.setattr("jobs.backfill_view.time", SimpleNamespace(monotonic=lambda: next(moments)))
    progress = ProgressLines(resumed=True)
    for fetched in (0, 500, 1000, 1500):
        progress([part(1, "archived", fetched), part(1, None, 2000 - fetched)])
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition("archived")[2] for line in lines] == ["", "", ", about 0:03:20 left", ", about 0:01:40 left"]


def test_a_gap_is_where_less_than_half_of_what_is_usual_is_archived() -> None:
    """Numbers counted in vain are none, nor is what is still to be fetched."""
    parts = [part(day, "archived", 10) for day in range(1, 10) if day not in (4, 5, 6)]
    parts += [part(day, "http_404", 3, counted=True) for day in range(1, 10)]
    parts += [part(4, "archived", 5), part(5, "timeout", 10), part(6, None, 10)]
    found = gaps(parts, by_day=True)
    assert [name for name, line in found.items() if line.is_gap] == ["2023-12-05"]
    assert (found["2023-12-05"].planned, found["2023-12-05"].expected) == (10, 10)
    [month] = gaps(parts, by_day=False).values()
    assert (month.counts["misses"], month.counts["archived"], month.is_gap) == (27, 65, False)
