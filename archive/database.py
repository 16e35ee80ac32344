"""The database under the catalog: connections, transactions, retries.

SQLite and PostgreSQL keep the same promises. There is one writer at a time, so that two of them wait for each other
instead of failing; a reader sees one moment and waits for nobody.

SQLite runs in WAL mode with `synchronous=FULL`, and a writing transaction starts with BEGIN IMMEDIATE
(https://sqlite.org/lang_transaction.html). On PostgreSQL it takes an advisory lock, and a process that stalls with it
is cut off (https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS).
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from archive.backoff import Backoff, Patience
from archive.database_errors import translate
from archive.database_url import DatabaseUrl
from archive.errors import CatalogError, CatalogUnavailable

logger = logging.getLogger(__name__)

T = TypeVar("T")

_BUSY_SECONDS = 60
"""How long a writer waits for another one."""
_STALL_SECONDS = 60
"""How long a writer may stand still inside its transaction."""
_WRITERS = int.from_bytes(b"presskee")
"""Key of the advisory lock."""
_VALUES_A_QUERY = 500
_POSTGRESQL = {
    "application_name": "presskeep",
    "connect_timeout": "10",
    # A peer that vanished without a word is noticed after a minute, not after two hours.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}


class Database:
    """Transactions on the database at an SQLAlchemy URL, see archive/database_url.py."""

    def __init__(self, url: str, *, patience: Patience) -> None:
        self._url = DatabaseUrl.parse(url)
        self._engine = _sqlite_engine(self._url) if self._url.is_sqlite else _postgresql_engine(self._url)
        self._patience = patience

    @property
    def name(self) -> str:
        """Which database, for messages; without a password."""
        return self._url.name

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A writing transaction: committed at the end, rolled back on any error."""
        with self._translated(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads, and never waits for a writer."""
        with self._translated(), self._engine.connect().execution_options(reading=True) as connection:
            yield connection

    def read(self, work: Callable[[Connection], T]) -> T:
        """What `work` gives with a connection that only reads; patiently tried again when the database went away."""
        return self._patiently(self.reading, work)

    def write(self, work: Callable[[Connection], T]) -> T:
        """What `work` gives in a writing transaction; patiently tried again when the database went away.

        It may have been committed when its connection broke, so `work` must come to the same when it is done twice.
        """
        return self._patiently(self.transaction, work)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of this machine."""
        return self._url.is_sqlite

    @property
    def foreign_errors(self) -> tuple[type[Exception], ...]:
        """What `session` and its connection raise."""
        return (self._engine.dialect.loaded_dbapi.Error,)

    def session(self) -> Any:
        """A connection of the driver's own outside the pool, in autocommit mode, for what lasts as long as it does."""
        connection = self._engine.raw_connection()
        driver: Any = connection.driver_connection
        connection.detach()
        driver.autocommit = True
        return driver

    def vacuum(self, tables: Iterable[str]) -> None:
        """Overwrite what was deleted: in a file of SQLite as a whole, else in these tables.

        CatalogError while others read or write.
        """
        if self.is_sqlite:
            statements = ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"]
        else:
            statements = [f'VACUUM FULL "{table}"' for table in tables]
        session = self._engine.raw_connection() if self.is_sqlite else self.session()
        try:
            for statement in statements:
                session.cursor().execute(statement)
        except self.foreign_errors as exc:
            raise CatalogError(f"catalog {self.name}: what was deleted cannot be overwritten: {exc}") from exc
        finally:
            session.close()

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def _patiently(
        self, connected: Callable[[], AbstractContextManager[Connection]], work: Callable[[Connection], T]
    ) -> T:
        backoff = Backoff(self._patience)
        while True:
            try:
                with connected() as connection:
                    return work(connection)
            except CatalogUnavailable as exc:
                delay = backoff.next_delay()
                if delay is None:
                    raise
                logger.warning("%s; trying again in %.1f s", exc, delay)
            self._patience.sleep(delay)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as exc:
            raise translate(exc, self._url) from exc


def slices(values: Iterable[str]) -> Iterator[list[str]]:
    """The values in lists that are short enough for the parameters of one query; each once, sorted."""
    wanted = sorted(set(values))
    for start in range(0, len(wanted), _VALUES_A_QUERY):
        yield wanted[start : start + _VALUES_A_QUERY]


def insert_plain(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of numbers and ASCII text, all with the same columns.

    As SQLAlchemy would, but without its work on each value, which takes longer than the database does.
    """
    compiled = table.insert().compile(dialect=connection.dialect, column_keys=list(rows[0]))
    order = getattr(compiled, "positiontup", None)
    values = [tuple(row[name] for name in order) if order else dict(row) for row in rows]
    connection.exec_driver_sql(str(compiled), values)


def _sqlite_engine(url: DatabaseUrl) -> Engine:
    if url.parsed.database and url.parsed.database != ":memory:":
        try:
            Path(url.parsed.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise CatalogError(f"catalog {url.name}: its folder cannot be made: {exc.strerror}") from exc
    engine = sa.create_engine(url.parsed, connect_args={"timeout": _BUSY_SECONDS}, hide_parameters=True)
    sa.event.listen(engine, "connect", _on_connect)
    sa.event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _on_connect(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    # Python's sqlite3 would otherwise begin transactions by itself, and deferred.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _on_sqlite_begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _postgresql_engine(url: DatabaseUrl) -> Engine:
    try:
        engine = sa.create_engine(
            url.parsed,
            connect_args={name: value for name, value in _POSTGRESQL.items() if name not in url.parsed.query},
            pool_pre_ping=True,
            hide_parameters=True,
        )
    except ImportError as exc:
        raise CatalogError(
            f"catalog {url.name}: psycopg, the driver for PostgreSQL, is not installed or cannot be loaded; "
            "install presskeep[postgres]"
        ) from exc
    except ArgumentError:
        # What was raised repeats values of parameters, and a password may be among them.
        raise CatalogError(f"catalog {url.name}: a parameter of its URL is not understood; correct it") from None
    sa.event.listen(engine, "begin", _on_postgresql_begin)
    return engine


def _on_postgresql_begin(connection: Connection) -> None:
    if connection.get_execution_options().get("reading", False):
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    else:
        connection.exec_driver_sql(
            f"SET LOCAL lock_timeout = '{_BUSY_SECONDS}s';"
            f"SET LOCAL idle_in_transaction_session_timeout = '{_STALL_SECONDS}s';"
            f"SELECT pg_advisory_xact_lock({_WRITERS})"
        )
