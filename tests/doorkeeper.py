"""A server on all addresses of this machine that nobody should visit: it counts who comes in, and answers nothing."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Self


class Doorkeeper:
    """Listens while a `with` block is open; `visitors` counts connections, `port` is the same for IPv4 and IPv6."""

    def __enter__(self) -> Self:
        self.visitors = 0
        self._listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing alone does not wake up accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _count(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.visitors += 1
            connection.close()
