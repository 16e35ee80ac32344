"""Asking the servers of web archives: one request after another, at a pace, and patient where they are busy.

A server that answers 429 or 503 is left alone for as long as its Retry-After says, and the requests that follow wait
too (RFC 9110, section 10.2.3; RFC 6585, section 4). Redirects are the caller's business. These servers are named by
the configuration, not by what was scraped; they may be on any network.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import urllib3
from urllib3.exceptions import HTTPError

from archive.backoff import Backoff, Patience
from archive.records import Headers
from crawler.errors import WebArchiveError
from crawler.hosts import retry_after
from crawler.pace import OwnPace, Pace

MAX_BYTES = 256 * 1024**2
"""Bytes of an answer that are read at most."""

LONGEST_WAIT = 3600.0
"""Seconds of Retry-After above which the server is taken to refuse us."""

logger = logging.getLogger(__name__)

_BUSY = (429, 500, 502, 503, 504)
_TIMEOUT = urllib3.Timeout(connect=30, read=300)
"""An index that has to look through years of captures takes minutes for its first byte."""

_CHUNK = 1024**2

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a server said."""

    url: str
    status: int
    headers: Headers
    body: bytes
    """As sent: its content coding is not undone."""

    def header(self, name: str) -> str | None:
        """The first value of the field `name`, compared without case."""
        return next((value for key, value in self.headers if key.lower() == name), None)


def as_it_is(answer: Answer) -> Answer:
    """What needs no reading."""
    return answer


class PoliteClient:
    """One server, asked by one thread at a time."""

    def __init__(
        self,
        *,
        user_agent: str,
        per_minute: float,
        patience: Patience = Patience(limit=timedelta(minutes=20)),  # noqa: B008 - it is frozen
        pace: Pace | None = None,
    ) -> None:
        """At most `per_minute` requests a minute, or as `pace` says; `patience` is how long one answer is tried for."""
        self._pool = urllib3.PoolManager(1, retries=False, timeout=_TIMEOUT)
        self._user_agent = user_agent
        self._patience = patience
        self._pace = pace or OwnPace(per_minute, patience.clock)

    def get(
        self,
        url: str,
        read: Callable[[Answer], T],
        *,
        headers: Mapping[str, str] | None = None,
        at_most: int = MAX_BYTES,
    ) -> T:
        """What `read` makes of the answer; it may raise ValueError for one that is torn, which is then asked for again.

        WebArchiveError when the server stays away for longer than our patience.
        """
        backoff = Backoff(self._patience)
        while True:
            self._keep_pace()
            rest = 0.0
            try:
                answer = self._ask(url, headers or {}, at_most)
                if answer.status not in _BUSY:
                    return read(answer)
                problem, rest = f"answers {answer.status}", _rest(answer)
            except (HTTPError, ValueError) as exc:
                problem = str(exc) or type(exc).__name__
            delay = backoff.next_delay()
            if delay is None or rest > LONGEST_WAIT:
                raise WebArchiveError(f"{url}: {problem}; try again later")
            logger.info("%s: %s; waiting", url, problem)
            self._pace.rest(max(delay, rest))

    def _keep_pace(self) -> None:
        wait = self._pace.take_turn()
        if wait > 0:
            self._patience.sleep(wait)

    def _ask(self, url: str, headers: Mapping[str, str], at_most: int) -> Answer:
        own = {"User-Agent": self._user_agent, "Accept-Encoding": "identity"}
        response = self._pool.request(
            "GET", url, headers={**own, **headers}, preload_content=False, decode_content=False
        )
        body = bytearray()
        try:
            for chunk in response.stream(_CHUNK, decode_content=False):
                body += chunk
                if len(body) > at_most:
                    # What is left unread would be met by the next request.
                    response.close()
                    break
        finally:
            response.release_conn()
        return Answer(
            url=url, status=response.status, headers=tuple(response.headers.items()), body=bytes(body[:at_most])
        )


def _rest(answer: Answer) -> float:
    """Seconds that the server wants to be left alone."""
    value = answer.header("retry-after")
    asked = retry_after(value.encode("latin-1") if value else None, datetime.now(UTC))
    return asked.total_seconds() if asked else 0.0
