"""A site with a past: its articles are reached by a sitemap, by a paged section, or by their dated addresses alone.

There are holes: the sitemap names articles that are gone, numbers are left out among the dated addresses, and many days
have no dated article at all.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from threading import Lock

from tests.crawling import article
from tests.stand_in import Reply, StandIn

FIRST = date(2021, 1, 1)
PER_PAGE = 25
"""Links on a page of the section."""

_GONE = 0.01
"""Share of the sitemap's addresses that are gone."""

_PROFILE = """\
name = "past"
title = "The Past"
hosts = ["{host}"]

[sources]
sitemaps = ["{base}/sitemap.xml"]
sections = ["{base}/news?page=1"]
dated = ["{base}/{{dd}}{{mm}}{{yyyy}}{{n}}"]

[articles]
exclude = ["/news", "/sitemap"]

[extract]
url_date = "/d(?P<year>\\\\d{{4}})(?P<month>\\\\d\\\\d)(?P<day>\\\\d\\\\d)-"

[fetch]
delay = {delay}
"""


class Past(StandIn):
    """So many articles on so many days: 60 % in the sitemap, 25 % in the section, the rest dated."""

    def __init__(self, articles: int, days: int, seed: int) -> None:
        super().__init__(self._answer)
        self.asked_for: Counter[str] = Counter()
        """How often each path was."""
        self.last = FIRST + timedelta(days=days - 1)
        rng = random.Random(seed)
        self._of_sitemap: dict[str, list[tuple[str, date]]] = {}
        self._of_section: list[str] = []
        self.reachable: set[str] = set()
        """Paths of all articles that some source leads to."""
        self._lock = Lock()
        dated: Counter[date] = Counter()
        for number in range(articles):
            day = FIRST + timedelta(days=rng.randrange(days))
            way = rng.random()
            if way < 0.6:
                self._of_sitemap.setdefault(f"{day:%Y-%m}", []).append((f"/story-{number}", day))
                self.reachable |= {f"/story-{number}"} if rng.random() >= _GONE else set()
            elif way < 0.85:
                self._of_section.append(f"/d{day:%Y%m%d}-item-{number}")
            else:
                dated[day] += 1
        self._of_section.sort(reverse=True)
        self.reachable |= set(self._of_section)
        for day, count in dated.items():
            # One number in ten is left out.
            numbers = [number for number in range(count * 2) if rng.random() >= 0.1 or number == 0][:count]
            self.reachable |= {f"/{day:%d%m%Y}{number or ''}" for number in numbers}

    def profile(self, delay: float) -> str:
        """Its profile."""
        return _PROFILE.format(host=self.url.removeprefix("http://"), base=self.url, delay=delay)

    def _answer(self, path: str, headers: Mapping[str, str]) -> Reply:
        with self._lock:
            self.asked_for[path] += 1
        if path == "/sitemap.xml":
            names = (f"{self.url}/sitemap-{month}.xml" for month in self._of_sitemap)
            months = "".join(f"<sitemap><loc>{name}</loc></sitemap>" for name in names)
            return _xml(f"<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{months}</sitemapindex>")
        if path.startswith("/sitemap-"):
            return _xml(self._sitemap(path.removeprefix("/sitemap-").removesuffix(".xml")))
        if path.startswith("/news?page="):
            return self._page(int(path.partition("=")[2]))
        if path in self.reachable:
            source = article(path).source
            assert isinstance(source, bytes)
            return Reply(headers={"Content-Type": "text/html; charset=utf-8"}, body=source)
        return Reply(status=404)

    def _sitemap(self, month: str) -> str:
        urls = "".join(
            f"<url><loc>{self.url}{path}</loc><n:news><n:publication><n:name>The Past</n:name>"
            f"<n:language>en</n:language></n:publication><n:publication_date>{day}</n:publication_date>"
            f"<n:title>{path}</n:title></n:news></url>"
            for path, day in self._of_sitemap[month]
        )
        return (
            "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' "
            f"xmlns:n='http://www.google.com/schemas/sitemap-news/0.9'>{urls}</urlset>"
        )

    def _page(self, number: int) -> Reply:
        links = self._of_section[(number - 1) * PER_PAGE : number * PER_PAGE]
        items = "".join(f"<li><a href='{path}'>{path}</a></li>" for path in links)
        body = f"<html><body><ul>{items}</ul><a rel='next' href='/news?page={number + 1}'>Older</a></body></html>"
        return Reply(headers={"Content-Type": "text/html; charset=utf-8"}, body=body.encode())


def _xml(text: str) -> Reply:
    return Reply(headers={"Content-Type": "application/xml"}, body=f"<?xml version='1.0'?>{text}".encode())
