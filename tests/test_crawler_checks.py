"""The promise that an article which is due to be looked at again is, though its feed is read first."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

from scrapy.http import Request, Response

from archive.catalog import Catalog
from archive.records import url_id
from archive.store import DirectoryStore
from archive.writer import ArchiveWriter, BatchLimits
from crawler.profile import SiteProfile
from crawler.spiders.news import NewsSpider
from crawler.visits import Errand
from tests.sample_articles import SITE, START, make_capture, make_draft, make_url

T = TypeVar("T")

FEED = "https://daily.example/rss.xml"
NEW = "https://daily.example/new"
PROFILE = SiteProfile.model_validate(
    {"name": SITE, "title": "The Daily", "hosts": ["daily.example"], "sources": {"feeds": [FEED]}}
)


class Books:
    """What the spider asks of the archive; and the URLs that it set out for and those that it counted as known."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.ledger = self
        self.ladders = {SITE: PROFILE.fetch.recheck}
        self.expected: Counter[str] = Counter()
        self.counted: Counter[str] = Counter()

    async def begin(self, sites: Iterable[str]) -> set[str]:
        return set(sites)

    async def in_catalog(self, work: Callable[[Catalog], T]) -> T:
        return work(self.catalog)

    def now(self) -> Any:
        return START + timedelta(hours=1)

    def expect(self, errand: Errand) -> None:
        self.expected[errand.url] += 1

    def count(self, site: str, kind: str, outcome: str) -> None:
        self.counted[outcome] += 1


async def crawl(spider: NewsSpider, body: bytes) -> None:
    """Answer the feed as soon as it is asked for, before anything else that the crawl begins with."""
    async for request in spider.start():
        if isinstance(request, Request) and request.url == FEED:
            answer = Response(FEED, body=body, request=request, headers={"Content-Type": "application/rss+xml"})
            async for _ in spider.parse_source(answer):
                pass


def test_an_article_that_is_due_is_looked_at_again_though_its_feed_was_read_first(tmp_path: Path) -> None:
    catalog = Catalog(f"sqlite:///{tmp_path}/catalog.sqlite")
    catalog.prepare()
    writer = ArchiveWriter(
        store=DirectoryStore(tmp_path / "archive"),
        catalog=catalog,
        spool=tmp_path / "spool",
        site=SITE,
        run="first",
        software={"presskeep": "0.1.0"},
        limits=BatchLimits(),
    )
    due, fresh = make_url(1), make_url(2)
    for number, hours in ((1, 1), (2, 6)):
        ticket = writer.record(make_capture(number))
        check = START + timedelta(hours=hours)
        identity = url_id(make_url(number))
        writer.settle(ticket, "archived", url_id=identity, draft=make_draft(number), next_check=check)
    writer.finish()
    books = Books(catalog)
    spider = NewsSpider({SITE: PROFILE})
    spider.crawler = SimpleNamespace(get_extension=lambda _: books)  # type: ignore[assignment] # all that it is asked
    links = "".join(f"<item><title>t</title><link>{url}</link></item>" for url in (due, fresh, NEW))
    asyncio.run(crawl(spider, f"<rss version='2.0'><channel><title>t</title>{links}</channel></rss>".encode()))
    catalog.close()
    assert books.expected == {FEED: 1, due: 1, NEW: 1}
    assert books.counted == {"known": 1}
