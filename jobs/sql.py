"""SQL over an archive, by DuckDB: the views `articles`, `revisions` and `runs` on what lies in the bucket.

What is asked of a view is all that is read: columns that are not named are not decoded, and conditions on `site` and
`published` spare the shards of other sites and months.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from archive import keys
from archive.dataset import shard_dataset
from archive.errors import ArchiveError
from archive.fetching import read_ahead
from archive.inventory import place_of
from archive.manifest_reader import ManifestReader
from archive.run_report import RunReport, SiteReport, read_report
from archive.store import Store
from jobs.errors import JobsError

if TYPE_CHECKING:
    import duckdb

RUN_COLUMNS = ("run", "command", "state", "exit_code", "started", "finished", "peak_memory")
SITE_COLUMNS = tuple(field.name for field in fields(SiteReport) if field.type in ("str", "int", "float"))
"""Columns of `runs`: of the run, and of what it did at one site."""

_MOMENT = pa.timestamp("us", tz="UTC")
_TYPES = {"int": pa.int64(), "float": pa.float64(), "datetime": _MOMENT}
_RUNS = pa.schema(
    (field.name, _TYPES.get(str(field.type), pa.string()))
    for record, names in ((RunReport, RUN_COLUMNS), (SiteReport, SITE_COLUMNS))
    for field in fields(record)
    if field.name in names
)

_REVISIONS = "CREATE VIEW revisions AS SELECT * FROM shards WHERE url_id NOT IN (SELECT url_id FROM removed)"
# The site is there for DuckDB, which then reads the shards of one site only if only that is asked for.
_ARTICLES = """
CREATE VIEW articles AS SELECT * FROM revisions
QUALIFY row_number() OVER (PARTITION BY site, url_id ORDER BY fetched DESC, revision DESC) = 1
"""


@contextmanager
def answered(store: Store, query: str) -> Iterator[pa.RecordBatchReader]:
    """What DuckDB answers, in batches; JobsError for a query that it refuses, ArchiveError for what cannot be read."""
    try:
        import duckdb
    except ImportError as exc:
        raise JobsError("SQL needs DuckDB: pip install 'presskeep[sql]'") from exc
    reader, failures = ManifestReader(store), list[ArchiveError]()
    with (
        shard_dataset(store, reader.shards(), failures) as dataset,
        duckdb.connect(config={"autoinstall_known_extensions": False}) as connection,
    ):
        try:
            connection.register("shards", dataset())
            _prepare(connection, store, query, reader.removed)
            with _asked(connection, query) as answer:
                yield answer
        except (duckdb.Error, pa.ArrowException) as exc:
            if failures:
                raise failures[0] from exc
            raise JobsError(f"the query failed: {exc}") from exc


@contextmanager
def _asked(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[pa.RecordBatchReader]:
    answer = connection.sql(query)
    if answer is None:
        # A statement such as COPY answers nothing.
        yield pa.RecordBatchReader.from_batches(pa.schema([]), [])
        return
    batches = answer.to_arrow_reader(1000)
    del answer
    with batches:
        yield batches


def _prepare(connection: duckdb.DuckDBPyConnection, store: Store, query: str, removed: Collection[str]) -> None:
    connection.execute("SET TimeZone = 'UTC'")
    # It would be drawn on standard output.
    connection.execute("SET enable_progress_bar = false")
    connection.register("removed", pa.table({"url_id": pa.array(sorted(removed), pa.string())}))
    connection.execute(_REVISIONS)
    connection.execute(_ARTICLES)
    # Each is an object of its own, so they are fetched only where somebody asks for them.
    reports = _reports(store) if "runs" in query.lower() else []
    connection.register("runs", pa.Table.from_pylist(reports, schema=_RUNS))


def _reports(store: Store) -> list[dict[str, Any]]:
    """A row for each run and site."""
    found = sorted(info.key for info in store.list(keys.RUNS))
    runs = (key for key in found if (place := place_of(key)) and place.kind == "run")
    return [row for report in read_ahead(lambda key: read_report(store, key), runs) for row in _rows(report)]


def _rows(report: RunReport) -> Iterator[dict[str, Any]]:
    run = {name: getattr(report, name) for name in RUN_COLUMNS}
    for site in report.sites:
        yield run | {name: getattr(site, name) for name in SITE_COLUMNS}
    if not report.sites:
        yield run
