"""Auto-throttle that knows each site's own pace.

Scrapy's AutoThrottle has one smallest delay for all hosts and would wear a slower site's delay down to it.
"""

from __future__ import annotations

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response


class SiteThrottle(AutoThrottle):
    """Slows down with a host's latency, but never below the delay that its profile asks for.

    A profile with `delay = 0` says that its host may be asked as fast as it answers; it is left alone.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._floors = {host: float(slot["delay"]) for host, slot in crawler.settings.getdict("DOWNLOAD_SLOTS").items()}

    def keep_distance(self, request: Request, delay: float) -> None:
        """From now on, let so many seconds pass between two requests to the host of this one, if not more."""
        downloader = self.crawler.engine.downloader
        key = downloader.get_slot_key(request)
        if delay <= self._floors.get(key, 0):
            return
        self._floors[key] = delay
        # Exactly: a site that asks for ten seconds does not mean five to fifteen.
        downloader.per_slot_settings[key] = downloader.per_slot_settings.get(key, {}) | {"delay": delay, "jitter": 0}
        if slot := downloader.slots.get(key):
            slot.delay, slot.jitter = max(slot.delay, delay), 0

    def _start_delay(self) -> float:
        return self._min_delay()

    def _response_downloaded(self, response: Response, request: Request, spider: Spider) -> None:
        key = request.meta.get("download_slot", "")
        floor = self._floors.get(key, self._min_delay())
        slot = self.crawler.engine.downloader.slots.get(key)
        if slot is None or floor == 0:
            return
        # Scrapy has one for all hosts, which would also slow down those that permit a quicker pace.
        self.mindelay = floor
        super()._response_downloaded(response, request, spider)
        slot.delay = max(slot.delay, floor)
