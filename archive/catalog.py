"""The catalog: what the archive holds, as a database that answers in milliseconds.

It knows every batch, capture, article and URL. `commit` is the moment from which an article is safe; everything it
writes can be derived again from the bucket.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from archive import schema
from archive.catalog_rows import (
    ArticleEntry,
    OutcomeRow,
    RunCount,
    UrlState,
    article_entry,
    article_row,
    capture_row,
    object_row,
    outcome_row,
    url_rows,
)
from archive.database import Database
from archive.errors import CatalogError
from archive.manifest import Manifest
from archive.records import Article, RecordLocation

_ROWS_A_QUERY = 500


class Catalog:
    """The catalog at an SQLAlchemy URL such as `sqlite:////var/lib/presskeep/catalog.sqlite`."""

    def __init__(self, url: str) -> None:
        self._database = Database(url)

    def prepare(self) -> None:
        """Create the tables where they are missing; refuse a catalog of a newer version."""
        with self._database.transaction() as connection:
            schema.metadata.create_all(connection)
            found = connection.scalar(sa.select(schema.settings.c.value).where(schema.settings.c.name == "version"))
            if found is None:
                connection.execute(schema.settings.insert().values(name="version", value=str(schema.VERSION)))
            elif int(found) > schema.VERSION:
                raise CatalogError(
                    f"catalog {self._database.name} has version {found}, this program knows "
                    f"{schema.VERSION}: use the newer presskeep that wrote it"
                )

    def close(self) -> None:
        """Let go of all connections."""
        self._database.close()

    def commit(
        self,
        manifest: Manifest,
        manifest_key: str,
        manifest_sha256: str,
        articles: Iterable[tuple[Article, str]],
        outcomes: Sequence[OutcomeRow] = (),
    ) -> None:
        """Make a batch part of the archive, in one transaction; `articles` come with the keys of their shards.

        Committing the same batch again changes nothing.
        """
        with self._database.transaction() as connection:
            known = sa.select(schema.batches.c.batch).where(schema.batches.c.batch == manifest.batch)
            if connection.scalar(known) is None:
                connection.execute(
                    schema.batches.insert().values(
                        batch=manifest.batch,
                        site=manifest.site,
                        run=manifest.run,
                        created=manifest.created,
                        manifest_key=manifest_key,
                        manifest_sha256=manifest_sha256,
                    )
                )
                _insert(connection, schema.objects, (object_row(manifest, obj) for obj in manifest.objects))
                _insert(connection, schema.captures, (capture_row(manifest, it) for it in manifest.captures))
                _insert(
                    connection,
                    schema.articles,
                    (article_row(manifest, article, key) for article, key in articles),
                )
                _remember_urls(connection, manifest)
            _insert(connection, schema.outcomes, (outcome_row(manifest.run, row) for row in outcomes))

    def note(self, run: str, outcomes: Sequence[OutcomeRow]) -> None:
        """Record outcomes that belong to no batch."""
        with self._database.transaction() as connection:
            _insert(connection, schema.outcomes, (outcome_row(run, row) for row in outcomes))

    def start_run(self, run: str, command: str, started: datetime) -> None:
        """Record that a run has begun."""
        with self._database.transaction() as connection:
            connection.execute(schema.runs.insert().values(run=run, command=command, started=started, state="running"))

    def finish_run(self, run: str, finished: datetime, state: str, counts: Iterable[RunCount] = ()) -> None:
        """Record how a run ended (`done`, `partly_failed`, `interrupted` or `failed`) and what it counted."""
        with self._database.transaction() as connection:
            connection.execute(
                schema.runs.update().where(schema.runs.c.run == run).values(finished=finished, state=state)
            )
            _insert(connection, schema.run_counts, ({"run": run, **dataclasses.asdict(count)} for count in counts))

    def url_states(self, url_ids: Iterable[str]) -> dict[str, UrlState]:
        """What is remembered of those URLs that were ever captured, by id."""
        with self._database.reading() as connection:
            rows = _sliced(connection, _URL_STATES, schema.urls.c.url_id, url_ids)
            return {row.url_id: UrlState(**row._mapping) for row in rows}

    def latest_revisions(self, url_ids: Iterable[str]) -> dict[str, tuple[int, str]]:
        """Revision and content hash of the newest revision of each article, by URL id."""
        table = schema.articles.c
        query = sa.select(table.url_id, table.revision, table.content_hash).order_by(table.revision)
        with self._database.reading() as connection:
            rows = _sliced(connection, query, table.url_id, url_ids)
            return {row.url_id: (row.revision, row.content_hash) for row in rows}

    def article_entries(
        self,
        *,
        site: str | None = None,
        url_id: str | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> Iterator[ArticleEntry]:
        """Articles by shard, then order of archiving; `since` and `until` are days of publication, both included.

        Articles whose day is unknown are left out when a day is asked for.
        """
        table = schema.articles.c
        query = sa.select(schema.articles).order_by(table.shard_key, table.fetched, table.url_id)
        if site is not None:
            query = query.where(table.site == site)
        if url_id is not None:
            query = query.where(table.url_id == url_id)
        if since is not None:
            query = query.where(table.published >= since)
        if until is not None:
            query = query.where(table.published <= until)
        with self._database.reading() as connection:
            for row in connection.execute(query.execution_options(yield_per=_ROWS_A_QUERY)):
                yield article_entry(row)

    def capture_location(self, url_id: str) -> RecordLocation | None:
        """Where the newest capture of a URL lies."""
        table = schema.captures
        query = (
            sa.select(table, schema.objects.c.key)
            .join(schema.objects, (schema.objects.c.batch == table.c.batch) & (schema.objects.c.kind == "raw"))
            .where(table.c.url_id == url_id)
            .order_by(table.c.fetched.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return RecordLocation(warc_key=row.key, offset=row.offset, length=row.length, payload_digest=row.payload_digest)

    def object_sha256(self, key: str) -> str | None:
        """The recorded SHA-256 of an object of the archive, None for one that is unknown."""
        with self._database.reading() as connection:
            return connection.scalar(sa.select(schema.objects.c.sha256).where(schema.objects.c.key == key))

    def site_summaries(self) -> list[dict[str, Any]]:
        """For each site with articles: counts, bytes, first and last day, last fetch."""
        table, objects = schema.articles.c, schema.objects.c
        stored = (
            sa.select(schema.batches.c.site, sa.func.sum(objects.size).label("bytes"))
            .join(schema.objects, objects.batch == schema.batches.c.batch)
            .group_by(schema.batches.c.site)
            .subquery()
        )
        query = (
            sa.select(
                table.site,
                sa.func.count(sa.distinct(table.url_id)).label("articles"),
                sa.func.count().label("revisions"),
                sa.func.min(table.published).label("first_day"),
                sa.func.max(table.published).label("last_day"),
                sa.func.max(table.fetched).label("last_fetched"),
                stored.c.bytes,
            )
            .join(stored, stored.c.site == table.site)
            .group_by(table.site, stored.c.bytes)
            .order_by(table.site)
        )
        with self._database.reading() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def run_counts(self, run: str) -> list[RunCount]:
        """How often each outcome occurred in a finished run, by site."""
        columns = [schema.run_counts.c[name] for name in RunCount.__dataclass_fields__]
        query = sa.select(*columns).where(schema.run_counts.c.run == run).order_by(*columns)
        with self._database.reading() as connection:
            return [RunCount(**row._mapping) for row in connection.execute(query)]

    def runs(self, *, limit: int) -> list[dict[str, Any]]:
        """The newest runs first."""
        query = sa.select(schema.runs).order_by(schema.runs.c.started.desc()).limit(limit)
        with self._database.reading() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def outcome_rows(self, run: str) -> list[OutcomeRow]:
        """Every outcome of a run, in the order recorded."""
        columns = [schema.outcomes.c[name] for name in OutcomeRow.__dataclass_fields__]
        query = sa.select(*columns).where(schema.outcomes.c.run == run).order_by(schema.outcomes.c.id)
        with self._database.reading() as connection:
            return [OutcomeRow(**row._mapping) for row in connection.execute(query)]


def _insert(connection: Connection, table: sa.Table, rows: Iterable[dict[str, Any]]) -> None:
    values = list(rows)
    if values:
        connection.execute(table.insert(), values)


def _remember_urls(connection: Connection, manifest: Manifest) -> None:
    table = schema.urls
    ids = {entry.url_id for entry in manifest.captures}
    firsts = {entry.url_id: entry.fetched for entry in reversed(manifest.captures)}
    before = {row.url_id: UrlState(**row._mapping) for row in _sliced(connection, _URL_STATES, table.c.url_id, ids)}
    for row in url_rows(manifest, before):
        if row["url_id"] in before:
            connection.execute(table.update().where(table.c.url_id == row["url_id"]).values(row))
        else:
            connection.execute(table.insert().values({**row, "first_fetched": firsts[row["url_id"]]}))


def _sliced(
    connection: Connection, query: sa.Select[Any], column: sa.ColumnElement[Any], values: Iterable[str]
) -> Iterator[sa.Row[Any]]:
    """Run a query for many values of a column without exceeding a database's number of parameters."""
    wanted = sorted(set(values))
    for start in range(0, len(wanted), _ROWS_A_QUERY):
        yield from connection.execute(query.where(column.in_(wanted[start : start + _ROWS_A_QUERY])))


_URL_STATES = sa.select(*(schema.urls.c[name] for name in UrlState.__dataclass_fields__))
