"""Scrapy's HTTP handler, guarded: no connection to an address that is not permitted."""

from __future__ import annotations

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.exceptions import CannotResolveHostError
from scrapy.http import Response
from scrapy.utils.httpobj import urlparse_cached

from crawler.resolver import GuardedResolver


class GuardedHandler(HTTP11DownloadHandler):
    """Tells refused addresses from unknown hosts, and looks at hosts to which a proxy will connect."""

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


def _resolver() -> GuardedResolver:
    from twisted.internet import reactor

    resolver: GuardedResolver = reactor.nameResolver
    return resolver
