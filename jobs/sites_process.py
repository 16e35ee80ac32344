"""The subprocess behind jobs/sites_fetch.py: Scrapy's downloader with our settings, one request at a time."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings
from twisted.python.failure import Failure

from crawler.announced import MAX_BYTES
from crawler.failures import failure_outcome
from jobs.config import load_config
from jobs.crawl_settings import crawl_settings
from jobs.sites_fetch import Fetched


class AnsweringSpider(Spider):
    """Fetches what it is told on standard input, until that ends."""

    name = "answering"

    def __init__(self, answers: int) -> None:
        """`answers` is the file descriptor that takes them."""
        super().__init__()
        self._answers = answers

    async def start(self) -> AsyncIterator[Any]:
        """Answer each line; no request goes through the scheduler."""
        nothing: list[Request] = []
        while line := await asyncio.to_thread(sys.stdin.readline):
            answer = await self._answer(json.loads(line)["url"])
            await asyncio.to_thread(self._send, answer.to_json().encode())
        for request in nothing:
            yield request

    def _send(self, line: bytes) -> None:
        with os.fdopen(self._answers, "wb", closefd=False) as stream:
            stream.write(line)

    async def _answer(self, url: str) -> Fetched:
        try:
            request = Request(url, meta={"download_maxsize": MAX_BYTES})
            response = await self.crawler.engine.download_async(request)
        except Exception as exc:
            # Whatever it is: the person who asked wants to read it.
            problem, detail = failure_outcome(Failure(exc))  # type: ignore[no-untyped-call]
            return Fetched(url=url, problem=problem, detail=detail)
        content_type = (response.headers.get("Content-Type") or b"").decode("latin-1") or None
        return Fetched(
            url=response.url,
            status=response.status,
            content_type=content_type,
            body=response.body,
            latency=request.meta.get("download_latency", 0.0),
            problem=None if 200 <= response.status < 300 else f"http_{response.status}",
        )


def main() -> None:
    """Read the order and answer."""
    order = json.loads(sys.stdin.readline())
    answers = os.dup(1)
    # Whatever else prints here must not come between the answers.
    os.dup2(2, 1)
    settings = Settings()
    settings.setmodule("crawler.settings")
    settings.setdict(
        {
            **crawl_settings(load_config(Path(order["config"]))),
            "DOWNLOAD_SLOTS": order["slots"],
            "ITEM_PIPELINES": {},
            "LOG_LEVEL": "CRITICAL",
        }
    )
    process = AsyncCrawlerProcess(settings)
    process.crawl(AnsweringSpider, answers=answers)
    process.start()
