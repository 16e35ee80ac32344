"""A month of crawls in minutes: what is found, what edits are caught, and what it costs the sites.

    python -m bench.month [--days 30] [--every 6] [--articles 3] [--delay 0.1] [--json FILE]

Three invented newsrooms (bench/newsdays.py) live through a month of an injected clock. Every few hours of it presskeep
crawls them, in this process and through its own settings; beside it a naive crawler fetches all links of feed and home
page at every turn. Figures come from the archive and from the newsrooms' own request log.

Only the pace is that of a real clock: a delay, scaled down so that a month takes minutes. It does not vary here, so
that the log can show whether a host was ever asked sooner than it should be.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import re
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.settings import Settings
from scrapy.utils.misc import build_from_crawler
from scrapy.utils.reactor import install_reactor

from archive.catalog import Catalog
from archive.reader import ArchiveReader
from archive.store import open_store
from bench.newsdays import START, Newsdays, Story
from crawler.archiving import Archiving
from crawler.pipelines import ExtractionPipeline
from crawler.pool import ExtractionPool
from crawler.profile import FetchRules
from crawler.resolver import GuardedResolver
from crawler.spiders.news import NewsSpider
from jobs.config import load_config
from jobs.crawl_settings import crawl_settings
from tests.crawling import Installation
from tests.newsroom import LoggedRequest, Newsroom

NAIVE = "naive"
GAPS = 10
"""How many are averaged: a server on a busy machine notes one request later than the next."""

_ARTICLE = re.compile(r"/(?:story|news)/\d+")
_LINK = re.compile(rf"(?:href=\"|<link>|<id>)(?:http://[\d.:]+)?({_ARTICLE.pattern})")
_SOURCES = {"daily": ("/rss.xml", "/"), "evening": ("/atom.xml", "/"), "gazette": ("/",)}


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one crawler came to in the month."""

    stories: int
    """Stories that were ever announced or linked when a crawl began."""
    covered: float
    """Percent of them that it has."""
    edits: int
    """Versions, after the first, that stood longer than the distance between two re-checks at their age."""
    caught: float
    """Percent of them that it has."""
    requests_a_story: float
    """Requests for article pages."""
    megabytes: float
    """Bodies of article pages."""
    bytes_of_304: int
    """Bodies sent with answers of 304."""
    delay: float
    """Seconds that shall pass between two requests to a host."""
    shortest_gap: float
    """Seconds that passed at least, by the host's own log, as the mean of `GAPS` in a row."""
    missed: list[str]
    """What tells each story and each edit that it has not."""


@dataclass(kw_only=True)
class Naive:
    """Fetches everything that feed and home page link to, every time."""

    texts: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def crawl(self, name: str, base: str) -> None:
        """One turn at one site."""
        links: dict[str, None] = {}
        for source in _SOURCES[name]:
            links |= dict.fromkeys(_LINK.findall(_get(base + source)))
        for link in links:
            self.texts[name].add(_get(base + link))


class OnePool(ExtractionPipeline):
    """Extracts in one pool for all crawls: a crawl would else take two seconds to start its own."""

    _shared: ClassVar[ExtractionPool | None] = None

    @classmethod
    def pools(cls, crawler: Crawler) -> Callable[[], ExtractionPool]:
        """Makes it for the first crawl."""
        OnePool._shared = OnePool._shared or ExtractionPool.from_settings(crawler.settings)
        shared = OnePool._shared
        return lambda: shared

    def close_spider(self) -> None:
        """The next crawl needs it too."""

    @staticmethod
    def close_all() -> None:
        """Stop the workers."""
        if OnePool._shared is not None:
            OnePool._shared.close()


class Month:
    """One run of the bench."""

    def __init__(self, world: Newsdays, every: timedelta, folder: Path, newsroom: Newsroom, reactor: Any) -> None:
        self._world = world
        self._every = every
        self._newsroom = newsroom
        self._reactor = reactor
        self._installation = Installation(folder / "installation", newsroom)
        self._now = START
        self._naive = Naive()
        self._announced: set[tuple[str, int]] = set()
        self.crawls = 0

    async def live(self) -> None:
        """From the first hour to the last."""
        runner = AsyncCrawlerRunner(self._settings())
        while self._now < self._world.end:
            for site in self._world.sites(self._now):
                self._newsroom.replace(site)
                self._announced |= {(it.site, it.number) for it in self._world.stories if _is_there(it, self._now)}
            crawler = runner.create_crawler(NewsSpider)
            if not self.crawls:
                # Scrapy installs it only where a crawl has its process to itself.
                build_from_crawler(GuardedResolver, crawler, reactor=self._reactor).install_on_reactor()
            await runner.crawl(crawler)
            if problems := Archiving.of(crawler).problems:
                raise RuntimeError("; ".join(problems))
            for name, base in self._newsroom.base_urls.items():
                await asyncio.to_thread(self._naive.crawl, name, base)
            self.crawls += 1
            self._now += self._every

    def figures(self) -> dict[str, Figures]:
        """Ours and those of the naive crawler."""
        with self._installation.catalog() as catalog:
            ours = _texts_by_site(catalog, self._installation.archive)
        log = self._newsroom.log
        naive = {name: "\n".join(texts) for name, texts in self._naive.texts.items()}
        return {
            "presskeep": self._figures(ours, [it for it in log if it.agent != NAIVE], self._world.delay),
            NAIVE: self._figures(naive, [it for it in log if it.agent == NAIVE], 0.0),
        }

    def _figures(self, texts: dict[str, str], log: Sequence[LoggedRequest], delay: float) -> Figures:
        stories = [it for it in self._world.stories if (it.site, it.number) in self._announced]
        covered = [it for it in stories if f"story {it.number} of {it.site} as of version" in texts.get(it.site, "")]
        edits = [(it, version) for it in stories for version in self._lasting(it)]
        unfound = [it.marker(1) for it in stories if it not in covered]
        missed = [it.marker(version) for it, version in edits if it.marker(version) not in texts.get(it.site, "")]
        pages = [it for it in log if _ARTICLE.fullmatch(it.path)]
        return Figures(
            stories=len(stories),
            covered=100 * len(covered) / len(stories),
            edits=len(edits),
            caught=100 - 100 * len(missed) / len(edits) if edits else 100.0,
            requests_a_story=len(pages) / len(stories),
            megabytes=sum(it.bytes for it in pages) / 1e6,
            bytes_of_304=sum(it.bytes for it in log if it.status == 304),
            delay=delay,
            shortest_gap=shortest_gap(log),
            missed=unfound + missed,
        )

    def _lasting(self, story: Story) -> Iterable[int]:
        """The edits of a story that stood from one re-check to the next, and one crawl longer."""
        first = -(-(story.published - START) // self._every) * self._every + START
        rungs = [first, *(first + age for age in FetchRules().recheck)]
        for version, since in enumerate(story.versions[1:], start=2):
            following = next((rung for rung in rungs if rung >= since), None)
            gone = min(since + story.lasted(version, self._world.end), self._now)
            if following is not None and following + self._every <= gone:
                yield version

    def _settings(self) -> Settings:
        settings = Settings()
        settings.setmodule("crawler.settings")
        config = crawl_settings(load_config(self._installation.config))
        settings["ITEM_PIPELINES"] = {OnePool: 300, "crawler.pipelines.ArchivePipeline": 800}
        settings.setdict({**config, "PRESSKEEP_CLOCK": lambda: self._now, "LOG_ENABLED": False})
        settings["DOWNLOAD_DELAY_JITTER"] = 0
        return settings


def run_month(*, days: int, every: int, articles: int, delay: float, seed: int = 5) -> dict[str, Figures]:
    """The figures of so many days, crawled every so many hours; once a process, for a reactor starts only once."""
    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
    from twisted.internet import reactor, task
    from twisted.internet.defer import Deferred

    world = Newsdays(days=days, a_day=articles, delay=delay, seed=seed)
    with TemporaryDirectory() as folder, Newsroom(world.sites(START), process=True) as newsroom:
        month = Month(world, timedelta(hours=every), Path(folder), newsroom, reactor)
        with suppress(SystemExit):
            task.react(lambda _: Deferred.fromFuture(asyncio.ensure_future(month.live())), _reactor=reactor)
        OnePool.close_all()
        return month.figures()


def main() -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--every", type=int, default=6, help="hours between two crawls")
    parser.add_argument("--articles", type=int, default=3, help="articles a site and day")
    parser.add_argument("--delay", type=float, default=0.1, help="seconds between two requests to a host; 0 for none")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    logging.disable(logging.INFO)
    begun = time.monotonic()
    figures = run_month(days=options.days, every=options.every, articles=options.articles, delay=options.delay)
    print_table(figures)
    print(f"\n{options.days} days, a crawl every {options.every} h, in {time.monotonic() - begun:.0f} s")
    if options.json:
        report = {name: asdict(found) for name, found in figures.items()}
        options.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


def print_table(figures: dict[str, Figures]) -> None:
    """A line a figure, a column a crawler."""
    print(f"{'':<20}" + "".join(f"{name:>14}" for name in figures))
    for name in [name for name in Figures.__dataclass_fields__ if name != "missed"]:
        print(f"{name:<20}" + "".join(f"{getattr(found, name):>14,.2f}" for found in figures.values()))
    for marker in figures["presskeep"].missed:
        print(f"missed: {marker}")


def _is_there(story: Story, now: datetime) -> bool:
    return story.published <= now and (story.removed is None or story.removed > now)


def shortest_gap(log: Iterable[LoggedRequest]) -> float:
    """Seconds between a request to a host and the next, as the mean of `GAPS` in a row, where it was shortest."""
    hosts: defaultdict[str, list[datetime]] = defaultdict(list)
    for it in log:
        hosts[it.site].append(datetime.fromisoformat(it.time))
    spans = [last - first for times in hosts.values() for first, last in _apart(sorted(times))]
    return min(spans, default=timedelta()).total_seconds() / GAPS


def _apart(moments: list[datetime]) -> Iterable[tuple[datetime, datetime]]:
    return zip(moments, moments[GAPS:], strict=False)


def _texts_by_site(catalog: Catalog, archive: str) -> dict[str, str]:
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for article in ArchiveReader(open_store(archive), catalog).articles():
        texts[article.site].append(article.text)
    return {site: "\n".join(found) for site, found in texts.items()}


def _get(url: str) -> str:
    request = urllib.request.Request(url, headers={"User-Agent": NAIVE})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return str(response.read().decode())
    except OSError:
        return ""


if __name__ == "__main__":
    main()
