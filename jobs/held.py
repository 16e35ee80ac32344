"""Whether there is no use in asking for an address of the past again."""

from __future__ import annotations

from archive import outcomes
from archive.catalog_rows import UrlState


def is_held(state: UrlState) -> bool:
    """Whether an article was read from it, or its last answer was final, though not an article."""
    if state.article is not None:
        return True
    return not outcomes.failed(state.outcome) and outcomes.name_of(state.outcome) != outcomes.RETRIED
