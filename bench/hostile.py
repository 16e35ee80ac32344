"""What hostile servers cost an honest site that is crawled beside them: nothing, it should be.

    python -m bench.hostile [--pages 160] [--hostile 10] [--delay 0.5] [--rounds 2] [--timeout 15] [--json FILE]

An honest newsroom is crawled at a polite pace, alone and then in one process with hostile sites, in turns. Each hostile
site is a raw socket of its own that announces and plays every trick of tests/hostile_tricks.py: silence, dripped bytes,
bodies without end, bombs, broken heads, pages that are too deep or too large. It is asked at the pace of a profile that
says nothing of it: one page a second, one at a time. Everything runs as in any crawl, but a
download is given up after `--timeout` seconds and not tried again, so that the bench ends before the tricks do, and the
delay does not vary, so that two crawls can be compared.

rate        pages a second of the honest site, from its first settled page to its last, by the catalog
requests    the same by the newsroom's own log, from the first request for a page to the last
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.machine import facts, measure
from tests.crawling import PROJECT, Installation, articles
from tests.hostile_tricks import TRICKS, hostile_profile, tricksters
from tests.newsroom import Newsroom, Site

HONEST = "honest"
_PROFILE = """\
name = "honest"
title = "Honest News"
hosts = ["{{{{host}}}}"]
[sources]
feeds = ["{{{{base}}}}/rss.xml"]
[articles]
include = ['/story-\\d+$']
[fetch]
delay = {delay}
"""


@dataclass(frozen=True, kw_only=True)
class Crawl:
    """One crawl, alone or beside hostile sites."""

    archived: int
    """Pages of the honest site."""
    rate: float
    """Pages a second."""
    requests: float
    """Requests for pages a second."""
    hostile_pages: int
    """Pages of hostile sites that were settled."""
    wrong: dict[str, int]
    """Those that ended otherwise than the trick must, by path and outcome."""
    seconds: float
    """Of the whole crawl."""
    peak_rss_mb: float
    """Of the whole process tree, 10^6 bytes."""
    tracebacks: int
    """In its log."""


class Arena:
    """One honest newsroom, and so many hostile sites."""

    def __init__(self, folder: Path, *, pages: int, hostile: int, delay: float, timeout: int) -> None:
        site = Site(
            name=HONEST,
            title="Honest News",
            pages=articles(pages),
            feed_size=pages,
            profile_template=_PROFILE.format(delay=delay),
        )
        self._folder = folder
        self._site = site
        self._hostile = hostile
        self._timeout = timeout
        self._crawls = 0

    def crawl(self, *, beside: bool) -> Crawl:
        """Crawl everything once, into a new archive."""
        self._crawls += 1
        with ExitStack() as stack:
            newsroom = stack.enter_context(Newsroom([self._site], process=True))
            installation = Installation(self._folder / str(self._crawls), newsroom)
            for number in range(1, self._hostile + 1 if beside else 1):
                server = stack.enter_context(tricksters(f"127.0.3.{number}"))
                profile = installation.folder / "sites" / f"hostile-{number}.toml"
                profile.write_text(hostile_profile(profile.stem, server), "utf-8")
            return self._crawl(installation)

    def _crawl(self, installation: Installation) -> Crawl:
        log = installation.folder / "crawl.log"
        command = [sys.executable, "-m", "scrapy", "crawl", "news"]
        options = ["-s", f"DOWNLOAD_TIMEOUT={self._timeout}", "-s", "RETRY_TIMES=0", "-s", "DOWNLOAD_DELAY_JITTER=0"]
        env = os.environ | {"PYTHONPATH": str(PROJECT)}
        cost = measure([*command, *options], cwd=installation.folder, env=env, log=log)
        rows = [row for row in installation.outcomes() if row.kind == "page"]
        honest = [row for row in rows if row.site == HONEST]
        hostile = [row for row in rows if row.site != HONEST]
        ends = [(f"/{row.url.rpartition('/')[2]}", row.outcome) for row in hostile]
        asked = [it.time for it in installation.newsroom.log if it.path.startswith("/story-")]
        return Crawl(
            archived=sum(row.outcome == "archived" for row in honest),
            rate=_rate([row.at for row in honest]),
            requests=_rate([datetime.fromisoformat(moment) for moment in asked]),
            hostile_pages=len(hostile),
            wrong=dict(Counter(f"{path}: {outcome}" for path, outcome in ends if outcome != TRICKS[path][1])),
            seconds=cost.seconds,
            peak_rss_mb=cost.peak_rss / 1e6,
            tracebacks=log.read_text("utf-8", errors="replace").count("Traceback"),
        )


def _rate(moments: Sequence[datetime]) -> float:
    span = (max(moments) - min(moments)).total_seconds() if moments else 0.0
    return (len(moments) - 1) / span if span else 0.0


def main() -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=160, help="pages of the honest site")
    parser.add_argument("--hostile", type=int, default=10, help=f"hostile sites, {len(TRICKS)} pages each")
    parser.add_argument("--delay", type=float, default=0.5, help="seconds between two requests to the honest site")
    parser.add_argument("--rounds", type=int, default=2, help="crawls of each kind; figures are their medians")
    parser.add_argument("--timeout", type=int, default=15, help="seconds after which a download is given up")
    parser.add_argument("--json", type=Path, default=Path("bench/results/hostile.json"), help="write the figures here")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="presskeep-hostile-") as folder:
        arena = Arena(
            Path(folder),
            pages=options.pages,
            hostile=options.hostile,
            delay=options.delay,
            timeout=options.timeout,
        )
        crawls: dict[str, list[Crawl]] = {"alone": [], "beside": []}
        for _ in range(options.rounds):
            crawls["alone"].append(arena.crawl(beside=False))
            crawls["beside"].append(arena.crawl(beside=True))
    print_table(crawls)
    report = {
        "machine": facts(),
        "pages": options.pages,
        "hostile_sites": options.hostile,
        "delay": options.delay,
        "crawls": {name: [asdict(crawl) for crawl in found] for name, found in crawls.items()},
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


def print_table(crawls: dict[str, list[Crawl]]) -> None:
    """A line a figure, a column for the site alone and one for it beside the others, and what remains of it there."""
    alone, beside = crawls["alone"], crawls["beside"]
    print(f"{'':<16}{'alone':>12}{'beside':>12}{'remains':>10}")
    for name in ("archived", "rate", "requests", "hostile_pages", "seconds", "peak_rss_mb", "tracebacks"):
        one, other = (median(getattr(crawl, name) for crawl in found) for found in (alone, beside))
        remains = f"{100 * other / one:>8.0f} %" if name in ("archived", "rate", "requests") and one else ""
        print(f"{name:<16}{one:>12,.2f}{other:>12,.2f}{remains}")
    for end, count in sum((Counter(crawl.wrong) for crawl in beside), Counter()).items():
        print(f"ended otherwise: {end} ({count})")


if __name__ == "__main__":
    main()
