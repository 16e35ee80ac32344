"""What is remembered of each URL between runs: a fold over its captures, from the oldest to the newest.

It depends on which captures there are, not on the order in which their batches became known, so that a catalog rebuilt
from the bucket remembers the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from archive import schema
from archive.database import slices
from archive.outcomes import REDIRECTED, RETRIED, failed

Row = Mapping[str, Any]
"""Of `captures` or `urls`."""

_TIME = ("fetched", "batch", "offset")


def remember(connection: Connection, added: Iterable[Row], changed: Iterable[str] = ()) -> None:
    """Bring `urls` up to date, after rows were added to `captures` and rows of the URLs `changed` taken out."""
    new: dict[str, list[Row]] = defaultdict(list)
    for capture in sorted(added, key=itemgetter(*_TIME)):
        new[capture["url_id"]].append(capture)
    before = {row["url_id"]: row for row in _remembered(connection, new)}
    # A feed has tens of thousands of captures, and nearly always the new one is the newest.
    whole = {*changed, *(url_id for url_id, row in before.items() if new[url_id][0]["fetched"] <= row["last_fetched"])}
    rows = [_folded(captures, before.get(url_id)) for url_id, captures in new.items() if url_id not in whole]
    rows += [_folded(captures) for captures in _histories(connection, whole)]
    for ids in slices(new.keys() | whole):
        connection.execute(schema.urls.delete().where(schema.urls.c.url_id.in_(ids)))
    if rows:
        connection.execute(schema.urls.insert(), rows)


def _remembered(connection: Connection, url_ids: Iterable[str]) -> Iterator[Row]:
    for ids in slices(url_ids):
        for row in connection.execute(sa.select(schema.urls).where(schema.urls.c.url_id.in_(ids))):
            yield row._asdict()


def _histories(connection: Connection, url_ids: Iterable[str]) -> Iterator[Sequence[Row]]:
    """All captures of each URL that has any, oldest first."""
    table = schema.captures.c
    query = sa.select(schema.captures).order_by(table.url_id, *(table[name] for name in _TIME))
    for ids in slices(url_ids):
        rows = (row._asdict() for row in connection.execute(query.where(table.url_id.in_(ids))))
        for _, history in groupby(rows, key=itemgetter("url_id")):
            yield list(history)


def _folded(captures: Sequence[Row], before: Row | None = None) -> dict[str, Any]:
    """The row of `urls` after captures of one URL that are newer than `before`.

    A validator is remembered only from a capture that succeeded, so that a broken answer is fetched again whole. What
    was only on the way to another answer says nothing of how often the address has failed.
    """
    failures = before["failures"] if before else 0
    for outcome in (capture["outcome"] for capture in captures):
        if outcome not in (REDIRECTED, RETRIED):
            failures = failures + 1 if failed(outcome) else 0
    last = captures[-1]
    bad = failed(last["outcome"])
    return {
        "url_id": last["url_id"],
        "site": last["site"],
        "url": last["url"],
        "first_fetched": before["first_fetched"] if before else captures[0]["fetched"],
        "last_fetched": last["fetched"],
        "outcome": last["outcome"],
        "failures": failures,
        "etag": None if bad else last["etag"],
        "last_modified": None if bad else last["last_modified"],
        "payload_digest": last["payload_digest"],
    }
