"""Serves sites over HTTP: one address and port each, conditional requests, gzip, faults, a log of every request."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Container, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime
from ipaddress import IPv4Address
from pathlib import Path

from aiohttp import web

from tests.newsroom.documents import Document, documents, fill
from tests.newsroom.faults import Fault
from tests.newsroom.requestlog import RequestLog
from tests.newsroom.site import Site

_FIRST_ADDRESS = IPv4Address("127.0.1.1")
_ERROR_PAGE = b"<!DOCTYPE html><html><head><title>%d</title></head><body><h1>%d</h1></body></html>"
_FILLER = b"<p>" + b"There is more of this page than anyone asked for. " * 80 + b"</p>\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reply:
    """An answer decided but not yet sent."""

    status: int
    headers: dict[str, str]
    body: bytes


class SiteServer:
    """Answers every request for one site."""

    def __init__(self, site: Site, base_url: str, log: RequestLog) -> None:
        self.base_url = base_url
        self._log = log
        self.show(site)

    def show(self, site: Site) -> None:
        """Serve this value of the site from now on; faults that happen only some times start anew."""
        self._site = site
        self._makers = documents(site, self.base_url)
        self._made: dict[str, Document] = {}
        self._met: Counter[str] = Counter()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Decide, wait if the fault says so, then send; the request is logged before its answer is complete."""
        fault = self._fault(request.raw_path)
        if fault is None:
            return self._whole(request, self._honest(request))
        await asyncio.sleep(fault.delay)
        reply = _spoil(self._honest(request), fault, self.base_url)
        if fault.size is None and fault.cut is None and not fault.pause:
            return self._whole(request, reply)
        return await self._piecewise(request, reply, fault)

    def _fault(self, target: str) -> Fault | None:
        path = _best_key(self._site.faults, target)
        fault = self._site.faults.get(path)
        if fault is None or fault.times is None:
            return fault
        self._met[path] += 1
        return fault if self._met[path] <= fault.times else None

    def _honest(self, request: web.BaseRequest) -> _Reply:
        document = self._document(request.raw_path)
        if document is None:
            return _error(404)
        zipped = document.compressible and "gzip" in request.headers.get("Accept-Encoding", "")
        headers = {
            "Content-Type": document.content_type,
            "ETag": f'"{document.tag}-gzip"' if zipped else f'"{document.tag}"',
            "Last-Modified": format_datetime(document.modified.astimezone(UTC), usegmt=True),
            "Vary": "Accept-Encoding",
        }
        if _unchanged(request, headers["ETag"].strip('"'), document):
            return _Reply(status=304, headers=headers, body=b"")
        if zipped:
            return _Reply(status=200, headers=headers | {"Content-Encoding": "gzip"}, body=document.gzipped)
        return _Reply(status=200, headers=headers, body=document.body)

    def _document(self, target: str) -> Document | None:
        path = _best_key(self._makers, target)
        if path not in self._made and path in self._makers:
            self._made[path] = self._makers[path]()
        return self._made.get(path)

    def _whole(self, request: web.BaseRequest, reply: _Reply) -> web.Response:
        self._note(request, reply, 0 if request.method == "HEAD" else len(reply.body))
        return web.Response(status=reply.status, headers=reply.headers, body=reply.body)

    async def _piecewise(self, request: web.BaseRequest, reply: _Reply, fault: Fault) -> web.StreamResponse:
        response = web.StreamResponse(status=reply.status, headers=reply.headers)
        if fault.size is None:
            response.content_length = len(reply.body)
        sent = 0
        # The reader may give up at any moment: many tests are about that.
        with suppress(ConnectionResetError):
            await response.prepare(request)
            for piece in _pieces(reply, fault):
                await asyncio.sleep(fault.pause)
                await response.write(piece)
                sent += len(piece)
        self._note(request, reply, sent)
        if fault.cut is not None and request.transport is not None:
            request.transport.close()
        return response

    def _note(self, request: web.BaseRequest, reply: _Reply, size: int) -> None:
        self._log.add(
            site=self._site.name,
            method=request.method,
            path=request.raw_path,
            status=reply.status,
            agent=request.headers.get("User-Agent", ""),
            size=size,
        )


@asynccontextmanager
async def serving(sites: Sequence[Site], log_file: Path) -> AsyncIterator[dict[str, SiteServer]]:
    """Serve the sites while the context is open; yields a server per site name.

    The addresses are 127.0.1.1 and its successors, the ports whatever is free. Linux answers on all of
    127.0.0.0/8; elsewhere the addresses must be configured first.
    """
    async with AsyncExitStack() as stack:
        log = stack.enter_context(RequestLog(log_file))
        servers = {}
        for order, site in enumerate(sites):
            listener = socket.create_server((str(_FIRST_ADDRESS + order), 0))
            address, port = listener.getsockname()
            servers[site.name] = SiteServer(site, f"http://{address}:{port}", log)
            runner = web.ServerRunner(web.Server(servers[site.name]), shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.SockSite(runner, listener).start()
        yield servers


def _best_key(keys: Container[str], target: str) -> str:
    """The request target itself if it is known, else its path, so that foreign query parameters do no harm."""
    return target if target in keys else target.partition("?")[0]


def _unchanged(request: web.BaseRequest, tag: str, document: Document) -> bool:
    """RFC 9110 section 13.2.2: If-None-Match decides alone where it is present."""
    if request.if_none_match is not None:
        return any(etag.value in (tag, "*") for etag in request.if_none_match)
    since = request.if_modified_since
    return since is not None and document.modified.replace(microsecond=0) <= since


def _error(status: int) -> _Reply:
    return _Reply(
        status=status, headers={"Content-Type": "text/html; charset=utf-8"}, body=_ERROR_PAGE % (status, status)
    )


def _spoil(honest: _Reply, fault: Fault, base_url: str) -> _Reply:
    headers = dict(fault.headers)
    if fault.location is not None:
        location = fault.location.replace("{{base}}", base_url)
        return _Reply(status=fault.status or 302, headers=headers | {"Location": location}, body=b"")
    if fault.body is not None:
        return _Reply(status=fault.status or 200, headers=headers, body=fill(fault.body, base_url))
    reply = honest if fault.status is None else _error(fault.status)
    if fault.size is not None:
        reply = _Reply(status=fault.status or 200, headers={"Content-Type": "text/html; charset=utf-8"}, body=b"")
    return _Reply(status=reply.status, headers=reply.headers | headers, body=reply.body)


def _pieces(reply: _Reply, fault: Fault) -> Iterable[bytes]:
    if fault.size is not None:
        yield b"<!DOCTYPE html><html><head><title>Huge</title></head><body>\n"
        for _ in range(fault.size // len(_FILLER)):
            yield _FILLER
        yield b"</body></html>\n"
        return
    body = reply.body[: fault.cut]
    step = max(1, -(-len(body) // 10))
    for start in range(0, len(body), step):
        yield body[start : start + step]
