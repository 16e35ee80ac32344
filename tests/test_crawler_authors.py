"""Who is named as author, and who is not."""

from __future__ import annotations

import json

import pytest

from crawler.authors import split_byline
from tests.article_page import article_page, extracted


def json_ld(*creators: object) -> str:
    node = {"@type": "NewsArticle", "headline": "x", "author": creators}
    return f'<script type="application/ld+json">{json.dumps(node)}</script>'


def person(name: str) -> dict[str, str]:
    return {"@type": "Person", "name": name}


def house(name: str) -> dict[str, str]:
    return {"@type": "Organization", "name": name}


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("By Dana Reyes", ["Dana Reyes"]),
        ("Posted on 2023-12-19 23:30 EST by Dana Reyes", ["Dana Reyes"]),
        ("Dana Reyes, Nairobi", ["Dana Reyes"]),
        ("Dana Reyes and The Associated Press", ["Dana Reyes"]),
        ("The Associated Press", ["The Associated Press"]),
        ("By Dana Reyes and Piet Vos", ["Dana Reyes", "Piet Vos"]),
        ("BY DANA REYES", ["DANA REYES"]),
        ("Von Jörg Müller, Ayşe Kaya und Ida Lund", ["Jörg Müller", "Ayşe Kaya", "Ida Lund"]),
        ("Par Anne-Marie Le Goff", ["Anne-Marie Le Goff"]),
        ("Text: Walter von der Heide", ["Walter von der Heide"]),
        ("Karwan Faidhi Dri @KarwanFaidhiDri", ["Karwan Faidhi Dri"]),
        ("Dana Reyes on 4 December 2023", ["Dana Reyes"]),
        ("Dana Reyes is a reporter at The Paper", ["Dana Reyes"]),
        ("Dana Reyes Dana Reyes", ["Dana Reyes"]),
        ("Lena Marker MS, RDN, LD", ["Lena Marker"]),
        ("بقلم شيلان رحيم", ["شيلان رحيم"]),
        ("牛镛、岳弘彬", ["牛镛", "岳弘彬"]),
        ("https://birds.example/paper", []),
        ("dana.reyes@paper.example", []),
        ("Dec 24, 17:00 4 comments", []),
        ("Staff writer", []),
        ("We live in a world like that. Stupid is clever.", []),
    ],
)
def test_names_are_cut_out_of_bylines(byline: str, names: list[str]) -> None:
    assert split_byline(byline) == names


def test_people_of_the_json_ld_come_first() -> None:
    head = json_ld(person("Dana Reyes"), person("Piet Vos")) + "<meta name='author' content='Web Team'>"
    assert extracted(article_page(head=head)).authors == ("Dana Reyes", "Piet Vos")


def test_contributors_are_not_authors_where_the_meta_element_names_the_author() -> None:
    head = json_ld(person("Dana Reyes"), person("Photo Editor Smith"), person("Piet Vos"))
    assert extracted(article_page(head=head + "<meta name='author' content='Dana Reyes'>")).authors == ("Dana Reyes",)


def test_agencies_and_houses_beside_people_go() -> None:
    head = json_ld(person("Dana Reyes"), person("Reuters"), person("The Paper"), person("Harbour Media"))
    assert extracted(article_page(head=head)).authors == ("Dana Reyes",)


def test_an_organisation_is_named_where_nobody_else_is() -> None:
    assert extracted(article_page(head=json_ld(house("City News Desk")))).authors == ("City News Desk",)


@pytest.mark.parametrize(
    "above",
    [
        "<div class='byline'>By <a rel='author' href='/dana'>Dana Reyes</a></div>",
        "<p itemprop='author'>Dana Reyes</p>",
        "<p>By Dana Reyes</p>",
        "<div class='au'>By <span class='au-n'>Dana Reyes</span></div>",
    ],
)
def test_bylines_of_many_kinds_are_found(above: str) -> None:
    assert extracted(article_page(above=above)).authors == ("Dana Reyes",)


def test_authors_marked_one_by_one_are_all_found() -> None:
    above = "".join(
        f"<span itemprop='author' itemscope>Reporter <span itemprop='name'>{name}</span></span>"
        for name in ("Dana Reyes", "Piet Vos")
    )
    assert extracted(article_page(above=f"<div>{above}</div>")).authors == ("Dana Reyes", "Piet Vos")


def test_readers_who_comment_are_no_authors() -> None:
    below = "<div class='comment-list'><div class='comment-author'>Happy Reader</div></div>"
    assert extracted(article_page(below=below)).authors == ()


def test_the_profiles_selector_decides() -> None:
    page = article_page(
        head=json_ld(person("Web Master")), above="<i class='w'>Dana Reyes</i><i class='w'>dana reyes</i>"
    )
    assert extracted(page, authors=".w").authors == ("Dana Reyes",)


def test_the_card_that_wordpress_sites_label_names_the_author() -> None:
    card = "<meta name='twitter:label1' content='Verfasst von'><meta name='twitter:data1' content='Dana Reyes'>"
    reading_time = "<meta name='twitter:label2' content='Lesezeit'><meta name='twitter:data2' content='3 Minuten'>"
    assert extracted(article_page(head=card + reading_time)).authors == ("Dana Reyes",)


def test_a_link_to_an_authors_page_names_the_author() -> None:
    above = "<p class='e-date'><a href='/author/dana/'>Dana Reyes</a> - December 21, 2023</p>"
    assert extracted(article_page(above=above)).authors == ("Dana Reyes",)
    assert extracted(article_page(above="<p><a href='/topic/dana/'>Dana Reyes</a></p>")).authors == ()


def test_authors_each_in_an_element_of_its_own_are_all_found() -> None:
    one = "<li class='w'><a itemprop='author'><span itemprop='name'>{}, Associated Press</span></a></li>"
    above = f"<ul>{one.format('Dana Reyes')}{one.format('Piet Vos')}</ul>"
    assert extracted(article_page(above=above)).authors == ("Dana Reyes", "Piet Vos")


def test_a_broadcaster_in_capitals_beside_people_goes() -> None:
    assert extracted(article_page(above="<p class='author'>von Dana Reyes, NDR HAFEN</p>")).authors == ("Dana Reyes",)
