"""The address at which a scheduler tells of itself: `/metrics` for Prometheus, `/healthz` for whoever restarts it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from prometheus_client.exposition import CONTENT_TYPE_LATEST

from archive.errors import CatalogError
from jobs.errors import JobsError

logger = logging.getLogger(__name__)


class MetricsServer:
    """Answers while a `with` block is open."""

    def __init__(self, address: str, *, metrics: Callable[[], bytes], ailing: Callable[[], str]) -> None:
        """`address` is `host:port`; `ailing` says why the process should be restarted, empty if it should not.

        JobsError when nothing can listen there.
        """
        host, _, port = address.rpartition(":")
        try:
            self._server = ThreadingHTTPServer((host.strip("[]"), int(port)), partial(_Handler, metrics, ailing))
        except (OSError, ValueError, OverflowError) as exc:
            raise JobsError(f"schedule.metrics: {address!r}: cannot listen there: {exc}") from exc
        self._server.daemon_threads = True
        self.port: int = self._server.server_port

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    timeout = 10

    def __init__(self, metrics: Callable[[], bytes], ailing: Callable[[], str], *args: Any) -> None:
        self._metrics = metrics
        self._ailing = ailing
        super().__init__(*args)

    def do_GET(self) -> None:
        """Answer one request."""
        if self.path == "/metrics":
            try:
                self._answer(200, self._metrics(), CONTENT_TYPE_LATEST)
            except CatalogError as exc:
                logger.warning("no metrics: %s", exc)
                self._answer(503, b"the catalog cannot be read\n")
        elif self.path == "/healthz":
            reason = self._ailing()
            self._answer(503 if reason else 200, f"{reason or 'ok'}\n".encode())
        else:
            self._answer(404, b"there are /metrics and /healthz\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of each scrape."""

    def _answer(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
