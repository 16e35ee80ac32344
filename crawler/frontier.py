"""The queue of what is to be fetched, which lets no host hold up another.

Scrapy hands requests to the downloader until it has so many in all. A host that stalls would keep more and more of
them, until nothing else is fetched. Here each host gets as many as it may have under way, and two to follow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.pqueues import DownloaderAwarePriorityQueue

from crawler.downloader import PromptDownloader


class FairQueue(DownloaderAwarePriorityQueue):
    """Gives the next request of the least busy host that has room for it, or None."""

    def __init__(self, crawler: Crawler, *args: Any, **options: Any) -> None:
        super().__init__(crawler, *args, **options)
        self._downloader_interface: Any = _Rooms(crawler.engine.downloader)  # type: ignore[arg-type] # settings.py says so


class _Rooms:
    """What the queue asks the downloader."""

    def __init__(self, downloader: PromptDownloader) -> None:
        self._downloader = downloader

    def stats(self, hosts: Iterable[str]) -> list[tuple[int, str]]:
        """How many requests each host has, for those hosts that have room."""
        busy = self._downloader.busy
        return [(busy[host], host) for host in hosts if busy[host] < self._downloader.room(host)]

    def get_slot_key(self, request: Request) -> str:
        """The host of a request."""
        return self._downloader.get_slot_key(request)
