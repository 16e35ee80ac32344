"""`presskeep sql`."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from jobs.console import out, safe

if TYPE_CHECKING:
    import pyarrow as pa

_LONGEST = 200
"""Characters of a cell that a table shows."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sql)


def sql(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="What DuckDB is asked.")],
    archive: Annotated[
        str | None,
        typer.Option("--archive", metavar="URL", help="Ask this archive; needs no configuration or catalog."),
    ] = None,
    form: Annotated[
        Literal["table", "csv", "jsonl"], typer.Option("--format", help="How the answer is printed.")
    ] = "table",
) -> None:
    """Ask an archive in SQL; it is read where it lies, and nothing but what the query needs.

    `articles` has the newest revision of each article, `revisions` all of them, both with the columns of the archive's
    Parquet files; `runs` has a row for each run and site. What was taken down is in none. Conditions on site and on
    published spare reading other files. It needs `pip install 'presskeep[sql]'`.

    Example: presskeep sql "SELECT site, count(*) FROM articles WHERE published >= DATE '2026-01-01' GROUP BY site"
    """
    from archive.store import open_store
    from jobs.config import find_config, load_config
    from jobs.sql import answered

    url = archive or load_config(find_config(context.obj)).archive
    with answered(open_store(url), query) as answer:
        {"table": _print_table, "csv": _print_csv, "jsonl": _print_jsonl}[form](answer)


def _print_table(answer: pa.RecordBatchReader) -> None:
    from rich.table import Table

    table = Table(*(safe(name) for name in answer.schema.names), header_style="bold")
    count = 0
    for row in _rows(answer):
        table.add_row(*(_short(value) for value in row.values()))
        count += 1
    out.print(table)
    out.print(f"{count:,} {'row' if count == 1 else 'rows'}")


def _print_csv(answer: pa.RecordBatchReader) -> None:
    from jobs.export import csv_cell

    rows = csv.writer(sys.stdout)
    rows.writerow(answer.schema.names)
    for row in _rows(answer):
        rows.writerow([csv_cell(_plain(value)) for value in row.values()])


def _print_jsonl(answer: pa.RecordBatchReader) -> None:
    for row in _rows(answer):
        sys.stdout.write(json.dumps(row, ensure_ascii=True, default=str) + "\n")


def _rows(answer: pa.RecordBatchReader) -> Iterator[dict[str, Any]]:
    for batch in answer:
        yield from batch.to_pylist()


def _short(value: Any) -> str:
    text = safe(_plain(value)).replace("\n", " ")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
