"""Tables of the catalog.

Everything in `batches`, `objects`, `captures`, `articles` and `urls` is derived from manifests and shards and can be
rebuilt from the bucket. `runs`, `run_counts` and `outcomes` are the diary of this machine; a URL that was
known already is counted there, not listed.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
)

VERSION = 1

metadata = MetaData()


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime, also on SQLite, which has no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; SQLite gets it without the zone."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To an aware UTC datetime."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


settings = Table(
    "settings",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)

batches = Table(
    "batches",
    metadata,
    Column("batch", String, primary_key=True),
    Column("site", String, nullable=False, index=True),
    Column("run", String, nullable=False),
    Column("created", Moment, nullable=False),
    Column("manifest_key", String, nullable=False),
    Column("manifest_sha256", String, nullable=False),
)

objects = Table(
    "objects",
    metadata,
    Column("key", String, primary_key=True),
    Column("batch", String, nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String, nullable=False),
    Column("records", Integer, nullable=False),
)

captures = Table(
    "captures",
    metadata,
    Column("batch", String, primary_key=True),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("length", BigInteger, nullable=False),
    Column("site", String, nullable=False),
    Column("url", String, nullable=False),
    Column("url_id", String, nullable=False, index=True),
    Column("fetched", Moment, nullable=False),
    Column("status", Integer, nullable=False),
    Column("outcome", String, nullable=False),
    Column("payload_digest", String, nullable=False),
)

articles = Table(
    "articles",
    metadata,
    Column("url_id", String, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("site", String, nullable=False),
    Column("url", String, nullable=False),
    Column("canonical_url", String, nullable=False),
    Column("content_hash", String, nullable=False),
    Column("title", String),
    Column("published", Date),
    Column("fetched", Moment, nullable=False),
    Column("language", String),
    Column("word_count", Integer, nullable=False),
    Column("flags", String, nullable=False),
    Column("batch", String, nullable=False),
    Column("shard_key", String, nullable=False),
    Column("warc_key", String, nullable=False),
    Column("warc_offset", BigInteger, nullable=False),
    Column("warc_length", BigInteger, nullable=False),
    Column("payload_digest", String, nullable=False),
    Index("articles_by_date", "site", "published"),
)

urls = Table(
    "urls",
    metadata,
    Column("url_id", String, primary_key=True),
    Column("site", String, nullable=False, index=True),
    Column("url", String, nullable=False),
    Column("first_fetched", Moment, nullable=False),
    Column("last_fetched", Moment, nullable=False),
    Column("outcome", String, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("etag", String),
    Column("last_modified", String),
    Column("payload_digest", String, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run", String, primary_key=True),
    Column("command", String, nullable=False),
    Column("started", Moment, nullable=False),
    Column("finished", Moment),
    Column("state", String, nullable=False),
)

run_counts = Table(
    "run_counts",
    metadata,
    Column("run", String, primary_key=True),
    Column("site", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("outcome", String, primary_key=True),
    Column("count", Integer, nullable=False),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", String, nullable=False, index=True),
    Column("site", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("url", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("detail", String, nullable=False),
    Column("at", Moment, nullable=False),
    Index("outcomes_by_site", "site", "at"),
)
