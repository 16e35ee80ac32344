"""Which of a page's titles is the headline."""

from __future__ import annotations

import pytest

from archive.records import Announcement
from tests.article_page import HEADLINE, article_page, extracted


def titles(head: str = "", *, h1: str = HEADLINE, element: str | None = None) -> tuple[str | None, str | None]:
    page = article_page(head=head).replace(f"<h1>{HEADLINE}", f"<h1>{h1}")
    if element is not None:
        page = page.replace(f"<title>{HEADLINE} - The Paper", f"<title>{element}")
    found = extracted(page)
    return found.title, found.alt_title


def og(title: str) -> str:
    return f"<meta property='og:title' content='{title}'>"


def test_the_site_name_is_cut_off() -> None:
    assert titles() == (HEADLINE, None)


@pytest.mark.parametrize("affix", [" | The Paper", " - The Paper", "_The Paper", " :: The Paper", " – paper.example"])
def test_affixes_in_many_spellings_are_cut_off(affix: str) -> None:
    assert titles(og(HEADLINE + affix), h1="", element="x")[0] == HEADLINE


def test_a_dash_inside_a_headline_stays() -> None:
    dashed = "Bridge reopens - at last"
    assert titles(og(dashed), h1="", element="x")[0] == dashed


def test_the_search_engines_wording_is_the_other_title() -> None:
    assert titles(og("Harbour bridge reopens: what you need to know")) == (
        HEADLINE,
        "Harbour bridge reopens: what you need to know",
    )


def test_a_heading_is_spelled_as_the_source_that_vouches_for_it() -> None:
    spaced = "Harbour bridge : reopened after repairs"
    assert (
        titles(og("Harbour bridge: reopened after repairs"), h1=spaced, element="x")[0]
        == "Harbour bridge: reopened after repairs"
    )


def test_a_kicker_inside_the_heading_goes() -> None:
    assert titles(og(HEADLINE), h1=f"<span>Traffic</span> {HEADLINE}", element="x")[0] == HEADLINE


def test_the_sites_name_in_an_h1_is_no_headline() -> None:
    page = article_page(head=og(HEADLINE)).replace("<article>", "<h1>The Paper</h1><article>")
    assert extracted(page).title == HEADLINE


def test_the_announced_title_serves_where_the_page_has_none() -> None:
    page = article_page().replace(f"<h1>{HEADLINE}</h1>", "").replace(f"<title>{HEADLINE} - The Paper</title>", "")
    feed = Announcement(source="https://paper.example/rss", kind="feed", title="  Harbour bridge\nreopens ")
    assert extracted(page, announcement=feed).title == "Harbour bridge reopens"


def test_the_profiles_selector_decides() -> None:
    page = article_page(head=og(HEADLINE), above="<div class='ttl'>What the paper printed that day</div>")
    assert extracted(page, title=".ttl").title == "What the paper printed that day"


def test_a_page_without_any_title_has_none() -> None:
    page = article_page().replace(f"<h1>{HEADLINE}</h1>", "").replace(f"<title>{HEADLINE} - The Paper</title>", "")
    found = extracted(page)
    assert found.title is None
    assert "no_title" in found.flags


def test_a_kicker_before_a_bar_goes_where_another_source_has_none() -> None:
    bare = f'<script type="application/ld+json">{{"@type":"NewsArticle","headline":"{HEADLINE}"}}</script>'
    assert titles(og(f"Opinion | {HEADLINE}") + bare, h1=f"Opinion {HEADLINE}")[0] == HEADLINE
    assert titles(og(f"Opinion | {HEADLINE}"), h1=f"Opinion {HEADLINE}", element="x")[0] == f"Opinion | {HEADLINE}"


def test_the_first_full_sentence_of_a_heading_goes_before_sources_that_disagree() -> None:
    """Publishers write other titles for social media and for search engines."""
    found = extracted(
        article_page(head=og("You will not believe these pictures"))
        .replace(HEADLINE + " - ", "Ferries - ")
        .replace("</article>", "<h1>More from the harbour</h1></article>")
    )
    assert found.title == HEADLINE
