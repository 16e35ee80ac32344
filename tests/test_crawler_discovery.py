"""Promises of discovery: a source that has not changed costs nothing, and nothing that it announced is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from archive import outcomes
from archive.announcements import PATIENCE, Fate
from archive.catalog import Catalog
from archive.records import url_id
from archive.run_report import SourceTrouble
from archive.source_memory import SourceState, rooted
from archive.store import DirectoryStore
from archive.tombstones import Tombstone, put_tombstone
from crawler.announced import SourceError
from crawler.discovery import BELIEVED, DISTRUSTED, SITEMAP_DEPTH, SKIPPED, Answer, Discovered, Discovery
from crawler.profile import SiteProfile
from crawler.sources import Source

T = TypeVar("T")

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BASE = "https://www.weekly.example"
FEED = Source(kind="feed", url=f"{BASE}/rss.xml")
INDEX = Source(kind="sitemap", url=f"{BASE}/sitemap.xml")
PROFILE = SiteProfile.model_validate(
    {
        "name": "weekly",
        "title": "The Weekly",
        "hosts": ["www.weekly.example"],
        "sources": {"feeds": [FEED.url], "sitemaps": [INDEX.url]},
        "articles": {"include": ["/story/"]},
    }
)
CONDITION = {"If-None-Match": '"one"'}


def feed(*names: str) -> bytes:
    items = "".join(f"<item><title>{name}</title><link>{BASE}/{name}</link></item>" for name in names)
    return f"<rss version='2.0'><channel><title>t</title>{items}</channel></rss>".encode()


def index(**children: str) -> bytes:
    maps = "".join(f"<sitemap><loc>{BASE}/{n}.xml</loc><lastmod>{at}</lastmod></sitemap>" for n, at in children.items())
    return f"<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{maps}</sitemapindex>".encode()


def sitemap(*names: str) -> bytes:
    urls = "".join(f"<url><loc>{BASE}/{name}</loc></url>" for name in names)
    return f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{urls}</urlset>".encode()


@dataclass
class World:
    """A catalog, and a clock that is set by hand; each use of a source is a run of its own."""

    catalog: Catalog
    now: datetime = NOW
    profile: SiteProfile = field(default_factory=lambda: PROFILE)

    def discovery(self) -> Discovery:
        async def in_catalog(work: Callable[[Catalog], T]) -> T:
            return work(self.catalog)

        found = Discovery(in_catalog, lambda: self.now)
        asyncio.run(found.begin(self.profile))
        return found

    def read(self, source: Source, body: bytes = b"", *, status: int = 200, tag: str | None = '"one"') -> Discovered:
        answer = Answer(
            status=status, url=source.url, body=body, content_type="application/xml", etag=tag, last_modified=None
        )
        return asyncio.run(self.discovery().read(self.profile, source, answer))

    def conditions(self, source: Source = FEED) -> dict[str, str]:
        return self.discovery().conditions(self.profile, source)

    def state(self, source: Source = FEED) -> SourceState:
        return self.catalog.sources.states("weekly")[source.url]

    def pending(self) -> list[str]:
        return names(self.catalog.announcements.pending("weekly", self.now))

    def fates(self) -> list[Fate]:
        return list(self.catalog.announcements.fates("weekly"))


def names(found: Any) -> list[str]:
    return [one.url.removeprefix(f"{BASE}/story/") for one in found]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    catalog = Catalog(f"sqlite:///{tmp_path}/catalog.sqlite")
    catalog.prepare()
    yield World(catalog)
    catalog.close()


def test_a_source_that_was_read_is_asked_for_on_condition_and_its_304_announces_what_it_listed(world: World) -> None:
    assert world.conditions() == {}
    first = world.read(FEED, feed("story/a", "about", "story/b"))
    world.now += HOUR
    assert world.conditions() == CONDITION
    again = world.read(FEED, status=304)
    assert sorted(names(again.articles)) == sorted(names(first.articles)) == ["a", "b"]
    assert {one.announcement for one in again.articles} == {one.announcement for one in first.articles}
    assert (first.outcome, again.outcome) == (outcomes.LISTED, outcomes.UNCHANGED)


def test_the_same_bytes_from_a_server_without_validators_are_not_read_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.read(FEED, feed("story/a"), tag=None)
    assert world.conditions() == {}
    monkeypatch.setattr("crawler.discovery.read_source", None)
    assert names(world.read(FEED, feed("story/a"), tag=None).articles) == ["a"]


def test_a_wider_pattern_finds_what_a_304_would_hide(world: World) -> None:
    world.read(FEED, feed("story/a", "about"))
    world.profile = world.profile.model_copy(
        update={"articles": PROFILE.articles.model_copy(update={"include": (".",)})}
    )
    assert world.conditions() == {}
    assert len(world.read(FEED, feed("story/a", "about")).articles) == 2


def test_a_304_is_believed_for_a_while_only(world: World) -> None:
    world.read(FEED, feed("story/a"))
    world.now += BELIEVED - HOUR
    world.read(FEED, status=304)
    assert world.conditions() == CONDITION
    world.now += HOUR
    assert world.conditions() == {}


def test_validators_that_stay_while_the_feed_goes_on_are_not_used_for_a_month(world: World) -> None:
    world.read(FEED, feed("story/a"))
    world.now += BELIEVED
    world.read(FEED, feed("story/b", "story/a"))
    assert world.conditions() == {}
    world.now += DISTRUSTED
    world.read(FEED, feed("story/b", "story/a"))
    assert world.conditions() == CONDITION


def test_what_left_its_feed_without_an_answer_is_tried_less_and_less_and_then_given_up(world: World) -> None:
    world.read(FEED, feed("story/a"))
    world.read(FEED, feed("story/b"), tag='"two"')
    assert world.pending() == ["a", "b"]
    tried, hour = [], world.now
    while hour < NOW + 2 * PATIENCE:
        world.now = hour
        [waiting, *_] = world.catalog.announcements.pending("weekly", hour) or [None]
        if waiting is not None:
            ids = [one.url_id for one in world.catalog.announcements.pending("weekly", hour)]
            world.catalog.announcements.keep_tries("weekly", dict.fromkeys(ids, outcomes.TIMEOUT), hour)
            tried.append((hour - NOW) // HOUR)
        hour += HOUR
    assert tried == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert [(fate.listed, fate.missing) for fate in world.fates()] == [(False, "timeout"), (True, "timeout")]


def test_a_sitemap_that_its_index_says_is_old_is_read_once_and_then_once_a_week(world: World) -> None:
    found = world.read(INDEX, index(old="2026-01-31", today="2026-03-04"))
    assert all(world.discovery().is_due(PROFILE, one) for one in found.followers)
    old, today = sorted(found.followers, key=lambda one: one.url)
    for child in (old, today):
        world.read(child, sitemap("story/x"))
    world.now += HOUR
    [kept, asked] = sorted(world.read(INDEX, status=304).followers, key=lambda one: one.url)
    assert (kept, asked) == (old, today)
    assert not world.discovery().is_due(PROFILE, kept)
    assert world.discovery().is_due(PROFILE, asked)
    world.now += SKIPPED
    assert world.discovery().is_due(PROFILE, kept)


def test_a_sitemap_whose_last_reading_failed_is_asked_for_whatever_its_index_says(world: World) -> None:
    [child] = world.read(INDEX, index(old="2026-01-31")).followers
    world.read(child, sitemap("story/x"))
    world.catalog.sources.keep_failure(world.state(child), "http_500", world.now)
    assert world.discovery().is_due(PROFILE, child)


def test_what_an_index_leads_to_no_more_is_no_source_of_the_site_any_more(world: World) -> None:
    for child in world.read(INDEX, index(one="2026-03-04")).followers:
        world.read(child, sitemap("story/x"))
    world.read(INDEX, index(two="2026-03-04"), tag='"two"')
    left = rooted(world.catalog.sources.states("weekly"), [INDEX.url])
    assert [state.url for state in left] == [INDEX.url, f"{BASE}/two.xml"]


def test_of_indexes_ten_deep_three_levels_are_followed_and_the_rest_is_named(world: World) -> None:
    waiting, seen = [INDEX], []
    while waiting:
        source = waiting.pop()
        found = world.read(source, index(**{f"level{len(seen) + 1}": "2026-03-04"}))
        seen.append((source.depth, found.detail))
        waiting.extend(found.followers)
    assert [depth for depth, _ in seen] == [*range(SITEMAP_DEPTH + 1)]
    assert [detail for _, detail in seen[:-1]] == [""] * SITEMAP_DEPTH
    assert seen[-1][1] == "indexes are followed 3 levels deep; not read below that: 1"


def test_a_source_that_has_dried_up_is_in_trouble_until_it_announces_again(world: World) -> None:
    world.read(FEED, feed("story/a"))
    assert world.state().trouble is None
    empty = world.read(FEED, feed(), tag='"two"')
    world.now += HOUR
    again = world.read(FEED, status=304)
    assert (empty.outcome, again.outcome) == (outcomes.SOURCE_EMPTY, outcomes.SOURCE_EMPTY)
    assert world.state().trouble == SourceTrouble(
        url=FEED.url, kind="feed", reason="source_empty", times=2, since=NOW, announced_ever=1
    )
    world.read(FEED, feed("about"), tag='"three"')
    assert world.state().last_failure == "no_articles"
    world.read(FEED, feed("story/b"), tag='"four"')
    assert world.state().trouble is None


def test_the_first_and_the_last_failure_of_a_row_are_remembered(world: World) -> None:
    state = SourceState(site="weekly", url=FEED.url, kind="feed")
    for reason in ("dns_failed", "http_500", "source_failed:feed_is_html"):
        state = world.catalog.sources.keep_failure(state, reason, world.now)
        world.now += HOUR
    assert world.state() == state
    assert (state.failures, state.failing_since) == (3, NOW)
    assert (state.first_failure, state.last_failure) == ("dns_failed", "source_failed:feed_is_html")


def test_an_address_that_comes_back_into_its_feed_is_listed_again(world: World) -> None:
    for number, listed in enumerate((("story/a",), ("story/b",), ("story/a", "story/b"))):
        world.read(FEED, feed(*listed), tag=f'"{number}"')
    assert [fate.listed for fate in world.fates()] == [True, True]
    assert (world.state().announced, world.state().announced_ever) == (2, 2)


def test_a_source_that_cannot_be_read_keeps_what_was_known_of_it(world: World) -> None:
    world.read(FEED, feed("story/a"))
    with pytest.raises(SourceError):
        world.read(FEED, b"<html><body>Sorry</body></html>", tag='"two"')
    assert world.state() == replace(world.state(), etag='"one"', announced=1)


def test_feeds_that_a_section_page_names_are_followed_where_the_profile_says_so(world: World) -> None:
    page = (
        b"<html><head><link rel=alternate type=application/rss+xml href=/rss.xml></head>"
        b"<body><a href=/story/a>A</a></body></html>"
    )
    section = Source(kind="section", url=f"{BASE}/")
    assert world.read(section, page).followers == []
    world.profile = PROFILE.model_copy(update={"sources": PROFILE.sources.model_copy(update={"discover": True})})
    assert [one.url for one in world.read(section, page).followers] == [FEED.url]
    assert [one.url for one in world.read(section, status=304).followers] == [FEED.url]


def test_a_dead_feed_that_only_a_page_names_is_in_trouble_once_it_had_articles(world: World) -> None:
    state = SourceState(site="weekly", url=FEED.url, kind="feed", parent=f"{BASE}/")
    assert world.catalog.sources.keep_failure(state, "http_404", world.now).trouble is None
    hint = replace(FEED, parent=f"{BASE}/", hinted=True)
    world.read(hint, feed("story/a"))
    known = world.state(hint)
    assert world.catalog.sources.keep_failure(known, "http_404", world.now).trouble is not None


@pytest.mark.parametrize("by", ["the id of the article", "the id of the address"])
def test_what_was_taken_down_and_is_listed_still_is_not_written_down(world: World, tmp_path: Path, by: str) -> None:
    """A profile may give an address another identity than it had when it was taken down."""
    url = f"{BASE}/story/gone?edition=2"
    rules = PROFILE.articles.model_copy(update={"rewrite": {r"\?edition=.*": ""}})
    profile = PROFILE.model_copy(update={"articles": rules})
    world.profile = profile
    gone = url_id(url) if by == "the id of the address" else url_id(profile.canonical(url))
    store = DirectoryStore(tmp_path / "archive")
    tombstone = Tombstone(site="weekly", removed=NOW, reason="court order", revisions=1, captures=1, url_ids=(gone,))
    put_tombstone(store, tombstone)
    world.catalog.tombstones.bring_up_to_date(store)
    found = world.read(FEED, feed("story/a", "story/gone?edition=2"))
    assert len(found.articles) == 2
    assert [fate.url for fate in world.fates()] == [f"{BASE}/story/a"]
    assert (world.state().announced, world.pending()) == (1, ["a"])
