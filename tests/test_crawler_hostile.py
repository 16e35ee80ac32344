"""Promises against hostile servers: each trick costs its own page a typed outcome, and nobody else anything.

One crawl meets all of it, with an honest site beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from subprocess import CompletedProcess

import pytest

from archive.manifest import CaptureEntry
from tests.crawling import Installation, articles
from tests.hostile_tricks import AT_ONCE, TRICKS, hostile_profile, tricksters
from tests.newsroom import Newsroom, Site

# A crawl that waits for servers that never answer.
pytestmark = pytest.mark.slow


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
    with (
        tricksters() as server,
        Newsroom([Site(name="honest", title="Honest News", pages=articles(20))], process=True) as newsroom,
    ):
        installation = Installation(tmp_path_factory.mktemp("hostile") / "installation", newsroom)
        profile = hostile_profile("hostile", server, fetch=AT_ONCE)
        (installation.folder / "sites" / "hostile.toml").write_text(profile, "utf-8")
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
