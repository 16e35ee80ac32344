"""What each paragraph of an article is."""

from __future__ import annotations

import pytest

from tests.article_page import PARAGRAPHS, article_page, extracted

ONE, TWO, THREE, FOUR, FIVE = (f"<p>{text}</p>" for text in PARAGRAPHS)


def kinds(body: str) -> str:
    return " ".join(extracted(article_page(body=body)).structure)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"{ONE}{TWO}<h2>The work</h2>{THREE}{FOUR}<h4>The ferry</h4>{FIVE}", "p p h2 p p h4 p"),
        (f"{ONE}{TWO}<ul><li>buses from next week</li><li>cyclists at once</li></ul>{THREE}{FOUR}", "p p ul ul p p"),
        (f"{ONE}{TWO}<ol><li>the cables come first</li><li>the deck</li></ol>{THREE}{FOUR}", "p p ol ol p p"),
        (f"{ONE}{TWO}<blockquote>{THREE}</blockquote>{FOUR}{FIVE}", "p p blockquote p p"),
        (f"{ONE}{TWO}<ul><li><p>The cables.</p><p>All of them.</p></li></ul>{THREE}{FOUR}", "p p ul p p p"),
    ],
)
def test_subheads_items_and_quotes_are_told_from_paragraphs(body: str, expected: str) -> None:
    assert kinds(body) == expected


@pytest.mark.parametrize("around", ["blockquote", "ul><li", "ol><li"])
def test_an_element_around_the_whole_text_is_layout(around: str) -> None:
    assert kinds(f"<{around}>{''.join((ONE, TWO, THREE, FOUR, FIVE))}") == ""


def test_a_plain_story_has_no_structure() -> None:
    assert extracted(article_page()).structure == ()
