"""Promises of `presskeep history` and `presskeep diff`."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.text_diff import Piece, paragraphs, word_diff, words_changed
from tests.archive_builder import Installation, answered, visited
from tests.command import presskeep

URL = "https://daily.example/2026/1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Article 1 in three revisions, then met doubtful, then gone; article 2 in one."""
    installation = Installation(tmp_path_factory.mktemp("news"))
    installation.crawl(visited(1, text="One two three.\n\nFour <b>five</b>."), visited(2))
    installation.crawl(visited(1, text="One two three.\n\nFour <b>six</b>."))
    installation.crawl(visited(1, title="New", text="One two.\n\nFour <b>six</b>.", flags=("corrected",)))
    installation.crawl(answered(URL, "doubtful:paywall"))
    installation.crawl(answered(URL, "removed:http_410", status=410))
    return installation.folder


def marked(before: str, after: str) -> str:
    signs = {"same": "", "removed": "-", "added": "+"}
    return "|".join(signs[piece.change] + piece.text for piece in word_diff(before, after))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", ""),
        ("", "new", "+new"),
        ("same here", "same here", "same here"),
        ("one two three", "one 2 three", "one |-two|+2| three"),
        ("a\n\nb\n\nc", "a\n\nc", "a\n\n|-b\n\n|c"),
        ("خبر قديم هنا", "خبر جديد هنا", "خبر |-قديم|+جديد| هنا"),
        ("今天北京下雨", "今天上海下雨", "今天|-北京|+上海|下雨"),
        ("it’s 3.5%", "it’s 4.5%", "it’s |-3|+4|.5%"),
    ],
)
def test_words_that_changed_stand_between_those_that_did_not(before: str, after: str, expected: str) -> None:
    assert marked(before, after) == expected


@pytest.mark.parametrize(("before", "after"), [("a b\n\nc", "b\n\n\n c d"), ("x" * 50, "x y " * 40), ("ا ب", "1 2")])
def test_both_texts_can_be_had_back(before: str, after: str) -> None:
    pieces = word_diff(before, after)
    assert "".join(piece.text for piece in pieces if piece.change != "added") == before
    assert "".join(piece.text for piece in pieces if piece.change != "removed") == after


def test_words_are_counted_without_marks() -> None:
    assert words_changed(word_diff("One, two.", "One; three four!")) == (2, 1)


def test_paragraphs_are_split_where_blank_lines_were() -> None:
    pieces = [Piece(change="same", text="a\n\nb "), Piece(change="added", text="c\n\nd")]
    assert [[piece.text for piece in paragraph] for paragraph in paragraphs(pieces)] == [["a"], ["b ", "c"], ["d"]]


def test_history_tells_each_revision_and_what_else_was_met(folder: Path) -> None:
    rows = presskeep("history", URL, "--json", folder=folder).json
    assert [(row["revision"], row["what"]) for row in rows if row["revision"]] == [
        (1, "first seen"),
        (2, "1 word added, 1 removed"),
        (3, "headline; 0 words added, 1 removed; flags"),
    ]
    assert sorted(row["what"] for row in rows if not row["revision"]) == ["doubtful:paywall", "removed:http_410"]


def test_history_for_people_has_a_line_each(folder: Path) -> None:
    title, *lines = presskeep("history", URL, folder=folder).out.splitlines()
    assert title == "New"
    assert len(lines) == 5
    assert any("revision 2" in line and line.endswith("1 word added, 1 removed") for line in lines)


def test_diff_marks_the_words_between_the_last_two_revisions(folder: Path) -> None:
    done = presskeep("diff", URL, folder=folder)
    assert done.code == 0
    assert "One two[- three-]." in done.out
    assert "{+New+}" in done.out


def test_diff_takes_any_two_revisions(folder: Path) -> None:
    out = presskeep("diff", URL, "--revisions", "2", "1", folder=folder).out
    assert "[-six-]{+five+}" in out
    done = presskeep("diff", URL, "--revisions", "1", "9", folder=folder)
    assert done.code == 2
    assert "no revision 9" in done.err
    assert "there are: 1, 2, 3" in done.err


def test_diff_as_html_is_a_page_in_which_text_is_no_markup(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "changes.html"
    assert presskeep("diff", URL, "--revisions", "1", "2", "--html", str(page), folder=folder).code == 0
    text = page.read_text(encoding="utf-8")
    assert '<p dir="auto">Four &lt;b&gt;<del>five</del><ins>six</ins>&lt;/b&gt;.</p>' in text
    assert "<script" not in text


def test_what_has_no_two_revisions_is_said(folder: Path) -> None:
    done = presskeep("diff", "https://daily.example/2026/2", folder=folder)
    assert done.code == 2
    assert "one revision only" in done.err
    for command in ("history", "diff"):
        done = presskeep(command, "https://daily.example/2026/77", folder=folder)
        assert done.code == 1
        assert "no article of it is archived" in done.err
