"""What the catalog knows of articles that are met again: their revisions, their addresses, their texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from archive import schema
from archive.database import Database, slices
from archive.outcomes import DOUBTFUL, REDIRECTED, REMOVED
from archive.records import ArticleDraft


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    """One revision of an article, without its text."""

    url_id: str
    canonical_url: str
    revision: int
    fetched: datetime
    """Aware UTC."""
    text_hash: str
    """See archive/text_hash.py."""
    flags: tuple[str, ...]
    published: date | None
    word_count: int

    @classmethod
    def of(cls, draft: ArticleDraft, revision: int, text_hash: str) -> Self:
        """What a draft becomes."""
        names = ("url_id", "canonical_url", "fetched", "flags", "published", "word_count")
        same = {name: getattr(draft, name) for name in names}
        return cls(**same, revision=revision, text_hash=text_hash)


@dataclass(frozen=True, kw_only=True, slots=True)
class Removal:
    """An article that is gone from its site."""

    since: datetime
    """When that was first seen, aware UTC."""
    outcome: str
    """As it was seen last, such as `removed:http_410`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """A capture of an article's address that gave no revision, and told something nevertheless."""

    fetched: datetime
    """Aware UTC."""
    url: str
    outcome: str
    """`doubtful:…` or `removed:…`, see archive/outcomes.py."""


class ArticleHistory:
    """Reads articles and URLs of the catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def revisions(self, url_ids: Iterable[str]) -> dict[str, list[Revision]]:
        """All revisions of each article that has any, oldest first, by URL id."""
        found: defaultdict[str, list[Revision]] = defaultdict(list)
        for revision in self._revisions(schema.articles.c.url_id, url_ids):
            found[revision.url_id].append(revision)
        return dict(found)

    def with_texts(self, site: str, text_hashes: Iterable[str]) -> list[Revision]:
        """The revisions of a site that have one of these texts, oldest first."""
        return self._revisions(schema.articles.c.text_hash, text_hashes, schema.articles.c.site == site)

    def articles_of(self, url_ids: Iterable[str]) -> dict[str, str]:
        """Id of the article that an address gave when it was last read, by the id of the address."""
        table = schema.urls.c
        query = sa.select(table.url_id, table.article).where(table.article.is_not(None))
        return {row.url_id: row.article for row in self._rows(query, table.url_id, url_ids)}

    def removal(self, article: str) -> Removal | None:
        """Since when an article is gone from all its addresses, None while it is there at one."""
        table = schema.urls.c
        query = sa.select(table.outcome, table.removed).where(table.article == article, table.outcome != REDIRECTED)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        if not rows or any(row.removed is None for row in rows):
            return None
        last = max(rows, key=lambda row: row.removed)
        return Removal(since=last.removed, outcome=last.outcome)

    def sightings(self, article: str) -> list[Sighting]:
        """When it was met doubtful or gone, oldest first."""
        captures, urls = schema.captures.c, schema.urls.c
        addresses = sa.select(urls.url_id).where(urls.article == article)
        told = sa.or_(*(captures.outcome.startswith(name) for name in (DOUBTFUL, REMOVED)))
        query = (
            sa.select(captures.fetched, captures.url, captures.outcome)
            .where(captures.url_id.in_(addresses), told)
            .order_by(captures.fetched, captures.batch, captures.offset)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [Sighting(**row._asdict()) for row in rows]

    def removed(self) -> dict[str, int]:
        """How many articles of each site are gone from it."""
        table, twin = schema.urls.c, schema.urls.alias().c
        there = sa.exists().where(twin.article == table.article, twin.removed.is_(None), twin.outcome != REDIRECTED)
        query = (
            sa.select(table.site, sa.func.count(sa.distinct(table.article)).label("articles"))
            .where(table.removed.is_not(None), table.article.is_not(None), ~there)
            .group_by(table.site)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return {row.site: row.articles for row in rows}

    def _revisions(
        self, column: sa.ColumnElement[Any], values: Iterable[str], *where: sa.ColumnElement[bool]
    ) -> list[Revision]:
        table = schema.articles.c
        query = sa.select(*(table[name] for name in Revision.__dataclass_fields__))
        rows = self._rows(query.where(*where).order_by(table.fetched, table.revision), column, values)
        return [Revision(**row._asdict() | {"flags": tuple(row.flags.split())}) for row in rows]

    def _rows(self, query: sa.Select[Any], column: sa.ColumnElement[Any], values: Iterable[str]) -> list[sa.Row[Any]]:
        def read(connection: Connection) -> list[sa.Row[Any]]:
            return [row for some in slices(values) for row in connection.execute(query.where(column.in_(some)))]

        return self._database.read(read)
