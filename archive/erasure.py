"""Erasing from the catalog what was taken down, so that not even a page of its file that is free now shows it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from archive import schema
from archive.database import Database, slices
from archive.leases import Lease, check_lease
from archive.records import url_id

_TABLES = (schema.articles, schema.captures, schema.urls, schema.outcomes, schema.announced, schema.backfill_urls)


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """How much there is of some articles."""

    articles: tuple[str, ...]
    """The URLs that they were fetched from."""
    revisions: int
    captures: int
    batches: int
    """That have some of it."""


class Erasure:
    """Finds and erases rows of articles and addresses, given their ids."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def addresses(self, site: str, articles: Collection[str]) -> set[tuple[str, str]]:
        """Ids and URLs of all captures of a site that are of these ids, or gave one of these articles."""
        captures, rows = schema.captures.c, schema.articles.c
        query = sa.select(captures.url_id, captures.url).where(captures.site == site).distinct()
        placed = query.join(schema.articles, (rows.batch == captures.batch) & (rows.warc_offset == captures.offset))

        def read(connection: Connection) -> set[tuple[str, str]]:
            return {
                (row.url_id, row.url)
                for some in slices(articles)
                for asked, column in ((query, captures.url_id), (query, captures.article), (placed, rows.url_id))
                for row in connection.execute(asked.where(column.in_(some)))
            }

        return self._database.read(read)

    def offsets(self, batch: str, gone: Collection[str]) -> set[int]:
        """Where the records lie in the WARC of a batch that gave one of these articles."""
        table = schema.articles.c
        query = sa.select(table.url_id, table.warc_offset).where(table.batch == batch)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return {row.warc_offset for row in rows if row.url_id in gone}

    def held(self, site: str, ids: Collection[str]) -> Held:
        """How much of these articles and addresses a site has."""
        captures, rows = schema.captures.c, schema.articles.c

        def read(connection: Connection) -> Held:
            pages: set[tuple[str, int]] = set()
            articles: set[tuple[str, int]] = set()
            urls: set[str] = set()
            query = sa.select(captures.batch, captures.offset).where(captures.site == site)
            for some in slices(ids):
                for column in (captures.url_id, captures.article):
                    pages.update((row.batch, row.offset) for row in connection.execute(query.where(column.in_(some))))
                for row in connection.execute(sa.select(schema.articles).where(rows.url_id.in_(some))):
                    pages.add((row.batch, row.warc_offset))
                    articles.add((row.url_id, row.revision))
                    urls.add(row.url)
            batches = {batch for batch, _ in pages}
            return Held(
                articles=tuple(sorted(urls)), revisions=len(articles), captures=len(pages), batches=len(batches)
            )

        return self._database.read(read)

    def is_held(self, site: str, ids: Collection[str]) -> bool:
        """Whether a site has any of them."""
        return self.held(site, ids).captures > 0

    def erase(self, site: str, gone: Collection[str], *, lease: Lease) -> None:
        """Erase from the diary, announcements and backfills; what batches hold must have gone before."""
        outcomes, announced = schema.outcomes, schema.announced

        def write(connection: Connection) -> int:
            check_lease(connection, lease)
            told = connection.execute(sa.select(outcomes.c.url).where(outcomes.c.site == site).distinct())
            urls = [row.url for row in told if url_id(row.url) in gone]
            listed = sa.select(announced.c.url).where(announced.c.site == site)
            for some in slices(gone):
                urls += connection.scalars(listed.where(announced.c.url_id.in_(some)))
                connection.execute(schema.backfill_urls.delete().where(schema.backfill_urls.c.url_id.in_(some)))
                connection.execute(announced.delete().where(announced.c.site == site, announced.c.url_id.in_(some)))
            for some in slices(urls):
                connection.execute(outcomes.delete().where(outcomes.c.site == site, outcomes.c.url.in_(some)))
            return len(urls)

        self._database.write(write)

    def scrub(self) -> None:
        """Write the database anew, without what was deleted from it; nobody else can write meanwhile.

        https://sqlite.org/lang_vacuum.html, https://www.postgresql.org/docs/current/sql-vacuum.html
        """
        self._database.vacuum([table.name for table in _TABLES])
