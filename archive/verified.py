"""When each batch was last read through, and what was found."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from archive import schema
from archive.database import Database


class Verified:
    """The memory of `archive.rota`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def order(self) -> list[tuple[str, datetime | None]]:
        """All batches that hold something, and when they were last read through; the longest ago first."""
        held = sa.select(schema.objects.c.batch).distinct().subquery()
        at = schema.verified.c.verified_at
        query = (
            sa.select(held.c.batch, at)
            .outerjoin(schema.verified, schema.verified.c.batch == held.c.batch)
            .order_by(sa.nulls_first(at), held.c.batch)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [(row.batch, row.verified_at) for row in rows]

    def record(self, batch: str, at: datetime, damaged: int) -> None:
        """A batch was read through at that moment."""
        table = schema.verified

        def write(connection: Connection) -> None:
            connection.execute(table.delete().where(table.c.batch == batch))
            connection.execute(table.insert().values(batch=batch, verified_at=at, damaged=damaged))

        self._database.write(write)
