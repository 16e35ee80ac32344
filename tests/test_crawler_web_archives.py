"""Promises of archives of the web: what one knows is found, at its pace, whatever it answers meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from archive.catalog import Catalog
from archive.foreign_warc import ForeignPage
from crawler import wayback
from crawler.common_crawl import CommonCrawl
from crawler.errors import WebArchiveError
from crawler.pace import SharedPace
from crawler.past import Window
from crawler.polite_client import PoliteClient
from crawler.profile import SiteProfile
from crawler.wayback import Wayback
from crawler.web_archives import known_articles
from tests import common_crawl as common_crawl_server
from tests import wayback as wayback_server
from tests.fake_time import FakeTime
from tests.foreign_files import html
from tests.stand_in import Trouble
from tests.wayback import SOURCE, Memento

YEAR = (date(2023, 1, 1), date(2023, 12, 31))
WINDOW = Window(since=YEAR[0], until=YEAR[1])
PROFILE = SiteProfile.model_validate(
    {
        "name": "daily",
        "title": "The Daily",
        "hosts": ("daily.example",),
        "articles": {"include": ["/news/"]},
        "extract": {"url_date": r"/(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)-"},
    }
)


def memento(path: str, taken: str, text: str = "", **fields: bool | int | str) -> Memento:
    return Memento(
        **{"url": f"http://www.daily.example:80{path}", "taken": taken, "body": html(text or path), **fields}
    )


CAPTURES = [
    memento("/news/bridge", "20230301000000"),
    memento("/news/bridge", "20230302000000"),
    memento("/news/bridge", "20230303000000", "/news/bridge", revisit=True),
    memento("/news/bridge", "20230401000000", "a new text"),
    memento("/news/20230610-canal", "20240101000000"),
    memento("/news/20221231-ferry", "20230101000000"),
    memento("/news/late", "20240220000000"),
    memento("/news/gone", "20230301000000", status=404),
    memento("/logo.png", "20230301000000", mimetype="image/png"),
    memento("/about", "20230301000000"),
    Memento(url="http://other.example/news/x", taken="20230301000000", body=b"x"),
]


@pytest.fixture
def server() -> Iterator[wayback_server.Wayback]:
    with wayback_server.Wayback(CAPTURES) as server:
        yield server


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


def client(time: FakeTime, per_minute: float = 24) -> PoliteClient:
    return PoliteClient(user_agent="presskeep (test)", per_minute=per_minute, patience=time.patience())


def machine(server: wayback_server.Wayback, time: FakeTime) -> Wayback:
    return Wayback(client(time), cdx=server.cdx, replay=server.replay)


def test_successful_captures_of_pages_are_found_once_where_neighbours_are_equal(
    server: wayback_server.Wayback, time: FakeTime
) -> None:
    found = [
        (capture.url[27:], f"{capture.taken:%Y%m%d}")
        for capture in machine(server, time).captures("daily.example", *YEAR)
    ]
    assert found == [
        ("/about", "20230301"),
        ("/news/20221231-ferry", "20230101"),
        ("/news/bridge", "20230301"),
        ("/news/bridge", "20230401"),
    ]


def test_long_answers_come_in_parts_by_the_resumption_key(
    server: wayback_server.Wayback, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wayback, "ROWS", 1)
    assert len(list(machine(server, time).captures("daily.example", *YEAR))) == 4
    assert len(server.asked) == 4


def test_processes_that_share_a_catalog_share_the_pace(tmp_path: Path) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    catalogs = [Catalog(f"sqlite:///{tmp_path}/catalog.sqlite") for _ in range(2)]
    catalogs[0].prepare()
    one, other = (SharedPace(catalog.hosts, "web.archive.org", 24, now=lambda: begin) for catalog in catalogs)
    assert [pace.take_turn() for pace in (one, other, other, one)] == [0, 2.5, 5, 7.5]
    one.rest(60)
    assert [pace.take_turn() for pace in (other, one)] == [60, 62.5]
    for catalog in catalogs:
        catalog.close()


def test_an_index_that_knows_nothing_is_no_trouble(server: wayback_server.Wayback, time: FakeTime) -> None:
    assert list(machine(server, time).captures("unknown.example", *YEAR)) == []


def test_requests_keep_the_pace_and_wait_as_long_as_a_busy_server_says(
    server: wayback_server.Wayback, time: FakeTime
) -> None:
    server.troubles += [Trouble(), Trouble(status=429, retry_after="60"), Trouble(status=503), Trouble(status=504)]
    archive = machine(server, time)
    for _ in range(2):
        list(archive.captures("daily.example", *YEAR))
    assert len(server.asked) == 5
    assert time.waits == [2.5, 60.0, 2.5, 2.5]


@pytest.mark.parametrize("trouble", [Trouble(torn=True), Trouble(cut=True)], ids=["torn", "cut"])
def test_an_answer_that_is_torn_is_asked_for_again(
    server: wayback_server.Wayback, time: FakeTime, trouble: Trouble
) -> None:
    server.troubles += [trouble, Trouble(), trouble]
    archive = machine(server, time)
    first = next(capture for capture in archive.captures("daily.example", *YEAR) if "bridge" in capture.url)
    if trouble.cut:
        page = archive.page(first)
        assert isinstance(page, ForeignPage)
        assert page.body == html("/news/bridge")


def test_a_server_that_stays_away_or_asks_for_hours_is_given_up(server: wayback_server.Wayback, time: FakeTime) -> None:
    server.troubles += [Trouble(status=503)] * 100
    with pytest.raises(WebArchiveError, match="answers 503; try again later"):
        list(machine(server, time).captures("daily.example", *YEAR))
    server.troubles.clear()
    server.troubles.append(Trouble(status=429, retry_after="7200"))
    with pytest.raises(WebArchiveError, match="answers 429"):
        list(machine(server, time).captures("daily.example", *YEAR))


def test_an_index_that_refuses_is_told_with_its_words(server: wayback_server.Wayback, time: FakeTime) -> None:
    server.troubles.append(Trouble(status=403))
    with pytest.raises(WebArchiveError, match=r"answers 403: 'Please reduce"):
        list(machine(server, time).captures("daily.example", *YEAR))


def test_a_capture_is_the_page_as_it_was_with_its_own_time_and_source(
    server: wayback_server.Wayback, time: FakeTime
) -> None:
    archive = machine(server, time)
    capture = next(capture for capture in archive.captures("daily.example", *YEAR) if "bridge" in capture.url)
    page = archive.page(capture)
    assert isinstance(page, ForeignPage)
    assert (page.url, page.status, page.body) == (capture.url, 200, html("/news/bridge"))
    assert page.fetched == datetime(2023, 3, 1, tzinfo=UTC)
    assert dict(page.headers) == {"server": "Apache", "content-type": "text/html; charset=utf-8"}
    assert page.origin == f"{server.replay}/20230301000000id_/{capture.url}"
    assert page.record_id == SOURCE


def test_what_the_replay_does_not_have_is_told_by_its_status_or_found_at_the_nearest_time(
    server: wayback_server.Wayback, time: FakeTime
) -> None:
    archive = machine(server, time)
    capture = next(iter(archive.captures("daily.example", *YEAR)))
    unknown = type(capture)(archive="wayback", url="http://daily.example/nowhere", taken=capture.taken, digest="")
    assert archive.page(unknown) == "http_404"
    moved = type(capture)(
        archive="wayback", url=capture.url, taken=datetime(2023, 3, 1, 0, 0, 9, tzinfo=UTC), digest=""
    )
    page = archive.page(moved)
    assert isinstance(page, ForeignPage)
    assert page.fetched == capture.taken


def test_articles_of_the_days_wanted_are_told_by_their_address_or_first_capture(
    server: wayback_server.Wayback, time: FakeTime
) -> None:
    found = {
        url[27:]: (day, len(captures)) for url, day, captures in known_articles(machine(server, time), PROFILE, WINDOW)
    }
    assert found == {"/news/bridge": (None, 2), "/news/20230610-canal": (date(2023, 6, 10), 1)}


CRAWLS = {
    "CC-MAIN-2022-40": [("https://daily.example/news/old", datetime(2022, 10, 1, tzinfo=UTC), html("old"))],
    "CC-MAIN-2023-14": [
        (f"https://daily.example/news/{number}", datetime(2023, 3, 20 + number, tzinfo=UTC), html(f"cc {number}"))
        for number in range(5)
    ],
    "CC-MAIN-2023-40": [("https://other.example/news/1", datetime(2023, 10, 1, tzinfo=UTC), html("other"))],
}


@pytest.fixture
def crawls() -> Iterator[common_crawl_server.CommonCrawl]:
    with common_crawl_server.CommonCrawl(CRAWLS) as server:
        yield server


def commons(server: common_crawl_server.CommonCrawl, time: FakeTime) -> CommonCrawl:
    return CommonCrawl(client(time), client(time), index_url=server.url, data_url=server.url)


def test_every_index_of_these_days_is_read_page_after_page(
    crawls: common_crawl_server.CommonCrawl, time: FakeTime
) -> None:
    crawls.troubles += [Trouble(), Trouble(), Trouble(status=503), Trouble(torn=True)]
    found = list(commons(crawls, time).captures("daily.example", *YEAR))
    assert [capture.url[-1] for capture in found] == ["0", "1", "2", "3", "4"]
    assert not any("2022-40" in path for path in crawls.asked)


def test_a_page_is_read_from_its_range_of_the_file(crawls: common_crawl_server.CommonCrawl, time: FakeTime) -> None:
    archive = commons(crawls, time)
    first, *_ = archive.captures("daily.example", *YEAR)
    crawls.troubles += [Trouble(status=403), Trouble(cut=True)]
    page = archive.page(first)
    assert isinstance(page, ForeignPage)
    assert (page.url, page.body, page.fetched) == (first.url, html("cc 0"), first.taken)
    name, _, place = first.place.partition("#")
    assert page.origin == f"{crawls.url}/{name}#{place.partition('+')[0]}"
    assert page.record_id is not None
    assert crawls.ranges == 3


def test_a_range_that_holds_no_whole_record_is_told(crawls: common_crawl_server.CommonCrawl, time: FakeTime) -> None:
    archive = commons(crawls, time)
    first, *_ = archive.captures("daily.example", *YEAR)
    crawls.troubles.append(Trouble(torn=True))
    assert archive.page(first) == "bad_response"
