"""A small HTTP server on loopback: one function answers, and answers can be spoilt before they leave."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What happens to one answer in place of the honest one."""

    status: int = 200
    """If not 200, this status and nothing else."""
    retry_after: str | None = None
    torn: bool = False
    """Half of the honest body, with a Content-Length that says that this is all: what a proxy makes of a crash."""
    cut: bool = False
    """Half of the honest body, and the connection is closed before the rest."""


class StandIn:
    """Serves `answer` while the context is open; `asked` holds path and query of each request, in order."""

    def __init__(self, answer: Callable[[str, Mapping[str, str]], Reply]) -> None:
        """`answer` gets path with query, and header fields with names in lower case."""
        self.asked: list[str] = []
        self.troubles: deque[Trouble] = deque()
        """For the next requests, one each."""
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                trouble = server.troubles.popleft() if server.troubles else Trouble()
                if trouble.status == 200:
                    reply = answer(self.path, {name.lower(): value for name, value in self.headers.items()})
                else:
                    asked = {"Retry-After": trouble.retry_after} if trouble.retry_after is not None else {}
                    reply = Reply(status=trouble.status, headers=asked, body=b"Please reduce your request rate.\n")
                body = reply.body[: len(reply.body) // 2] if trouble.torn or trouble.cut else reply.body
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body) if trouble.cut else len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = trouble.cut

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """Who asks may be killed meanwhile."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
