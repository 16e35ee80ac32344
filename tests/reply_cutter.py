"""A proxy in front of PostgreSQL that loses the reply to a COMMIT: the server has committed, the client never hears."""

from __future__ import annotations

import selectors
import socket
import threading
from pathlib import Path
from types import TracebackType


class ReplyCutter:
    """Passes bytes on between a port of loopback and the server's socket; `cut` loses the next so many replies."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]
        self.cut = 0

    def __enter__(self) -> ReplyCutter:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, selectors.DefaultSelector() as selector:
            server.connect(str(self._server))
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in selector.select():
                    source, target = key.fileobj, key.data
                    data = source.recv(65536)  # type: ignore[union-attr]
                    if not data:
                        return
                    target.sendall(data)
                    if source is client and b"COMMIT" in data and self.cut:
                        self.cut -= 1
                        server.recv(65536)
                        return
