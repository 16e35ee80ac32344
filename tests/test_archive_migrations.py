"""Promises of migrations: the tables become those of archive/schema.py, and what is in them stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from archive import schema
from archive.backoff import Patience
from archive.catalog import Catalog
from archive.database import Database
from archive.errors import CatalogError
from archive.migrations import VERSION_TABLE, catalog_version, upgrade
from tests.sample_articles import SITE, START

RUN = "20260304T050607Z-aaaaaa"
VERSION_1 = {
    "batches": {
        "batch": "b1",
        "site": SITE,
        "run": RUN,
        "created": START,
        "manifest_key": f"batches/{SITE}/b1.json",
        "manifest_sha256": "b" * 64,
    },
    "captures": {
        "batch": "b1",
        "offset": 0,
        "length": 10,
        "site": SITE,
        "url": "https://daily.example/1",
        "url_id": "1",
        "fetched": START,
        "status": 200,
        "outcome": "archived",
        "payload_digest": "sha256:1",
    },
    "urls": {
        "url_id": "1",
        "site": SITE,
        "url": "https://daily.example/1",
        "first_fetched": START,
        "last_fetched": START,
        "outcome": "archived",
        "failures": 0,
        "etag": '"1"',
        "last_modified": None,
        "payload_digest": "sha256:1",
    },
    "runs": {"run": RUN, "command": "crawl", "started": START, "finished": None, "state": "running"},
}


@pytest.fixture
def database(catalog_url: str) -> Iterator[Database]:
    """A database without tables, of each kind in turn."""
    database = Database(catalog_url, patience=Patience(limit=timedelta(0)))
    yield database
    database.close()


@pytest.fixture
def unprepared(catalog_url: str) -> Iterator[Catalog]:
    """The catalog in that database."""
    catalog = Catalog(catalog_url)
    yield catalog
    catalog.close()


def write_version_1(connection: sa.Connection) -> None:
    """Make a catalog of version 1 that holds something."""
    upgrade(connection, 1)
    for name, values in VERSION_1.items():
        columns = [column for column in schema.metadata.tables[name].c if column.name in values]
        table = sa.table(name, *(sa.column(column.name, column.type) for column in columns))
        connection.execute(table.insert().values(values))


def test_the_tables_become_those_of_the_schema(unprepared: Catalog, database: Database) -> None:
    unprepared.prepare()
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, schema.metadata) == []
        assert catalog_version(connection) == schema.VERSION


def test_a_catalog_of_version_1_keeps_what_it_holds(unprepared: Catalog, database: Database) -> None:
    with database.transaction() as connection:
        write_version_1(connection)
        assert catalog_version(connection) == 1
    unprepared.prepare()
    for name, values in VERSION_1.items():
        [row] = unprepared.rows(schema.metadata.tables[name])
        assert row | values == row
    [capture] = unprepared.rows(schema.captures)
    assert capture["etag"] == '"1"'


def test_a_catalog_from_before_migrations_is_upgraded_too(unprepared: Catalog, database: Database) -> None:
    with database.transaction() as connection:
        write_version_1(connection)
        connection.exec_driver_sql(f"DROP TABLE {VERSION_TABLE}")
        connection.exec_driver_sql("CREATE TABLE settings (name VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)")
    unprepared.prepare()
    assert [row["batch"] for row in unprepared.rows(schema.batches)] == ["b1"]
    with database.reading() as connection:
        assert not sa.inspect(connection).has_table("settings")


def test_a_catalog_of_a_newer_version_is_refused_and_left_alone(unprepared: Catalog, database: Database) -> None:
    unprepared.prepare()
    with database.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(CatalogError, match=r"has version 9999, this program knows \d+: use the newer presskeep"):
        unprepared.prepare()
    with database.reading() as connection:
        assert catalog_version(connection) == 9999


def test_an_upgrade_that_fails_leaves_the_catalog_as_it_was(unprepared: Catalog, database: Database) -> None:
    with database.transaction() as connection:
        write_version_1(connection)
        connection.exec_driver_sql("CREATE TABLE leases (in_the_way INTEGER)")
    with pytest.raises(CatalogError, match="leases"):
        unprepared.prepare()
    with database.transaction() as connection:
        assert catalog_version(connection) == 1
        connection.exec_driver_sql("DROP TABLE leases")
    unprepared.prepare()
    assert [row["batch"] for row in unprepared.rows(schema.batches)] == ["b1"]


def test_an_upgrade_says_nothing(unprepared: Catalog, capfd: pytest.CaptureFixture[str]) -> None:
    unprepared.prepare()
    assert capfd.readouterr() == ("", "")
