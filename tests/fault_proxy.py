"""A proxy in front of an S3 server that makes planned trouble: what networks and lesser stores do to us.

    with FaultProxy(server.endpoint) as proxy:
        proxy.plan("PUT", answer(503, retry_after="2"), times=3)
        proxy.plan("PUT", lose_reply)

A fault is a function of the request and of `forward`, which asks the real server; it returns the reply to be sent, or
None to cut the connection. Requests without a plan are forwarded as they are, so that signatures stay valid.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

HOST = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as it came from the client."""

    method: str
    target: str
    """Path and query."""
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the client gets; a body shorter than its Content-Length ends in a cut connection."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


Forward = Callable[[Request], Reply]
Fault = Callable[[Request, Forward], Reply | None]


def answer(status: int, code: str = "", **headers: str) -> Fault:
    """Answer without asking the server; `code` makes an S3 error body, `retry_after="2"` a header."""
    body = (
        f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>planned</Message></Error>".encode() if code else b""
    )
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request, forward: Reply(status=status, headers=fields, body=b"" if request.method == "HEAD" else body)


def lose_reply(request: Request, forward: Forward) -> None:
    """The server does it, the client never hears."""
    forward(request)


def cut(request: Request, forward: Forward) -> None:
    """The server never hears of it."""


def shorten_reply(request: Request, forward: Forward) -> Reply:
    """The connection breaks half-way through the reply's body."""
    reply = forward(request)
    return replace(reply, body=reply.body[: len(reply.body) // 2])


def refuse_header(name: str, status: int, code: str) -> Fault:
    """Behave like a store that does not know a header, and answers so."""
    refusal = answer(status, code)
    return lambda request, forward: refusal(request, forward) if name in request.headers else forward(request)


def flip_bit(request: Request, forward: Forward) -> Reply:
    """One bit of the request's body changes on its way to the server."""
    return forward(replace(request, body=bytes([request.body[0] ^ 1]) + request.body[1:]))


@dataclass
class _Plan:
    method: str
    fault: Fault
    containing: str
    times: int


class FaultProxy:
    """Listens on loopback and forwards to `upstream`, an `http://host:port`; `requests` holds all that came."""

    def __init__(self, upstream: str) -> None:
        self.requests: list[Request] = []
        self._upstream = urlsplit(upstream).netloc
        self._plans: list[_Plan] = []
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer((HOST, 0), self._handler())
        self._server.daemon_threads = True

    @property
    def endpoint(self) -> str:
        """`http://127.0.0.1:port`."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    def plan(self, method: str, fault: Fault, *, containing: str = "", times: int = 1) -> None:
        """Treat the next `times` requests of that method whose target contains that text so; plans wait in line."""
        self._plans.append(_Plan(method, fault, containing, times))

    def clear(self) -> None:
        """Forget what was planned: all is well from here on."""
        self._plans.clear()

    def stall(self, request: Request, forward: Forward) -> None:
        """A fault: say nothing until the proxy closes."""
        self._closing.wait()

    def break_upload(self, request: Request, forward: Forward) -> None:
        """A fault: the server gets half of the body, then both connections break."""
        with _connection(self._upstream) as connection:
            connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                connection.putheader(name, value)
            connection.endheaders(request.body[: len(request.body) // 2])

    def count(self, method: str, containing: str = "") -> int:
        """How many such requests have come."""
        return sum(1 for request in self.requests if request.method == method and containing in request.target)

    def __enter__(self) -> FaultProxy:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def _reply(self, request: Request) -> Reply | None:
        with self._lock:
            self.requests.append(request)
            plan = next((plan for plan in self._plans if self._applies(plan, request)), None)
            if plan is not None:
                plan.times -= 1
        return plan.fault(request, self._forward) if plan else self._forward(request)

    @staticmethod
    def _applies(plan: _Plan, request: Request) -> bool:
        return plan.times > 0 and plan.method == request.method and plan.containing in request.target

    def _forward(self, request: Request) -> Reply:
        with _connection(self._upstream) as connection:
            # The proxy has answered `Expect: 100-continue` itself.
            headers = {name: value for name, value in request.headers.items() if name != "expect"}
            connection.request(request.method, request.target, request.body or None, headers)
            response = connection.getresponse()
            body = response.read()
        fields = {name: value for name, value in response.getheaders() if name.lower() != "transfer-encoding"}
        if request.method != "HEAD":
            fields["Content-Length"] = str(len(body))
        return Reply(status=response.status, headers=fields, body=body)

    def _handler(proxy) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _handle(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                reply = proxy._reply(Request(method=self.command, target=self.path, headers=headers, body=body))
                if reply is None:
                    self.close_connection = True
                    return
                self.send_response_only(reply.status)
                fields = {"Content-Length": str(len(reply.body))} | reply.headers
                for name, value in fields.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)
                self.close_connection = self.command != "HEAD" and len(reply.body) < int(fields["Content-Length"])

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _handle

            def log_message(self, format: str, *args: object) -> None:
                """The requests are kept in `requests`."""

        return Handler


@contextmanager
def _connection(netloc: str) -> Iterator[HTTPConnection]:
    connection = HTTPConnection(netloc, timeout=60)
    try:
        yield connection
    finally:
        connection.close()
