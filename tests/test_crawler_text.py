"""Valid text, comparison and counting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.text import clean, folded, letters, word_count


@given(st.text())
def test_cleaning_yields_one_valid_line_and_once_is_enough(text: str) -> None:
    line = clean(text)
    line.encode()
    assert "\n" not in line
    assert "\0" not in line
    assert line == line.strip()
    assert clean(line) == line


def test_joiners_stay_because_spelling_needs_them() -> None:
    assert clean("می‌خواهم") == "می‌خواهم"


def test_folding_forgets_case_spaces_quotes_and_dashes() -> None:
    assert folded("‘He  SAID’ – so") == folded("'he said' - so")


def test_letters_forget_all_punctuation() -> None:
    assert letters("Breakpoint : Hilfe!") == letters("Breakpoint: Hilfe")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It’s a well-known fact.", 4),
        ("", 0),
        ("海港大桥", 4),
        ("橋が開通", 4),
        ("Line one\n\nline two", 4),
        ("می‌خواهم بروم", 2),
    ],
)
def test_words_are_counted_and_ideographs_count_one_each(text: str, words: int) -> None:
    assert word_count(text) == words
