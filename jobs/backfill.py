"""Working off a backfill in slices: ordinary crawls of given addresses, then imports from archives of the web.

So a slice has the pace, the lease and the politeness of any crawl, and between two slices a crawl that is due comes
first. What a slice has fetched is known to the catalog; what was under way when it was killed is finished from the
spool before the next one begins, and is not asked for again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from archive import outcomes
from archive.backfills import Backfill, Part, PlannedUrl, State
from archive.catalog import Catalog
from archive.errors import ArchiveError
from archive.outcomes import ARCHIVED, KNOWN, UNCHANGED
from archive.records import new_run_id
from crawler.dated_urls import MISSES
from crawler.errors import WebArchiveError
from crawler.profile import SiteProfile
from crawler.web_archives import WebArchive
from jobs.backfill_captures import take_captures
from jobs.backfill_plan import counted
from jobs.config import load_config
from jobs.crawl import run_crawl
from jobs.crawl_order import CrawlOrder
from jobs.errors import JobsError
from jobs.held import is_held
from jobs.web_archives import web_archive

logger = logging.getLogger(__name__)

SLICE = 500
"""Addresses that a site is asked for in one crawl."""

CAPTURES = 200
"""Captures that an archive of the web is asked for in one import."""

PAUSE = 2.0
"""Seconds between two slices, in which a crawl that is due can take the site."""

_BUSY = 10.0
"""Seconds to wait after a slice that got nowhere."""

_TRIES = 180
"""Slices in a row that get nowhere before the backfill gives up: half an hour in which the archive is away."""


def find_backfill(catalog: Catalog, name: str) -> Backfill:
    """The plan with this id, or the newest one of this site; JobsError if there is none."""
    plans = catalog.backfills.all()
    for plan in plans:
        if name in (plan.backfill, plan.site):
            return plan
    known = ", ".join(plan.backfill for plan in plans[:10]) or "none yet"
    raise JobsError(f"{name}: no such backfill; there are: {known}")


def work_off(
    catalog: Catalog,
    path: Path,
    plan: Backfill,
    profile: SiteProfile,
    *,
    slices: int = 0,
    on_progress: Callable[[Sequence[Part]], object] = lambda parts: None,
) -> State:
    """Fetch what is left of a plan, at most so many slices of it if any number is given; the state that it ends in.

    `path` is that of the configuration. It ends early when the plan is paused or cancelled meanwhile, and is then found
    in that state.
    """
    catalog.backfills.change_state(plan.backfill, "running")
    work = _Work(catalog=catalog, path=path, plan=plan, profile=profile)
    done, fruitless = 0, 0
    while (take := work.next_slice()) is not None:
        state = find_backfill(catalog, plan.backfill).state
        if state != "running":
            return state
        if slices and done == slices:
            catalog.backfills.change_state(plan.backfill, "waiting")
            return "waiting"
        if not work.may_begin():
            time.sleep(PAUSE)
            continue
        if done:
            time.sleep(_BUSY if fruitless else PAUSE)
        fruitless = 0 if take() else fruitless + 1
        if fruitless == _TRIES:
            catalog.backfills.change_state(plan.backfill, "paused")
            why = work.problem or "see `presskeep runs`"
            raise JobsError(f"backfill {plan.backfill}: {_TRIES} slices in a row got nowhere; {why}")
        on_progress(catalog.backfills.parts(plan.backfill))
        done += 1
    catalog.backfills.change_state(plan.backfill, "done")
    return "done"


@dataclass(kw_only=True)
class _Work:
    """One backfill being worked off: what the site has first, then what archives of the web have."""

    catalog: Catalog
    path: Path
    plan: Backfill
    profile: SiteProfile
    problem: str = ""
    """Why the last slice of an archive of the web got nowhere."""
    _archives: dict[str, WebArchive] = field(default_factory=dict)
    """Kept, for they keep their pace."""
    _waiting: bool = False

    def next_slice(self) -> Callable[[], int] | None:
        """What is to be done next: it gives the number of addresses that are done with."""
        plans, name = self.catalog.backfills, self.plan.backfill
        if urls := plans.next_urls(name, SLICE):
            return partial(_slice, self.catalog, self.path, self.plan, self.profile, urls)
        if urls := plans.next_captures(name, CAPTURES):
            first = urls[0].captures[0].archive
            return partial(self._captures, first, [url for url in urls if url.captures[0].archive == first])
        return None

    def may_begin(self) -> bool:
        """False while a crawl is at the site, or waits for it: that one goes first."""
        free = self.catalog.precedence.is_free(self.profile.name)
        if not free and not self._waiting:
            logger.warning("backfill %s waits for %s: a crawl is at work there", self.plan.backfill, self.profile.name)
        self._waiting = not free
        return free

    def _captures(self, name: str, urls: Sequence[PlannedUrl]) -> int:
        config = load_config(self.path)
        archive = self._archives.get(name) or web_archive(config, self.catalog, name)
        self._archives[name] = archive
        try:
            found = take_captures(self.catalog, config, self.plan, self.profile, urls, archive)
        except (WebArchiveError, ArchiveError) as exc:
            self.problem = str(exc)
            logger.warning("backfill %s waits: %s", self.plan.backfill, exc)
            return 0
        self.catalog.backfills.settle_captures(self.plan.backfill, urls, found)
        return len(found)


def _slice(catalog: Catalog, config: Path, plan: Backfill, profile: SiteProfile, urls: Sequence[PlannedUrl]) -> int:
    """Crawl some addresses and record what became of them; how many that were."""
    states = catalog.url_states([url.url_id for url in urls])
    found = {identity: state.outcome for identity, state in states.items() if is_held(state)}
    wanted = [url for url in urls if url.url_id not in found]
    if wanted:
        order = CrawlOrder(
            run=new_run_id(),
            config=str(config.resolve()),
            sites=[profile.name],
            urls=[(profile.name, url.url) for url in wanted],
            command=f"backfill {plan.backfill}",
        )
        with catalog.precedence.yielding(profile.name, order.run):
            done = run_crawl(order, lambda _: None, ends=lambda: catalog.precedence.is_asked(profile.name))
        found |= _outcomes(catalog, order.run, wanted, whole=done.state == "done")
    catalog.backfills.settle(plan.backfill, found, _further(profile, urls, found))
    return len(found)


def _outcomes(catalog: Catalog, run: str, wanted: Sequence[PlannedUrl], *, whole: bool) -> dict[str, str]:
    """URL id -> what became of it, for those that were fetched or can never be.

    A whole run has passed over those of which it says nothing, because it knew that there is no use in asking.
    """
    of_url = {row.url: row.outcome for row in catalog.outcome_rows(run) if row.kind == "page"}
    states = catalog.url_states([url.url_id for url in wanted])
    found = {url.url_id: of_url[url.url] for url in wanted if url.url in of_url}
    found |= {identity: state.outcome for identity, state in states.items() if identity not in found}
    if whole:
        found |= {url.url_id: KNOWN for url in wanted if url.url_id not in found}
    passing = (outcomes.INTERRUPTED, outcomes.PUT_OFF)
    return {identity: outcome for identity, outcome in found.items() if outcomes.name_of(outcome) not in passing}


def _further(profile: SiteProfile, urls: Sequence[PlannedUrl], found: Mapping[str, str]) -> list[PlannedUrl]:
    """Counted addresses behind those that gave an article."""
    more: list[PlannedUrl] = []
    for url in urls:
        if url.series and url.day and outcomes.name_of(found.get(url.url_id, "")) in (ARCHIVED, UNCHANGED, KNOWN):
            more += counted(profile, url.series, url.day, range(url.number + 1, url.number + 1 + MISSES))
    return more


def new_plan(site: str, since: datetime, until: datetime, command: str) -> Backfill:
    """A plan for these days that nothing was done of."""
    return Backfill(
        backfill=new_run_id(),
        site=site,
        since=since.date(),
        until=until.date(),
        state="waiting",
        created=datetime.now(UTC),
        command=command,
    )
