"""Promises of a crawl whose credentials for the bucket end before it does."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.crawling import Installation, articles
from tests.fault_proxy import FaultProxy, answer
from tests.newsroom import Newsroom, Site
from tests.seaweed import BUCKET

COUNT = 12


@pytest.mark.slow
def test_credentials_that_expire_in_the_middle_end_the_crawl_and_cost_nothing(
    tmp_path: Path, proxy: FaultProxy
) -> None:
    """As temporary ones do (AWS STS, error ExpiredToken); the next crawl archives what waits and fetches the rest."""
    with Newsroom([Site(name="daily", title="The Daily", pages=articles(COUNT))]) as newsroom:
        installation = Installation(tmp_path / "here", newsroom, archive=f"s3://{BUCKET}/expiry-{tmp_path.name}")
        proxy.plan("PUT", answer(400, "ExpiredToken"), containing="/articles/", times=10**6)
        done = installation.command("crawl", "--all")
        assert done.returncode == 3
        assert "Traceback" not in done.stderr
        assert "the credentials have expired: renew them" in done.stderr
        assert proxy.count("PUT", "/articles/") == 1, "tried again with credentials that cannot become good"
        assert not installation.archived_urls()
        spool = installation.folder / "data" / "spool"
        assert list(spool.rglob("*.warc.gz*"))
        proxy.clear()
        assert installation.command("crawl", "--all").returncode == 0
        assert sorted(installation.archived_urls().values()) == [1] * COUNT
        answered = Counter(request.path for request in newsroom.log if "/story" in request.path)
    assert set(answered.values()) == {1}, "fetched again"
    assert not list(spool.rglob("*.warc.gz*"))
