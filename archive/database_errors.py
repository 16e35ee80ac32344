"""What went wrong in the database, in words an operator understands: the drivers' exceptions become ours, once."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from archive.database_url import DatabaseUrl
from archive.errors import CatalogError, CatalogUnavailable

_DAMAGED = "its file is damaged; move it away, with -wal and -shm, and run `presskeep catalog rebuild`"
_SQLITE_ADVICE = {
    sqlite3.SQLITE_FULL: "make room on its disk",
    sqlite3.SQLITE_READONLY: "let the user who runs this write the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "see that its folder exists and can be written",
    sqlite3.SQLITE_IOERR: "look into the system's log for errors of its disk",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}
"""By primary result code (https://sqlite.org/rescode.html)."""
_SQLITE_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_SQLITE_BUSY_ADVICE = "see which other process keeps writing to it"

_POSTGRESQL_ADVICE = {
    "25006": "it is read-only, perhaps a standby; write the address of the primary",
    "42501": "grant the user what is missing",
    "53100": "make room on its disk",
}
"""By SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""
_POSTGRESQL_AWAY = ("08", "25P03", "40", "53", "55P03", "57P", "58")
"""Connection lost, stalled, conflicting, out of resources, locked, stopping or starting, in trouble with its system."""
_POSTGRESQL_AWAY_ADVICE = "see that the database runs, and that its address and password are right"


def translate(exc: DBAPIError, url: DatabaseUrl) -> CatalogError:
    """Our error for one of SQLAlchemy's, without the URL's password."""
    failed = f"catalog {url.name}: {url.without_secrets(' '.join(str(exc.orig).split()))}"
    advice = _advice(exc)
    if advice is not None:
        return CatalogError(f"{failed}; {advice}")
    if _is_away(exc):
        return CatalogUnavailable(f"{failed}; {_SQLITE_BUSY_ADVICE if url.is_sqlite else _POSTGRESQL_AWAY_ADVICE}")
    if isinstance(exc, IntegrityError):
        return CatalogError(f"{failed}; something else wrote the same, let only one program work on a site at a time")
    return CatalogError(f"{failed}; run `presskeep doctor`")


def _advice(exc: DBAPIError) -> str | None:
    if isinstance(exc.orig, sqlite3.Error):
        return _SQLITE_ADVICE.get(_sqlite_code(exc.orig))
    return _POSTGRESQL_ADVICE.get(_sqlstate(exc))


def _is_away(exc: DBAPIError) -> bool:
    if isinstance(exc.orig, sqlite3.Error):
        return _sqlite_code(exc.orig) in _SQLITE_BUSY
    if exc.connection_invalidated or _sqlstate(exc).startswith(_POSTGRESQL_AWAY):
        return True
    # Without an SQLSTATE it did not come to a session.
    return isinstance(exc, OperationalError) and not _sqlstate(exc)


def _sqlite_code(error: sqlite3.Error) -> int:
    # What the module raises by itself has no code.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _sqlstate(exc: DBAPIError) -> str:
    return getattr(exc.orig, "sqlstate", None) or ""
