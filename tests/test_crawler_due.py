"""Promises of crawler/due.py: when a URL is fetched again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from archive import outcomes
from archive.catalog_rows import UrlState
from archive.checks import CheckRecord
from crawler.dates import Moment
from crawler.due import is_due, next_check, thinned, wants_whole, was_modified
from crawler.profile import FetchRules

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
LADDER = FetchRules().recheck
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def state(outcome: str, failures: int = 0, **fields: Any) -> UrlState:
    values: dict[str, Any] = {
        "url_id": "0" * 32,
        "url": "https://daily.example/1",
        "outcome": outcome,
        "first_fetched": FIRST,
        "last_fetched": FIRST,
        "failures": failures,
        "etag": None,
        "last_modified": None,
        "payload_digest": "",
    }
    return UrlState(**values | fields)


def article(**fields: Any) -> UrlState:
    return state(outcomes.UNCHANGED, **{"article": "0" * 32, **fields})


@pytest.mark.parametrize(
    "outcome", [outcomes.ARCHIVED, outcomes.UNCHANGED, outcomes.REDIRECTED, "doubtful:paywall", "removed:http_404"]
)
def test_an_address_that_gave_an_article_is_not_due_because_it_is_announced(outcome: str) -> None:
    assert not is_due(state(outcome), datetime(2036, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(("failures", "hours"), [(1, 1), (2, 4), (3, 16), (9, 720), (100, 720)])
def test_a_failed_address_is_due_after_ever_longer_waits(failures: int, hours: int) -> None:
    failed = state("http_404", failures)
    due = failed.last_fetched + timedelta(hours=hours)
    assert not is_due(failed, due - timedelta(seconds=1))
    assert is_due(failed, due)


@pytest.mark.parametrize("outcome", [outcomes.INTERRUPTED, outcomes.RETRIED])
def test_an_address_whose_pursuit_was_cut_short_is_due_at_once(outcome: str) -> None:
    cut_short = state(outcome, failures=1)
    assert is_due(cut_short, cut_short.last_fetched)


def test_an_article_is_fetched_again_on_the_rungs_of_its_ladder() -> None:
    """Each look decides the next one; a crawl that comes late takes several rungs at once."""
    at, looks = FIRST, []
    check = next_check(LADDER, outcomes.ARCHIVED, at=at, state=None)
    while check is not None:
        at = check + timedelta(minutes=10)
        looks.append(check - FIRST)
        check = next_check(LADDER, outcomes.UNCHANGED, at=at, state=article())
    assert looks == [HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY]
    assert next_check(LADDER, outcomes.UNCHANGED, at=FIRST + 2 * DAY, state=article()) == FIRST + 7 * DAY


@pytest.mark.parametrize("outcome", ["removed:http_404", "doubtful:paywall", "not_article:no_text", "http_403"])
def test_an_article_that_is_not_there_is_looked_for_on_the_same_rungs(outcome: str) -> None:
    """A publisher may put it back."""
    assert next_check(LADDER, outcome, at=FIRST + HOUR, state=article()) == FIRST + 6 * HOUR


def test_an_article_behind_a_passing_failure_is_looked_for_sooner() -> None:
    at = FIRST + 8 * DAY
    assert next_check(LADDER, "http_503", at=at, state=article()) == at + HOUR
    assert next_check(LADDER, "http_503", at=FIRST + timedelta(minutes=30), state=article()) == FIRST + HOUR


def test_an_article_that_was_old_when_first_seen_is_looked_at_once() -> None:
    """A backfill of years does not ask for every article five times more."""
    old, new = date(2025, 11, 1), date(2025, 12, 20)
    assert next_check(LADDER, outcomes.ARCHIVED, at=FIRST, state=None, published=old) == FIRST + 30 * DAY
    assert next_check(LADDER, outcomes.ARCHIVED, at=FIRST, state=None, published=new) == FIRST + HOUR
    assert next_check((), outcomes.ARCHIVED, at=FIRST, state=None, published=old) is None


def test_a_passing_failure_is_tried_again_by_itself_and_not_for_ever() -> None:
    """A page that fell out of its feed while its server was down is not lost."""
    waits = []
    for failures in range(7):
        check = next_check(LADDER, "http_503", at=FIRST, state=state("http_503", failures))
        waits.append(check and (check - FIRST) // HOUR)
    assert waits == [1, 4, 16, 64, 256, None, None]


@pytest.mark.parametrize("outcome", ["http_404", "not_article:listing", "wrong_type:application/pdf", "redirected"])
def test_what_is_no_article_is_not_fetched_again_by_itself(outcome: str) -> None:
    assert next_check(LADDER, outcome, at=FIRST, state=None) is None


def test_a_site_where_looking_again_never_finds_anything_is_asked_less_often() -> None:
    assert thinned(LADDER, CheckRecord(checks=200, changed=0)) == (6 * HOUR, 7 * DAY)
    assert thinned(LADDER, CheckRecord(checks=199, changed=0)) == LADDER
    assert thinned(LADDER, CheckRecord(checks=9000, changed=1)) == LADDER
    assert thinned((HOUR,), CheckRecord(checks=9000, changed=0)) == (HOUR,)


def said(hours: float) -> Moment:
    at = FIRST + timedelta(hours=hours)
    return Moment(day=at.date(), at=at)


def test_a_page_that_is_said_to_be_modified_is_due_at_once() -> None:
    assert was_modified(article(), said(2), FIRST + 2 * HOUR)
    assert not was_modified(article(), said(0), FIRST + 2 * HOUR)
    assert not was_modified(article(), None, FIRST + 2 * HOUR)


def test_a_modification_in_the_future_is_not_believed() -> None:
    assert not was_modified(article(), said(3), FIRST + 2 * HOUR)


def test_a_source_that_stamps_every_page_anew_is_believed_less_and_less() -> None:
    """With each look that found nothing the next one waits twice as long."""
    asked = [hour for hour in range(1, 100) if was_modified(article(quiet=3), said(hour), FIRST + hour * HOUR)]
    assert asked[0] == 8


def test_a_day_without_a_time_counts_from_the_day_after() -> None:
    day = Moment(day=date(2026, 1, 1))
    assert not was_modified(article(), day, FIRST + 5 * HOUR)
    assert was_modified(article(), Moment(day=date(2026, 1, 2)), FIRST + 30 * HOUR)


def test_every_third_look_and_the_last_one_ask_for_the_whole_page() -> None:
    """Some servers send one ETag for ever."""
    wanted = [wants_whole(article(unmodified=count), LADDER, FIRST + 2 * HOUR) for count in range(3)]
    assert wanted == [False, False, True]
    assert not wants_whole(article(), LADDER, FIRST + 29 * DAY)
    assert wants_whole(article(), LADDER, FIRST + 30 * DAY)
