"""A client without any cleverness: no redirects followed, nothing unpacked, nothing retried."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from urllib.parse import urlsplit


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back for one request."""

    status: int
    """HTTP status."""
    headers: HTTPMessage
    """Response fields."""
    body: bytes
    """Body after transfer decoding, before content decoding."""


def get(url: str, method: str = "GET", **headers: str) -> Answer:
    """Send one request on a connection of its own; `If_None_Match="…"` sends the field `If-None-Match`."""
    parts = urlsplit(url)
    with closing(HTTPConnection(parts.netloc)) as connection:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, headers=fields)
        response = connection.getresponse()
        return Answer(status=response.status, headers=response.headers, body=response.read())
