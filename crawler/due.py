"""When a URL that was fetched before is fetched again.

    an article           on the rungs of its site's ladder, counted from first sight: by default after 1 h, 6 h, 1 d,
                         7 d and 30 d; and when a feed or sitemap says that it was modified
    an old article       one that was older than the last rung when it was first seen: once, on the last rung
    a passing failure    after 1 h, 4 h, 16 h … up to 30 days; by itself five times, then while it is announced
    anything else        while it is announced, after the same waits

All functions are pure; `next_check` of the URL's row in the catalog says what they came to.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from archive.catalog_rows import UrlState
from archive.checks import CheckRecord
from archive.outcomes import ARCHIVED, DOUBTFUL, INTERRUPTED, REDIRECTED, REMOVED, RETRIED, UNCHANGED, failed, name_of
from crawler.dates import Moment

FIRST_RETRY = timedelta(hours=1)
LAST_RETRY = timedelta(days=30)

RETRIES = 5
"""How often a passing failure is tried again though no source announces the URL any more."""

EARLY = timedelta(minutes=5)
"""How long before it is due an article is fetched again. Crawls begin at full hours: what one of them fetched some
seconds after its start is due some seconds after a later one starts, and would always wait for the next."""

FRUITLESS_CHECKS = 200
"""After so many re-checks at a site, none of which found anything, every second rung of its ladder is left out."""

CONDITIONAL_CHECKS = 2
"""Answers of 304 in a row that are believed; the next check asks for the whole page."""

Ladder = Sequence[timedelta]
"""Ages after first sight at which an article is fetched again, ascending."""

_PASSING = ("http_408", "http_425", "http_429", "http_5", "extract_failed:timeout", "extract_failed:worker_died")


def is_due(state: UrlState, now: datetime) -> bool:
    """Whether a URL that a source announces is fetched again now.

    One that gave an article is not; one that failed is, after 1 h, 4 h, 16 h … up to 30 days; one whose pursuit was cut
    short, by us or by a crash, is at once.
    """
    if state.outcome in (INTERRUPTED, RETRIED):
        return True
    return failed(state.outcome) and now >= state.last_fetched + _wait(state.failures)


def was_modified(state: UrlState, modified: Moment | None, now: datetime) -> bool:
    """Whether a source says that an article has changed since it was fetched, and deserves to be believed.

    A day without a time counts when it is later than the day of the fetch. After each check in a row that found
    nothing, a source is believed only after twice the time, because some stamp every page anew each time.
    """
    if modified is None or state.article is None or now < state.last_fetched + FIRST_RETRY * 2 ** min(state.quiet, 10):
        return False
    if modified.at is None:
        return modified.day > state.last_fetched.date()
    return now >= modified.at > state.last_fetched


def thinned(ladder: Ladder, record: CheckRecord) -> Ladder:
    """The ladder for a site where looking again has come to this: half as many rungs where it never found anything."""
    fruitless = record.checks >= FRUITLESS_CHECKS and not record.changed
    return ladder[1::2] or ladder if fruitless else ladder


def next_check(
    ladder: Ladder, outcome: str, *, at: datetime, state: UrlState | None, published: date | None = None
) -> datetime | None:
    """When a URL that was captured at `at` with this outcome is fetched again by itself, None for never.

    `state` is what was remembered of it before, `published` the day of the article that was first read from it.
    """
    known = state if state is not None and state.article is not None else None
    if name_of(outcome) in (REDIRECTED, RETRIED):
        return None
    if known is None and name_of(outcome) in (ARCHIVED, UNCHANGED, DOUBTFUL, REMOVED):
        old = published is not None and ladder and published < (at - ladder[-1]).date()
        return _rung(ladder[-1:] if old else ladder, first=at, at=at)
    retry = _retry(outcome, at, state.failures if state else 0)
    rung = _rung(ladder, first=known.first_fetched, at=at) if known else None
    return min((moment for moment in (retry, rung) if moment is not None), default=None)


def wants_whole(state: UrlState, ladder: Ladder, now: datetime) -> bool:
    """Whether a URL is asked for its whole page, and not only whether that was modified.

    Some servers send one ETag for ever. So every third check asks for all, and the last of the ladder.
    """
    return state.unmodified >= CONDITIONAL_CHECKS or _rung(ladder, first=state.first_fetched, at=now) is None


def _rung(ladder: Ladder, *, first: datetime, at: datetime) -> datetime | None:
    return next((first + age for age in ladder if first + age > at + EARLY), None)


def _retry(outcome: str, at: datetime, failures: int) -> datetime | None:
    passing = outcome.startswith(_PASSING) and failures < RETRIES
    return at + _wait(failures + 1) if passing else None


def _wait(failures: int) -> timedelta:
    wait: timedelta = min(FIRST_RETRY * 4 ** min(failures - 1, 10), LAST_RETRY)
    return wait
