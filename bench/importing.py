"""How fast foreign WARC files are imported, beside what others make of the same file, in one run.

    python -m bench.importing [--pages DIR] [--count N] [--repeat R] [--fundus PYTHON] [--json FILE]

The *.html and *.html.gz below DIR (without it, the pages of the tests) are packed into one file as CC-NEWS has them, at
the addresses that a gold.jsonl beside them names, see bench/extraction.py. `presskeep import` reads it on all cores and
archives into a folder: articles, metadata, flags, raw pages. The others (bench/import_loops.py) read it on one core and
keep nothing: FastWARC with trafilatura, news-please where it is installed, and fundus where there is an interpreter
that has it. The goal is 0.9 of the first one's pages a second for each core.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What one contender did."""

    articles: float
    """Found; presskeep leaves out lists, and copies that name the address of another as their own."""
    seconds: float
    pages_per_second: float
    articles_per_second: float
    cpu_ms_per_page: float
    peak_rss_mb: float
    """As `Cost.peak_rss`, in 10^6 bytes."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, metavar="DIR", default=PAGES, help="folder of real pages")
    parser.add_argument("--count", type=int, default=400, metavar="N", help="how many pages are packed")
    parser.add_argument("--repeat", type=int, default=1, metavar="R", help="runs of each contender")
    parser.add_argument("--fundus", metavar="PYTHON", help="interpreter that has fundus, which needs an older lxml")
    parser.add_argument(
        "--json", type=Path, default=Path("bench/results/importing.json"), help="write the figures here"
    )
    options = parser.parse_args()
    with TemporaryDirectory(prefix="presskeep-bench-") as name:
        folder = Path(name)
        file = pack(options.pages, options.count, folder)
        others = {"plain": sys.executable} | ({"news-please": sys.executable} if find_spec("newsplease") else {})
        others |= {"fundus": options.fundus} if options.fundus else {}
        results: dict[str, list[Result]] = {name: [] for name in ("ours", *others)}
        for number in range(options.repeat):
            results["ours"].append(import_file(folder / f"ours-{number}", file, options.count))
            for name, python in others.items():
                results[name].append(loop(folder / f"{name}-{number}", name, python, file, options.count))
    report(options, results)


def pack(pages: Path, count: int, folder: Path) -> Path:
    """A file of so many pages, each at an address of its own."""
    [site] = bench_sites(pages, pages=count, sites=1, seed=SEED)
    known, met = addresses(pages), Counter[str]()
    records = []
    for page in site.pages:
        name = page.path.rpartition("/")[2].removesuffix(".html")
        # A copy cannot be where the page is: its own canonical link would say that it is the same.
        url = known.get(name, "") if not met[name] else ""
        url = url or f"https://{HOST}/{met[name]}/{name}"
        records.append((url, page.read().replace(b"{{base}}", url.removesuffix(urlsplit(url).path).encode())))
        met[name] += 1
    path = folder / "CC-NEWS-20260101000000-00000.warc.gz"
    path.write_bytes(warc(records, taken=datetime(2026, 1, 1, tzinfo=UTC)))
    return path


def addresses(pages: Path) -> dict[str, str]:
    """Where labelled pages are from, by the name of their file without its ending; front pages are left out."""
    lines = (line for gold in pages.rglob("gold.jsonl") for line in gold.read_text("utf-8").splitlines())
    found = {Path(one["file"]).name.partition(".html")[0]: urlsplit(one["url"] or "") for one in map(json.loads, lines)}
    return {name: url.geturl() for name, url in found.items() if url.hostname and url.path.strip("/")}


def import_file(folder: Path, file: Path, pages: int) -> Result:
    """Import so many pages into an archive of its own."""
    folder.mkdir()
    config = folder / "presskeep.toml"
    config.write_text(_CONFIG.format(archive=(folder / "archive").as_uri()), "utf-8")
    (folder / "sites").mkdir()
    command = ["import", str(file), "--site", "bench", "--any", "--json"]
    result, output = _run([sys.executable, "-m", "jobs.cli", "--config", str(config), *command], folder)
    return _result(result, pages, json.loads(output[output.index("{") :])["archived"])


def loop(folder: Path, name: str, python: str, file: Path, pages: int) -> Result:
    """Let another read so many pages on one core."""
    folder.mkdir()
    result, output = _run([python, str(ROOT / "bench" / "import_loops.py"), name, str(file)], folder)
    if not (articles := int(output.split()[-1])):
        sys.exit(f"{name} finds no article in {file.name}; name other pages, or leave it out")
    return _result(result, pages, articles)


def _run(command: list[str], folder: Path) -> tuple[Any, str]:
    log = folder / "log"
    env = {name: value for name, value in os.environ.items() if not name.startswith("PRESSKEEP_")}
    cost = measure(command, cwd=ROOT, env=env, log=log)
    return cost, log.read_text("utf-8")


def _result(cost: Any, pages: int, articles: int) -> Result:
    return Result(
        articles=articles,
        seconds=cost.seconds,
        pages_per_second=pages / cost.seconds,
        articles_per_second=articles / cost.seconds,
        cpu_ms_per_page=1000 * cost.cpu_seconds / pages,
        peak_rss_mb=cost.peak_rss / 1e6,
    )


def report(options: argparse.Namespace, results: dict[str, list[Result]]) -> None:
    """Print the medians and write all figures as JSON."""
    names = [field.name for field in dataclasses.fields(Result)]
    medians = {
        who: {name: median(getattr(result, name) for result in found) for name in names}
        for who, found in results.items()
    }
    print(f"{'':<24}" + "".join(f"{who:>12}" for who in medians))
    for name in names:
        print(f"{name:<24}" + "".join(f"{found[name]:>12,.1f}" for found in medians.values()))
    cores = os.cpu_count() or 1
    share = medians["ours"]["pages_per_second"] / (medians["plain"]["pages_per_second"] * cores)
    print(f"pages a second, ours / (plain x {cores} cores): {share:.2f}, goal {GOAL}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    figures = {"machine": facts(), "pages": options.pages.name, "seed": SEED, "share": share, "goal": GOAL}
    runs = {who: [dataclasses.asdict(result) for result in found] for who, found in results.items()}
    options.json.write_text(json.dumps(figures | {"medians": medians, "runs": runs}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
