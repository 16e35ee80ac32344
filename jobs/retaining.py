"""The retention of sites, as their profiles say it, by command and in housekeeping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from archive.catalog import Catalog
from archive.errors import DamagedObject, LeaseHeld, LeaseLost, ObjectMissing
from archive.retention import Retention, Rules
from crawler.profile import SiteProfile
from crawler.retention_periods import period


@dataclass(frozen=True, kw_only=True, slots=True)
class LetGo:
    """What became of one batch whose time is over, or why nothing could be done at a site."""

    site: str
    batch: str
    what: Literal["raw", "all", ""]
    bytes: int
    """That are freed once `presskeep gc` has been there."""
    state: Literal["planned", "done", "failed"]
    detail: str = ""


def rules_of(profile: SiteProfile) -> Rules:
    """`keep_raw` and `keep` of a profile."""
    return Rules(raw=period(profile.keep_raw), all=period(profile.keep))


def retain(
    retention: Retention, catalog: Catalog, profiles: Mapping[str, SiteProfile], *, now: datetime, apply: bool
) -> Iterator[LetGo]:
    """Let go what may go by now (aware UTC), or only tell it; a site in use does not keep the others from it."""
    for site in catalog.batches.sites():
        if site not in profiles:
            continue
        try:
            for expired in list(retention.expired(site, rules_of(profiles[site]), now=now)):
                if apply:
                    retention.let_go(expired)
                yield LetGo(
                    site=site,
                    batch=expired.held.batch,
                    what=expired.what,
                    bytes=expired.bytes,
                    state="done" if apply else "planned",
                )
        except (LeaseHeld, LeaseLost, DamagedObject, ObjectMissing) as exc:
            yield LetGo(site=site, batch="", what="", bytes=0, state="failed", detail=str(exc))
