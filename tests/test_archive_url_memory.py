"""What is remembered of URLs depends on their captures alone, not on the order in which batches become known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
