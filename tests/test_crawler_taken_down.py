"""The promise that what was taken down stays away: no crawl asks for it again, though its feed announces it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.outcomes import TAKEN_DOWN
from tests.crawling import Installation, article
from tests.newsroom import Newsroom, Site

NEW = datetime.now(UTC) - timedelta(hours=1)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_was_taken_down_is_not_fetched_again_and_counted(tmp_path: Path) -> None:
    site = Site(
        name="weekly",
        title="The Weekly",
        pages=tuple(article(path, published=NEW) for path in ("/kept", "/removed")),
    )
    with Newsroom([site]) as newsroom:
        installation = Installation(tmp_path, newsroom)
        assert installation.command("crawl", "weekly").returncode == 0
        url = newsroom.base_urls["weekly"] + "/removed"
        done = installation.command("remove", url, "--reason", "court order", "--apply")
        assert done.returncode == 0, done.stderr
        before = len(newsroom.log)
        assert installation.command("crawl", "weekly").returncode == 0
        assert installation.command("catalog", "rebuild").returncode == 0
        assert installation.command("crawl", "weekly").returncode == 0
        assert [request.path for request in newsroom.log[before:] if request.path == "/removed"] == []
        assert sum(count.count for count in installation.counts() if count.outcome == TAKEN_DOWN) == 1
        assert list(installation.archived_urls()) == [newsroom.base_urls["weekly"] + "/kept"]
