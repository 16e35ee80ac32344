"""A month of invented newsrooms: what they publish, edit, move and take down, hour by hour, the same for each seed.

daily      a short RSS feed, which is broken for two days, and a sitemap of all articles
evening    an Atom feed that tells of updates, and a section page; articles drop out of the feed within hours
gazette    section pages only; in the middle of the month all addresses change, the old ones redirect
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.newsroom import HTML_FEED, Fault, Page, Site

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MOVE_DAY = 15
BROKEN_DAYS = range(8, 10)

_FEEDS = {
    "daily": 'feeds = ["{{base}}/rss.xml"]\nsitemaps = ["{{base}}/sitemap-articles.xml.gz"]',
    "evening": 'feeds = ["{{base}}/atom.xml"]\nsections = ["{{base}}/section/news"]',
    "gazette": 'sections = ["{{base}}/", "{{base}}/section/news"]\nsection_pages = 3',
}
_PROFILE = """\
name = "{name}"
title = "{name}"
hosts = ["{{{{host}}}}"]
[sources]
{sources}
[articles]
include = ['/(story|news)/\\d+$']
[fetch]
delay = {delay}
"""
_SENTENCES = (
    "The town council of {name} met on Tuesday evening to talk about the bridge over the lower canal.",
    "Nobody in the hall could remember when the last inspection of number {number} had taken place, the mayor said.",
    "A surveyor found cracks in two of the four pillars and advised against lorries above seven tonnes.",
    "The bakery on the far bank of {name} has already moved its deliveries to the early morning.",
    "Repairs will begin in May, and ferry number {number} will carry pedestrians until the autumn.",
    "This is what we know of story {number} of {name} as of version {version}, our reporter writes.",
)


@dataclass(kw_only=True)
class Story:
    """One article and its life."""

    site: str
    number: int
    published: datetime
    versions: list[datetime]
    """When each version appeared, the first with publication."""
    removed: datetime | None = None

    def version(self, now: datetime) -> int:
        """Number of the version that stands there now, from 1."""
        return sum(moment <= now for moment in self.versions)

    def lasted(self, version: int, end: datetime) -> timedelta:
        """How long a version stood there."""
        until = self.versions[version] if version < len(self.versions) else self.removed or end
        return until - self.versions[version - 1]

    def marker(self, version: int) -> str:
        """What only this version of this story says."""
        return f"story {self.number} of {self.site} as of version {version},"

    def page(self, now: datetime, path: str) -> Page:
        """As it stands there now."""
        version = self.version(now)
        name = f"{self.site} {self.number}"
        words = {"name": self.site, "number": self.number, "version": version}
        text = "".join(f"<p>{sentence.format(**words)}</p>" for sentence in _SENTENCES)
        head = f"<head><title>Bridge {name}</title></head>"
        html = f"<html>{head}<body><article><h1>Bridge {name}</h1>{text}</article></body></html>"
        changed = self.versions[version - 1]
        return Page(
            path=path,
            title=f"Bridge {name}",
            published=self.published,
            modified=changed if version > 1 else None,
            source=html.encode(),
        )


@dataclass(kw_only=True)
class Newsdays:
    """All stories of `days` days; each site publishes `a_day` of them a day."""

    days: int
    a_day: int
    delay: float
    """Seconds between two requests, as the profiles say."""
    seed: int
    stories: list[Story] = field(init=False)

    def __post_init__(self) -> None:
        """Write everything down beforehand."""
        order = random.Random(self.seed)
        self.stories = [story for site in _FEEDS for story in self._stories(site, order)]

    @property
    def end(self) -> datetime:
        """When it is over."""
        return START + timedelta(days=self.days)

    def sites(self, now: datetime) -> list[Site]:
        """The sites as they stand there now."""
        return [self._site(name, now) for name in _FEEDS]

    def _stories(self, site: str, order: random.Random) -> Iterator[Story]:
        for number in range(1, self.days * self.a_day + 1):
            published = START + timedelta(hours=order.randrange(self.days * 24))
            story = Story(site=site, number=number, published=published, versions=[published])
            for _ in range(order.choice((0, 0, 1, 1, 2))):
                later = story.versions[-1] + HOUR * order.choice((1, 2, 5, 12, 30, 70, 150))
                if later < self.end:
                    story.versions.append(later)
            if order.random() < 0.05:
                story.removed = story.versions[-1] + HOUR * order.randrange(24, 200)
            yield story

    def _site(self, name: str, now: datetime) -> Site:
        moved = name == "gazette" and now >= START + timedelta(days=MOVE_DAY)
        there = [it for it in self.stories if it.site == name and it.published <= now]
        living = [it for it in there if it.removed is None or it.removed > now]
        faults: dict[str, Fault] = {}
        if name == "daily" and (now - START).days in BROKEN_DAYS:
            faults["/rss.xml"] = HTML_FEED
        if moved:
            faults |= {f"/story/{it.number}": Fault(location=f"/news/{it.number}", status=301) for it in living}
        pages = tuple(it.page(now, f"/{'news' if moved else 'story'}/{it.number}") for it in living)
        template = _PROFILE.format(name=name, sources=_FEEDS[name], delay=self.delay)
        return Site(
            name=name,
            title=name,
            pages=pages or (_imprint(now),),
            faults=faults,
            feed_size=self.a_day,
            page_size=2 * self.a_day,
            profile_template=template,
        )


def _imprint(now: datetime) -> Page:
    html = b"<html><body>Imprint</body></html>"
    return Page(path="/imprint", title="Imprint", published=now, source=html, article=False)
