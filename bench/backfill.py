"""A backfill of years, killed three times: what it finds, what it asks for twice, and how true its estimate was.

    python -m bench.backfill [--articles 10000] [--days 1096] [--delay 0.2] [--kills 3] [--json FILE]

A site with a past (bench/backfill_site.py) is backfilled into a folder. At equal distances the command and all its
processes are killed with SIGKILL, and `presskeep backfill resume` goes on. The goals: 99.9 % of all articles that a
source reaches; nothing fetched twice but what was under way at a kill; the time within 20 % of what the dry run said.
With 10,000 articles it takes about three quarters of an hour.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from archive.catalog import Catalog
from bench.backfill_site import FIRST, Past
from bench.durability_crawls import kill_tree
from bench.machine import facts

SEED = 1609459200
IN_FLIGHT = 2
"""Pages that a crawl of one site at a time may have under way: one on its way, one not yet on disk."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What came of it."""

    articles: int
    """That a source reaches."""
    found: int
    """Of those, archived."""
    found_percent: float
    kills: int
    pages: int
    """Addresses of pages asked for, articles or not."""
    twice: int
    """Of those, how many more than once."""
    estimated_seconds: float
    seconds: float
    """Of all commands that worked on it, planning left out."""
    estimate_percent: float
    """The estimate as a share of the real time."""

    @property
    def problems(self) -> list[str]:
        """Goals that were missed, but for time, which is another machine's another time."""
        found = [f"{self.found_percent:.2f} % found"] if self.found_percent < 99.9 else []
        allowed = self.kills * IN_FLIGHT
        return found + ([f"{self.twice} pages asked for twice"] if self.twice > allowed else [])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=10_000, metavar="N")
    parser.add_argument("--days", type=int, default=1096, metavar="N", help="over which they are spread")
    parser.add_argument("--delay", type=float, default=0.2, metavar="S", help="seconds between two requests")
    parser.add_argument("--kills", type=int, default=3, metavar="N")
    parser.add_argument("--json", type=Path, default=Path("bench/results/backfill.json"), help="write the figures here")
    options = parser.parse_args()
    past = Past(options.articles, options.days, SEED)
    with past, TemporaryDirectory(prefix="presskeep-bench-") as folder:
        figures = Backfilling(Path(folder), past, options.delay).run(options.kills)
    for name, value in asdict(figures).items():
        print(f"{name:<20}{value:>12,.1f}" if isinstance(value, float) else f"{name:<20}{value:>12,}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    settings = {name: value for name, value in vars(options).items() if name != "json"}
    report = {"machine": facts(), "seed": SEED, "options": settings, **asdict(figures)}
    options.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    sys.exit("; ".join(figures.problems) or 0)


class Backfilling:
    """One backfill of one site."""

    def __init__(self, folder: Path, past: Past, delay: float) -> None:
        self._past = past
        self._folder = folder
        (folder / "sites").mkdir()
        (folder / "sites" / "past.toml").write_text(past.profile(delay), "utf-8")
        (folder / "presskeep.toml").write_text(
            f'archive = "{(folder / "archive").as_uri()}"\ncontact = "https://presskeep.example/bench"\n'
            'allow_networks = ["127.0.0.0/8"]\n',
            "utf-8",
        )

    def run(self, kills: int) -> Figures:
        """Plan it, work it off with so many kills, and count."""
        window = ("--from", str(FIRST), "--to", str(self._past.last))
        plan = self._command("backfill", "past", *window, "--dry-run", "--json")
        self._past.asked_for.clear()
        seconds = 0.0
        command: tuple[str, ...] = ("backfill", "past", *window)
        for number in range(1, kills + 1):
            seconds += self._work(command, plan["requests"] * number / (kills + 1))
            command = ("backfill", "resume", "past")
        seconds += self._work(command, math.inf)
        pages = {path: count for path, count in self._past.asked_for.items() if _is_page(path)}
        found = self._archived() & self._past.reachable
        return Figures(
            articles=len(self._past.reachable),
            found=len(found),
            found_percent=100 * len(found) / len(self._past.reachable),
            kills=kills,
            pages=len(pages),
            twice=sum(count > 1 for count in pages.values()),
            estimated_seconds=plan["seconds"],
            seconds=seconds,
            estimate_percent=100 * plan["seconds"] / seconds,
        )

    def _work(self, command: tuple[str, ...], pages: float) -> float:
        """Let the command work until so many pages were asked for, then kill it; seconds since it had planned."""
        with subprocess.Popen(self._line(*command), cwd=self._folder, stdout=subprocess.DEVNULL) as process:
            begun = time.monotonic() if "resume" in command else None
            while process.poll() is None and self._pages() < pages:
                # While it plans, it asks for no pages.
                if begun is None and self._pages():
                    begun = time.monotonic()
                time.sleep(0.02)
            if process.poll() is None:
                kill_tree(process.pid)
        return time.monotonic() - begun if begun is not None else 0.0

    def _pages(self) -> int:
        return sum(_is_page(path) for path in list(self._past.asked_for))

    def _command(self, *arguments: str) -> Any:
        done = subprocess.run(self._line(*arguments), cwd=self._folder, stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)

    def _line(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "jobs.cli", *arguments]

    def _archived(self) -> set[str]:
        catalog = Catalog(f"sqlite:///{self._folder}/data/catalog.sqlite")
        try:
            return {entry.url.removeprefix(self._past.url) for entry in catalog.article_entries()}
        finally:
            catalog.close()


def _is_page(path: str) -> bool:
    return not path.startswith(("/news", "/sitemap", "/robots"))


if __name__ == "__main__":
    main()
