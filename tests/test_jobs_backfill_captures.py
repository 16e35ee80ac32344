"""Promises of backfills from archives of the web: what the site has lost is there, and what it has stays the newest."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.records import Article
from jobs.config import load_config
from jobs.opened import opened_archive
from tests.command import presskeep
from tests.common_crawl import CommonCrawl
from tests.crawling import PROJECT, Installation
from tests.foreign_files import html
from tests.newsroom import Fault, Newsroom, Site
from tests.stand_in import Trouble
from tests.test_jobs_backfill import TOML, on
from tests.wayback import Memento, Wayback

MAY = ("--from", "2023-05-01", "--to", "2023-05-31")
LIVE = on("2023-05-02", "/02052023")
"""What the site still has."""


class Desk:
    """An installation, a site that has lost most of its articles, and two archives of the web that have some."""

    def __init__(self, folder: Path, newsroom: Newsroom, wayback: Wayback, commons: CommonCrawl) -> None:
        self.newsroom, self.wayback, self.commons = newsroom, wayback, commons
        self.installation = Installation(folder, newsroom)
        rules = {
            "wayback_index": wayback.cdx,
            "wayback_pages": wayback.replay,
            "wayback_per_minute": 60_000,
            "commoncrawl_index": commons.url,
            "commoncrawl_data": commons.url,
            "commoncrawl_per_minute": 60_000,
        }
        with self.installation.config.open("a", encoding="utf-8") as config:
            config.write("\n[web_archives]\n")
            config.writelines(f"{name} = {json.dumps(value)}\n" for name, value in rules.items())

    @property
    def folder(self) -> Path:
        return self.installation.folder

    def articles(self) -> dict[str, list[Article]]:
        """Path -> revisions, the oldest first."""
        base = self.newsroom.base_urls["daily"]
        found: dict[str, list[Article]] = {}
        with opened_archive(load_config(self.installation.config)) as (_, reader):
            for article in sorted(reader.articles(), key=lambda article: article.fetched):
                found.setdefault(article.url.removeprefix(base), []).append(article)
        return found


FRONT = Fault(location="{{base}}/")
"""A soft removal: the address of what is gone leads to the front page."""


@contextmanager
def opened_desk(folder: Path, *further: tuple[str, str, bytes], gone: Sequence[str] = ()) -> Iterator[Desk]:
    """With `further` captures (path, time, page) and addresses that the site sends to its front page."""
    faults = dict.fromkeys(gone, FRONT)
    if gone:
        # It reads like an article, as front pages of blogs do.
        faults["/"] = Fault(body=html("front page"), headers={"Content-Type": "text/html"})
    site = Site(name="daily", title="The Daily", pages=(LIVE,), profile_template=TOML, faults=faults)
    with ExitStack() as stack:
        newsroom = stack.enter_context(Newsroom([site]))
        base = newsroom.base_urls["daily"]

        def memento(path: str, taken: str, text: str) -> Memento:
            return Memento(url=f"{base}{path}", taken=taken, body=html(text))

        captures = [
            memento("/02052023", "20230502120000", "an old text of what the site has"),
            memento("/03052023", "20230503120000", "lost"),
            # The first of two captures is no article.
            Memento(url=f"{base}/hidden", taken="20230504000000", body=b"<html><body>Soon here</body></html>"),
            memento("/hidden", "20230504120000", "hidden"),
            memento("/both", "20230505120000", "both"),
            memento("/2019/05/older", "20230505120000", "older"),
            *(
                Memento(url=base + path, taken=taken, body=body.replace(b"{{base}}", base.encode()))
                for path, taken, body in further
            ),
        ]
        crawls = {
            "CC-MAIN-2023-20": [
                (f"{base}/both", datetime(2023, 5, 6, tzinfo=UTC), html("both")),
                (f"{base}/crawled", datetime(2023, 5, 7, tzinfo=UTC), html("crawled")),
            ]
        }
        wayback = stack.enter_context(Wayback(captures))
        commons = stack.enter_context(CommonCrawl(crawls))
        yield Desk(folder, newsroom, wayback, commons)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened_desk(tmp_path) as desk:
        yield desk


@pytest.mark.slow
def test_what_the_site_has_lost_comes_from_the_archives_with_time_and_origin(desk: Desk) -> None:
    sources = ("--source", "site", "--source", "wayback", "--source", "commoncrawl")
    plan = presskeep("backfill", "daily", *MAY, *sources, "--dry-run", "--json", folder=desk.folder)
    assert plan.code == 0, plan.err
    assert {part["source"]: part["urls"] for part in plan.json["plan"] if part["month"] == "unknown"} == {
        "wayback": 2,
        "commoncrawl": 1,
    }
    assert desk.wayback.replayed == []
    result = presskeep("backfill", "daily", *MAY, *sources, "--json", folder=desk.folder)
    assert result.code == 0, result.err
    articles = desk.articles()
    assert set(articles) == {"/02052023", "/03052023", "/hidden", "/both", "/crawled"}
    [lost] = articles["/03052023"]
    base = desk.newsroom.base_urls["daily"]
    assert lost.fetched == datetime(2023, 5, 3, 12, tzinfo=UTC)
    assert lost.origin is not None
    assert lost.origin.startswith(f"import {desk.wayback.replay}/20230503120000id_/{base}/03052023 ")
    [crawled] = articles["/crawled"]
    assert crawled.origin is not None
    assert crawled.origin.startswith(f"import {desk.commons.url}/crawl-data/CC-MAIN-2023-20/")
    # The site is not asked for what only archives know, nor an archive for what the site has given.
    asked = {request.path for request in desk.newsroom.log}
    assert not asked & {"/hidden", "/both", "/crawled"}
    assert f"{base}/02052023" not in desk.wayback.replayed
    assert desk.commons.ranges == 1
    months = result.json["months"]
    assert months["unknown"]["archived"] == 3
    assert months["2023-05"]["archived"] == 2
    again = presskeep("backfill", "daily", *MAY, *sources, "--dry-run", "--json", folder=desk.folder)
    assert again.json["held"] == 5


@pytest.mark.slow
def test_an_archive_that_refuses_is_told_and_what_is_held_is_not_asked_for(desk: Desk) -> None:
    result = presskeep("backfill", "daily", *MAY, "--source", "dated", "--json", folder=desk.folder)
    assert result.code == 0, result.err
    [live] = desk.articles()["/02052023"]
    desk.commons.troubles.append(Trouble(status=403))
    sources = ("--source", "commoncrawl", "--source", "wayback")
    result = presskeep("backfill", "daily", *MAY, *sources, "--json", folder=desk.folder)
    assert result.code == 3
    assert "answers 403" in result.err
    base = desk.newsroom.base_urls["daily"]
    assert f"{base}/02052023" not in desk.wayback.replayed
    articles = desk.articles()
    assert set(articles) == {"/02052023", "/03052023", "/hidden", "/both"}
    assert articles["/02052023"] == [live]


@pytest.mark.slow
def test_what_the_site_sends_to_its_front_page_counts_as_lost_and_comes_from_an_archive(tmp_path: Path) -> None:
    with opened_desk(tmp_path, gone=["/03052023"]) as desk:
        site = presskeep("backfill", "daily", *MAY, "--source", "dated", "--json", folder=desk.folder)
        assert site.code == 0, site.err
        assert set(desk.articles()) == {"/02052023"}
        result = presskeep(
            "backfill", "daily", *MAY, "--source", "dated", "--source", "wayback", "--json", folder=desk.folder
        )
        assert result.code == 0, result.err
        assert set(desk.articles()) == {"/02052023", "/03052023", "/hidden", "/both"}


@pytest.mark.slow
def test_an_older_capture_of_an_article_that_the_site_has_is_an_earlier_text_of_it(tmp_path: Path) -> None:
    """It was captured under another address, which its canonical link leads back from."""
    link = b'<head><link rel="canonical" href="{{base}}/02052023">'
    page = html("a first text").replace(b"<head>", link)
    with opened_desk(tmp_path, ("/2023/05/02/ferry", "20230502070000", page)) as desk:
        presskeep("backfill", "daily", *MAY, "--source", "dated", "--json", folder=desk.folder)
        [live] = desk.articles()["/02052023"]
        result = presskeep("backfill", "daily", *MAY, "--source", "wayback", "--json", folder=desk.folder)
        assert result.code == 0, result.err
        with opened_archive(load_config(desk.installation.config)) as (_, reader):
            assert reader.article(live.url_id) == live
            revisions = sorted(reader.revisions(live.url_id), key=lambda revision: revision.fetched)
    assert [revision.fetched for revision in revisions] == [datetime(2023, 5, 2, 7, tzinfo=UTC), live.fetched]
    assert revisions[1] == live


@pytest.mark.slow
def test_killed_in_a_slice_of_an_archive_a_resumed_backfill_has_every_article_once(tmp_path: Path) -> None:
    lost = [(f"/lost-{number}", f"202305{number:02}120000", html(f"lost {number}")) for number in range(10, 22)]
    with opened_desk(tmp_path, *lost) as desk:
        config = desk.installation.config
        config.write_text(config.read_text("utf-8").replace("60000", "300"), "utf-8")
        command = [sys.executable, "-m", "jobs.cli", "--config", str(config)]
        options = ["backfill", "daily", *MAY, "--source", "wayback", "--json"]
        process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, cwd=PROJECT)
        while len(desk.wayback.replayed) < 6 and process.poll() is None:
            time.sleep(0.05)
        process.kill()
        assert process.wait() == -9
        result = presskeep("backfill", "resume", "daily", "--json", folder=desk.folder)
        assert result.code == 0, result.err
        articles = desk.articles()
    assert set(articles) == {"/02052023", "/03052023", "/hidden", "/both", *(path for path, *_ in lost)}
    assert all(len(revisions) == 1 for revisions in articles.values())


def test_a_source_that_does_not_exist_is_refused(desk: Desk) -> None:
    result = presskeep("backfill", "daily", *MAY, "--source", "geocities", folder=desk.folder)
    assert result.code == 2
    assert "--source geocities: no such source; there are: site, sitemap," in result.err
