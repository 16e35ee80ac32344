"""Version 2: leases, run reports, ticks, the memory of hosts and sources; rows hold all that their manifest says."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Date, Float, Integer, LargeBinary

from archive.column_types import Moment, Text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """What version 1 did not know of a batch stays empty; `presskeep catalog rebuild` reads it from the bucket."""
    op.create_table(
        "leases",
        Column("site", Text, primary_key=True),
        Column("fence", BigInteger, nullable=False),
        Column("holder", Text, nullable=False),
        Column("expires", Moment, nullable=False),
        Column("host", Text, nullable=False),
        Column("boot", Text, nullable=False),
        Column("pid", Integer, nullable=False),
        Column("started", Text, nullable=False),
    )
    op.create_table(
        "run_sites",
        Column("run", Text, primary_key=True),
        Column("site", Text, primary_key=True),
        Column("started", Moment, nullable=False),
        *(Column(name, Integer, nullable=False) for name in ("found", "new", "revised", "unchanged")),
        *(Column(name, Integer, nullable=False) for name in ("missing", "throttled", "requests")),
        *(Column(name, BigInteger, nullable=False) for name in ("bytes_received", "bytes_stored")),
        *(Column(name, Float, nullable=False) for name in ("seconds", "rate")),
        Column("troubled_sources", Text, nullable=False),
        Column("examined", Boolean, nullable=False),
    )
    op.create_table(
        "ticks",
        Column("site", Text, primary_key=True),
        Column("tick", Moment, primary_key=True),
        Column("run", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("claimed", Moment, nullable=False),
        Column("host", Text, nullable=False),
        Column("boot", Text, nullable=False),
        Column("pid", Integer, nullable=False),
        Column("started", Text, nullable=False),
    )
    op.create_index("ix_ticks_run", "ticks", ["run"])
    op.create_table(
        "verified",
        Column("batch", Text, primary_key=True),
        Column("verified_at", Moment, nullable=False),
        Column("damaged", Integer, nullable=False),
    )
    op.create_index("ix_verified_verified_at", "verified", ["verified_at"])
    op.create_index("run_sites_by_site", "run_sites", ["site", "started"])
    op.add_column("runs", Column("exit_code", Integer))
    op.add_column("runs", Column("peak_memory", BigInteger))
    op.add_column("runs", Column("problems", Text))
    op.create_table(
        "backfills",
        Column("backfill", Text, primary_key=True),
        Column("site", Text, nullable=False),
        *(Column(name, Date, nullable=False) for name in ("since", "until")),
        Column("state", Text, nullable=False),
        Column("created", Moment, nullable=False),
        Column("command", Text, nullable=False),
    )
    op.create_table(
        "backfill_urls",
        *(Column(name, Text, primary_key=True) for name in ("backfill", "url_id")),
        *(Column(name, Text, nullable=False) for name in ("url", "source")),
        Column("day", Date),
        Column("series", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("captures", Text),
        Column("outcome", Text),
    )
    op.create_index("backfill_urls_to_fetch", "backfill_urls", ["backfill", "outcome", "day"])
    op.create_table(
        "removed",
        Column("url_id", Text, primary_key=True),
        Column("tombstone", Text, primary_key=True),
        Column("site", Text, nullable=False),
        Column("removed", Moment, nullable=False),
    )
    op.create_index("ix_removed_site", "removed", ["site"])
    op.create_table(
        "imports",
        *(Column(name, Text, primary_key=True) for name in ("source", "wanted")),
        Column("stamp", Text, nullable=False),
        *(Column(name, BigInteger, nullable=False) for name in ("offset", "number")),
        Column("finished", Integer, nullable=False),
        Column("run", Text, nullable=False),
        Column("updated", Moment, nullable=False),
    )
    op.create_table(
        "hosts",
        Column("host", Text, primary_key=True),
        Column("not_before", Moment, nullable=False),
        Column("strikes", Integer, nullable=False),
        Column("reason", Text, nullable=False),
    )
    op.create_table(
        "robots",
        Column("origin", Text, primary_key=True),
        Column("fetched", Moment, nullable=False),
        Column("text", Text, nullable=False),
    )
    op.create_table(
        "requests",
        Column("site", Text, primary_key=True),
        Column("day", Date, primary_key=True),
        Column("run", Text, primary_key=True),
        Column("count", Integer, nullable=False),
    )
    with op.batch_alter_table("batches") as batches:
        batches.add_column(Column("software", Text, nullable=False, server_default="{}"))
        batches.add_column(Column("replaces", Text, nullable=False, server_default=""))
    with op.batch_alter_table("batches") as batches:
        batches.alter_column("software", server_default=None)
        batches.alter_column("replaces", server_default=None)
    op.add_column("captures", Column("etag", Text))
    op.add_column("captures", Column("last_modified", Text))
    for validator in ("etag", "last_modified"):
        op.execute(
            f"UPDATE captures SET {validator} = (SELECT {validator} FROM urls"  # noqa: S608 - two names of ours
            " WHERE urls.url_id = captures.url_id AND urls.last_fetched = captures.fetched)"
        )
    op.add_column("captures", Column("revisit", Text))
    op.add_column("captures", Column("article", Text))
    op.add_column("captures", Column("next_check", Moment))
    _remember_more_of_urls()
    with op.batch_alter_table("articles") as articles:
        articles.add_column(Column("text_hash", Text, nullable=False, server_default=""))
    with op.batch_alter_table("articles") as articles:
        articles.alter_column("text_hash", server_default=None)
    op.create_index("articles_by_text", "articles", ["site", "text_hash"])
    op.create_index("ix_articles_batch", "articles", ["batch"])
    op.add_column("articles", Column("text_prints", LargeBinary))
    op.add_column("articles", Column("repeated_prints", LargeBinary))
    op.add_column("articles", Column("fingerprint", LargeBinary))
    op.create_table(
        "bands",
        Column("url_id", Text, primary_key=True),
        Column("revision", Integer, primary_key=True, autoincrement=False),
        Column("band", BigInteger, primary_key=True, autoincrement=False),
        Column("site", Text, nullable=False),
        Column("batch", Text, nullable=False),
    )
    op.create_index("ix_bands_band", "bands", ["band"])
    op.create_index("ix_bands_batch", "bands", ["batch"])
    op.create_index("articles_by_fetch", "articles", ["site", "fetched"])
    op.add_column("articles", Column("authors", Integer))
    op.add_column("articles", Column("published_at", Moment))
    op.add_column("articles", Column("removed_share", Float))
    op.create_table(
        "site_findings",
        *(Column(name, Text, primary_key=True) for name in ("site", "kind", "subject")),
        Column("opened", Moment, primary_key=True),
        Column("since", Moment, nullable=False),
        Column("closed", Moment),
        Column("accepted", Boolean, nullable=False),
        *(Column(name, Text, nullable=False) for name in ("run", "summary", "cause", "examples")),
        Column("told", Text),
        Column("told_at", Moment),
    )
    op.drop_table("settings", if_exists=True)
    _remember_sources()


def _remember_more_of_urls() -> None:
    for name in ("payload_url", "article"):
        op.add_column("urls", Column(name, Text))
    for name in ("payload_fetched", "removed", "next_check"):
        op.add_column("urls", Column(name, Moment))
    counts = ("unmodified", "checks", "quiet")
    with op.batch_alter_table("urls") as urls:
        for name in counts:
            urls.add_column(Column(name, Integer, nullable=False, server_default="0"))
    with op.batch_alter_table("urls") as urls:
        for name in counts:
            urls.alter_column(name, server_default=None)
    op.create_index("ix_urls_article", "urls", ["article"])
    op.create_index("urls_to_check", "urls", ["site", "next_check"])


def _remember_sources() -> None:
    op.create_table(
        "sources",
        Column("site", Text, primary_key=True),
        Column("url", Text, primary_key=True),
        Column("kind", Text, nullable=False),
        *(Column(name, Text) for name in ("parent", "lastmod")),
        Column("rules", Text, nullable=False),
        *(Column(name, Text) for name in ("etag", "last_modified", "body_hash")),
        *(Column(name, Moment) for name in ("lied", "fetched", "whole", "changed", "failing_since")),
        *(Column(name, Integer, nullable=False) for name in ("announced", "announced_ever", "failures")),
        *(Column(name, Text) for name in ("fruitless", "first_failure", "last_failure")),
    )
    op.create_index("sources_by_parent", "sources", ["site", "parent"])
    op.create_table(
        "announced",
        Column("site", Text, primary_key=True),
        Column("source", Text, primary_key=True),
        Column("url_id", Text, primary_key=True),
        *(Column(name, Text, nullable=False) for name in ("url", "kind")),
        *(Column(name, Text) for name in ("title", "published", "modified", "outcome")),
        Column("first", Moment, nullable=False),
        *(Column(name, Moment) for name in ("left", "tried")),
    )
    op.create_index("announced_now", "announced", ["site", "source", "left"])
    op.create_index("announced_by_time", "announced", ["site", "first"])
    op.create_index("announced_by_url", "announced", ["site", "url_id"])
