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
from archive.outcomes import ARCHIVED, DOUBTFUL, REDIRECTED, REMOVED, RETRIED, UNCHANGED, failed, name_of

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

    What was only on the way to another answer says nothing of the page, and not how often the address has failed.
    """
    row: dict[str, Any] = dict(before or _unseen(captures[0]))
    for capture in captures:
        if name_of(capture["outcome"]) not in (REDIRECTED, RETRIED):
            row |= {**_payload(row, capture), **_article(row, capture)}
            row["failures"] = row["failures"] + 1 if failed(capture["outcome"]) else 0
        row |= {name: capture[name] for name in ("url_id", "site", "url", "outcome")}
        row |= {"last_fetched": capture["fetched"], "next_check": _next_check(row, capture)}
    return row


def _unseen(first: Row) -> dict[str, Any]:
    nothing = dict.fromkeys(("etag", "last_modified", "payload_url", "payload_fetched", "article", "removed"))
    counts = dict.fromkeys(("failures", "unmodified", "checks", "quiet"), 0)
    return {"first_fetched": first["fetched"], "payload_digest": first["payload_digest"], **nothing, **counts}


def _payload(row: Row, capture: Row) -> dict[str, Any]:
    """The body that the next answer is compared with, and its validators.

    They are remembered only from a capture that succeeded, so that a broken answer is fetched again whole.
    """
    answer = {"payload_digest": capture["payload_digest"], "unmodified": 0}
    validators = {name: capture[name] for name in ("etag", "last_modified")}
    if name_of(capture["outcome"]) in (ARCHIVED, UNCHANGED):
        if capture["revisit"] is None:
            return answer | validators | {"payload_url": capture["url"], "payload_fetched": capture["fetched"]}
        if _is_held(row, capture):
            # A 304 need not repeat the validators (RFC 9110, section 15.4.5).
            kept = {name: value or row[name] for name, value in validators.items()}
            not_modified = capture["revisit"] == "server-not-modified"
            return answer | kept | {"unmodified": row["unmodified"] + 1 if not_modified else 0}
    return answer | dict.fromkeys(("etag", "last_modified", "payload_url", "payload_fetched"))


def _next_check(row: Row, capture: Row) -> Any:
    """As was decided at its last capture; at once where the body that a revisit speaks of is lost."""
    return capture["next_check"] if capture["revisit"] is None or _is_held(row, capture) else capture["fetched"]


def _is_held(row: Row, revisit: Row) -> bool:
    """Whether the body that a revisit speaks of is there."""
    return row["payload_fetched"] is not None and row["payload_digest"] == revisit["payload_digest"]


def _article(row: Row, capture: Row) -> dict[str, Any]:
    """What has become of the article at that URL."""
    name = name_of(capture["outcome"])
    is_there = name in (ARCHIVED, UNCHANGED, DOUBTFUL)
    removed = row["removed"] or capture["fetched"] if name == REMOVED else None if is_there else row["removed"]
    article = capture["article"] or (capture["url_id"] if name in (ARCHIVED, UNCHANGED) else None)
    if row["article"] is None:
        return {"article": article, "removed": removed}
    found = name == ARCHIVED or (removed is None) != (row["removed"] is None)
    return {
        "article": capture["article"] or row["article"],
        "removed": removed,
        "checks": row["checks"] + 1,
        "quiet": 0 if found else row["quiet"] + 1,
    }
