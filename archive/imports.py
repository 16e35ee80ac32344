"""How far imports of foreign files have come, so that one that was killed goes on where it was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from archive import schema
from archive.database import Database, slices
from archive.foreign_warc import BEGINNING, Place

_TABLE = schema.imports.c


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedFile:
    """A file, in the version and with the filter with which it is imported."""

    source: str
    """Absolute path or URL; parts of a container behind `!`."""
    wanted: str
    """Which of its pages are taken, such as `site rudaw`; another filter begins at its beginning."""
    stamp: str
    """Changes with the file's content, such as its size and time."""


class Imports:
    """The imports of one catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def place(self, file: ImportedFile) -> Place | None:
        """Where to go on; None when all of the file is safe."""
        query = sa.select(schema.imports).where(*_key(file), _TABLE.stamp == file.stamp)
        row = self._database.read(lambda connection: connection.execute(query).first())
        if row is None:
            return BEGINNING
        return None if row.finished else Place(offset=row.offset, number=row.number)

    def record(self, file: ImportedFile, place: Place | None, run: str, now: datetime) -> None:
        """Everything before `place` is safe; all of it where that is None."""
        at = place or BEGINNING
        row = {
            "source": file.source,
            "wanted": file.wanted,
            "stamp": file.stamp,
            "offset": at.offset,
            "number": at.number,
            "finished": int(place is None),
            "run": run,
            "updated": now,
        }

        def write(connection: Connection) -> None:
            connection.execute(schema.imports.delete().where(*_key(file)))
            connection.execute(schema.imports.insert().values(row))

        self._database.write(write)

    def known_bodies(self, url_ids: Iterable[str]) -> set[tuple[str, str]]:
        """URL id and payload digest of every capture of these URLs."""
        table = schema.captures.c
        query = sa.select(table.url_id, table.payload_digest)

        def read(connection: Connection) -> set[tuple[str, str]]:
            rows = (connection.execute(query.where(table.url_id.in_(some))) for some in slices(url_ids))
            return {(row.url_id, row.payload_digest) for found in rows for row in found}

        return self._database.read(read)


def _key(file: ImportedFile) -> tuple[sa.ColumnElement[bool], ...]:
    return (_TABLE.source == file.source, _TABLE.wanted == file.wanted)
