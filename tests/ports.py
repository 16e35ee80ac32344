"""Free ports on loopback."""

from __future__ import annotations

import secrets
import socket
from contextlib import ExitStack

HOST = "127.0.0.1"

_RANGE = range(12_000, 32_000)
"""Below those that Linux gives to whoever connects or binds to port 0 (net.ipv4.ip_local_port_range), which could take
one before its server does."""


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on, each different."""
    with ExitStack() as stack:
        return [_bound(stack.enter_context(socket.socket())) for _ in range(count)]


def _bound(free: socket.socket) -> int:
    while True:
        port = secrets.choice(_RANGE)
        try:
            free.bind((HOST, port))
        except OSError:
            continue
        return port
