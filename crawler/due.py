"""Whether a URL that was captured before should be fetched again now."""

from __future__ import annotations

from datetime import datetime, timedelta

from archive.catalog_rows import UrlState
from archive.outcomes import INTERRUPTED, RETRIED, failed

FIRST_RETRY = timedelta(hours=1)
LAST_RETRY = timedelta(days=30)


def is_due(state: UrlState, now: datetime) -> bool:
    """A URL that gave an article is not due; one that failed is, after 1 h, 4 h, 16 h … up to 30 days.

    One whose pursuit was cut short, by us or by a crash, is due at once.
    """
    if state.outcome in (INTERRUPTED, RETRIED):
        return True
    if not failed(state.outcome):
        return False
    wait: timedelta = min(FIRST_RETRY * 4 ** min(state.failures - 1, 10), LAST_RETRY)
    return now >= state.last_fetched + wait
