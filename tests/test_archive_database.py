"""Promises of the database under the catalog when something goes wrong with it."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from archive import schema
from archive.catalog import Catalog
from archive.database import Database
from archive.errors import CatalogError, CatalogUnavailable
from tests.fake_time import FakeTime
from tests.postgres import Postgres
from tests.reply_cutter import ReplyCutter
from tests.sample_articles import START
from tests.sample_batches import RUN, commit, make_article, make_entry, make_outcome

CANARY = "canary-7f3a"


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """An empty database."""
    return postgres.create_database()


@pytest.fixture
def database(postgres_url: str, fake_time: FakeTime) -> Iterator[Database]:
    """A PostgreSQL database with one empty table, `numbers`."""
    database = Database(postgres_url, patience=fake_time.patience())
    with database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE numbers (number integer)")
    yield database
    database.close()


def numbers(database: Database) -> list[int]:
    return database.read(lambda connection: list(connection.scalars(sa.text("SELECT number FROM numbers"))))


def test_a_transaction_that_a_restart_breaks_is_rolled_back_and_said_to_be_worth_retrying(
    postgres: Postgres, database: Database
) -> None:
    with pytest.raises(CatalogUnavailable, match="see that the database runs"), database.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO numbers VALUES (1)")
        postgres.restart()
        connection.exec_driver_sql("INSERT INTO numbers VALUES (2)")
    assert numbers(database) == []


def test_work_that_a_restart_breaks_is_done_again(postgres: Postgres, database: Database, fake_time: FakeTime) -> None:
    def work(connection: sa.Connection) -> str:
        connection.exec_driver_sql("INSERT INTO numbers VALUES (1)")
        if not fake_time.waits:
            postgres.restart()
        connection.exec_driver_sql("INSERT INTO numbers VALUES (2)")
        return "done"

    assert database.write(work) == "done"
    assert numbers(database) == [1, 2]
    assert len(fake_time.waits) == 1


def test_connections_of_before_a_restart_are_replaced_unnoticed(
    postgres: Postgres, database: Database, fake_time: FakeTime
) -> None:
    assert numbers(database) == []
    postgres.restart()
    assert numbers(database) == []
    assert fake_time.waits == []


def test_patience_with_a_database_that_stays_away_ends(fake_time: FakeTime) -> None:
    database = Database("postgresql://user@127.0.0.1:1/none", patience=fake_time.patience())
    with pytest.raises(CatalogUnavailable, match=r"catalog postgresql://user@127\.0\.0\.1:1/none: .*refused"):
        database.write(lambda connection: None)
    assert 200 < fake_time.now <= 300
    database.close()


def test_opening_a_database_that_is_not_there_fails_at_once(fake_time: FakeTime) -> None:
    """A wrong address should not take minutes to be told."""
    catalog = Catalog("postgresql://user@127.0.0.1:1/none", patience=fake_time.patience())
    with pytest.raises(CatalogUnavailable):
        catalog.prepare()
    assert fake_time.waits == []
    catalog.close()


def test_a_commit_whose_reply_is_lost_is_made_once(
    postgres: Postgres, postgres_url: str, fake_time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    with ReplyCutter(postgres.socket) as cutter:
        url = sa.make_url(postgres_url).set(host="127.0.0.1", port=cutter.port, query={})
        catalog = Catalog(url.render_as_string(), patience=fake_time.patience())
        catalog.prepare()
        cutter.cut = 2
        commit(catalog, "b1", make_entry(1, "timeout"), articles=[make_article(1)], outcomes=[make_outcome(1)])
        catalog.note(RUN, [make_outcome(2)])
        assert cutter.cut == 0
        assert catalog.outcome_rows(RUN) == [make_outcome(1), make_outcome(2)]
        assert [state["failures"] for state in catalog.rows(schema.urls)] == [1]
        catalog.close()
    assert len(fake_time.waits) == 2
    assert "trying again" in caplog.text


def test_a_writer_that_stalls_inside_its_transaction_is_cut_off(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a stopped process would keep every other one from writing for ever."""
    monkeypatch.setattr("archive.database._STALL_SECONDS", 1)
    with pytest.raises(CatalogUnavailable, match="idle-in-transaction"), database.transaction() as stalled:
        stalled.exec_driver_sql("INSERT INTO numbers VALUES (1)")
        with database.transaction() as connection:
            connection.exec_driver_sql("INSERT INTO numbers VALUES (2)")
        stalled.exec_driver_sql("INSERT INTO numbers VALUES (3)")
    assert numbers(database) == [2]


def test_a_writer_waits_only_so_long_for_another(catalog_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.database._BUSY_SECONDS", 0.1)
    database = Database(catalog_url, patience=FakeTime().patience())
    with (
        database.transaction(),
        pytest.raises(CatalogUnavailable, match="lock"),
        database.transaction(),
    ):
        pass
    database.close()


def test_a_reader_sees_one_moment(catalog_url: str) -> None:
    database = Database(catalog_url, patience=FakeTime().patience())
    with database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE numbers (number integer)")
    with database.reading() as reader:
        before = reader.scalar(sa.text("SELECT count(*) FROM numbers"))
        with database.transaction() as connection:
            connection.exec_driver_sql("INSERT INTO numbers VALUES (1)")
        assert reader.scalar(sa.text("SELECT count(*) FROM numbers")) == before == 0
    database.close()


@contextmanager
def pragma(statement: str) -> Iterator[None]:
    """Every new SQLite connection begins with this statement."""

    def run(connection: sa.PoolProxiedConnection, _: object) -> None:
        connection.execute(f"PRAGMA {statement}")  # type: ignore[attr-defined]

    sa.event.listen(sa.Engine, "connect", run)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "connect", run)


@pytest.mark.parametrize(
    ("statement", "advice"),
    [("max_page_count=60", "full; make room on its disk"), ("query_only=1", "readonly database; let the user")],
)
def test_a_full_or_read_only_sqlite_says_what_to_do_and_keeps_what_it_has(
    tmp_path: Path, statement: str, advice: str
) -> None:
    catalog = Catalog(f"sqlite:///{tmp_path}/catalog.sqlite")
    catalog.prepare()
    commit(catalog, "b1", make_entry(1))
    catalog.close()
    with pragma(statement), pytest.raises(CatalogError, match=advice) as refused:
        commit(catalog, "b2", *(make_entry(number) for number in range(1000)))
    assert not isinstance(refused.value, CatalogUnavailable)
    catalog.close()
    assert [row["batch"] for row in catalog.rows(schema.batches)] == ["b1"]
    catalog.close()


def test_a_catalog_that_cannot_be_written_is_found_by_trying(tmp_path: Path) -> None:
    catalog = Catalog(f"sqlite:///{tmp_path}/catalog.sqlite")
    catalog.prepare()
    catalog.try_writing()
    catalog.close()
    with pragma("query_only=1"):
        catalog.prepare()
        with pytest.raises(CatalogError, match="readonly"):
            catalog.try_writing()
    catalog.close()


def test_a_standby_is_told_from_a_primary(postgres_url: str) -> None:
    catalog = Catalog(f"{postgres_url}&options=-c%20default_transaction_read_only%3Don")
    with pytest.raises(CatalogError, match="write the address of the primary") as refused:
        catalog.prepare()
    assert not isinstance(refused.value, CatalogUnavailable)
    catalog.close()


def test_a_file_that_is_no_database_is_named_with_what_to_do(tmp_path: Path) -> None:
    tmp_path.joinpath("catalog.sqlite").write_bytes(b"not a database at all, but long enough to look" * 100)
    catalog = Catalog(f"sqlite:///{tmp_path}/catalog.sqlite")
    with pytest.raises(CatalogError, match=r"catalog.sqlite: .*not a database; .*presskeep catalog rebuild"):
        catalog.prepare()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    tmp_path.joinpath("file").touch()
    with pytest.raises(CatalogError, match="its folder cannot be made: Not a directory"):
        Catalog(f"sqlite:///{tmp_path}/file/below/catalog.sqlite")


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(CatalogError, match=r"install presskeep\[postgres\]"):
        Catalog(f"postgresql://user:{CANARY}@host/database")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("catalog.sqlite", "not a database URL"),
        (f"postgresql://user:{CANARY}@host:port/database", "not a database URL"),
        (f"mysql://user:{CANARY}@host/database", "not 'mysql'"),
        (f"postgresql://user:p@{CANARY}@host/database", "write %40"),
        (f"postgresql://user:p@s?{CANARY}@host/database", "write %40"),
    ],
)
def test_a_url_that_names_no_database_is_refused_without_its_password(url: str, reason: str) -> None:
    with pytest.raises(CatalogError, match=reason) as refused:
        Catalog(url)
    assert CANARY not in "".join(traceback.format_exception(refused.value))


def wrong_password(url: str) -> str:
    return str(sa.make_url(url).set(username="locked", password=CANARY).render_as_string(hide_password=False))


def no_such_database(url: str) -> str:
    return wrong_password(url).replace("/catalog_", f"/{CANARY}-catalog_")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(wrong_password, id="wrong password"),
        pytest.param(lambda url: f"postgresql://u:{CANARY}@127.0.0.1:1/db", id="nobody listens"),
        pytest.param(lambda url: f"postgresql://127.0.0.1:1/db?password={CANARY}", id="password as parameter"),
        pytest.param(lambda url: f"postgresql://u@127.0.0.1:1/db?sslpassword={CANARY}", id="key's password"),
        pytest.param(lambda url: f"postgresql://u:{CANARY}@127.0.0.1:1/db?port={CANARY}", id="repeated by the driver"),
        pytest.param(lambda url: f"postgresql+psycopg://u:{CANARY}@127.0.0.1:1/db", id="driver named"),
    ],
)
def test_passwords_are_in_no_message_log_or_traceback(
    postgres: Postgres, postgres_url: str, caplog: pytest.LogCaptureFixture, change: Callable[[str], str]
) -> None:
    if not postgres.execute("SELECT 1 FROM pg_roles WHERE rolname = 'locked'"):
        postgres.create_user("locked", "another")
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(CatalogError) as refused,
        closing(Catalog(change(postgres_url))) as catalog,
    ):
        catalog.prepare()
    assert CANARY not in str(refused.value)
    assert CANARY not in "".join(traceback.format_exception(refused.value))
    assert CANARY not in caplog.text


def test_what_was_written_is_in_no_message(catalog: Catalog) -> None:
    """Whole pages of values would bury the reason."""
    commit(catalog, "b1", articles=[make_article(1)])
    with pytest.raises(CatalogError) as refused:
        commit(catalog, "b2", articles=[make_article(1)])
    assert str(make_article(1).title) not in "".join(traceback.format_exception(refused.value))


def test_a_session_in_another_time_zone_tells_the_same_moments(postgres_url: str) -> None:
    catalog = Catalog(f"{postgres_url}&options=-c%20timezone%3DAsia/Kathmandu")
    catalog.prepare()
    catalog.start_run(RUN, "crawl", START)
    assert catalog.runs(limit=1)[0]["started"] == START
    catalog.close()
