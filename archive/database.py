"""The database under the catalog: connections, transactions, errors.

SQLite runs in WAL mode with `synchronous=FULL`, and a writing transaction starts with BEGIN IMMEDIATE, so that two
writers wait for each other instead of failing at the upgrade of their locks (https://sqlite.org/lang_transaction.html).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from archive.errors import CatalogError

_BUSY_SECONDS = 60


class Database:
    """Transactions on the database at an SQLAlchemy URL such as `sqlite:////var/lib/presskeep/catalog.sqlite`."""

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
            self._engine = _sqlite_engine(parsed) if parsed.get_backend_name() == "sqlite" else sa.create_engine(url)
        except (ArgumentError, NoSuchModuleError, ImportError) as exc:
            raise CatalogError(
                f"catalog: not a database URL that presskeep knows ({type(exc).__name__}); "
                "write sqlite:///path/to/catalog.sqlite"
            ) from exc
        self.name = self._engine.url.render_as_string(hide_password=True)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A writing transaction: committed at the end, rolled back on any error."""
        with self._translated(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads and never waits for a writer."""
        with self._translated(), self._engine.connect().execution_options(reading=True) as connection:
            yield connection

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as exc:
            raise CatalogError(
                f"catalog {self.name}: {exc.orig}; see that its folder exists, can be written and has free space"
            ) from exc


def _sqlite_engine(url: sa.URL) -> Engine:
    if url.database and url.database != ":memory:":
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise CatalogError(f"catalog {url}: its folder cannot be made: {exc.strerror}") from exc
    engine = sa.create_engine(url, connect_args={"timeout": _BUSY_SECONDS})
    sa.event.listen(engine, "connect", _on_connect)
    sa.event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    # Python's sqlite3 would otherwise begin transactions by itself, and deferred.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _on_begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
