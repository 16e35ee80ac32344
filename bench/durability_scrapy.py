"""The same kills for what Scrapy itself offers: JOBDIR to go on after a crash, FEEDS to deliver into S3.

    python -m bench.durability_scrapy --bucket NAME --prefix PREFIX --jobdir DIR SITEMAP_URL…

The spider is used as Scrapy's documentation shows. Each series of kills is one job: its pages are announced at the
start, the job is killed and resumed, and in the end it is left to finish and to report success.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from bench.durability_crawls import kill_tree
from bench.durability_kills import moment_of
from bench.durability_rig import Rig
from bench.newsrooms import SITEMAP
from tests.seaweed import BUCKET

_KILLS_A_JOB = 3
_USUAL = 3.0
"""Seconds that a job of some dozen pages takes."""


@dataclass(kw_only=True, slots=True)
class Jobs:
    """What the jobs delivered; each ended with exit code 0."""

    kills: int = 0
    jobs: int = 0
    announced: int = 0
    fetched: int = 0
    """Articles that were asked for at least once."""
    requests: int = 0
    delivered: int = 0
    """Articles that are in a feed in the bucket."""
    duplicated: int = 0
    """Items in the feeds beyond one an article."""

    def __add__(self, other: Jobs) -> Jobs:
        return Jobs(**{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(self)})


def jobdir_kills(rig: Rig, *, kills: int, articles: int, lot: random.Random) -> Jobs:
    """Kill jobs at random moments, as `random_kills` does with presskeep's crawls."""
    result = Jobs()
    while result.kills < kills:
        result.jobs += 1
        wanted = min(_KILLS_A_JOB, kills - result.kills)
        pages = articles * (result.kills + wanted) // kills - len(rig.pages)
        rig.announce(pages, lot, alone=True)
        result.kills += _job(rig, f"job-{result.jobs}", pages, wanted, lot)
    rig.access.refresh()
    items = Counter(item["url"] for key in rig.objects.listed() for item in map(json.loads, _lines(rig, key)))
    result.announced = len(rig.pages)
    result.requests = len(rig.access.requests)
    result.fetched = len({(site, path) for site, path, _ in rig.access.requests})
    result.delivered = len(items)
    result.duplicated = items.total() - len(items)
    return result


def _job(rig: Rig, name: str, pages: int, kills: int, lot: random.Random) -> int:
    """Run one job to its end; how often it was killed before."""
    sitemaps = [base_url + SITEMAP for base_url in rig.newsroom.base_urls.values()]
    prefix = rig.place.archive.removeprefix(f"s3://{BUCKET}/")
    command = ["-m", "bench.durability_scrapy", "--bucket", BUCKET, "--prefix", prefix, "--jobdir", name, *sitemaps]
    killed, begun = 0, rig.access.refresh()
    while True:
        waiting = max(1, pages - (rig.access.refresh() - begun))
        moment = moment_of(rig, _USUAL, waiting, lot) if killed < kills else lambda: False
        with (rig.folder / "jobs.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *command], cwd=rig.folder, env=rig.environment, stdout=output, stderr=output
            )
            while process.poll() is None and not moment():
                time.sleep(0.005)
            if process.poll() is None:
                kill_tree(process.pid)
                killed += 1
        if process.wait() == 0:
            return killed


def _lines(rig: Rig, key: str) -> list[bytes]:
    return rig.objects.get(key).splitlines()


def main() -> None:
    """Run or resume one job."""
    from scrapy.crawler import CrawlerProcess
    from scrapy.http import Response
    from scrapy.spiders import SitemapSpider

    class ArticleSpider(SitemapSpider):
        """Delivers an item a page."""

        name = "articles"

        def parse(self, response: Response, **kwargs: Any) -> Iterator[dict[str, Any]]:
            """The article on the page."""
            yield {
                "url": response.url,
                "title": response.css("h1::text").get(),
                "text": "\n\n".join(response.css("article p::text").getall()),
            }

    options = _parser().parse_args()
    process = CrawlerProcess(
        {
            "JOBDIR": options.jobdir,
            "FEEDS": {
                f"s3://{options.bucket}/{options.prefix}/{options.jobdir}-%(time)s.jsonl": {"format": "jsonlines"}
            },
            "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL_S3"],
            "AWS_ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"],
            "AWS_SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"],
            "AWS_REGION_NAME": os.environ["AWS_DEFAULT_REGION"],
            "ROBOTSTXT_OBEY": True,
            "DOWNLOAD_DELAY": 0,
            "LOG_LEVEL": "WARNING",
        }
    )
    process.crawl(ArticleSpider, sitemap_urls=options.sitemaps)
    process.start()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--jobdir", required=True)
    parser.add_argument("sitemaps", nargs="+", metavar="SITEMAP_URL")
    return parser


if __name__ == "__main__":
    main()
