"""The catalog: what the archive holds, as a database that answers in milliseconds.

It knows every batch, capture, article and URL. `commit` is the moment from which an article is safe; everything it
writes can be derived again from the bucket.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from archive import schema
from archive.announcements import Announcements
from archive.article_history import ArticleHistory
from archive.backfills import Backfills
from archive.backoff import Patience
from archive.block_memory import AGE, NEWEST, BlockPrints, unpacked
from archive.catalog_rows import (
    ArticleEntry,
    OutcomeRow,
    RunCount,
    UrlState,
    article_entry,
    article_row,
    batch_row,
    capture_row,
    manifest_of,
    object_row,
    outcome_row,
)
from archive.checks import Checks
from archive.database import Database, slices
from archive.diary import Diary
from archive.erasure import Erasure
from archive.held_batches import HeldBatches, check_not_replaced
from archive.host_memory import HostMemory
from archive.imports import Imports
from archive.leadership import Leadership, leadership
from archive.leases import Lease, Leases, check_lease
from archive.likeness import Likenesses, write_bands
from archive.manifest import Manifest
from archive.migrations import bring_up_to_date
from archive.precedence import Precedence
from archive.records import Article, RecordLocation
from archive.selection import EVERYTHING, Selection
from archive.site_findings import SiteFindings
from archive.site_history import SiteHistory
from archive.source_memory import SourceMemory
from archive.ticks import Ticks
from archive.tombstones import Tombstones
from archive.url_memory import remember
from archive.verified import Verified

_ROWS_AT_ONCE = 500

_YOUNG_RUN = timedelta(minutes=10)
"""How long after its start a run may be without leases and still alive."""


class Catalog:
    """The catalog at an SQLAlchemy URL such as `sqlite:////var/lib/presskeep/catalog.sqlite`."""

    def __init__(self, url: str, *, patience: Patience | None = None) -> None:
        """`patience` is for a database that goes away while it is in use; opening it is tried once."""
        self._database = Database(url, patience=patience or Patience())
        self.leases = Leases(self._database)
        self.precedence = Precedence(self.leases)
        self.diary = Diary(self._database)
        self.ticks = Ticks(self._database)
        self.verified = Verified(self._database)
        self.hosts = HostMemory(self._database)
        self.history = ArticleHistory(self._database)
        self.checks = Checks(self._database)
        self.sources = SourceMemory(self._database)
        self.likenesses = Likenesses(self._database)
        self.announcements = Announcements(self._database)
        self.imports = Imports(self._database)
        self.backfills = Backfills(self._database)
        self.sites = SiteHistory(self._database)
        self.findings = SiteFindings(self._database)
        self.batches = HeldBatches(self._database)
        self.tombstones = Tombstones(self._database)
        self.erasure = Erasure(self._database)

    def prepare(self) -> None:
        """Create or upgrade the tables where that is needed; refuse a catalog of a newer version."""
        bring_up_to_date(self._database)

    def leadership(self, holder: str) -> Leadership:
        """The right to lead the schedulers of this catalog, not yet asked for; `holder` is who will ask."""
        return leadership(self._database, self.leases, holder)

    def try_writing(self) -> None:
        """Write nothing, in a transaction; CatalogError when the catalog can only be read."""
        with self._database.transaction() as connection:
            connection.execute(schema.leases.delete().where(sa.false()))

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
        *,
        lease: Lease | None = None,
    ) -> None:
        """Make a batch part of the archive, in one transaction; `articles` come with the keys of their shards.

        Committing the same batch again changes nothing. With a lease, LeaseLost when it is no longer ours.
        BatchReplaced when another batch has taken the place of one that this one replaces.
        """
        placed = [article_row(manifest, article, key) for article, key in articles]

        def write(connection: Connection) -> None:
            known = sa.select(schema.batches.c.batch).where(schema.batches.c.batch == manifest.batch)
            if connection.scalar(known) is not None:
                return
            if lease is not None:
                check_lease(connection, lease)
            check_not_replaced(connection, manifest.site, manifest.replaces)
            changed = _forget(connection, manifest.replaces)
            captures = [capture_row(manifest, entry) for entry in manifest.captures]
            _insert(connection, schema.batches, [batch_row(manifest, manifest_key, manifest_sha256)])
            _insert(connection, schema.objects, (object_row(manifest, obj) for obj in manifest.objects))
            _insert(connection, schema.captures, captures)
            _insert(connection, schema.articles, placed)
            write_bands(connection, placed)
            _insert(connection, schema.outcomes, (outcome_row(manifest.run, row) for row in outcomes))
            remember(connection, captures, changed)

        self._database.write(write)

    def note(self, run: str, outcomes: Sequence[OutcomeRow]) -> None:
        """Record outcomes that belong to no batch; those that are recorded already are left out."""
        table = schema.outcomes.c

        def write(connection: Connection) -> None:
            since = min(row.at for row in outcomes)
            query = sa.select(table.kind, table.url, table.at).where(table.run == run, table.at >= since)
            known = {tuple(row) for row in connection.execute(query)}
            new = [row for row in outcomes if (row.kind, row.url, row.at) not in known]
            _insert(connection, schema.outcomes, (outcome_row(run, row) for row in new))

        if outcomes:
            self._database.write(write)

    def start_run(self, run: str, command: str, started: datetime) -> None:
        """Record that a run has begun, unless that is recorded already."""

        def write(connection: Connection) -> None:
            if connection.scalar(sa.select(schema.runs.c.run).where(schema.runs.c.run == run)) is None:
                row = {"run": run, "command": command, "started": started, "state": "running"}
                _insert(connection, schema.runs, [row])

        self._database.write(write)

    def interrupt_dead_runs(self, now: datetime) -> list[str]:
        """Mark as `interrupted` all runs that were killed: they are `running`, and none of their leases lives.

        Without any lease a run is let alone for `_YOUNG_RUN`: it may not have got that far. Returns their ids.
        """
        table = schema.runs.c

        def write(connection: Connection) -> list[str]:
            holders = self.leases.holders(connection)
            running = connection.execute(sa.select(table.run, table.started).where(table.state == "running")).all()
            dead = [row.run for row in running if not holders.get(row.run, now - row.started < _YOUNG_RUN)]
            for runs in slices(dead):
                connection.execute(schema.runs.update().where(table.run.in_(runs)).values(state="interrupted"))
            return dead

        return self._database.write(write)

    def url_states(self, url_ids: Iterable[str]) -> dict[str, UrlState]:
        """What is remembered of those URLs that were ever captured, by id."""
        query = sa.select(*(schema.urls.c[name] for name in UrlState.__dataclass_fields__))
        rows = self._rows_of(query, schema.urls.c.url_id, url_ids)
        return {row.url_id: UrlState(**row._mapping) for row in rows}

    def block_prints(self, site: str, before: datetime) -> list[BlockPrints]:
        """What is remembered of a site's articles that were fetched before this moment, newest first."""
        table = schema.articles.c
        query = (
            sa.select(table.url_id, table.text_prints, table.repeated_prints)
            .where(table.site == site, table.fetched < before, table.fetched >= before - AGE)
            .order_by(table.fetched.desc(), table.url_id, table.revision)
            .limit(NEWEST)
        )
        return [
            BlockPrints(url_id=row.url_id, prints=frozenset(unpacked(row.text_prints + row.repeated_prints)))
            for row in self._streamed(query.where(table.text_prints.is_not(None)))
        ]

    def revisions_elsewhere(self, url_ids: Iterable[str], batches: Collection[str]) -> set[tuple[str, int]]:
        """URL id and number of each revision of these articles that stands in another batch than these."""
        table = schema.articles.c
        query = sa.select(table.url_id, table.revision).where(table.batch.not_in(batches))
        return {(row.url_id, row.revision) for row in self._rows_of(query, table.url_id, url_ids)}

    def article_entries(self, wanted: Selection = EVERYTHING, *, url_id: str | None = None) -> Iterator[ArticleEntry]:
        """Articles by shard, then order of archiving, that meet what `wanted` asks of site, day, language, revision."""
        query = _by_shard(schema.articles, schema.objects.c.sha256.label("shard_sha256"))
        if url_id is not None:
            query = query.where(schema.articles.c.url_id == url_id)
        return map(article_entry, self._streamed(_selected(query, wanted)))

    def revisions(self, wanted: Selection = EVERYTHING) -> Iterator[sa.Row[tuple[str, str | None, str, int]]]:
        """Of the same articles, in the same order, key and SHA-256 of the shard, URL id and number of the revision."""
        table = schema.articles.c
        query = _by_shard(table.shard_key, schema.objects.c.sha256, table.url_id, table.revision)
        return self._streamed(_selected(query, wanted))

    def capture_location(self, url_id: str) -> RecordLocation | None:
        """Where the newest capture of a URL lies that has a body of its own."""
        table = schema.captures
        query = (
            sa.select(table, schema.objects.c.key)
            .join(schema.objects, (schema.objects.c.batch == table.c.batch) & (schema.objects.c.kind == "raw"))
            .where(table.c.url_id == url_id, table.c.revisit.is_(None))
            .order_by(table.c.fetched.desc(), table.c.batch.desc(), table.c.offset.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return RecordLocation(warc_key=row.key, offset=row.offset, length=row.length, payload_digest=row.payload_digest)

    def rows(self, table: sa.Table, **where: str) -> Iterator[dict[str, Any]]:
        """The rows of a table of archive/schema.py whose columns have these values, in the order of its key."""
        query = sa.select(table).filter_by(**where).order_by(*table.primary_key)
        return (row._asdict() for row in self._streamed(query))

    def manifest(self, batch: str) -> Manifest | None:
        """The manifest of a batch as it was committed, None if the batch is unknown or was replaced."""
        found = next(self.rows(schema.batches, batch=batch), None)
        captures = list(self.rows(schema.captures, batch=batch))
        if found is None or not captures:
            return None
        return manifest_of(found, self.rows(schema.objects, batch=batch), captures)

    def forget(self, batch: str, *, lease: Lease | None = None) -> None:
        """Take a batch out again, so that it can be committed anew from the bucket; `lease` as for `commit`."""
        with self._database.transaction() as connection:
            if lease is not None:
                check_lease(connection, lease)
            remember(connection, [], _forget(connection, [batch]))
            connection.execute(schema.batches.delete().where(schema.batches.c.batch == batch))

    def site_summaries(self) -> list[dict[str, Any]]:
        """For each site with articles: counts, bytes, first and last day, last fetch."""
        table, objects = schema.articles.c, schema.objects.c
        stored = (
            sa.select(schema.batches.c.site, sa.cast(sa.func.sum(objects.size), sa.BigInteger).label("bytes"))
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
        """How often each outcome occurred in a run, by site; in one that was killed, of what became safe."""
        columns = [schema.run_counts.c[name] for name in RunCount.__dataclass_fields__]
        query = sa.select(*columns).where(schema.run_counts.c.run == run).order_by(*columns)
        kinds = [schema.outcomes.c[name] for name in ("site", "kind", "outcome")]
        rest = sa.select(*kinds, sa.func.count().label("count")).group_by(*kinds).order_by(*kinds)
        with self._database.reading() as connection:
            rows = connection.execute(query).all() or connection.execute(rest.where(schema.outcomes.c.run == run)).all()
            return [RunCount(**row._mapping) for row in rows]

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

    def _streamed(self, query: sa.Select[Any]) -> Iterator[sa.Row[Any]]:
        streamed = query.execution_options(yield_per=_ROWS_AT_ONCE)
        with self._database.reading() as connection, connection.execute(streamed) as rows:
            yield from rows

    def _rows_of(
        self, query: sa.Select[Any], column: sa.ColumnElement[Any], values: Iterable[str]
    ) -> list[sa.Row[Any]]:
        def read(connection: Connection) -> list[sa.Row[Any]]:
            return [row for some in slices(values) for row in connection.execute(query.where(column.in_(some)))]

        return self._database.read(read)


def _insert(connection: Connection, table: sa.Table, rows: Iterable[dict[str, Any]]) -> None:
    values = list(rows)
    if values:
        connection.execute(table.insert(), values)


def _by_shard(*columns: Any) -> sa.Select[Any]:
    table = schema.articles.c
    return (
        sa.select(*columns)
        .select_from(schema.articles)
        .outerjoin(schema.objects, schema.objects.c.key == table.shard_key)
        .order_by(table.shard_key, table.fetched, table.url_id)
    )


def _selected(query: sa.Select[Any], wanted: Selection) -> sa.Select[Any]:
    """The query with what a catalog can tell of `wanted`."""
    table = schema.articles.c
    if wanted.sites:
        query = query.where(table.site.in_(wanted.sites))
    if wanted.languages:
        query = query.where(table.language.in_(wanted.languages))
    published = wanted.by == "published"
    if wanted.since is not None:
        query = query.where(table.published >= wanted.since if published else table.fetched >= _midnight(wanted.since))
    if wanted.until is not None:
        end = _midnight(wanted.until + timedelta(days=1))
        query = query.where(table.published <= wanted.until if published else table.fetched < end)
    if wanted.latest:
        newer = schema.articles.alias("newer").c
        order = sa.tuple_(newer.fetched, newer.revision) > sa.tuple_(table.fetched, table.revision)
        query = query.where(~sa.exists().where(newer.url_id == table.url_id, order))
    return query


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _forget(connection: Connection, batches: Iterable[str]) -> set[str]:
    """Delete what stands in these batches, and return the ids of the URLs that were captured there.

    Their own rows stay, so that they are not committed again.
    """
    captures = schema.captures.c
    changed: set[str] = set()
    for gone in slices(batches):
        changed.update(connection.scalars(sa.select(captures.url_id).where(captures.batch.in_(gone))))
        for table in (schema.objects, schema.captures, schema.articles, schema.bands):
            connection.execute(table.delete().where(table.c.batch.in_(gone)))
    return changed
