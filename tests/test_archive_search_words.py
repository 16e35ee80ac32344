"""Promises of the words of the search index: one word, however it is written."""

from __future__ import annotations

import pytest

from archive.search_words import spans_of, words_of


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("Dammbruch", "DAMMBRUCH"),
        ("l’Élysée", "elysee"),
        ("Straße", "STRASSE"),
        ("İstanbul’da ısınma", "istanbul ISINMA"),
        ("Łódź", "lodz"),
        ("كُتُبٌ", "كتب"),
        ("أحمد وآخرون إلى", "احمد واخرون الى"),
        ("می‌شود", "میشود"),
        ("کتاب", "كتاب"),
        ("هەولێر", "ههولير"),
        ("٢٠٢٤", "2024"),
        ("ﾃﾚﾋﾞ", "テレビ"),
        ("Київ", "київ"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_a_word_is_found_however_it_is_written(written: str, asked: str) -> None:
    assert set(words_of(asked)) <= set(words_of(written))


@pytest.mark.parametrize(
    ("text", "asked"),
    [("日本銀行総裁", "銀行"), ("中华人民共和国", "人民"), ("서울특별시에서", "특별시"), ("ประเทศไทย", "ไทย")],
)
def test_words_of_scripts_without_spaces_are_found_within_a_line(text: str, asked: str) -> None:
    assert set(words_of(asked)) <= set(words_of(text))


@pytest.mark.parametrize(("text", "asked"), [("مكتبة", "كتب"), ("Dammbruch", "bruch"), ("日銀本行", "日本")])
def test_other_words_are_not_found(text: str, asked: str) -> None:
    assert not set(words_of(asked)) <= set(words_of(text))


@pytest.mark.parametrize("text", ["The Élysée, again", "in 日本語 and كُتُب", "ไทย 2024年"])
def test_places_are_those_of_the_words(text: str) -> None:
    found = list(spans_of(text, set(words_of(text))))
    assert [word for _, _, word in found] == words_of(text)
    assert all(word in words_of(text[start:end]) for start, end, word in found)
