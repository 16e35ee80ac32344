"""Tables of the catalog.

Everything in `batches`, `objects`, `captures`, `articles`, `bands` and `urls` is derived from manifests and shards and
can be rebuilt from the bucket. `runs`, `run_sites`, `run_counts` and `outcomes` are the diary; all but `outcomes` can
be rebuilt from the reports of the runs. A URL that was known already is counted there, not listed. `site_findings`,
what is wrong with sites, comes from the same reports, all but `told` and `told_at`, what notifiers have delivered of
it. `leases` says who works on which site, `ticks` which run took over which moment at which a site was due; `hosts`,
`robots` and `requests` are what archive/host_memory.py remembers; `sources` and `announced` are what
archive/source_memory.py and archive/announcements.py do; `imports` says how far foreign files have been read,
`backfills` and `backfill_urls` what is to be fetched of the past.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Float, Index, Integer, LargeBinary, MetaData, Table

from archive.column_types import Moment, Text

VERSION = 2
"""Of these tables; archive/migrations brings those of an older version here."""

metadata = MetaData()

batches = Table(
    "batches",
    metadata,
    Column("batch", Text, primary_key=True),
    Column("site", Text, nullable=False, index=True),
    Column("run", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("software", Text, nullable=False),
    Column("replaces", Text, nullable=False),
    Column("manifest_key", Text, nullable=False),
    Column("manifest_sha256", Text, nullable=False),
)

objects = Table(
    "objects",
    metadata,
    Column("key", Text, primary_key=True),
    Column("batch", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("records", Integer, nullable=False),
)

captures = Table(
    "captures",
    metadata,
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
    Column("etag", Text),
    Column("last_modified", Text),
    Column("revisit", Text),
    Column("article", Text),
    Column("next_check", Moment),
)

articles = Table(
    "articles",
    metadata,
    Column("url_id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("site", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("canonical_url", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("text_hash", Text, nullable=False),
    Column("title", Text),
    Column("authors", Integer),
    Column("published", Date),
    Column("published_at", Moment),
    Column("fetched", Moment, nullable=False),
    Column("language", Text),
    Column("word_count", Integer, nullable=False),
    Column("removed_share", Float),
    Column("flags", Text, nullable=False),
    Column("batch", Text, nullable=False, index=True),
    Column("shard_key", Text, nullable=False),
    Column("warc_key", Text, nullable=False),
    Column("warc_offset", BigInteger, nullable=False),
    Column("warc_length", BigInteger, nullable=False),
    Column("payload_digest", Text, nullable=False),
    Column("text_prints", LargeBinary),
    Column("repeated_prints", LargeBinary),
    Column("fingerprint", LargeBinary),
    Index("articles_by_date", "site", "published"),
    Index("articles_by_fetch", "site", "fetched"),
    Index("articles_by_text", "site", "text_hash"),
)

bands = Table(
    "bands",
    metadata,
    Column("url_id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("band", BigInteger, primary_key=True, autoincrement=False, index=True),
    Column("site", Text, nullable=False),
    Column("batch", Text, nullable=False, index=True),
)

urls = Table(
    "urls",
    metadata,
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
    Column("payload_url", Text),
    Column("payload_fetched", Moment),
    Column("unmodified", Integer, nullable=False),
    Column("article", Text, index=True),
    Column("removed", Moment),
    Column("checks", Integer, nullable=False),
    Column("quiet", Integer, nullable=False),
    Column("next_check", Moment),
    Index("urls_to_check", "site", "next_check"),
)

runs = Table(
    "runs",
    metadata,
    Column("run", Text, primary_key=True),
    Column("command", Text, nullable=False),
    Column("started", Moment, nullable=False),
    Column("finished", Moment),
    Column("state", Text, nullable=False),
    Column("exit_code", Integer),
    Column("peak_memory", BigInteger),
    Column("problems", Text),
)

run_sites = Table(
    "run_sites",
    metadata,
    Column("run", Text, primary_key=True),
    Column("site", Text, primary_key=True),
    Column("started", Moment, nullable=False),
    Column("found", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Column("revised", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("throttled", Integer, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("bytes_received", BigInteger, nullable=False),
    Column("bytes_stored", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("rate", Float, nullable=False),
    Column("troubled_sources", Text, nullable=False),
    Column("examined", Boolean, nullable=False),
    Index("run_sites_by_site", "site", "started"),
)

run_counts = Table(
    "run_counts",
    metadata,
    Column("run", Text, primary_key=True),
    Column("site", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("count", Integer, nullable=False),
)

site_findings = Table(
    "site_findings",
    metadata,
    Column("site", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("opened", Moment, primary_key=True),
    Column("since", Moment, nullable=False),
    Column("closed", Moment),
    Column("accepted", Boolean, nullable=False),
    Column("run", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("examples", Text, nullable=False),
    Column("told", Text),
    Column("told_at", Moment),
)

outcomes = Table(
    "outcomes",
    metadata,
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

leases = Table(
    "leases",
    metadata,
    Column("site", Text, primary_key=True),
    Column("fence", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("host", Text, nullable=False),
    Column("boot", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Text, nullable=False),
)

ticks = Table(
    "ticks",
    metadata,
    Column("site", Text, primary_key=True),
    Column("tick", Moment, primary_key=True),
    Column("run", Text, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("claimed", Moment, nullable=False),
    Column("host", Text, nullable=False),
    Column("boot", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Text, nullable=False),
)

verified = Table(
    "verified",
    metadata,
    Column("batch", Text, primary_key=True),
    Column("verified_at", Moment, nullable=False, index=True),
    Column("damaged", Integer, nullable=False),
)

imports = Table(
    "imports",
    metadata,
    Column("source", Text, primary_key=True),
    Column("wanted", Text, primary_key=True),
    Column("stamp", Text, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("finished", Integer, nullable=False),
    Column("run", Text, nullable=False),
    Column("updated", Moment, nullable=False),
)

backfills = Table(
    "backfills",
    metadata,
    Column("backfill", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("command", Text, nullable=False),
)

backfill_urls = Table(
    "backfill_urls",
    metadata,
    Column("backfill", Text, primary_key=True),
    Column("url_id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("day", Date),
    Column("series", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("captures", Text),
    Column("outcome", Text),
    Index("backfill_urls_to_fetch", "backfill", "outcome", "day"),
)

removed = Table(
    "removed",
    metadata,
    Column("url_id", Text, primary_key=True),
    Column("tombstone", Text, primary_key=True),
    Column("site", Text, nullable=False, index=True),
    Column("removed", Moment, nullable=False),
)

hosts = Table(
    "hosts",
    metadata,
    Column("host", Text, primary_key=True),
    Column("not_before", Moment, nullable=False),
    Column("strikes", Integer, nullable=False),
    Column("reason", Text, nullable=False),
)

robots = Table(
    "robots",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("fetched", Moment, nullable=False),
    Column("text", Text, nullable=False),
)

requests = Table(
    "requests",
    metadata,
    Column("site", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("run", Text, primary_key=True),
    Column("count", Integer, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("site", Text, primary_key=True),
    Column("url", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("parent", Text),
    Column("lastmod", Text),
    Column("rules", Text, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("lied", Moment),
    Column("body_hash", Text),
    Column("fetched", Moment),
    Column("whole", Moment),
    Column("changed", Moment),
    Column("announced", Integer, nullable=False),
    Column("announced_ever", Integer, nullable=False),
    Column("fruitless", Text),
    Column("failures", Integer, nullable=False),
    Column("failing_since", Moment),
    Column("first_failure", Text),
    Column("last_failure", Text),
    Index("sources_by_parent", "site", "parent"),
)

announced = Table(
    "announced",
    metadata,
    Column("site", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("url_id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text),
    Column("published", Text),
    Column("modified", Text),
    Column("first", Moment, nullable=False),
    Column("left", Moment),
    Column("tried", Moment),
    Column("outcome", Text),
    Index("announced_now", "site", "source", "left"),
    Index("announced_by_time", "site", "first"),
    Index("announced_by_url", "site", "url_id"),
)
