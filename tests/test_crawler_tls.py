"""Promises of TLS: a certificate that is expired, another host's or its own authority is refused, unless waived."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.crawling import Installation, article
from tests.newsroom import Newsroom, Site
from tests.tls_server import Authority, self_signed, tls_server

PROFILE = """\
name = "{name}"
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
def test_a_bad_certificate_is_taken_only_where_the_profile_says_so(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificates = {
        "good": authority.certificate("good", address="127.0.4.1"),
        "expired": authority.certificate("expired", address="127.0.4.2", until=-timedelta(days=1)),
        "another": authority.certificate("another", address="127.0.4.9"),
        "alone": self_signed(tmp_path / "alone.pem", "127.0.4.4"),
    }
    bad = ("expired", "another", "alone")
    with Newsroom([Site(name="other", title="Other", pages=(article("/other"),))]) as newsroom, ExitStack() as servers:
        installation = Installation(tmp_path / "installation", newsroom)
        profiles = {name: installation.folder / "sites" / f"{name}.toml" for name in certificates}
        for number, (name, path) in enumerate(certificates.items(), start=1):
            # Each at its own address, because hosts that do not answer are left alone.
            host = servers.enter_context(tls_server(path, Sealed, f"127.0.4.{number}")).removeprefix("https://")
            profiles[name].write_text(PROFILE.format(name=name, host=host), "utf-8")
        refused = installation.command("crawl", *certificates, "-v", SSL_CERT_FILE=str(authority.path))
        assert ended(installation) == {"good": {"listed", "archived"}} | {key: {"tls_failed"} for key in bad}
        for name in bad:
            profiles[name].write_text(profiles[name].read_text("utf-8") + "verify_tls = false\n", "utf-8")
        taken = installation.command("crawl", *bad, "-v", SSL_CERT_FILE=str(authority.path))
        assert ended(installation) == {key: {"listed", "archived"} for key in bad}
    warning = "TLS certificates are not verified for 127.0.4.2, 127.0.4.3, 127.0.4.4"
    assert (refused.returncode, taken.returncode) == (3, 0), taken.stderr
    assert warning not in refused.stderr
    assert warning in taken.stderr


def ended(installation: Installation) -> dict[str, set[str]]:
    """How the pages and sources of each site ended in the newest run."""
    found: dict[str, set[str]] = {}
    for row in installation.outcomes():
        found.setdefault(row.site, set()).add(row.outcome)
    return found
