"""The known ways in which extraction fails, a page for each: the article comes out whole and alone."""

from __future__ import annotations

import pytest

from archive.records import Capture
from crawler.articles import read_article
from crawler.profile import SiteProfile
from tests.article_page import FETCHED
from tests.mode_pages import PAGES

POST = SiteProfile(name="post", title="The Calder Post", hosts=("post.example",))


@pytest.mark.parametrize("mode", PAGES)
def test_the_article_comes_out_whole_and_alone(mode: str) -> None:
    html, wanted = PAGES[mode]
    page = Capture(
        site="post", url="https://post.example/news/lighthouse", status=200, body=html.encode(), fetched=FETCHED
    )
    assert read_article(page, POST).text.split("\n\n") == wanted
