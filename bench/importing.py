"""How fast foreign WARC files are imported, beside a plain loop over the same file, in one run.

    python -m bench.importing [--pages DIR] [--count N] [--repeat R] [--json FILE]

The *.html and *.html.gz below DIR (without it, the pages of the tests) are packed into one file as CC-NEWS has them.
`presskeep import` reads it on all cores and archives into a folder: articles, metadata, flags, raw pages. The plain
loop reads it with FastWARC and trafilatura on one core and keeps nothing. The goal is 0.9 of the plain loop's rate for
each core.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.machine import facts, measure
from bench.newsrooms import bench_sites
from tests.foreign_files import warc
from tests.newsroom import PAGES

ROOT = Path(__file__).resolve().parent.parent
SEED = 2024
GOAL = 0.9
"""Of the plain loop's rate, for each core."""

HOST = "news.example"
_CONFIG = """\
archive = "{archive}"
contact = "https://presskeep.example/bench"
"""
_PLAIN = """\
import sys
from fastwarc.warc import ArchiveIterator, WarcRecordType
from trafilatura import bare_extraction

found = 0
for record in ArchiveIterator(open(sys.argv[1], "rb"), record_types=WarcRecordType.response):
    page = bare_extraction(record.reader.read(), url=record.headers["WARC-Target-URI"], with_metadata=True)
    found += page is not None
print(found)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What one contender did."""

    articles: float
    seconds: float
    articles_per_second: float
    cpu_ms_per_article: float
    peak_rss_mb: float
    """As `Cost.peak_rss`, in 10^6 bytes."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, metavar="DIR", default=PAGES, help="folder of real pages")
    parser.add_argument("--count", type=int, default=400, metavar="N", help="how many pages are packed")
    parser.add_argument("--repeat", type=int, default=1, metavar="R", help="runs of each contender")
    parser.add_argument(
        "--json", type=Path, default=Path("bench/results/importing.json"), help="write the figures here"
    )
    options = parser.parse_args()
    with TemporaryDirectory(prefix="presskeep-bench-") as name:
        folder = Path(name)
        file = pack(options.pages, options.count, folder)
        results: dict[str, list[Result]] = {"ours": [], "plain": []}
        for number in range(options.repeat):
            results["ours"].append(import_file(folder / f"ours-{number}", file))
            results["plain"].append(loop(folder / f"plain-{number}", file))
    report(options, results)


def pack(pages: Path, count: int, folder: Path) -> Path:
    """A file of so many pages, each at an address of its own."""
    [site] = bench_sites(pages, pages=count, sites=1, seed=SEED)
    records = [
        (f"https://{HOST}/story-{number}", page.read().replace(b"{{base}}", f"https://{HOST}".encode()))
        for number, page in enumerate(site.pages)
    ]
    path = folder / "CC-NEWS-20260101000000-00000.warc.gz"
    path.write_bytes(warc(records, taken=datetime(2026, 1, 1, tzinfo=UTC)))
    return path


def import_file(folder: Path, file: Path) -> Result:
    """Import it into an archive of its own."""
    folder.mkdir()
    config = folder / "presskeep.toml"
    config.write_text(_CONFIG.format(archive=(folder / "archive").as_uri()), "utf-8")
    (folder / "sites").mkdir()
    command = ["import", str(file), "--site", "bench", "--any", "--json"]
    result, output = _run([sys.executable, "-m", "jobs.cli", "--config", str(config), *command], folder)
    return _result(result, json.loads(output[output.index("{") :])["archived"])


def loop(folder: Path, file: Path) -> Result:
    """Read and extract it on one core."""
    folder.mkdir()
    result, output = _run([sys.executable, "-c", _PLAIN, str(file)], folder)
    return _result(result, int(output.split()[-1]))


def _run(command: list[str], folder: Path) -> tuple[Any, str]:
    log = folder / "log"
    env = {name: value for name, value in os.environ.items() if not name.startswith("PRESSKEEP_")}
    cost = measure(command, cwd=ROOT, env=env, log=log)
    return cost, log.read_text("utf-8")


def _result(cost: Any, articles: int) -> Result:
    return Result(
        articles=articles,
        seconds=cost.seconds,
        articles_per_second=articles / cost.seconds,
        cpu_ms_per_article=1000 * cost.cpu_seconds / articles,
        peak_rss_mb=cost.peak_rss / 1e6,
    )


def report(options: argparse.Namespace, results: dict[str, list[Result]]) -> None:
    """Print the medians and write all figures as JSON."""
    names = [field.name for field in dataclasses.fields(Result)]
    medians = {
        who: {name: median(getattr(result, name) for result in found) for name in names}
        for who, found in results.items()
    }
    for name in names:
        print(f"{name:<24}" + "".join(f"{found[name]:>12,.1f}" for found in medians.values()))
    cores = os.cpu_count() or 1
    share = medians["ours"]["articles_per_second"] / (medians["plain"]["articles_per_second"] * cores)
    print(f"ours / (plain x {cores} cores): {share:.2f}, goal {GOAL}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    figures = {"machine": facts(), "pages": options.pages.name, "seed": SEED, "share": share, "goal": GOAL}
    runs = {who: [dataclasses.asdict(result) for result in found] for who, found in results.items()}
    options.json.write_text(json.dumps(figures | {"medians": medians, "runs": runs}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
