"""How long a machine without a disk takes to begin: the catalog is rebuilt from the bucket, and what is due is asked.

    python -m bench.startup [--articles 100000] [--batch 1000] [--sites 20] [--json FILE]

The archive is made here, in a folder: manifests and shards as presskeep writes them, of invented articles of 400 words.
WARCs are named in them and not written, because a rebuild does not look into any. Times are those of `presskeep catalog
rebuild`, its modules and migrations included, and of `presskeep crawl --due` where nothing is due.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import io
import json
import os
import random
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from archive import keys
from archive.manifest import CaptureEntry, Manifest, StoredObject
from archive.marker import ensure_marker
from archive.records import Article, ArticleDraft, content_hash, new_run_id, url_id
from archive.run_report import RunReport, SiteReport, write_report
from archive.shards import write_shard
from archive.store import DirectoryStore, put_bytes
from bench.machine import Cost, facts, measure
from tests.crawling import CONTACT, PROJECT

START = datetime(2024, 1, 1, tzinfo=UTC)
_PROFILE = """\
name = "{name}"
title = "{name}"
hosts = ["{name}.example"]
schedule = "0 5 29 2 *"
[sources]
feeds = ["https://{name}.example/rss.xml"]
"""
_WORDS = [f"word{number}" for number in range(5000)]


def make_archive(store: DirectoryStore, *, articles: int, batch: int, sites: int, seed: int = 1) -> None:
    """Fill an empty archive with so many articles, in batches of so many, and the report of a run of just now."""
    ensure_marker(store)
    reports = tuple(SiteReport(site=f"site-{number}") for number in range(1, sites + 1))
    moment = datetime.now(UTC)
    report = RunReport(
        run=new_run_id(),
        command="crawl --due",
        state="done",
        exit_code=0,
        started=moment,
        finished=moment,
        sites=reports,
    )
    write_report(store, report)
    order = random.Random(seed)
    for number, first in enumerate(range(0, articles, batch)):
        site = f"site-{number % sites + 1}"
        drafts = [_draft(site, one, order) for one in range(first, min(first + batch, articles))]
        _put_batch(store, site, drafts)


def _draft(site: str, number: int, order: random.Random) -> ArticleDraft:
    url = f"https://{site}.example/story/{number}"
    text = "\n\n".join(" ".join(order.choices(_WORDS, k=50)) for _ in range(8))
    fetched = START + timedelta(minutes=number)
    title = f"Story {number}"
    return ArticleDraft(
        url_id=url_id(url),
        url=url,
        canonical_url=url,
        site=site,
        content_hash=content_hash(title, text),
        title=title,
        published=fetched.date(),
        published_at=fetched,
        published_precision="second",
        fetched=fetched,
        language="en",
        text=text,
        word_count=400,
        extractor="presskeep",
        extractor_version="0",
        profile_hash="0" * 16,
    )


def _put_batch(store: DirectoryStore, site: str, drafts: Sequence[ArticleDraft]) -> None:
    digest = hashlib.sha256(drafts[0].text.encode()).hexdigest()
    batch = keys.batch_id(drafts[0].fetched, digest)
    raw = StoredObject(
        key=keys.raw_key(site, batch), kind="raw", size=len(drafts) * 4000, sha256=digest, records=len(drafts)
    )
    articles = list(_articles(drafts, raw))
    shards = [_put_shard(store, key, rows) for key, rows in _by_shard(articles, batch)]
    manifest = Manifest(
        batch=batch,
        site=site,
        run="20240101T000000Z-000000",
        created=drafts[-1].fetched,
        software={"presskeep": "0"},
        objects=(raw, *shards),
        captures=tuple(_capture(article) for article in articles),
    )
    put_bytes(store, keys.manifest_key(site, batch), manifest.to_json())


def _articles(drafts: Sequence[ArticleDraft], raw: StoredObject) -> Iterator[Article]:
    for place, draft in enumerate(drafts):
        yield Article(
            **{field.name: getattr(draft, field.name) for field in dataclasses.fields(draft)},
            revision=1,
            warc_key=raw.key,
            warc_offset=place * 4000,
            warc_length=4000,
            payload_digest=raw.sha256,
        )


def _by_shard(articles: Sequence[Article], batch: str) -> Iterator[tuple[str, list[Article]]]:
    placed: dict[str, list[Article]] = {}
    for article in articles:
        placed.setdefault(keys.articles_key(article.site, article.published, batch), []).append(article)
    return iter(sorted(placed.items()))


def _put_shard(store: DirectoryStore, key: str, articles: Sequence[Article]) -> StoredObject:
    buffer = io.BytesIO()
    write_shard(articles, buffer)
    data = buffer.getvalue()
    put_bytes(store, key, data)
    sha256 = hashlib.sha256(data).hexdigest()
    return StoredObject(key=key, kind="articles", size=len(data), sha256=sha256, records=len(articles))


def _capture(article: Article) -> CaptureEntry:
    return CaptureEntry(
        url=article.url,
        url_id=article.url_id,
        fetched=article.fetched,
        status=200,
        outcome="archived",
        offset=article.warc_offset,
        length=article.warc_length,
        payload_digest=article.payload_digest,
        etag=f'"{article.url_id[:16]}"',
        last_modified=None,
        revisit=None,
    )


def _installed(folder: Path, sites: int) -> DirectoryStore:
    """An installation with an empty archive."""
    (folder / "sites").mkdir()
    for number in range(1, sites + 1):
        name = f"site-{number}"
        (folder / "sites" / f"{name}.toml").write_text(_PROFILE.format(name=name), "utf-8")
    archive = folder / "archive"
    (folder / "presskeep.toml").write_text(f'archive = "{archive.as_uri()}"\ncontact = "{CONTACT}"\n', "utf-8")
    return DirectoryStore(archive)


def _command(folder: Path, *arguments: str) -> Cost:
    env = os.environ | {"PYTHONPATH": str(PROJECT)}
    return measure([sys.executable, "-m", "jobs.cli", *arguments], cwd=folder, env=env, log=folder / "log.txt")


def main() -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=1000, help="articles a batch")
    parser.add_argument("--sites", type=int, default=20)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="presskeep-startup-") as name:
        folder = Path(name)
        store = _installed(folder, options.sites)
        make_archive(store, articles=options.articles, batch=options.batch, sites=options.sites)
        costs = {
            "catalog rebuild": _command(folder, "catalog", "rebuild"),
            "crawl --due": _command(folder, "crawl", "--due"),
        }
        size = (folder / "data" / "catalog.sqlite").stat().st_size
    print(f"{options.articles:,} articles in batches of {options.batch:,}; the catalog takes {size / 1e6:,.0f} MB\n")
    print(f"{'':<18}{'seconds':>10}{'CPU':>10}{'peak MB':>10}")
    for command, cost in costs.items():
        print(f"{command:<18}{cost.seconds:>10.1f}{cost.cpu_seconds:>10.1f}{cost.peak_rss / 1e6:>10.0f}")
    if options.json:
        report = {"machine": facts(), "catalog_bytes": size}
        report |= {command: dataclasses.asdict(cost) for command, cost in costs.items()}
        options.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
