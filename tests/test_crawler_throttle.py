"""Promises of pace: every host keeps its own, none is asked faster than its profile allows, nor than we can extract."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import mean
from types import SimpleNamespace

import pytest
from scrapy import Request, Spider
from scrapy.core.downloader import Slot
from scrapy.http import Response
from scrapy.settings import Settings
from scrapy.settings.default_settings import DOWNLOAD_DELAY_JITTER
from scrapy.signalmanager import SignalManager

from crawler.downloader import PacedSlot
from crawler.profile import FetchRules, SiteProfile
from crawler.throttle import SiteThrottle
from jobs.crawl_settings import crawl_settings
from tests.crawling import Installation, articles
from tests.newsroom import Fault, Newsroom, Site


@pytest.mark.slow
def test_two_sites_in_one_process_keep_their_own_pace(tmp_path: Path) -> None:
    """By the servers' own clocks; robots.txt and feeds count like pages."""
    delays = {"quick": 0.0, "slow": 0.8}
    with Newsroom([Site(name=name, title=name, pages=articles(4)) for name in delays]) as newsroom:
        profiles = {
            name: newsroom.profile(name).replace("delay = 0", f"delay = {delay}") for name, delay in delays.items()
        }
        Installation(tmp_path / "pace", newsroom, profiles=profiles).crawl()
    times = {name: [datetime.fromisoformat(it.time) for it in newsroom.log if it.site == name] for name in delays}
    for name, delay in delays.items():
        gaps = len(times[name]) - 1
        assert gaps > 4
        elapsed = (times[name][-1] - times[name][0]).total_seconds()
        assert elapsed >= gaps * delay * (1 - DOWNLOAD_DELAY_JITTER)
    assert times["quick"][-1] < times["slow"][-1]


@pytest.mark.slow
def test_nothing_is_fetched_while_what_was_fetched_waits_for_extraction(tmp_path: Path) -> None:
    """With room for a single page in memory, each page is extracted and settled before the next is asked for."""
    settings = ("CONCURRENT_REQUESTS=1", "SCRAPER_SLOT_MAX_ACTIVE_SIZE=1", "LOG_LEVEL=DEBUG")
    with Newsroom([Site(name="daily", title="The Daily", pages=articles(5))]) as newsroom:
        options = [option for setting in settings for option in ("-s", setting)]
        done = Installation(tmp_path / "narrow", newsroom).scrapy("crawl", "news", *options)
    steps = re.findall(r"(Crawled|Scraped).*/(story-\d)>", done.stderr)
    assert len(steps) == 10
    assert [what for what, _ in steps] == ["Crawled", "Scraped"] * 5
    assert [page for _, page in steps[::2]] == [page for _, page in steps[1::2]]


@pytest.mark.slow
def test_a_host_without_delay_is_asked_for_one_page_after_the_other(tmp_path: Path) -> None:
    """Also right after robots.txt, for which all pages have waited."""
    faults = {f"/story-{n}": Fault(delay=0.2) for n in range(6)}
    with Newsroom([Site(name="daily", title="The Daily", pages=articles(6), faults=faults)]) as newsroom:
        Installation(tmp_path / "one", newsroom).crawl()
    answered = [datetime.fromisoformat(it.time) for it in newsroom.log if it.path in faults]
    assert len(answered) == 6
    assert all((later - before).total_seconds() >= 0.2 for before, later in pairwise(answered))


class Host:
    """A throttle and the download slot of one host."""

    def __init__(self, delay: float, *, profile: bool = True) -> None:
        self.slot = Slot(1, delay)
        slots = {"daily.example": {"delay": delay, "concurrency": 1}} if profile else {}
        crawler = SimpleNamespace(
            settings=Settings({"AUTOTHROTTLE_ENABLED": True, "DOWNLOAD_DELAY": 1.0, "DOWNLOAD_SLOTS": slots}),
            signals=SignalManager(),
            engine=SimpleNamespace(downloader=SimpleNamespace(slots={"daily.example": self.slot})),
        )
        self._throttle = SiteThrottle(crawler)  # type: ignore[arg-type] # all that it asks a crawler for
        self._throttle._spider_opened(Spider("news"))

    def answer(self, latency: float, times: int = 1) -> float:
        """The delay after so many answers that took `latency` seconds each."""
        request = Request(
            "https://daily.example/", meta={"download_slot": "daily.example", "download_latency": latency}
        )
        for _ in range(times):
            self._throttle._response_downloaded(Response(request.url), request, Spider("news"))
        return self.slot.delay


def test_quick_answers_never_wear_a_delay_down() -> None:
    assert Host(3.0).answer(0.001, times=100) == 3.0


def test_a_delay_shorter_than_the_general_one_is_kept() -> None:
    assert Host(0.25).answer(0.001, times=100) == 0.25


def test_slow_answers_lengthen_the_delay_and_quick_ones_bring_it_back() -> None:
    host = Host(3.0)
    assert host.answer(20.0) == 20.0
    assert 3.0 < host.answer(0.001) < 20.0
    assert host.answer(0.001, times=100) == 3.0


def test_a_delay_longer_than_any_throttle_stays() -> None:
    assert Host(300.0).answer(0.001, times=100) == 300.0


def test_a_host_without_delay_is_left_alone() -> None:
    assert Host(0.0).answer(20.0) == 0.0


def test_hosts_without_a_profile_have_the_general_delay() -> None:
    assert Host(5.0, profile=False).answer(0.001, times=100) == 1.0


def test_a_random_delay_is_drawn_once_a_request_so_that_it_is_the_profiles_in_the_mean() -> None:
    slot = PacedSlot(1, 2.0, 0.5)
    drawn: list[float] = []
    for moment in range(1000):
        slot.lastseen = moment
        looks = {slot.download_delay() for _ in range(3)}
        assert len(looks) == 1
        drawn += looks
    assert 1.0 <= min(drawn) < max(drawn) <= 3.0
    assert mean(drawn) == pytest.approx(2.0, abs=0.1)


def test_a_pace_that_robots_txt_asks_for_holds_for_what_waits_already() -> None:
    slot = PacedSlot(1, 2.0, 0.5)
    slot.download_delay()
    slot.delay, slot.jitter = 10.0, 0
    assert slot.download_delay() == 10.0


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_sites_that_share_a_host_share_the_slower_pace(order: tuple[int, int]) -> None:
    rules = [FetchRules(delay=0.0, concurrency=4), FetchRules(delay=2.5, concurrency=2)]
    profiles = {
        f"site-{n}": SiteProfile(name=f"site-{n}", title="S", hosts=("www.daily.example:8080",), fetch=rules[n])
        for n in order
    }
    texts = dict.fromkeys(("user_agent", "archive", "catalog_url", "spool_folder"), "")
    config = SimpleNamespace(profiles=lambda: profiles, spool_mb=1, allow_networks=(), **texts)
    slots = crawl_settings(config)["DOWNLOAD_SLOTS"]  # type: ignore[arg-type] # all that it asks a configuration for
    assert slots == {"www.daily.example": {"delay": 2.5, "concurrency": 2}}
