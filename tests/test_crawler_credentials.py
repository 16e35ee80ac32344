"""Promises of credentials: whatever sites set, ask for or name in redirects, no request carries any to anybody.

One crawl of two hosts of a site that lead to each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.crawling import Installation, article
from tests.hostile_server import HTML, Answer, HostileServer, page
from tests.newsroom import Newsroom, Site

pytestmark = pytest.mark.slow

CANARY = "canary-9c2e"
COOKIE = f"Set-Cookie: session={CANARY}; Path=/; Max-Age=9999".encode()
PATHS = ("/crosses", "/returns", "/asks", "/names-a-user", "/names-a-user-here")
PROFILE = """
name = "two"
title = "Two Hosts"
hosts = [{first}, {second}]
[sources]
feeds = [{feed}]
[fetch]
delay = 0
"""


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """What there is to see after the crawl."""

    outcomes: dict[str, str]
    first: list[str]
    """Heads of the requests to the host that announces the pages."""
    second: list[str]
    """Those to the host that it leads to."""


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    first: dict[str, Answer] = {}
    second: dict[str, Answer] = {}
    other = Site(name="other", title="Other", pages=(article("/other"),))
    with HostileServer(first, "127.0.3.1") as one, HostileServer(second, "127.0.3.2") as two, Newsroom([other]) as room:
        items = "".join(f"<item><title>{path}</title><link>{one.base}{path}</link></item>" for path in PATHS)
        feed = f'<rss version="2.0"><channel><title>Two</title><link>{one.base}</link>{items}</channel></rss>'
        first |= {
            "/rss.xml": page(feed.encode(), b"Content-Type: application/rss+xml", COOKIE),
            "/crosses": moved(f"{two.base}/landed"),
            "/returns": moved(f"{two.base}/back"),
            "/home": story("/home"),
            "/asks": page(b"", b'WWW-Authenticate: Basic realm="r"', COOKIE, status=b"401 Unauthorized"),
            "/names-a-user": moved(f"http://someone:{CANARY}@{two.netloc}/landed"),
            "/names-a-user-here": moved(f"http://someone:{CANARY}@{one.netloc}/home"),
        }
        second |= {"/landed": story("/landed"), "/back": moved(f"{one.base}/home")}
        installation = Installation(tmp_path_factory.mktemp("two") / "installation", room)
        names = {"first": one.netloc, "second": two.netloc, "feed": f"{one.base}/rss.xml"}
        profile = PROFILE.format(**{name: json.dumps(value) for name, value in names.items()})
        (installation.folder / "sites" / "two.toml").write_text(profile, "utf-8")
        installation.command("crawl", "two")
        outcomes = {row.url.removeprefix(one.base): row.outcome for row in installation.outcomes()}
        yield Aftermath(outcomes=outcomes, first=one.heads, second=two.heads)


def test_the_pages_were_asked_for_across_the_hosts(aftermath: Aftermath) -> None:
    """Else the next promises would be empty."""
    assert aftermath.outcomes["/crosses"] == aftermath.outcomes["/returns"] == "archived"
    assert aftermath.outcomes["/asks"] == "http_401"
    assert {"/landed", "/back"} <= {head.split(" ")[1] for head in aftermath.second}
    assert "/home" in {head.split(" ")[1] for head in aftermath.first}


def test_no_request_carries_a_cookie_a_referrer_or_a_password(aftermath: Aftermath) -> None:
    fields = {
        line.partition(":")[0].lower()
        for head in aftermath.first + aftermath.second
        for line in head.split("\r\n")[1:]
        if line
    }
    assert not fields & {"cookie", "cookie2", "authorization", "proxy-authorization", "referer"}
    assert CANARY not in "".join(aftermath.first + aftermath.second)


@pytest.mark.parametrize("path", ["/names-a-user", "/names-a-user-here"])
def test_a_redirect_that_names_a_user_is_not_followed(aftermath: Aftermath, path: str) -> None:
    assert aftermath.outcomes[path] == "refused_url"


def moved(url: str) -> Answer:
    return page(b"", b"Location: " + url.encode(), COOKIE, status=b"302 Found")


def story(path: str) -> Answer:
    return page(article(path).read(), HTML.strip(), COOKIE)
