"""What a backfill takes from archives of the web: which captures are planned, and slices of them, each an import.

An address that the site still tells of is asked for there first; an archive has its turn where the site fails. One of
which only archives know is never asked for at the site.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from archive import outcomes
from archive.backfills import Backfill, PlannedUrl
from archive.catalog import Catalog
from archive.imports import ImportedFile
from archive.records import new_run_id
from crawler.any_site import Routes
from crawler.errors import WebArchiveError
from crawler.past import Window
from crawler.profile import SiteProfile
from crawler.urls import absolute_url
from crawler.web_archives import PlannedCaptures, WebArchive, known_articles
from jobs.backfill_plan import planned
from jobs.config import Config
from jobs.held import is_held
from jobs.warc_import import take_in

HELD = "held"
"""Said by an import of a page that the archive has."""


def with_captures(
    urls: Iterable[PlannedUrl],
    archives: Iterable[WebArchive],
    profile: SiteProfile,
    window: Window,
    problems: list[str],
) -> list[PlannedUrl]:
    """The plan with what archives of the web know; a line goes to `problems` for each that does not answer."""
    plan = {url.url_id: url for url in urls}
    for archive in archives:
        try:
            for address, day, captures in known_articles(archive, profile, window):
                new = planned(profile, address, archive.name, day)
                before = plan.get(new.url_id, new)
                plan[new.url_id] = dataclasses.replace(before, captures=(*before.captures, *captures))
        except WebArchiveError as exc:
            problems.append(str(exc))
    return list(plan.values())


def take_captures(
    catalog: Catalog,
    config: Config,
    plan: Backfill,
    profile: SiteProfile,
    urls: Sequence[PlannedUrl],
    archive: WebArchive,
) -> dict[str, str]:
    """Import the first capture of each of these addresses; URL id -> outcome of those that were tried.

    WebArchiveError when the archive gave none of them, ArchiveError when ours cannot be used or is busy.
    """
    passed: dict[int, str] = {}

    def held() -> set[int]:
        states = catalog.url_states([url.url_id for url in urls])
        found = {
            number
            for number, url in enumerate(urls)
            if (state := states.get(url.url_id)) is not None and is_held(state)
        }
        passed.update(dict.fromkeys(found, outcomes.KNOWN))
        return found

    source = PlannedCaptures(
        archive,
        [url.captures[0] for url in urls],
        # Each slice is a file of its own: what of it is safe, the catalog knows by its addresses.
        file=ImportedFile(source=f"{archive.name} {plan.backfill}", wanted=f"site {profile.name}", stamp=new_run_id()),
        held=held,
        on_passed=passed.__setitem__,
    )
    report = take_in(
        config,
        Routes({profile.name: profile}),
        [source],
        command=f"backfill {plan.backfill}",
        on_passed=lambda place, reason: passed.__setitem__(place.number, reason),
    )
    of_url = {row.url: row.outcome for row in catalog.outcome_rows(report.run) if row.kind == "page"}
    tried = {number: outcomes.KNOWN if reason == HELD else reason for number, reason in passed.items()}
    for number, url in enumerate(urls):
        if (outcome := of_url.get(absolute_url(url.captures[0].url))) is not None:
            tried.setdefault(number, outcome)
    if source.problem and not tried:
        raise WebArchiveError(source.problem)
    return {urls[number].url_id: outcome for number, outcome in tried.items()}
