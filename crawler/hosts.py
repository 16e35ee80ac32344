"""Leaving hosts alone that ask for it or do not answer, and counting what a site is asked for.

A host that answers 429 or 503 rests for as long as its Retry-After says (RFC 9110, section 10.2.3), else for a time
that doubles. One that did not answer several times in a row rests too. A short rest is waited for; a long one puts off
all pages of the host to a later run, and is remembered until then.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Self

from scrapy import Request, exceptions, signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.internet.error import ConnectError

from archive.errors import ArchiveError
from archive.host_memory import HostMemory, Rest
from crawler.archiving import Archiving
from crawler.budget import Budget, PutOff
from crawler.downloader import PromptDownloader
from crawler.visits import META, Errand

logger = logging.getLogger(__name__)

PATIENCE = timedelta(minutes=2)
"""The longest rest that a run waits for."""

LONGEST = timedelta(days=1)
"""The longest rest that a host gets, whatever its Retry-After says."""

SILENCES = 5
"""Requests without an answer, in a row, after which a host rests."""

FIRST_SILENCE = timedelta(minutes=5)
"""The first rest of a host that does not answer; it doubles with each further try that fails."""

_BUSY = (429, 503)
_SILENT = (
    exceptions.CannotResolveHostError,
    exceptions.DownloadConnectionRefusedError,
    exceptions.DownloadFailedError,
    exceptions.DownloadTimeoutError,
    ConnectError,
)


class HostsMiddleware:
    """Stands next to the downloader, where every request passes that will be sent: retries and redirects too."""

    def __init__(
        self,
        *,
        downloader: Callable[[], PromptDownloader],
        archiving: Archiving,
        first_rest: timedelta,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`first_rest` is that of a busy host that does not say how long; the next ones double."""
        self._downloader = downloader
        self._archiving = archiving
        self._first_rest = first_rest
        self._now = now
        self._budget = Budget(archiving)
        self._rests: dict[str, Rest] = {}
        self._silences: Counter[str] = Counter()
        self._met: dict[str, asyncio.Task[None]] = {}
        self._writing: set[asyncio.Task[None]] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Needs the `Archiving` extension and our downloader."""
        middleware = cls(
            downloader=lambda: crawler.engine.downloader,  # type: ignore[arg-type, return-value] # settings.py says so
            archiving=Archiving.of(crawler),
            first_rest=timedelta(seconds=crawler.settings.getfloat("PRESSKEEP_FIRST_REST")),
        )
        crawler.signals.connect(middleware.response_downloaded, signal=signals.response_downloaded)
        return middleware

    async def process_request(self, request: Request) -> None:
        """Raise PutOff for a host that rests for long, or a site whose budget is spent; else count the request."""
        host = self._downloader().get_slot_key(request)
        if host not in self._met:
            self._met[host] = asyncio.ensure_future(self._recall(host))
        await asyncio.shield(self._met[host])
        rest = self._rests.get(host)
        if rest and rest.not_before - self._now() > PATIENCE:
            raise _put_off(rest)
        errand: Errand | None = request.meta.get(META)
        site = errand.site if errand else request.meta.get("site")
        if site:
            await self._budget.spend(site)

    def process_response(self, request: Request, response: Response) -> Response:
        """Forget which queue it came from: a redirect may lead to another host."""
        request.meta.pop(PromptDownloader.DOWNLOAD_SLOT, None)
        return response

    def response_downloaded(self, response: Response, request: Request) -> None:
        """Let the host rest if it asks for it; this comes before its next request is sent."""
        host = self._downloader().get_slot_key(request)
        self._silences.pop(host, None)
        if response.status not in _BUSY:
            if self._rests.pop(host, None):
                self._remember(HostMemory.forget_rest, host)
            return
        strikes = self._strikes(host)
        asked = retry_after(response.headers.get("Retry-After"), self._now())
        length = asked if asked is not None else self._first_rest * 2 ** min(strikes, 20)
        self._let_rest(host, length, strikes + 1, f"answered {response.status}")

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Let the host rest if it has not answered for several requests."""
        if not isinstance(exception, _SILENT):
            return
        host = self._downloader().get_slot_key(request)
        self._silences[host] += 1
        if self._silences[host] >= SILENCES:
            strikes = self._strikes(host)
            self._let_rest(host, FIRST_SILENCE * 2 ** min(strikes, 20), strikes + 1, type(exception).__name__)

    def _strikes(self, host: str) -> int:
        return self._rests[host].strikes if host in self._rests else 0

    def _let_rest(self, host: str, length: timedelta, strikes: int, reason: str) -> None:
        length = min(length, LONGEST)
        not_before = max(self._now() + length, self._rests[host].not_before if host in self._rests else self._now())
        rest = Rest(host=host, not_before=not_before, strikes=strikes, reason=reason)
        self._rests[host] = rest
        if length <= PATIENCE:
            self._downloader().hold(host, length.total_seconds())
        else:
            logger.warning("%s rests until %s: it %s", host, f"{rest.not_before:%Y-%m-%d %H:%M:%S} UTC", reason)
            self._downloader().turn_away(host, _put_off(rest))
            self._remember(HostMemory.keep_rest, rest)

    async def _recall(self, host: str) -> None:
        memory = self._archiving.hosts
        try:
            rest = await asyncio.to_thread(memory.rest, host) if memory else None
        except ArchiveError as exc:
            logger.warning("%s: whether it rests cannot be read: %s", host, exc)
            return
        if rest:
            self._rests[host] = rest
            # One more is enough: it had its chances.
            self._silences[host] = SILENCES - 1

    def _remember(self, change: Callable[[HostMemory, Any], None], what: object) -> None:
        if memory := self._archiving.hosts:
            task = asyncio.ensure_future(_written(change, memory, what))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)


def retry_after(value: bytes | None, now: datetime) -> timedelta | None:
    """How long the field asks to wait: its seconds, or until its date; None for what is neither, or over."""
    text = (value or b"").decode("latin-1").strip()
    if re.fullmatch("[0-9]+", text):
        return timedelta(seconds=min(int(text[:12]), LONGEST.total_seconds()))
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    wait = (date if date.tzinfo else date.replace(tzinfo=UTC)) - now
    return wait if wait > timedelta() else None


async def _written(change: Callable[[HostMemory, Any], None], memory: HostMemory, what: object) -> None:
    try:
        await asyncio.to_thread(change, memory, what)
    except ArchiveError as exc:
        logger.warning("not remembered: %s: %s", what, exc)


def _put_off(rest: Rest) -> PutOff:
    return PutOff("resting", f"{rest.host} rests until {rest.not_before:%Y-%m-%d %H:%M:%S} UTC: it {rest.reason}")
