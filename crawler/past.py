"""What sources tell of a site's past: which addresses were published between two days.

Pure functions: bytes of sitemaps and lists in, addresses with their days out. The day is that in the address, where the
profile or a common form says how it is written, else the date of publication that the source gives. A `lastmod` alone
says only that the article is not younger: such an address is taken if it was changed on or after the first day, and its
day is unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from crawler.announced import Found
from crawler.date_sources import month_in_url
from crawler.dates import read_date
from crawler.profile import SiteProfile

_MONTH = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)[-_/]?(?P<month>0[1-9]|1[0-2])(?!\d)")


_FOUND_LATE = timedelta(days=365)
"""How long after its publication an article is looked for in archives of the web."""

_FOUND_SOON = timedelta(days=31)
"""How long after its publication an article is taken to be captured first, where nothing else tells its day."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Days of publication, both included."""

    since: date
    until: date

    @property
    def latest_capture(self) -> date:
        """Until when captures of articles of these days are looked for."""
        return self.until + _FOUND_LATE

    def holds(self, day: date) -> bool:
        """Whether the day is one of them."""
        return self.since <= day <= self.until

    def touches(self, year: int, month: int) -> bool:
        """Whether any day of the month is one of them."""
        return (self.since.year, self.since.month) <= (year, month) <= (self.until.year, self.until.month)


def is_worth_reading(sitemap: Found, window: Window, profile: SiteProfile) -> bool:
    """Whether a sitemap that an index names can hold articles of these days."""
    if match := _MONTH.search(sitemap.url):
        return window.touches(int(match["year"]), int(match["month"]))
    changed = _day(sitemap.announcement.modified, profile)
    return changed is None or changed >= window.since


def stated_day(found: Found, profile: SiteProfile) -> date | None:
    """The day of publication by the address, else by what the source says."""
    return _day_in_url(found.url, profile) or _day(found.announcement.published, profile)


def place_in_past(found: Found, window: Window, profile: SiteProfile) -> tuple[bool, date | None]:
    """Whether an announced address belongs to the window, and its day if that is known."""
    stated = stated_day(found, profile)
    if stated is not None:
        return window.holds(stated), stated
    if month := month_in_url(found.url):
        return window.touches(*month), None
    changed = _day(found.announcement.modified, profile)
    return changed is None or changed >= window.since, None


def place_capture(url: str, first: datetime, window: Window, profile: SiteProfile) -> tuple[bool, date | None]:
    """The same for an address of which nothing is known but its first capture on or after the window's first day."""
    if day := _day_in_url(url, profile):
        return window.holds(day), day
    if month := month_in_url(url):
        return window.touches(*month), None
    return window.since <= first.date() <= window.until + _FOUND_SOON, None


def _day_in_url(url: str, profile: SiteProfile) -> date | None:
    pattern = profile.extract.url_date
    match = re.search(pattern, url) if pattern else None
    if match is None:
        return None
    try:
        return date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        return None


def _day(text: str | None, profile: SiteProfile) -> date | None:
    moment = read_date(text, zone=ZoneInfo(profile.timezone)) if text else None
    return moment.day if moment is not None else None
