"""Promises against hostile servers: each trick costs its own page a typed outcome, and nobody else anything.

One crawl meets all of it, with an honest site beside it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from subprocess import CompletedProcess

import pytest

from archive.manifest import CaptureEntry
from tests.crawling import Installation, article, articles
from tests.hostile_server import HTML, Answer, HostileServer, drip, flood, hang, page, say
from tests.newsroom import Newsroom, Site

# A crawl that waits for servers that never answer.
pytestmark = pytest.mark.slow

OK = b"HTTP/1.1 200 OK\r\n" + HTML
GOOD = article("/good").read()
CHUNK = b"10000\r\n" + b"<p>word " * 8192 + b"\r\n"
FIELDS = b"".join(b"X-Field-%d: some value or other\r\n" % number for number in range(1000))
NESTED = gzip.compress(gzip.compress(bytes(100 << 20), mtime=0), mtime=0)

TRICKS: dict[str, tuple[Answer, str]] = {
    "/good": (page(GOOD, HTML.strip()), "archived"),
    "/silent": (hang, "timeout"),
    "/dripped-head": (drip(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n", every=0.3), "timeout"),
    "/dripped-body": (drip(OK + b"\r\n", b"<p>", every=0.3), "timeout"),
    "/endless": (flood(OK + b"Transfer-Encoding: chunked\r\n\r\n", lambda: repeat(CHUNK)), "too_large"),
    "/5-gigabytes": (say(OK, b"Content-Length: 5000000000\r\n\r\n", GOOD), "too_large"),
    "/bomb": (
        page(gzip.compress(bytes(100 << 20), mtime=0), HTML.strip(), b"Content-Encoding: gzip"),
        "extract_failed:undecodable",
    ),
    "/bomb-in-bomb": (page(NESTED, HTML.strip(), b"Content-Encoding: gzip, gzip"), "extract_failed:undecodable"),
    "/short": (say(OK, b"Content-Length: 99999\r\n\r\n", GOOD), "bad_response"),
    "/long-field": (flood(OK + b"X-Long: ", lambda: repeat(b"x" * 65536, 80)), "connection_failed"),
    "/many-fields": (flood(OK, lambda: repeat(FIELDS)), "too_large"),
    "/interim": (flood(b"", lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)), "too_large"),
    "/garbage": (say(bytes(range(256)) * 40), "connection_failed"),
    "/nothing": (say(b""), "connection_failed"),
    "/loop": (page(b"", b"Location: /loop", status=b"302 Found"), "bad_response:too_many_redirects"),
    "/biscuit": (page(b"", b"Set-Cookie: canary=1; Path=/", b"Location: /landed", status=b"302 Found"), "archived"),
}
"""What each path answers and how it ends."""

ITEMS = "".join(f"<item><title>{path}</title><link>BASE{path}</link></item>" for path in TRICKS)
FEED = f'<rss version="2.0"><channel><title>Hostile</title><link>BASE</link>{ITEMS}</channel></rss>'
PROFILE = """
name = "hostile"
title = "Hostile News"
hosts = [{host}]
[sources]
feeds = [{feed}]
[fetch]
delay = 0
concurrency = 16
"""


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """What there is to see after the crawl."""

    process: CompletedProcess[str]
    hostile: dict[str, str]
    honest: dict[str, str]
    captures: list[CaptureEntry]
    heads: list[str]


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    answers = {path: answer for path, (answer, _) in TRICKS.items()} | {
        "/landed": page(article("/landed").read(), HTML.strip())
    }
    with (
        HostileServer(answers) as server,
        Newsroom([Site(name="honest", title="Honest News", pages=articles(20))], process=True) as newsroom,
    ):
        answers["/rss.xml"] = page(FEED.replace("BASE", server.base).encode(), b"Content-Type: application/rss+xml")
        installation = Installation(tmp_path_factory.mktemp("hostile") / "installation", newsroom)
        profile = PROFILE.format(host=json.dumps(server.netloc), feed=json.dumps(f"{server.base}/rss.xml"))
        (installation.folder / "sites" / "hostile.toml").write_text(profile, encoding="utf-8")
        process = installation.scrapy("crawl", "news", "-s", "DOWNLOAD_TIMEOUT=15", "-s", "RETRY_TIMES=0")
        rows = installation.outcomes()
        yield Aftermath(
            process=process,
            hostile={row.url.removeprefix(server.base): row.outcome for row in rows if row.site == "hostile"},
            honest=installation.by_path("honest"),
            captures=installation.captures(),
            heads=server.heads,
        )


@pytest.mark.parametrize("path", TRICKS)
def test_each_trick_ends_in_its_own_outcome(aftermath: Aftermath, path: str) -> None:
    assert aftermath.hostile[path] == TRICKS[path][1]


def test_the_honest_site_is_archived_in_full(aftermath: Aftermath) -> None:
    pages = [outcome for path, outcome in aftermath.honest.items() if path.startswith("/story-")]
    assert pages == ["archived"] * 20


def test_no_trick_is_a_fault_of_ours(aftermath: Aftermath) -> None:
    assert "Traceback" not in aftermath.process.stderr, aftermath.process.stderr


def test_a_body_cut_short_is_kept_but_is_no_article(aftermath: Aftermath) -> None:
    assert [entry.outcome for entry in aftermath.captures if entry.url.endswith("/short")] == ["bad_response"]


def test_no_cookie_is_ever_sent_back(aftermath: Aftermath) -> None:
    assert "/landed" in [head.split(" ")[1] for head in aftermath.heads]
    assert [head for head in aftermath.heads if "cookie" in head.lower()] == []
