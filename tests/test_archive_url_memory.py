"""What is remembered of URLs depends on their captures alone, not on the order in which batches become known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from archive import schema
from archive.catalog_rows import capture_row
from archive.url_memory import remember
from tests.sample_articles import START
from tests.sample_batches import make_entry, make_manifest

Rows = list[dict[str, Any]]

ENTRIES = st.builds(
    make_entry,
    st.integers(1, 2),
    st.sampled_from(["archived", "redirected", "retried", "timeout", "extract_failed:timeout"]),
    seconds=st.integers(0, 5),
)
BATCHES = st.lists(st.lists(ENTRIES, min_size=1, max_size=4), min_size=1, max_size=5)


@contextmanager
def empty_catalog() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        schema.metadata.create_all(connection, [schema.captures, schema.urls])
        yield connection
    engine.dispose()


def add(connection: sa.Connection, captures: Rows) -> None:
    connection.execute(schema.captures.insert(), captures)
    remember(connection, captures)


def remembered(batches: Sequence[Rows]) -> Rows:
    """What is remembered after these batches."""
    with empty_catalog() as connection:
        for captures in batches:
            add(connection, captures)
        rows = connection.execute(sa.select(schema.urls).order_by(schema.urls.c.url_id))
        return [row._asdict() for row in rows]


def batch(name: str, *entries: Any) -> Rows:
    manifest = make_manifest(name, entries)
    return [capture_row(manifest, entry) for entry in manifest.captures]


@settings(deadline=None, max_examples=50)
@given(entries=BATCHES, data=st.data())
def test_the_order_of_batches_does_not_matter(entries: list[list[Any]], data: st.DataObject) -> None:
    batches = [batch(f"b{number}", *captures) for number, captures in enumerate(entries)]
    in_one = [capture for captures in batches for capture in captures]
    assert remembered(data.draw(st.permutations(batches))) == remembered([in_one])


def test_a_late_batch_changes_what_came_before_and_not_what_is_newest() -> None:
    first, late, last = (
        batch("b1", make_entry(1, "timeout", seconds=1)),
        batch("b0", make_entry(1, "timeout", seconds=0)),
        batch("b2", make_entry(1, "timeout", seconds=2)),
    )
    [row] = remembered([first, last, late])
    assert row["first_fetched"] == START
    assert row["last_fetched"] == START + timedelta(seconds=2)
    assert row["failures"] == 3


def test_a_late_success_ends_the_count_of_failures_before_it() -> None:
    batches = [batch(f"b{second}", make_entry(1, "timeout", seconds=second)) for second in (0, 1, 3)]
    [row] = remembered([*batches, batch("b2", make_entry(1, "archived", seconds=2))])
    assert (row["outcome"], row["failures"], row["etag"]) == ("timeout", 1, None)


@pytest.mark.parametrize("outcome", ["redirected", "retried"])
def test_what_was_only_on_the_way_changes_no_count_of_failures(outcome: str) -> None:
    """A page that fails each time after a repeated request is asked for at ever longer intervals all the same."""
    failing = [batch(f"b{n}", make_entry(1, "http_503", seconds=n)) for n in (0, 2)]
    [row] = remembered([*failing, batch("b1", make_entry(1, outcome, seconds=1))])
    assert (row["outcome"], row["failures"]) == ("http_503", 2)


def test_of_two_captures_in_one_second_the_later_record_counts() -> None:
    """A redirect and its target, when both addresses have one canonical form."""
    [row] = remembered([batch("b1", make_entry(1, "redirected"), make_entry(1, "archived"))])
    assert row["outcome"] == "archived"


def test_a_url_without_captures_is_forgotten() -> None:
    with empty_catalog() as connection:
        add(connection, batch("b1", make_entry(1)))
        connection.execute(schema.captures.delete())
        remember(connection, [], {make_entry(1).url_id})
        assert connection.execute(sa.select(schema.urls)).all() == []


def revisit(number: int, *, seconds: float, **fields: Any) -> Any:
    """A 304 of URL `number`, without validators of its own."""
    values = {"revisit": "server-not-modified", "etag": None, "last_modified": None} | fields
    return replace(make_entry(number, "unchanged", seconds=seconds), **values)


def test_after_a_304_the_next_answer_is_compared_with_the_last_whole_one() -> None:
    first = make_entry(1)
    [row] = remembered([batch("b1", first), batch("b2", revisit(1, seconds=1)), batch("b3", revisit(1, seconds=2))])
    assert (row["etag"], row["last_modified"]) == (first.etag, first.last_modified)
    assert (row["payload_digest"], row["payload_url"], row["payload_fetched"]) == ("sha256:1", first.url, START)
    assert row["unmodified"] == 2
    [row] = remembered([batch("b1", first), batch("b2", revisit(1, seconds=1)), batch("b3", make_entry(1, seconds=2))])
    assert (row["unmodified"], row["payload_fetched"]) == (0, START + timedelta(seconds=2))


def test_a_failure_between_forgets_what_there_was_to_compare_with() -> None:
    [row] = remembered([batch("b1", make_entry(1)), batch("b2", make_entry(1, "http_503", seconds=1))])
    assert (row["etag"], row["payload_fetched"]) == (None, None)


def test_a_repeated_request_forgets_nothing() -> None:
    [row] = remembered([batch("b1", make_entry(1), make_entry(1, "retried", seconds=1), revisit(1, seconds=2))])
    assert (row["payload_fetched"], row["unmodified"]) == (START, 1)


def test_where_the_body_of_a_revisit_is_lost_the_url_is_due_at_once() -> None:
    lost, later = batch("b1", make_entry(1, "lost")), batch("b2", revisit(1, seconds=1))
    [row] = remembered([lost, later])
    assert (row["etag"], row["payload_fetched"]) == (None, None)
    assert row["next_check"] == START + timedelta(seconds=1)


def test_an_article_is_removed_from_when_it_was_first_not_there() -> None:
    """Until it is there again."""
    gone = [batch(f"b{n}", make_entry(1, "removed:http_410", seconds=n)) for n in (1, 2)]
    [row] = remembered([batch("b0", make_entry(1)), *gone])
    assert (row["article"], row["removed"]) == (make_entry(1).url_id, START + timedelta(seconds=1))
    failed = batch("b3", make_entry(1, "timeout", seconds=3))
    [row] = remembered([batch("b0", make_entry(1)), *gone, failed])
    assert row["removed"] == START + timedelta(seconds=1)
    [row] = remembered([batch("b0", make_entry(1)), *gone, batch("b3", make_entry(1, "unchanged", seconds=3))])
    assert row["removed"] is None


def test_looks_at_an_article_and_those_in_a_row_that_found_nothing_are_counted() -> None:
    outcomes = ["archived", "unchanged", "archived", "unchanged", "doubtful:paywall", "redirected"]
    counts = []
    for last in range(1, len(outcomes) + 1):
        [row] = remembered([batch(f"b{n}", make_entry(1, outcomes[n], seconds=n)) for n in range(last)])
        counts.append((row["checks"], row["quiet"]))
    assert counts == [(0, 0), (1, 1), (2, 0), (3, 1), (4, 2), (4, 2)]
