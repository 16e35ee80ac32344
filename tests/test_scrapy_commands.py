"""Promises of Scrapy's own commands: they work where scrapy.cfg lies, and a crawl archives through the same path."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crawling import CONTACT, PROJECT, Installation, articles
from tests.newsroom import Newsroom, Site

# Each command loads Scrapy anew.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Newsroom([Site(name="daily", title="The Daily", pages=articles(5))]) as newsroom:
        yield Installation(tmp_path_factory.mktemp("scrapy") / "installation", newsroom)


def test_list_names_the_spider_from_the_project_root(installation: Installation) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "list"],
        cwd=PROJECT,
        env=os.environ | {"PRESSKEEP_CONFIG": str(installation.config)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "news\n", "")


def test_crawl_archives_and_takes_sites_and_limit(installation: Installation) -> None:
    done = installation.scrapy("crawl", "news", "-a", "sites=daily", "-a", "limit=3")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr, done.stderr
    assert sorted(installation.archived_urls().values()) == [1, 1, 1]
    assert [(run["command"], run["state"]) for run in installation.runs] == [("scrapy", "done")]
    agents = {request.agent for request in installation.newsroom.log}
    assert all(agent.startswith("presskeep/") and agent.endswith(f" (+{CONTACT})") for agent in agents)


def test_shell_fetches_a_page(installation: Installation) -> None:
    url = installation.newsroom.base_urls["daily"] + "/story-4"
    done = installation.scrapy("shell", url, "-c", "response.status, response.css('h1::text').get()")
    assert done.stdout == "(200, 'Bridge of story-4')\n"
    assert "Traceback" not in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("sites=weekly", "the crawl ends: unknown site 'weekly'; known are: daily"),
        ("limit=few", "the crawl ends: limit 'few': write a whole number, 0 for all pages"),
    ],
)
def test_a_wrong_argument_is_a_clear_line(installation: Installation, argument: str, said: str) -> None:
    before = len(installation.newsroom.log)
    done = installation.scrapy("crawl", "news", "-a", argument)
    assert said in done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert len(installation.newsroom.log) == before


def test_without_a_configuration_a_crawl_says_so(tmp_path: Path, installation: Installation) -> None:
    done = installation.scrapy("crawl", "news", PRESSKEEP_CONFIG=str(tmp_path / "absent.toml"))
    assert "the crawl ends: no archive is set: write presskeep.toml" in done.stderr
    assert "Traceback" not in done.stderr, done.stderr


def test_a_wrong_configuration_is_one_line(tmp_path: Path, installation: Installation) -> None:
    (tmp_path / "wrong.toml").write_text("archive = [", encoding="utf-8")
    done = installation.scrapy("list", PRESSKEEP_CONFIG=str(tmp_path / "wrong.toml"))
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"presskeep: {tmp_path}/wrong.toml: not TOML: ")
