"""Lines that go and lines that look like them and stay."""

from __future__ import annotations

import pytest

from tests.article_page import HEADLINE, PARAGRAPHS, article_page, extracted, paragraphs

POLICY = (
    "We moderate all comments submitted on our website. We welcome comments which are relevant to the article and "
    "encourage further discussion about the issues that matter to you.",
    "To be approved for publication, however, your comments must meet our community guidelines.",
    "We will not tolerate the following: profanity, threats, personal attacks, vulgarity, abuse, or promotion.",
    "Comments that do not meet our guidelines will be rejected. They are either approved or rejected.",
)


def story(*extra: str, place: int = 2) -> str:
    """The story with lines put between its paragraphs."""
    lines = [f"<p>{text}</p>" for text in PARAGRAPHS]
    return article_page(body="".join([*lines[:place], *extra, *lines[place:]]))


def removed(page: str) -> dict[str, str]:
    found = extracted(page)
    assert paragraphs(found) == list(PARAGRAPHS)
    return {block.text: block.reason for block in found.removed_blocks}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("<p>Read more: <a href='/ferry'>Ferry carries its millionth passenger of the year</a></p>", "see_also"),
        ("<p>RELATED: <a href='/ferry'>Ferry carries its millionth passenger</a></p>", "see_also"),
        ("<p>Lesen Sie auch: <a href='/f'>Die Fähre fährt weiter bis zum Sommer</a></p>", "see_also"),
        ("<p>À lire aussi <a href='/f'>Le bac naviguera jusqu’à l’été prochain</a></p>", "see_also"),
        ("<p>اقرأ أيضا: <a href='/f'>العبّارة تواصل الإبحار حتى الصيف</a></p>", "see_also"),
        ("<p><a href='/ferry'>Ferry carries its millionth passenger</a></p>", "only_link"),
        ("<p>Sign up for our daily newsletter and get the news in your inbox.</p>", "call_to_action"),
        ("<p>Follow us on Telegram and never miss a story.</p>", "call_to_action"),
        ("<p>Abonnieren Sie unseren Newsletter.</p>", "call_to_action"),
        ("<p>Story continues below advertisement</p>", "advertisement"),
        ("<p>Photo: Dana Reyes / Harbour Pictures</p>", "credit"),
        ("<p>© 2024 The Paper. All rights reserved.</p>", "credit"),
        ("<p>Additional reporting by Dana Reyes and Piet Vos.</p>", "reporting_note"),
        (
            "<div class='newsletterForm'><p>The week on the waterfront, every Friday, for you.</p></div>",
            "furniture",
        ),
        (
            "<figure><img src='b.jpg'><div>The bridge on its first morning, seen from the east.</div></figure>",
            "furniture",
        ),
        (
            "<div class='related-stories'><p>The council votes on the next bridge in March.</p></div>",
            "furniture",
        ),
    ],
)
def test_furniture_goes_and_is_kept_as_removed(line: str, reason: str) -> None:
    """What is taken out of the middle of a story is recorded with the rule's name, unless it was never found."""
    assert set(removed(story(line)).values()) <= {reason, "headline_repeated"}


@pytest.mark.parametrize(
    "line",
    [
        "“Follow us to the other bank,” the engineer shouted.",
        "Related costs rose by a third.",
        "Advertisement of the sale began in March.",
        "More on the budget will be known in June.",
        "He said that readers could comment on the plans until Friday, and that each comment would be answered.",
    ],
)
def test_prose_that_sounds_like_furniture_stays(line: str) -> None:
    assert line in extracted(story(f"<p>{line}</p>")).text


def test_a_repeated_headline_goes_with_what_stands_above_it() -> None:
    page = article_page(body=f"<p>City</p><h2>{HEADLINE}</h2>" + "".join(f"<p>{text}</p>" for text in PARAGRAPHS))
    assert paragraphs(extracted(page)) == list(PARAGRAPHS)


def test_the_headlines_words_as_a_later_subhead_stay() -> None:
    lines = [f"<p>{text}</p>" for text in (*PARAGRAPHS, *(f"{text} So it was." for text in PARAGRAPHS))]
    page = article_page(body="".join([*lines[:9], f"<h2>{HEADLINE}</h2>", *lines[9:]]))
    assert HEADLINE in paragraphs(extracted(page))


@pytest.mark.parametrize(
    "heading", ["Comments", "Comments (12)", "Kommentare", "Yorumlar", "Комментарии", "التعليقات", "评论"]
)
def test_everything_from_the_comments_on_goes(heading: str) -> None:
    tail = f"<h3>{heading}</h3>" + "".join(f"<p>{line}</p>" for line in (POLICY[0], *PARAGRAPHS[:2]))
    assert paragraphs(extracted(article_page(body="".join(f"<p>{text}</p>" for text in PARAGRAPHS) + tail))) == list(
        PARAGRAPHS
    )


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_story_goes_on_below_a_subhead_about_comments(confirmed: bool) -> None:
    """Where most of it stands there, or the publisher says that it is a part of the article."""
    place = 3 if confirmed else 1
    lines = [*PARAGRAPHS[:place], "Comments", *PARAGRAPHS[place:]]
    body = "".join(f"<h3>{line}</h3>" if line == "Comments" else f"<p>{line}</p>" for line in lines)
    said = f'{{"@type":"NewsArticle","articleBody":"{" ".join(PARAGRAPHS)}"}}' if confirmed else "{}"
    page = article_page(head=f'<script type="application/ld+json">{said}</script>', body=body)
    assert paragraphs(extracted(page)) == lines


def test_a_comment_policy_without_a_heading_goes() -> None:
    body = "".join(f"<p>{line}</p>" for line in (*PARAGRAPHS, *POLICY))
    found = extracted(article_page(body=body))
    assert paragraphs(found) == list(PARAGRAPHS)
    assert {block.reason for block in found.removed_blocks if block.text in POLICY} == {"comments"}


def test_a_story_about_comment_policies_stays_whole() -> None:
    about = "The site will moderate comments by its community guidelines, and hate speech will be removed, it said."
    lines = (PARAGRAPHS[0], about, *PARAGRAPHS[1:])
    assert paragraphs(extracted(article_page(body="".join(f"<p>{line}</p>" for line in lines)))) == list(lines)


def test_article_body_of_the_json_ld_saves_a_doubtful_line() -> None:
    line = "Photo: the only one that shows both banks hangs in the town hall."
    script = f'<script type="application/ld+json">{{"@type":"NewsArticle","articleBody":"{line}"}}</script>'
    body = "".join(f"<p>{text}</p>" for text in (*PARAGRAPHS[:2], line, *PARAGRAPHS[2:]))
    assert line not in extracted(article_page(body=body)).text
    assert line in extracted(article_page(head=script, body=body)).text


def test_a_class_around_the_whole_text_condemns_nobody() -> None:
    page = article_page().replace("<article>", "<article class='paywall social comments-enabled'>")
    assert paragraphs(extracted(page)) == list(PARAGRAPHS)


def test_a_class_that_every_paragraph_wears_condemns_nobody() -> None:
    body = "".join(f"<div class='subscribe'><p>{text}</p></div>" for text in PARAGRAPHS)
    assert paragraphs(extracted(article_page(body=body))) == list(PARAGRAPHS)


def test_byline_and_date_above_the_text_go() -> None:
    body = "<p>By Dana Reyes</p><p>29 January 2024, 10:15</p>" + "".join(f"<p>{text}</p>" for text in PARAGRAPHS)
    assert paragraphs(extracted(article_page(body=body))) == list(PARAGRAPHS)


def test_a_heading_that_nothing_follows_goes() -> None:
    body = "".join(f"<p>{text}</p>" for text in PARAGRAPHS) + "<h2>Your say</h2>"
    assert paragraphs(extracted(article_page(body=body))) == list(PARAGRAPHS)
