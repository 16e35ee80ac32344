"""Articles as Arrow tables with the columns of a shard, for who reads many: no object is made of each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa

from archive.records import Article, DateCandidate, RemovedBlock
from archive.selection import Condition


def rows_where(table: pa.Table, columns: tuple[str, ...], holds: Callable[..., bool]) -> pa.Table:
    """The rows of which `holds` is true of their values in these columns; it is asked row by row, in order."""
    values = zip(*(table[name].to_pylist() for name in columns), strict=True)
    wanted = [holds(*row) for row in values]
    return table if all(wanted) else table.filter(pa.array(wanted, pa.bool_()))


def rows_meeting(table: pa.Table, conditions: Iterable[Condition]) -> pa.Table:
    """The rows that meet all of these conditions."""
    for condition in conditions:
        table = rows_where(table, *condition)
    return table


def regrouped(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The same rows in their order, so many in each table, and the rest in the last."""
    waiting: list[pa.Table] = []
    count = 0
    for table in tables:
        waiting.append(table)
        count += table.num_rows
        if count >= rows:
            whole = pa.concat_tables(waiting)
            for start in range(0, count - count % rows, rows):
                yield whole.slice(start, rows)
            waiting, count = [whole.slice(count - count % rows)], count % rows
    if count:
        yield pa.concat_tables(waiting)


def limited(tables: Iterable[pa.Table], limit: int | None) -> Iterator[pa.Table]:
    """The first rows, so many, or all; nothing is read behind them."""
    left = limit
    for table in tables if limit != 0 else ():
        yield table if left is None else table.slice(0, left)
        left = None if left is None else left - table.num_rows
        if left is not None and left <= 0:
            return


def articles_of(tables: Iterable[pa.Table]) -> Iterator[Article]:
    """Each row as an article."""
    for table in tables:
        yield from (Article(**article_values(row)) for row in table.to_pylist())


def article_values(row: dict[str, Any]) -> dict[str, Any]:
    """A row as Arrow gives it, with values as an `Article` has them."""
    lists = {name: tuple(row[name]) for name in ("authors", "tags", "structure", "flags")}
    return (
        row
        | lists
        | {
            "date_candidates": tuple(DateCandidate(**part) for part in row["date_candidates"]),
            "removed_blocks": tuple(RemovedBlock(**part) for part in row["removed_blocks"]),
        }
    )
