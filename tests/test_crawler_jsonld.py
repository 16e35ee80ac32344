"""JSON-LD as publishers write it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crawler.jsonld import MAX_SCRIPT, ArticleNode, Creator, read_article

URL = "https://paper.example/news/bridge"
ARTICLE: dict[str, Any] = {"@type": "NewsArticle", "headline": "Bridge opens", "datePublished": "2023-12-04"}


@pytest.mark.parametrize(
    "script",
    [
        json.dumps(ARTICLE),
        json.dumps([{"@type": "WebSite", "name": "x"}, ARTICLE]),
        json.dumps({"@context": "https://schema.org", "@graph": [{"@type": "WebPage", "name": "y"}, ARTICLE]}),
        json.dumps({"@type": "WebPage", "mainEntity": ARTICLE}),
        json.dumps(ARTICLE).replace("NewsArticle", "https://schema.org/NewsArticle"),
        json.dumps(ARTICLE | {"@type": ["Article", "NewsArticle"]}),
        f"<!-- {json.dumps(ARTICLE)} -->",
        f"//<![CDATA[\n{json.dumps(ARTICLE)}\n//]]>",
        json.dumps(ARTICLE)[:-1] + ",}",
        json.dumps(ARTICLE) + ";",
        json.dumps(ARTICLE) + json.dumps({"@type": "WebSite"}),
        json.dumps(ARTICLE).replace("Bridge opens", "Bridge\nopens"),
        json.dumps(ARTICLE).replace('"', "&quot;"),
    ],
)
def test_the_article_is_found_and_mended(script: str) -> None:
    node = read_article([script], URL)
    assert (node.headline, node.published, node.is_article) == ("Bridge opens", "2023-12-04", True)


@pytest.mark.parametrize(
    "script",
    [
        "",
        "{",
        "null",
        "[]",
        '"text"',
        "[" * 100_000,
        '{"@type": "WebSite"}',
        '{"@type":"NewsArticle","headline":"' + "a" * MAX_SCRIPT,
    ],
)
def test_scripts_that_say_nothing_are_passed_over(script: str) -> None:
    assert read_article([script], URL) == ArticleNode()


def test_of_two_articles_the_one_that_names_the_page_is_taken() -> None:
    other = ARTICLE | {"headline": "Ferry stops", "url": "https://paper.example/news/ferry"}
    this = ARTICLE | {"mainEntityOfPage": {"@id": URL}}
    for scripts in ([json.dumps([other, this])], [json.dumps(this), json.dumps(other)]):
        assert read_article(scripts, URL).headline == "Bridge opens"


def test_authors_are_followed_through_their_ids() -> None:
    graph = [
        ARTICLE | {"author": [{"@id": "#dana"}, {"@type": "Organization", "name": "City Desk"}, "Piet Vos"]},
        {"@type": "Person", "@id": "#dana", "name": "Dana Reyes"},
    ]
    assert read_article([json.dumps({"@graph": graph})], URL).creators == (
        Creator(name="Dana Reyes", person=True),
        Creator(name="City Desk", person=False),
        Creator(name="Piet Vos", person=True),
    )


def test_fields_of_other_shapes_are_read() -> None:
    fields = {
        "image": [{"@type": "ImageObject", "url": "https://paper.example/b.jpg"}],
        "keywords": "bridge, harbour",
        "articleSection": ["City", "Traffic"],
        "inLanguage": {"@type": "Language", "name": "en"},
        "isAccessibleForFree": "http://schema.org/False",
        "publisher": {"@type": "Organization", "name": "The Paper"},
    }
    node = read_article([json.dumps(ARTICLE | fields)], URL)
    assert node.image == "https://paper.example/b.jpg"
    assert node.keywords == ("bridge", "harbour")
    assert (node.section, node.language, node.paywalled, node.publisher) == ("City", "en", True, "The Paper")


def test_a_hundred_thousand_nodes_are_not_all_read() -> None:
    script = "[" + ",".join(['{"@type":"Thing"}'] * 50_000) + "," + json.dumps(ARTICLE) + "]"
    assert read_article([script], URL) == ArticleNode()
