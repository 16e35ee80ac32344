"""Scrapy's HTTP handler, guarded: no address that is not permitted, no endless head, TLS as the site's profile says."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.core.downloader.contextfactory import _ScrapyClientContextFactory
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler, _LenientHTTP11ClientProtocol
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError
from scrapy.http import Response
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.python.failure import Failure
from twisted.web._newclient import HEADER, STATUS
from twisted.web.client import _HTTP11ClientFactory
from twisted.web.iweb import IPolicyForHTTPS, IResponse
from zope.interface import implementer

from crawler.profile import SiteProfile
from crawler.resolver import GuardedResolver

logger = logging.getLogger(__name__)

MAX_HEAD = 256 * 1024
"""Bytes of status line and header fields, of interim answers (RFC 9110, section 15.2) too; that of Chromium."""

MAX_INTERIM = 100
"""Interim answers before an answer; honest servers send one or two."""


class HeadTooLarge(Exception):
    """Raised for an answer whose header fields do not come to an end; do not retry."""


class GuardedHandler(HTTP11DownloadHandler):
    """Tells refused addresses from unknown hosts, and looks at hosts to which a proxy will connect."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        # Scrapy and Twisted have no public place for either.
        self._pool._factory = _CappedFactory
        if unverified := unverified_hosts(crawler.settings["PRESSKEEP_PROFILES"]):
            logger.warning("TLS certificates are not verified for %s: their profiles say so", ", ".join(unverified))
            self._contextFactory: Any = _SiteTls(self._contextFactory, unverified)

    async def download_request(self, request: Request) -> Response:
        """As the parent's; RefusedAddress for a host without an address that is permitted."""
        parts = urlparse_cached(request)
        if "@" in parts.netloc:
            raise ValueError(f"{parts.hostname}: a redirect named a user for it; user names are not sent")
        host = parts.hostname or ""
        resolver = _resolver()
        # A proxy connects to the host itself; and a page must not lead us to the proxy, which alone is trusted.
        if request.meta.get("proxy") or host in resolver.trusted:
            await resolver.check(host)
        try:
            return await super().download_request(request)
        except CannotResolveHostError:
            resolver.raise_if_refused(host)
            raise


def unverified_hosts(profiles: Mapping[str, SiteProfile]) -> list[str]:
    """The hosts whose certificates are not to be verified: those of profiles that say `verify_tls = false`."""
    hosts = {host for profile in profiles.values() if not profile.fetch.verify_tls for host in profile.hosts}
    return sorted({urlsplit(f"//{host}").hostname or host for host in hosts})


@implementer(IPolicyForHTTPS)
class _SiteTls:
    """Verifies certificates, but not those of some hosts."""

    def __init__(self, verifying: Any, unverified: list[str]) -> None:
        self._verifying = verifying
        self._trusting = _ScrapyClientContextFactory(verify_certificates=False)
        self._unverified = frozenset(host.encode() for host in unverified)

    def creatorForNetloc(self, hostname: bytes, port: int) -> object:
        policy = self._trusting if hostname.lower() in self._unverified else self._verifying
        return policy.creatorForNetloc(hostname, port)


class _InterimAnswers:
    """Counts the interim answers before an answer, each of which is worth a line of log to Twisted."""

    def __init__(self) -> None:
        self._count = 0

    def info(self, message: str, **details: object) -> None:
        """One more has come; HeadTooLarge when there have been too many."""
        self._count += 1
        if self._count > MAX_INTERIM:
            raise HeadTooLarge(f"more than {MAX_INTERIM} interim answers")


class _CappedProtocol(_LenientHTTP11ClientProtocol):
    """Gives up an answer whose head is too large."""

    _head = 0

    def request(self, request: object) -> Deferred[IResponse]:
        self._head = 0
        response = super().request(request)  # type: ignore[arg-type]
        if self._parser is not None:
            self._parser._log = _InterimAnswers()  # type: ignore[assignment] # all that it is asked
        return response

    def dataReceived(self, data: bytes) -> None:
        if self._parser is not None and self._parser.state in (STATUS, HEADER):
            self._head += len(data)
            if self._head > MAX_HEAD:
                error = HeadTooLarge(f"more than {MAX_HEAD:,} bytes of header fields")
                self._giveUp(Failure(error))  # type: ignore[no-untyped-call]
                return
        super().dataReceived(data)  # type: ignore[no-untyped-call]


class _CappedFactory(_HTTP11ClientFactory):
    noisy = False

    def buildProtocol(self, addr: IAddress | None) -> _CappedProtocol:
        return _CappedProtocol(self._quiescentCallback)  # type: ignore[no-untyped-call]


def _resolver() -> GuardedResolver:
    from twisted.internet import reactor

    resolver: GuardedResolver = reactor.nameResolver
    return resolver
