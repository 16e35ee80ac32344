"""Object keys: where everything lies below the archive's prefix.

    presskeep.json                                            marker
    raw/<site>/<YYYY>/<MM>/<batch>.warc.gz                    captures, by fetch time
    articles/site=<site>/month=<YYYY-MM>/<batch>.parquet      articles, by month of publication, or `unknown`
    batches/<site>/<batch>.json                               manifest
    removed/<hash>.json                                       tombstone
    runs/<YYYY>/<MM>/<run>.json                               run report, by the start of the run

Keys are plain ASCII and come from here alone. A batch id sorts by the time of its first capture and ends in
the first 12 hex digits of its WARC's SHA-256, so equal ids mean equal captures.
"""

from __future__ import annotations

import re
from datetime import date, datetime

MARKER = "presskeep.json"
RAW = "raw/"
ARTICLES = "articles/"
BATCHES = "batches/"
RUNS = "runs/"
REMOVED = "removed/"


def batch_id(first_capture: datetime, warc_sha256: str) -> str:
    """The id of the batch whose first capture was taken then (aware UTC) and whose WARC hashes to this."""
    return f"{first_capture:%Y%m%dT%H%M%S}{first_capture.microsecond // 1000:03d}Z-{warc_sha256[:12]}"


def raw_key(site: str, batch: str) -> str:
    """Key of a batch's WARC; year and month are those of the batch id."""
    return f"{RAW}{site}/{batch[:4]}/{batch[4:6]}/{batch}.warc.gz"


def articles_key(site: str, published: date | None, batch: str) -> str:
    """Key of the shard that holds a batch's articles of one month of publication."""
    return shard_key(site, month(published), batch)


def shard_key(site: str, month: str, batch: str) -> str:
    """As `articles_key`, for a month as `month` gives it."""
    return f"{ARTICLES}site={site}/month={month}/{batch}.parquet"


def manifest_key(site: str, batch: str) -> str:
    """Key of a batch's manifest."""
    return f"{BATCHES}{site}/{batch}.json"


def run_key(run: str) -> str:
    """Key of a run's report; year and month are those of the run id."""
    return f"{RUNS}{run[:4]}/{run[4:6]}/{run}.json"


def tombstone_key(sha256: str) -> str:
    """Key of a tombstone: the first 32 hex digits of the hash of its content."""
    return f"{REMOVED}{sha256[:32]}.json"


def is_tombstone(key: str) -> bool:
    """Whether a key is that of a tombstone."""
    return re.fullmatch(rf"{REMOVED}[0-9a-f]{{32}}\.json", key) is not None


def month(published: date | None) -> str:
    """The partition of a day of publication: `YYYY-MM`, or `unknown`."""
    return f"{published:%Y-%m}" if published else "unknown"


def shard_month(key: str) -> str:
    """The month of publication in the key of a shard."""
    return key.partition("/month=")[2].partition("/")[0]
