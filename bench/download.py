"""How fast an archive comes back, before and after compaction, beside a bucket with one object an article.

    python -m bench.download [--articles 50000] [--batches 2000] [--seed 2024] [--json FILE]

A generator writes the articles, in so many batches, into a SeaweedFS of this run, and the same articles once more as
one JSON object each. Then all of them are fetched into one JSON Lines file: from the single objects by
`bench.single_objects`, boto3 in 32 threads, and by `presskeep download` before and after `presskeep compact`. Where
awscli is installed, `aws s3 sync` of the single objects runs too. GETs are those for data; listings and the checks of
the store are not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from archive import outcomes
from archive.catalog import Catalog
from archive.marker import ensure_marker
from archive.reader import ArchiveReader
from archive.records import ArticleDraft, Capture, content_hash, url_id
from archive.store_s3 import S3Store
from archive.writer import ArchiveWriter, BatchLimits
from bench.machine import facts, measure
from tests.sample_articles import make_capture, make_draft
from tests.seaweed import BUCKET, Seaweed

SITE = "daily"
PREFIX = "news"
SINGLES = "single"
START = datetime(2025, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=60)
"""In which all articles are fetched: two months and a day."""
WORDS = 450
GOALS = {"after": 10.0, "before": 3.0}
"""Times as many articles a second as from single objects."""
MOST_MEMORY = 500_000_000
_SINGLE_OBJECTS = Path(__file__).with_name("single_objects.py")


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One way to fetch all articles."""

    name: str
    seconds: float
    articles_per_second: float
    gets: int
    peak_rss_mb: float
    """In 10^6 bytes."""
    times: float
    """Articles a second, as a multiple of those from single objects."""


def made(count: int, seed: int) -> Iterator[tuple[Capture, ArticleDraft]]:
    """So many pages with their articles, always the same for a seed, spread evenly over the span."""
    chance = random.Random(seed)
    words = ["".join(chance.choices("aeioulmnrst", k=chance.randint(2, 11))) for _ in range(20_000)]
    for number in range(count):
        fetched = START + SPAN * number / count
        paragraphs = [" ".join(chance.choices(words, k=WORDS // 6)).capitalize() + "." for _ in range(6)]
        text, title = "\n\n".join(paragraphs), " ".join(chance.choices(words, k=8)).capitalize()
        draft = make_draft(number, text=text, published=fetched.date(), title=title)
        draft = replace(draft, fetched=fetched, word_count=WORDS, content_hash=content_hash(title, text))
        capture = make_capture(number, body=f"<h1>{title}</h1><p>" + "</p><p>".join(paragraphs) + "</p>")
        yield replace(capture, fetched=fetched), draft


class Arena:
    """A server with both layouts of the same articles."""

    def __init__(self, folder: Path, server: Seaweed, *, articles: int, batches: int, seed: int) -> None:
        self.folder = folder
        self.articles = articles
        self._server = server
        self._batches = batches
        self._seed = seed
        self._catalog_url = f"sqlite:///{folder}/data/catalog.sqlite"
        self._environment = os.environ | server.environment() | {"AWS_EC2_METADATA_DISABLED": "true"}

    def fill(self) -> None:
        """Write both layouts."""
        os.environ.update(self._server.environment())
        config = f'archive = "s3://{BUCKET}/{PREFIX}"\ncontact = "https://presskeep.example/bench"\nsites = []\n'
        (self.folder / "presskeep.toml").write_text(config, encoding="utf-8")
        store, catalog = S3Store(BUCKET, PREFIX), Catalog(self._catalog_url)
        catalog.prepare()
        ensure_marker(store)
        writer = ArchiveWriter(
            store=store,
            catalog=catalog,
            spool=self.folder / "spool",
            site=SITE,
            run="20250101T000000Z-000000",
            software={"presskeep": "bench"},
            limits=BatchLimits(captures=-(-self.articles // self._batches)),
        )
        client = self._server.client()
        with ThreadPoolExecutor(8) as pool:
            for capture, draft in made(self.articles, self._seed):
                ticket = writer.record(capture)
                writer.settle(ticket, outcomes.ARCHIVED, url_id=url_id(capture.url), draft=draft)
                pool.submit(client.put_object, Bucket=BUCKET, Key=f"{SINGLES}/{draft.url_id}.json", Body=_json(draft))
                if writer.ready:
                    writer.commit()
        writer.finish()
        catalog.close()

    def download(self, name: str) -> tuple[float, int, int]:
        """Fetch all with presskeep: seconds, GETs, peak memory in bytes."""
        catalog = Catalog(self._catalog_url)
        gets = ArchiveReader(S3Store(BUCKET, PREFIX), catalog).plan().shards
        catalog.close()
        cost = self._measured("presskeep", "-m", "jobs.cli", "download", f"{name}.jsonl", "--json")
        self._check(f"{name}.jsonl")
        return cost.seconds, gets, cost.peak_rss

    def compact(self) -> float:
        """Compact all; seconds."""
        return float(self._measured("compact", "-m", "jobs.cli", "compact").seconds)

    def single_objects(self) -> tuple[float, int, int]:
        """Fetch the single objects with boto3: seconds, GETs, peak memory in bytes."""
        cost = self._measured("single", str(_SINGLE_OBJECTS), BUCKET, f"{SINGLES}/", "single.jsonl")
        self._check("single.jsonl")
        return cost.seconds, self.articles, cost.peak_rss

    def sync(self, aws: str) -> tuple[float, int, int]:
        """Fetch the single objects with `aws s3 sync`: seconds, GETs, peak memory in bytes."""
        command = [aws, "s3", "sync", "--only-show-errors", f"s3://{BUCKET}/{SINGLES}/", str(self.folder / "synced")]
        cost = measure(command, cwd=self.folder, env=self._environment, log=self.folder / "sync.log")
        return cost.seconds, self.articles, cost.peak_rss

    def _measured(self, name: str, *arguments: str) -> Any:
        log = self.folder / f"{name}.log"
        return measure([sys.executable, *arguments], cwd=self.folder, env=self._environment, log=log)

    def _check(self, name: str) -> None:
        with (self.folder / name).open("rb") as lines:
            count = sum(1 for _ in lines)
        if count != self.articles:
            raise RuntimeError(f"{name}: {count} articles arrived, there are {self.articles}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it, print the table; 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=50_000)
    parser.add_argument("--batches", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="presskeep-bench-") as name, Seaweed(Path(name) / "s3") as server:
        server.create_bucket(BUCKET)
        arena = Arena(Path(name), server, articles=asked.articles, batches=asked.batches, seed=asked.seed)
        arena.fill()
        results = list(_compared(arena))
    for one in results:
        print(
            f"{one.name:<22} {one.seconds:8.1f} s {one.articles_per_second:9.0f} articles/s {one.times:6.1f}x "
            f"{one.gets:8,} GETs {one.peak_rss_mb:6.0f} MB"
        )
    if asked.json:
        report = {"facts": facts(), "results": [asdict(one) for one in results]}
        asked.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    missed = list(_missed(results))
    for line in missed:
        print(line)
    return 1 if missed else 0


def _compared(arena: Arena) -> Iterator[Result]:
    seconds, gets, memory = arena.single_objects()
    base = arena.articles / seconds

    def result(name: str, cost: tuple[float, int, int]) -> Result:
        rate = arena.articles / cost[0]
        return Result(
            name=name,
            seconds=cost[0],
            articles_per_second=rate,
            gets=cost[1],
            peak_rss_mb=cost[2] / 1e6,
            times=rate / base,
        )

    yield result("single objects, boto3", (seconds, gets, memory))
    if aws := shutil.which("aws", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"):
        yield result("aws s3 sync", arena.sync(aws))
    yield result("before", arena.download("before"))
    print(f"compacting took {arena.compact():.1f} s")
    yield result("after", arena.download("after"))


def _missed(results: Sequence[Result]) -> Iterator[str]:
    for one in results:
        if one.name in GOALS and one.times < GOALS[one.name]:
            yield f"{one.name}: {one.times:.1f} times, {GOALS[one.name]:.0f} wanted"
        if one.name in GOALS and one.peak_rss_mb * 1e6 > MOST_MEMORY:
            yield f"{one.name}: {one.peak_rss_mb:.0f} MB, {MOST_MEMORY / 1e6:.0f} wanted"


def _json(draft: ArticleDraft) -> bytes:
    return json.dumps(asdict(draft), default=str, ensure_ascii=False).encode()


if __name__ == "__main__":
    sys.exit(main())
