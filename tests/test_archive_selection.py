"""Promises of archive/selection.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from archive.selection import Selection
from tests.sample_batches import make_article

ARTICLE = replace(
    make_article(1),
    title="Élections à Kirkuk",
    text="Die Straße war leer.\n\nNiemand kam.",
    authors=("Karwan Dri", "Ana Peña"),
    section="World",
    flags=("paywall", "short"),
)


@pytest.mark.parametrize(
    ("wanted", "admitted"),
    [
        ({}, True),
        ({"words": ["élections", "STRASSE"]}, True),
        ({"words": ["elections", "absent"]}, False),
        ({"words": ["niemand", "fehlt"]}, False),
        ({"authors": ["peña"]}, True),
        ({"authors": ["nobody", "dri"]}, True),
        ({"authors": ["nobody"]}, False),
        ({"sections": ["sports", "world"]}, True),
        ({"sections": ["sports"]}, False),
        ({"flags": ["paywall"]}, True),
        ({"flags": ["paywall", "login"]}, False),
        ({"without_flags": ["login"]}, True),
        ({"without_flags": ["login", "short"]}, False),
    ],
)
def test_an_article_must_meet_every_condition(wanted: dict[str, Any], admitted: bool) -> None:
    assert Selection(**wanted).matches(ARTICLE) is admitted


def test_an_article_without_section_or_author_meets_no_condition_on_them() -> None:
    bare = replace(ARTICLE, section=None, authors=(), title=None)
    assert not Selection(sections=["world"]).matches(bare)
    assert not Selection(authors=["dri"]).matches(bare)
    assert Selection(words=["leer"]).matches(bare)
