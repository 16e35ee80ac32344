"""What remains of a run when its URLs are settled: which sources failed, and which announced URLs gave no answer."""

from __future__ import annotations

import logging
from datetime import datetime

from archive import outcomes
from archive.catalog import Catalog
from archive.run_report import SourceTrouble
from archive.source_memory import SourceState
from crawler.ledger import Ledger

logger = logging.getLogger(__name__)


def remember_failures(catalog: Catalog, ledger: Ledger, now: datetime) -> dict[str, tuple[SourceTrouble, ...]]:
    """Write them down, and tell of each source of the run that announces nothing, though it should, by site."""
    for site, tried in ledger.unanswered.items():
        catalog.announcements.keep_tries(site, tried, now)
    return {site: tuple(_troubles(catalog, ledger, site, now)) for site in ledger.sources}


def _troubles(catalog: Catalog, ledger: Ledger, site: str, now: datetime) -> list[SourceTrouble]:
    states = catalog.sources.states(site)
    troubles = []
    for url, (source, outcome) in sorted(ledger.sources[site].items()):
        state = states.get(url) or SourceState(site=site, url=url, kind=source.kind)
        reason = outcome.removeprefix(f"{outcomes.HINT_FAILED}:")
        if _has_failed(reason):
            state = catalog.sources.keep_failure(state, reason, now)
        if state.trouble is not None:
            troubles.append(state.trouble)
            logger.warning("%s", state.trouble, extra={"site": site})
    return troubles


def _has_failed(outcome: str) -> bool:
    """Whether a source was asked and could not be read; an empty one was."""
    not_asked = (outcomes.PUT_OFF, outcomes.INTERRUPTED, outcomes.SOURCE_EMPTY)
    return outcomes.failed(outcome) and outcomes.name_of(outcome) not in not_asked
