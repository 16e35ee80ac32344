"""Downloader middlewares: record every exchange, stay on the site, unpack what is not a page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Self
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import ResponseDataLossError
from scrapy.http import Headers as ScrapyHeaders
from scrapy.http import Response

from archive.records import Capture, Headers
from crawler.archiving import Archiving
from crawler.failures import FrontPageRedirect, OffsiteRedirect, RemovedByRedirect
from crawler.revisits import CONDITIONS, as_revisit, leads_to_front, means_removed
from crawler.visits import META, Errand, Recorded


class RecordingMiddleware:
    """Records the exchanges of pages, each redirect hop and retry too, with the body as sent.

    It stands at 950, next to the downloader, where bodies are still compressed.
    """

    def __init__(self, archiving: Archiving, retry: Callable[[Request], Request | None]) -> None:
        self._archiving = archiving
        self._retry = retry

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Needs the `Archiving` extension."""
        return cls(
            Archiving.of(crawler),
            lambda request: get_retry_request(
                request,
                spider=crawler.spider,  # type: ignore[arg-type] # there is one
                reason="body cut short",
            ),
        )

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        """Spool the exchange and leave its ticket on the errand's trail; a body cut short is asked for again."""
        errand: Errand | None = request.meta.get(META)
        if errand is not None and errand.kind == "page":
            capture = as_revisit(_capture(request, response, errand, self._archiving.now()), errand.known)
            ticket = await self._archiving.record(capture)
            errand.trail.append(Recorded(ticket, capture.url, capture.status, capture.fetched))
            errand.latest = capture
        if "dataloss" not in response.flags:
            return response
        if again := self._retry(request):
            return again
        raise ResponseDataLossError(f"its body ended after {len(response.body):,} bytes, before its announced end")


class SourceDecodingMiddleware(HttpCompressionMiddleware):
    """Undoes gzip of everything but pages: those are decoded in the worker that extracts them."""

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        """As the parent's, or nothing."""
        errand: Errand | None = request.meta.get(META)
        if errand is not None and errand.kind == "page":
            return response
        return super().process_response(request, response)


class OffsiteRedirectMiddleware:
    """Refuses to follow a page to a host that is not its site's."""

    def __init__(self, archiving: Archiving) -> None:
        self._archiving = archiving

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Needs the `Archiving` extension."""
        return cls(Archiving.of(crawler))

    def process_request(self, request: Request) -> None:
        """Raise OffsiteRedirect for a redirected request that leaves the site."""
        errand: Errand | None = request.meta.get(META)
        if errand is None or errand.kind != "page" or not request.meta.get("redirect_times"):
            return
        if not self._archiving.profile(errand.site).has_host(request.url):
            raise OffsiteRedirect(f"redirected to {request.url}")


class RevisitMiddleware:
    """Makes requests conditional, and follows no redirect that means that a page is gone."""

    def __init__(self, archiving: Archiving) -> None:
        self._archiving = archiving

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Needs the `Archiving` extension."""
        return cls(Archiving.of(crawler))

    def process_request(self, request: Request) -> None:
        """Set or remove the conditions; RemovedByRedirect or FrontPageRedirect for a redirect to a front page."""
        errand: Errand | None = request.meta.get(META)
        if errand is None:
            return
        for name in CONDITIONS:
            # A redirect takes them along to another address.
            request.headers.pop(name, None)
        if not request.meta.get("redirect_times"):
            request.headers.update(errand.conditions)
            return
        profile = self._archiving.profile(errand.site)
        if means_removed(request.url, errand.known, profile):
            raise RemovedByRedirect(f"redirected to {request.url}")
        held = errand.known is not None and errand.known.article is not None
        if errand.kind == "page" and not held and leads_to_front(request.url, errand.url, profile):
            raise FrontPageRedirect(f"redirected to {request.url}")


def _capture(request: Request, response: Response, errand: Errand, fetched: datetime) -> Capture:
    return Capture(
        site=errand.site,
        url=request.url,
        method=request.method,
        # Scrapy's client adds Host on the wire, and no HTTP/1.1 request is whole without it (RFC 9112, section 3.2).
        request_headers=(("Host", urlsplit(request.url).netloc.rpartition("@")[2]), *_headers(request.headers)),
        status=response.status,
        headers=_headers(response.headers),
        body=response.body,
        fetched=fetched,
        ip=str(response.ip_address) if response.ip_address else None,
        truncated="disconnect" if "dataloss" in response.flags else None,
        announcement=errand.announcement,
    )


def _headers(headers: ScrapyHeaders) -> Headers:
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, values in headers.items() for value in values
    )
