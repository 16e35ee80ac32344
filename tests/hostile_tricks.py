"""What hostile servers do to a crawl: each trick is a path, its answer, and the outcome that its page must have."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat

from tests.crawling import article
from tests.hostile_server import HTML, Answer, HostileServer, drip, flood, hang, page, say

_OK = b"HTTP/1.1 200 OK\r\n" + HTML
_GOOD = article("/good").read()
_CHUNK = b"10000\r\n" + b"<p>word " * 8192 + b"\r\n"
_FIELDS = b"".join(b"X-Field-%d: some value or other\r\n" % number for number in range(1000))
_BOMB = gzip.compress(bytes(100 << 20), mtime=0)
_HEAD = b"<html><head><title>Bridge</title></head><body><article><h1>Bridge</h1>"


def _html(body: bytes, *fields: bytes) -> Answer:
    return page(body, HTML.strip(), *fields)


TRICKS: dict[str, tuple[Answer, str]] = {
    "/good": (_html(_GOOD), "archived"),
    "/silent": (hang, "timeout"),
    "/dripped-head": (drip(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n", every=0.3), "timeout"),
    "/dripped-body": (drip(_OK + b"\r\n", b"<p>", every=0.3), "timeout"),
    "/endless": (flood(_OK + b"Transfer-Encoding: chunked\r\n\r\n", lambda: repeat(_CHUNK)), "too_large"),
    "/5-gigabytes": (say(_OK, b"Content-Length: 5000000000\r\n\r\n", _GOOD), "too_large"),
    "/bomb": (_html(_BOMB, b"Content-Encoding: gzip"), "extract_failed:undecodable"),
    "/bomb-in-bomb": (
        _html(gzip.compress(_BOMB, mtime=0), b"Content-Encoding: gzip, gzip"),
        "extract_failed:undecodable",
    ),
    "/short": (say(_OK, b"Content-Length: 99999\r\n\r\n", _GOOD), "bad_response"),
    "/long-field": (flood(_OK + b"X-Long: ", lambda: repeat(b"x" * 65536, 80)), "connection_failed"),
    "/many-fields": (flood(_OK, lambda: repeat(_FIELDS)), "too_large"),
    "/interim": (flood(b"", lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)), "too_large"),
    "/garbage": (say(bytes(range(256)) * 40), "connection_failed"),
    "/nothing": (say(b""), "connection_failed"),
    "/loop": (page(b"", b"Location: /loop", status=b"302 Found"), "bad_response:too_many_redirects"),
    "/biscuit": (page(b"", b"Set-Cookie: canary=1; Path=/", b"Location: /landed", status=b"302 Found"), "archived"),
    "/nested": (_html(b"<div>" * 100_000 + b"text"), "extract_failed:too_deep"),
    "/brackets": (_html(b"<" * (2 << 20)), "extract_failed:not_html"),
    "/one-line": (_html(_HEAD + b"<p>" + b"word " * (2 << 20)), "extract_failed:too_large"),
    "/paragraphs": (_html(_HEAD + b"<p>The council met.</p>" * 100_000), "extract_failed:too_many_elements"),
    "/rows": (_html(_HEAD + b"<table>" + b"<tr><td>1<td>2" * 50_000), "extract_failed:too_many_elements"),
}
"""What each path answers and how it ends."""

_ITEMS = "".join(f"<item><title>{path}</title><link>BASE{path}</link></item>" for path in TRICKS)
_FEED = f'<rss version="2.0"><channel><title>Hostile</title><link>BASE</link>{_ITEMS}</channel></rss>'
AT_ONCE = "[fetch]\ndelay = 0\nconcurrency = 16"
"""All tricks as soon as possible."""

_PROFILE = """
name = "{name}"
title = "Hostile News"
hosts = [{host}]
[sources]
feeds = [{feed}]
{fetch}
"""


@contextmanager
def tricksters(address: str = "127.0.3.1") -> Iterator[HostileServer]:
    """A server that announces and plays all of the tricks."""
    answers = {path: answer for path, (answer, _) in TRICKS.items()}
    answers["/landed"] = _html(article("/landed").read())
    with HostileServer(answers, address) as server:
        answers["/rss.xml"] = page(_FEED.replace("BASE", server.base).encode(), b"Content-Type: application/rss+xml")
        yield server


def hostile_profile(name: str, server: HostileServer, *, fetch: str = "") -> str:
    """The profile (TOML) of a site that is such a server, with this table for its pace."""
    host, feed = json.dumps(server.netloc), json.dumps(f"{server.base}/rss.xml")
    return _PROFILE.format(name=name, host=host, feed=feed, fetch=fetch)
