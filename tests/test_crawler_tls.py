"""Promises of TLS: a certificate that nobody vouches for is refused, unless the site's profile takes it."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.crawling import Installation, article
from tests.newsroom import Newsroom, Site
from tests.tls_server import self_signed, tls_server

PROFILE = """\
name = "sealed"
title = "The Sealed"
hosts = ["{host}"]
[sources]
feeds = ["https://{host}/rss.xml"]
[fetch]
delay = 0
"""
FEED = "<rss version='2.0'><channel><title>t</title><item><title>s</title><link>/story</link></item></channel></rss>"


class Sealed(BaseHTTPRequestHandler):
    """A site of one article."""

    def do_GET(self) -> None:
        documents = {"/rss.xml": ("application/rss+xml", FEED.encode()), "/story": ("text/html", STORY)}
        kind, body = documents.get(self.path, ("text/plain", b""))
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


STORY = article("/story").read()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_certificate_that_nobody_vouches_for_is_taken_only_where_the_profile_says_so(tmp_path: Path) -> None:
    other = Site(name="other", title="Other", pages=(article("/other"),))
    with Newsroom([other]) as newsroom, tls_server(self_signed(tmp_path / "own.pem"), Sealed) as base:
        installation = Installation(tmp_path / "installation", newsroom)
        profile = installation.folder / "sites" / "sealed.toml"
        profile.write_text(PROFILE.format(host=base.removeprefix("https://")), "utf-8")
        refused = installation.command("crawl", "sealed", "-v")
        assert [row.outcome for row in installation.outcomes()] == ["tls_failed"]
        profile.write_text(profile.read_text("utf-8") + "verify_tls = false\n", "utf-8")
        taken = installation.command("crawl", "sealed", "-v")
        assert {row.outcome for row in installation.outcomes()} == {"listed", "archived"}
    warning = "TLS certificates are not verified for 127.0.0.1"
    assert (refused.returncode, taken.returncode) == (3, 0), taken.stderr
    assert warning not in refused.stderr
    assert warning in taken.stderr
