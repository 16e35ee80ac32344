"""Promises against server-side request forgery: whatever a site names, no address that is not public is connected to.

One crawl meets all of it. The honest site stands on an allowed network; a doorkeeper on every other address of this
machine counts who comes in.
"""

from __future__ import annotations

import base64
import dataclasses
import gzip
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import pytest

from tests.crawling import Installation, article
from tests.doorkeeper import Doorkeeper
from tests.newsroom import Fault, Newsroom, Site

LOOPBACK = (
    *("127.0.0.1", "127.1", "127.0.1", "127.0.0.2", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.1"),
    *("0x7f.0.0.1", "0177.0.0.1", "0177.1", "017700000001", "0", "0.0.0.0", "0x0", "00000000000"),
    *("localhost", "LOCALHOST", "someone@127.0.0.1", "www.example.org@127.0.0.1"),
    *("１２７.0.0.1", "１２７．０．０．１", "127。0。0。1", "①②⑦.0.0.①", "%31%32%37.0.0.1"),
    *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]"),
)
"""Ways to write an address that leads to the doorkeeper."""

OTHERS = (
    *("[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::f7f7:f7f7]", "[::127.0.0.1]"),
    *("169.254.169.254", "2852039166", "169.254.170.2", "[fd00:ec2::254]", "100.100.100.200", "192.0.0.192"),
    *("10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1"),
    *("255.255.255.255", "[fe80::1]", "[fc00::1]", "[ff02::1]", "[2001:db8::1]"),
)
"""Addresses that lead nowhere from here, but would from a data centre."""

VARIANTS = LOOPBACK + OTHERS
CANARY = "canary-4f1d"
SENT = base64.b64encode(f"someone:{CANARY}".encode()).decode()
HTML = {"Content-Type": "text/html; charset=utf-8"}
PROFILE = """
name = "sly"
title = "Sly News"
hosts = ["{{host}}", "localhost:PORT"]
[sources]
feeds = [FEEDS]
sitemaps = ["{{base}}/index.xml"]
sections = ["{{base}}/refreshing"]
[fetch]
delay = 0
concurrency = 8
"""


def sly(port: int) -> Site:
    """A site that names forbidden addresses in every way that it can think of."""
    door = f"http://127.0.0.1:{port}"
    locs = "".join(f"<sitemap><loc>http://{host}:{port}/s.xml</loc></sitemap>" for host in VARIANTS)
    index = f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{locs}</sitemapindex>'
    items = "".join(f"<item><title>{n}</title><link>http://{h}:{port}/a</link></item>" for n, h in enumerate(VARIANTS))
    feed = f'<rss version="2.0"><channel><title>Sly</title><link>{door}</link>{items}</channel></rss>'
    refresh = f'<meta http-equiv="refresh" content="0; url={door}/"><a href="{door}/a">a</a>'
    honest = article("/honest")
    canonical = honest.read().replace(
        b"<title>", f'<link rel="canonical" href="{door}/canonical">{refresh}'.encode() + b"<title>"
    )
    faults = {f"/to/{n}": Fault(location=f"http://{host}:{port}/feed") for n, host in enumerate(VARIANTS)}
    faults |= {
        "/index.xml": Fault(headers={"Content-Type": "application/xml"}, body=index.encode()),
        "/named.xml": Fault(headers={"Content-Type": "application/rss+xml"}, body=feed.encode()),
        "/refreshing": Fault(headers=HTML, body=refresh.encode()),
        "/robots.txt": Fault(headers={"Content-Type": "text/plain"}, body=f"Sitemap: {door}/robots.xml\n".encode()),
        "/moved": Fault(location=f"{door}/moved"),
    }
    feeds = ["/rss.xml", "/named.xml", *(f"/to/{n}" for n in range(len(VARIANTS)))]
    named = ", ".join(f'"{{{{base}}}}{path}"' for path in feeds)
    return Site(
        name="sly",
        title="Sly News",
        pages=(dataclasses.replace(honest, source=canonical), article("/moved")),
        faults=faults,
        profile_template=PROFILE.replace("PORT", str(port)).replace("FEEDS", named),
    )


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """What there is to see after the crawl."""

    visitors: int
    by_path: dict[str, str]
    by_host: dict[str, set[str]]
    details: dict[str, str]


def crawl(folder: Path, *allow_networks: str) -> Aftermath:
    with Doorkeeper() as door, Newsroom([sly(door.port)]) as newsroom:
        installation = Installation(folder, newsroom, allow_networks=allow_networks)
        installation.scrapy("crawl", "news", "-s", "DOWNLOAD_TIMEOUT=5", "-s", "RETRY_ENABLED=False")
        rows = installation.outcomes()
        by_host: dict[str, set[str]] = {}
        for row in rows:
            by_host.setdefault(urlsplit(row.url).hostname or "", set()).add(row.outcome)
        return Aftermath(
            visitors=door.visitors,
            by_path=installation.by_path("sly"),
            by_host=by_host,
            details={row.url: row.detail for row in rows},
        )


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    yield crawl(tmp_path_factory.mktemp("sly") / "installation", "127.0.1.0/24")


def test_nobody_came_in(aftermath: Aftermath) -> None:
    assert aftermath.visitors == 0


@pytest.mark.parametrize("number", range(len(VARIANTS)), ids=VARIANTS)
def test_a_redirect_to_an_address_that_is_not_public_is_refused(aftermath: Aftermath, number: int) -> None:
    assert aftermath.by_path[f"/to/{number}"] in ("refused_address", "refused_url")


def test_nearly_all_are_refused_for_their_address(aftermath: Aftermath) -> None:
    """Some are so odd that they are no URLs at all, but that must not be why they are refused."""
    refused = [aftermath.by_path[f"/to/{number}"] for number in range(len(VARIANTS))]
    assert refused.count("refused_address") >= len(VARIANTS) - 3


def test_what_sitemaps_name_is_refused(aftermath: Aftermath) -> None:
    named = {host: outcomes for host, outcomes in aftermath.by_host.items() if not host.startswith("127.0.1.")}
    assert len(named) > 30
    assert {outcome for outcomes in named.values() for outcome in outcomes} == {"refused_address"}


def test_the_honest_page_is_archived_whatever_it_names(aftermath: Aftermath) -> None:
    assert aftermath.by_path["/honest"] == "archived"
    assert aftermath.by_path["/moved"] == "offsite"


def test_the_detail_names_host_and_address(aftermath: Aftermath) -> None:
    [detail] = {text for url, text in aftermath.details.items() if urlsplit(url).hostname == "127.1"}
    assert detail == "127.1 is 127.0.0.1, not a public address; see `allow_networks`"


@pytest.mark.slow
def test_the_same_crawl_comes_in_where_all_of_this_machine_is_allowed(tmp_path: Path) -> None:
    """So that the other tests can fail; an origin whose robots.txt cannot be had is asked once."""
    assert crawl(tmp_path / "open", "127.0.0.0/8", "0.0.0.0/8", "::/127").visitors > len(LOOPBACK) / 2


PROXIED = """
name = "proxied"
title = "Proxied News"
hosts = ["{{host}}"]
[sources]
feeds = ["{{base}}/rss.xml", "http://127.1:PORT/feed", "http://10.0.0.1/feed", "http://proxy-only.invalid/feed"]
[fetch]
delay = 0
"""


def test_a_proxy_is_not_sent_to_an_address_that_is_not_public(tmp_path: Path) -> None:
    """The proxy itself has such an address, because the user named it; its password is neither logged nor kept."""
    with Proxy() as proxy:
        template = PROXIED.replace("PORT", str(proxy.port))
        site = Site(name="proxied", title="Proxied News", pages=(article("/one"),), profile_template=template)
        with Newsroom([site]) as newsroom:
            installation = Installation(tmp_path / "installation", newsroom, allow_networks=("127.0.1.0/24",))
            settings = ("-s", "RETRY_ENABLED=False", "-s", "LOG_LEVEL=DEBUG")
            url = proxy.url.replace("//", f"//someone:{CANARY}@")
            done = installation.scrapy(
                "crawl", "news", *settings, http_proxy=url, no_proxy="", AWS_SECRET_ACCESS_KEY=CANARY
            )
            host = urlsplit(newsroom.base_urls["proxied"]).netloc
            outcomes = {urlsplit(row.url).hostname: row.outcome for row in installation.outcomes()}
    assert {urlsplit(url).netloc for url in proxy.asked} == {host, "proxy-only.invalid"}
    assert (outcomes["127.1"], outcomes["10.0.0.1"]) == ("refused_address", "refused_address")
    assert proxy.credentials == {"Basic " + SENT}
    kept = [path for path in installation.folder.rglob("*") if path.is_file()]
    assert len(kept) > 4
    for secret in (CANARY, SENT):
        assert secret not in done.stdout + done.stderr
        assert [path for path in kept if secret.encode() in unpacked(path)] == []


def unpacked(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


class Proxy:
    """An HTTP proxy that has nothing, and notes what it is asked for."""

    def __enter__(self) -> Self:
        self.asked: list[str] = []
        self.credentials: set[str | None] = set()
        asked, credentials = self.asked, self.credentials

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                credentials.add(self.headers["Proxy-Authorization"])
                self.send_error(404)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
