"""Bringing the tables of a catalog to the present version, also where there are none yet.

Each version has a script in `versions`, whose revision is its number in four digits. What they end in equals
archive/schema.py; a change of the tables is made there, in a new script, and in `schema.VERSION`.
"""

from __future__ import annotations

import logging
import threading

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from archive import schema
from archive.database import Database
from archive.errors import CatalogError

VERSION_TABLE = "catalog_version"
"""Where Alembic keeps the version; not its default name, which another program in the same database may use."""

# At INFO it tells a crawl's log of every catalog that it creates.
logging.getLogger("alembic").setLevel(logging.WARNING)

_ONE_AT_A_TIME = threading.Lock()


def bring_up_to_date(database: Database) -> None:
    """Upgrade a catalog where that is needed, and never wait for a writer where it is not.

    CatalogError when it was written by a newer version of this program.
    """
    with database.reading() as connection:
        found = catalog_version(connection)
    if found > schema.VERSION:
        raise CatalogError(
            f"catalog {database.name} has version {found}, this program knows {schema.VERSION}: "
            "use the newer presskeep that wrote it"
        )
    if found < schema.VERSION:
        with database.transaction() as connection:
            upgrade(connection)


def catalog_version(connection: Connection) -> int:
    """Version of the tables there are, 0 if there are none."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return 0
    return int(connection.scalar(sa.select(sa.literal_column("version_num")).select_from(sa.table(VERSION_TABLE))) or 0)


def upgrade(connection: Connection, version: int = schema.VERSION) -> None:
    """Change the tables, as part of the transaction that `connection` is in."""
    # It takes longer to import than SQLAlchemy itself, and is hardly ever needed.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", __name__.replace(".", ":"))
    # Alembic keeps its present connection in a global variable.
    with _ONE_AT_A_TIME:
        command.upgrade(config, f"{version:04d}")
