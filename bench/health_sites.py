"""Invented sites for the health bench: months of publishing with nights, week-ends, holidays and everyday mishaps.

Each run of a site is given as the records that a crawl would leave: outcomes by kind, and facts of each new article.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from archive.run_report import SourceTrouble
from archive.site_history import ArticleFacts, SiteRun
from crawler.profile import SiteProfile

START = datetime(2026, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)
FEED = "https://site.example/rss.xml"
SECOND_FEED = "https://site.example/sport.xml"
SECOND_SHARE = 0.4
"""Of the articles, which the second feed lists."""
HOLIDAYS = frozenset(
    START.date() + timedelta(days=day) for day in (40, 67, 88, 89, 91, 92, 115, 129, 140, 151, 180, 205, 225, 226, 227)
)
"""Single ones, two in a row, and a long week-end."""
_HOURS = (1, 1, 1, 0, 0, 1, 4, 8, 9, 9, 8, 8, 7, 7, 8, 8, 7, 7, 6, 5, 4, 3, 3, 2)
"""How publishing is spread over a day."""


@dataclass(frozen=True, kw_only=True)
class Character:
    """What a site is like on good days."""

    name: str
    every: int
    """Hours between two crawls."""
    weekday: float
    """Articles a day."""
    weekend: float
    holiday: float = 0.3
    """Share of a usual weekday."""
    authored: float = 0.9
    timed: float = 1.0
    paywalled: float = 0.0
    words: float = 420
    spread: float = 0.6
    """Standard deviation of the logarithm of the words."""
    foreign: float = 0.0
    """Share in a second language."""
    busy: bool = True
    """Whether a day of it is enough to tell."""


SITES = (
    Character(name="agency", every=1, weekday=150, weekend=90, holiday=0.5, authored=0.4, words=260),
    Character(name="national", every=1, weekday=80, weekend=45, paywalled=0.25, words=520, spread=0.7),
    Character(name="regional", every=2, weekday=45, weekend=25, authored=0.75),
    Character(name="bilingual", every=3, weekday=40, weekend=24, foreign=0.3, holiday=0.4),
    Character(name="daily", every=1, weekday=36, weekend=20, timed=0.0),
    Character(name="tabloid", every=3, weekday=60, weekend=50, authored=0.97, words=300, spread=0.5),
    Character(name="town", every=2, weekday=12, weekend=6, busy=False),
    Character(name="office", every=3, weekday=14, weekend=0, holiday=0.0, busy=False),
    Character(name="magazine", every=6, weekday=5, weekend=1, words=900, busy=False),
    Character(name="weekly", every=12, weekday=0.6, weekend=0.2, holiday=0.1, busy=False),
)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one run left."""

    run: SiteRun
    articles: tuple[ArticleFacts, ...]
    listed: Mapping[str, int]
    """New articles by feed."""


Breakage = Callable[["Look", random.Random], "Look"]


@dataclass(kw_only=True)
class SimulatedSite:
    """One site, the same for each seed."""

    character: Character
    seed: int

    def __post_init__(self) -> None:
        """Draw what lasts for the whole time."""
        self._random = random.Random(f"{self.character.name} {self.seed}")
        self._feeds = random.Random(f"{self.character.name} {self.seed} feeds")
        self._levels: dict[date, float] = {}
        self._number = 0
        self._failures: list[datetime] = []

    @property
    def profile(self) -> SiteProfile:
        """As its profile would be."""
        name = self.character.name
        return SiteProfile(name=name, title=name, hosts=(f"{name}.example",), language="en")

    def looks(self, days: int, *, breakage: Breakage | None = None, broken: datetime | None = None) -> Iterator[Look]:
        """Every run of so many days; from `broken` on, the site is broken."""
        step = timedelta(hours=self.character.every)
        before, now = START - step, START
        while now < START + days * DAY:
            if not self._is_down(now):
                look = self._look(before, now)
                if breakage is not None and broken is not None and now >= broken:
                    look = breakage(look, self._random)
                yield look
                before = now
            now += step

    def _is_down(self, now: datetime) -> bool:
        """Whether nothing is crawled: a day in ten weeks, and a night in five."""
        day = (now - START).days
        return day % 70 == 50 or (day % 35 == 20 and now.hour < 9)

    def _look(self, since: datetime, now: datetime) -> Look:
        published = list(self._published(since, now))
        run = f"{now:%Y%m%dT%H%M%SZ}-000000"
        away = self._random.random() < 0.003
        flaky = self._random.random() < 0.01
        pages: Counter[str] = Counter()
        articles = []
        for moment in published:
            if away or self._random.random() < 0.01:
                pages["timeout"] += 1
            elif self._random.random() < 0.02:
                pages["http_404"] += 1
            else:
                pages["archived"] += 1
                articles.append(self._article(run, moment, now))
        for _ in range(self._poisson(0.05 * len(published) + 0.05)):
            pages["http_404" if self._random.random() < 0.5 else "not_article:no_text"] += 1
        pages["known"] = 30
        reason = "timeout" if away else "http_503" if flaky else ""
        return Look(
            run=SiteRun(
                run=run,
                started=now,
                new=len(articles),
                pages=dict(pages),
                sources={reason or "listed": 1},
                troubled_sources=self._trouble(reason, now),
            ),
            articles=tuple(articles),
            listed={} if away or flaky else self._listed(len(published)),
        )

    def _listed(self, count: int) -> Mapping[str, int]:
        second = sum(self._feeds.random() < SECOND_SHARE for _ in range(count))
        return {FEED: count - second, SECOND_FEED: second}

    def _trouble(self, reason: str, now: datetime) -> tuple[SourceTrouble, ...]:
        self._failures = [*self._failures, now] if reason else []
        return (trouble_of_feed(reason, self._failures),) if reason else ()

    def _published(self, since: datetime, now: datetime) -> Iterator[datetime]:
        hour = since
        while hour < now:
            rate = self._level(hour.date()) * _HOURS[hour.hour] / sum(_HOURS)
            for _ in range(self._poisson(rate)):
                yield hour + timedelta(minutes=self._random.uniform(0, 60))
            hour += timedelta(hours=1)

    def _level(self, day: date) -> float:
        if day not in self._levels:
            it = self.character
            usual = it.weekend if day.weekday() >= 5 else it.weekday
            if day in HOLIDAYS:
                usual = min(usual, it.weekday * it.holiday)
            self._levels[day] = usual * self._random.gammavariate(25, 1 / 25)
        return self._levels[day]

    def _article(self, run: str, moment: datetime, now: datetime) -> ArticleFacts:
        it, draw = self.character, self._random.random
        weekend = moment.weekday() >= 5
        self._number += 1
        words = math.exp(self._random.gauss(math.log(it.words * (1.3 if weekend else 1)), it.spread))
        old = draw() < 0.02
        day = moment.date() - timedelta(days=self._random.randrange(10, 100)) if old else moment.date()
        timed = draw() < it.timed and not old
        flags = {"paywall"} if draw() < it.paywalled else set()
        if words < 60:
            flags.add("short")
        return ArticleFacts(
            url=f"https://{it.name}.example/{self._number}",
            run=run,
            fetched=now + timedelta(seconds=self._random.uniform(1, 200)),
            titled=draw() < 0.998,
            authors=int(draw() < it.authored - (0.15 if weekend else 0)),
            published=day if draw() < 0.99 else None,
            published_at=moment if timed else None,
            language="ga" if draw() < it.foreign else "en",
            word_count=max(int(words), 20),
            removed_share=min(max(self._random.gauss(0.08, 0.05), 0), 1),
            flags=frozenset(flags),
        )

    def _poisson(self, mean: float) -> int:
        """Knuth's method; means are small here."""
        limit, product, count = math.exp(-mean), self._random.random(), 0
        while product > limit:
            product *= self._random.random()
            count += 1
        return count


def trouble_of_feed(reason: str, failures: Sequence[datetime]) -> SourceTrouble:
    """What is said of a site's one feed that failed at these moments."""
    return SourceTrouble(
        url=FEED, kind="feed", reason=reason, times=len(failures), since=failures[0], announced_ever=1000
    )
