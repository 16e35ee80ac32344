"""The subprocess of one crawl, started by jobs/crawl.py.

It reads its order as one line of JSON from standard input and writes events as lines of JSON to standard output. When
standard input ends, its parent has died, and it stops as on SIGTERM: what is under way is left, and what was fetched is
extracted and committed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings

from crawler.errors import CrawlerError
from crawler.spiders.news import NewsSpider
from jobs.config import load_config
from jobs.crawl_order import CrawlOrder, Failed
from jobs.crawl_settings import crawl_settings
from jobs.errors import JobsError
from jobs.log_lines import log_to_stderr


def main() -> None:
    """Carry out one order."""
    order = CrawlOrder.from_json(sys.stdin.readline())
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    events = os.dup(1)
    # Whatever else prints here must not come between the events.
    os.dup2(2, 1)
    try:
        _crawl(order, events)
    except (CrawlerError, JobsError) as exc:
        os.write(events, Failed(message=str(exc)).to_json().encode())


def _crawl(order: CrawlOrder, events: int) -> None:
    config = load_config(Path(order.config))
    settings = Settings()
    settings.setmodule("crawler.settings")
    settings.setdict(
        {
            **crawl_settings(config),
            "PRESSKEEP_RUN": order.run,
            "PRESSKEEP_COMMAND": order.command,
            "PRESSKEEP_EVENTS": events,
            "LOG_INSTALL_ROOT_HANDLER": False,
            "MEMUSAGE_LIMIT_MB": order.memory,
        }
    )
    settings["EXTENSIONS"]["jobs.crawl_events.CrawlEvents"] = 200
    log_to_stderr(config.log_format, order.log_level, run=order.run)
    process = AsyncCrawlerProcess(settings)
    process.crawl(NewsSpider, sites=",".join(order.sites), urls=order.urls, limit=order.limit)
    process.start()


def _stop_with_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)
