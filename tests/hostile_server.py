"""A server that answers with whatever bytes a test wants, at whatever pace: what no well-behaved library would send.

    with HostileServer({"/drip": drip(b"HTTP/1.1 200 OK", every=0.5), "/hang": hang}) as server: …

An answer is a function of the connection; the connection is closed when it returns. Unknown paths get a 404.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

Answer = Callable[[socket.socket], None]

HTML = b"Content-Type: text/html; charset=utf-8\r\n"


class HostileServer:
    """Answers by path while a `with` block is open; `heads` are the requests so far, as they came."""

    def __init__(self, answers: Mapping[str, Answer], address: str = "127.0.3.1") -> None:
        self.heads: list[str] = []
        self._answers = answers
        self._listener = socket.create_server((address, 0))
        self.netloc = f"{address}:{self._listener.getsockname()[1]}"
        self.base = f"http://{self.netloc}"
        self._open: set[socket.socket] = set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [head.split(" ")[1] for head in self.heads]

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.add(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # The crawler goes away whenever it has had enough.
        with suppress(OSError), connection:
            head = b""
            while b"\r\n\r\n" not in head:
                received = connection.recv(65536)
                if not received:
                    return
                head += received
            self.heads.append(head.decode("latin-1"))
            self._answers.get(self.paths()[-1], not_found)(connection)


def say(*parts: bytes) -> Answer:
    """Send these bytes and close."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(b"".join(parts))

    return answer


def page(body: bytes, *fields: bytes, status: bytes = b"200 OK") -> Answer:
    """A whole answer with its Content-Length."""
    head = b"".join(b"%s\r\n" % field for field in fields)
    return say(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n" % (status, len(body), head), body)


def hang(connection: socket.socket) -> None:
    """Accept the request and say nothing."""
    connection.recv(1)


def drip(beginning: bytes, piece: bytes, every: float) -> Answer:
    """Send a beginning, then a piece again and again with a pause between, for ever."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(beginning)
        while True:
            time.sleep(every)
            connection.sendall(piece)

    return answer


def flood(beginning: bytes, pieces: Callable[[], Iterator[bytes]]) -> Answer:
    """Send a beginning, then pieces as fast as they are taken."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(beginning)
        for piece in pieces():
            connection.sendall(piece)

    return answer


not_found = page(b"", status=b"404 Not Found")
