"""Promises of near-duplicates: copies on other sites are linked and kept, different texts are not mixed up."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from archive.catalog import Catalog
from archive.likeness import ALIKE, fingerprint, likeness
from archive.records import url_id
from tests.archive_builder import Installation, visited
from tests.command import presskeep

WORDS = (
    *("bridge", "canal", "mayor", "council", "surveyor", "pillar", "lorry", "bakery"),
    *("ferry", "repair", "spring", "autumn", "river", "town", "night"),
)


def story(seed: int, sentences: int = 40) -> list[str]:
    order = random.Random(seed)
    return [f"{' '.join(order.choices(WORDS, k=12)).capitalize()} {seed}." for _ in range(sentences)]


def text_of(sentences: list[str]) -> str:
    return "\n\n".join(" ".join(sentences[start : start + 4]) for start in range(0, len(sentences), 4))


WIRE = story(1)
REWRITTEN = ["Our own reporter adds this sentence of twelve plain words to it here.", *WIRE[:36], "And another."]
COPIES = {"wire": WIRE, "daily": WIRE, "courier": REWRITTEN, "other": story(2)}


def alike(one: str, other: str) -> float:
    first, second = fingerprint(one), fingerprint(other)
    assert first is not None and second is not None
    return likeness(first, second)


def test_a_copy_with_other_paragraphs_and_case_has_the_same_fingerprint() -> None:
    assert fingerprint(text_of(WIRE)) == fingerprint(" ".join(WIRE).upper())


def test_a_fingerprint_never_changes() -> None:
    """Those of a catalog are compared with ones of years later."""
    found = fingerprint(" ".join(f"word{number}" for number in range(200)))
    assert found is not None
    assert (len(found), found[:8].hex()) == (240, "00a90245092c31ed")


def test_a_copy_with_a_few_other_sentences_is_alike_and_another_story_is_not() -> None:
    assert alike(text_of(WIRE), text_of(REWRITTEN)) >= ALIKE
    assert alike(text_of(WIRE), text_of(story(2))) < 0.2


def test_scripts_without_spaces_are_compared_by_their_letters() -> None:
    text = "县城北岸的面包店已经把送货时间改到清晨，镇议会周二晚上讨论了下游运河上的桥梁维修问题并决定五月开工。" * 2
    assert alike(text, "本报讯：" + text) >= ALIKE


def test_a_short_notice_has_no_fingerprint() -> None:
    assert fingerprint("The bridge is closed today.") is None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    installation = Installation(tmp_path_factory.mktemp("likeness"), sites=list(COPIES))
    for number, (site, sentences) in enumerate(COPIES.items()):
        installation.crawl(visited(number, site=site, text=text_of(sentences)), site=site)
    return installation.folder


def url(site: str) -> str:
    return f"https://{site}.example/2026/{list(COPIES).index(site)}"


def test_copies_of_other_sites_are_found_the_earliest_first(folder: Path) -> None:
    catalog = Catalog(f"sqlite:///{folder}/data/catalog.sqlite")
    found = catalog.likenesses.copies([url_id(url(site)) for site in COPIES])
    catalog.close()
    assert {article: [copy.site for copy in copies] for article, copies in found.items()} == {
        url_id(url("wire")): ["daily", "courier"],
        url_id(url("daily")): ["wire", "courier"],
        url_id(url("courier")): ["wire", "daily"],
    }


def test_show_names_the_copies(folder: Path) -> None:
    shown = presskeep("show", url("wire"), folder=folder)
    assert f"also at    {url('daily')} (daily, 100%), {url('courier')} (courier, " in shown.out
    more = presskeep("show", url("wire"), "--json", folder=folder).json
    assert [copy["url"] for copy in more["copies"]] == [url("daily"), url("courier")]


def test_a_download_holds_all_copies_and_says_of_which_article_they_are(folder: Path) -> None:
    lines = presskeep("download", "-", folder=folder).stdout.splitlines()
    originals = {article["site"]: article["duplicate_of"] for article in map(json.loads, lines)}
    assert originals == {"wire": None, "daily": url("wire"), "courier": url("wire"), "other": None}
