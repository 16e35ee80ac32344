"""What is due: sites whose last tick no run has taken over, and the claim on it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from archive.catalog import Catalog
from archive.leadership import LEADER
from archive.precedence import YIELDS
from archive.process import Process, is_gone
from archive.schema import leases
from archive.ticks import Claim, Tick
from crawler.profile import SiteProfile
from jobs.schedule import Timetable, last_tick, timetable

logger = logging.getLogger(__name__)

_UPKEEP = ("gc", "repair", "recovery")
"""How names of holders begin that are no crawls."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A site that is due."""

    site: str
    tick: datetime
    """The last of its ticks, aware UTC; those that were missed before are not made up for."""
    missed_since: datetime | None = None
    """The first of the ticks that were missed before, aware UTC; None if none were."""
    instead_of: str | None = None
    """The run that claimed the tick and never began."""


def timetables(profiles: Mapping[str, SiteProfile]) -> dict[str, Timetable]:
    """The ticks of each site that has a schedule; ConfigError for the first schedule that is wrong."""
    return {
        name: timetable(profile.schedule, profile.timezone, where=f"site {name}: schedule")
        for name, profile in profiles.items()
        if profile.schedule is not None
    }


def due_sites(
    sites: Mapping[str, Timetable], newest: Mapping[str, Tick], now: datetime, *, jitter: int = 0
) -> list[Due]:
    """The sites that are due, the longest waiting first; `newest` are their newest ticks that are not in the future.

    A site that has never had a tick is due at once. With `jitter`, each is due its own delay after its tick.
    """
    found = []
    for site, ticks in sites.items():
        before = newest.get(site)
        since = before.tick if before else None
        if (tick := last_tick(ticks, since, now - delay(site, jitter))) is not None:
            first = ticks.next_after(since) if since else tick
            found.append(Due(site=site, tick=tick, missed_since=first if first != tick else None))
        elif before is not None and before.abandoned(now):
            found.append(Due(site=site, tick=before.tick, instead_of=before.run))
    return sorted(found, key=lambda due: (due.missed_since or due.tick, due.site))


def delay(site: str, jitter: int) -> timedelta:
    """How long after its ticks a site is due: up to `jitter` seconds, always the same for one site."""
    share = int(hashlib.sha256(site.encode()).hexdigest(), 16) % 1000 / 1000
    return timedelta(seconds=jitter * share)


def held_sites(catalog: Catalog) -> dict[str, str]:
    """Sites that a run holds at this moment, and does not give up for a crawl -> that run."""
    held = {}
    for row in catalog.rows(leases):
        holder = Process(**{name: row[name] for name in Process.__dataclass_fields__})
        if row["site"] != LEADER and row["expires"] > datetime.now(UTC) and not is_gone(holder):
            held[row["site"]] = row["holder"]
    return {site: holder for site, holder in held.items() if "/" not in site and held.get(site + YIELDS) != holder}


def claim(catalog: Catalog, dues: Sequence[Due], run: str, now: datetime, *, busy: Mapping[str, str]) -> list[str]:
    """Claim these ticks for a run, and return the sites that are now its own.

    A site that is still being crawled, by the run that `busy` names, is skipped for this tick. One that is held for
    upkeep stays due.
    """
    for due in dues:
        if due.site not in busy or busy[due.site].startswith(_UPKEEP):
            continue
        if catalog.ticks.skip(due.site, due.tick, busy[due.site], now):
            _tell("tick of %s skipped: run %s is still at the site", due, busy[due.site], busy[due.site])
    free = [due for due in dues if due.site not in busy]
    wanted = [Claim(site=due.site, tick=due.tick, instead_of=due.instead_of) for due in free]
    claimed = catalog.ticks.claim(wanted, run, now) if wanted else []
    for due in free:
        if due.site in claimed and due.missed_since is not None:
            _tell("one run makes up for the ticks up to %s, the first of them %s", due, _shown(due.missed_since), run)
    return claimed


def claim_due(catalog: Catalog, profiles: Mapping[str, SiteProfile], run: str, now: datetime) -> list[str]:
    """Claim for this run whatever is due by its schedule and crawled by nobody; returns the sites."""
    dues = due_sites(timetables(profiles), catalog.ticks.newest(now), now)
    return claim(catalog, dues, run, now, busy=held_sites(catalog)) if dues else []


def _tell(message: str, due: Due, detail: str, run: str) -> None:
    logger.warning(message, _shown(due.tick), detail, extra={"site": due.site, "run": run})


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
