"""When each site was due last, and when it will be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from archive.catalog import Catalog
from crawler.profile import SiteProfile
from jobs.due import due_sites, timetables


@dataclass(frozen=True, kw_only=True, slots=True)
class Upcoming:
    """One site that has a schedule."""

    site: str
    schedule: str
    """As its profile says."""
    timezone: str
    last: datetime | None
    """The last of its ticks that a run took over or skipped, aware UTC."""
    last_run: str | None
    """That run."""
    last_state: str | None
    """`claimed` or `skipped`."""
    next: datetime | None
    """Its next tick, aware UTC."""
    due: bool
    """Whether it waits for a run."""


def upcoming(profiles: Mapping[str, SiteProfile], catalog: Catalog, now: datetime) -> list[Upcoming]:
    """All sites that have a schedule, those that come first at the top."""
    sites, newest = timetables(profiles), catalog.ticks.newest(now)
    due = {each.site for each in due_sites(sites, newest, now)}
    found = [
        Upcoming(
            site=site,
            schedule=profiles[site].schedule or "",
            timezone=profiles[site].timezone,
            last=last.tick if (last := newest.get(site)) else None,
            last_run=last.run if last else None,
            last_state=last.state if last else None,
            next=ticks.next_after(now),
            due=site in due,
        )
        for site, ticks in sites.items()
    ]
    return sorted(found, key=lambda each: (not each.due, each.next is None, each.next or now, each.site))
