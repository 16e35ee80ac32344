"""Version 1: the first tables; a catalog that was made before there were migrations has them already."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Column, Date, Index, Integer, Table

from archive.column_types import Moment, Text

revision = "0001"
down_revision = None

_metadata = sa.MetaData()


def upgrade() -> None:
    """Create what is missing."""
    _metadata.create_all(op.get_bind())


Table(
    "batches",
    _metadata,
    Column("batch", Text, primary_key=True),
    Column("site", Text, nullable=False, index=True),
    Column("run", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("manifest_key", Text, nullable=False),
    Column("manifest_sha256", Text, nullable=False),
)

Table(
    "objects",
    _metadata,
    Column("key", Text, primary_key=True),
    Column("batch", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("records", Integer, nullable=False),
)

Table(
    "captures",
    _metadata,
    Column("batch", Text, primary_key=True),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("length", BigInteger, nullable=False),
    Column("site", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("url_id", Text, nullable=False, index=True),
    Column("fetched", Moment, nullable=False),
    Column("status", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("payload_digest", Text, nullable=False),
)

Table(
    "articles",
    _metadata,
    Column("url_id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("site", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("canonical_url", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("title", Text),
    Column("published", Date),
    Column("fetched", Moment, nullable=False),
    Column("language", Text),
    Column("word_count", Integer, nullable=False),
    Column("flags", Text, nullable=False),
    Column("batch", Text, nullable=False),
    Column("shard_key", Text, nullable=False),
    Column("warc_key", Text, nullable=False),
    Column("warc_offset", BigInteger, nullable=False),
    Column("warc_length", BigInteger, nullable=False),
    Column("payload_digest", Text, nullable=False),
    Index("articles_by_date", "site", "published"),
)

Table(
    "urls",
    _metadata,
    Column("url_id", Text, primary_key=True),
    Column("site", Text, nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("first_fetched", Moment, nullable=False),
    Column("last_fetched", Moment, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("payload_digest", Text, nullable=False),
)

Table(
    "runs",
    _metadata,
    Column("run", Text, primary_key=True),
    Column("command", Text, nullable=False),
    Column("started", Moment, nullable=False),
    Column("finished", Moment),
    Column("state", Text, nullable=False),
)

Table(
    "run_counts",
    _metadata,
    Column("run", Text, primary_key=True),
    Column("site", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("count", Integer, nullable=False),
)

Table(
    "outcomes",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("run", Text, nullable=False, index=True),
    Column("site", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("outcomes_by_site", "site", "at"),
)
