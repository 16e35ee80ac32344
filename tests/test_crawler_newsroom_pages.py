"""Every page of the test newsroom is extracted exactly as its `expected.json` says."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.extract import Extraction, Page, extract
from crawler.profile import SiteProfile

PAGES = Path(__file__).parent / "newsroom" / "pages"
BASE = "http://newsroom.test"
EXPECTED = sorted(PAGES.glob("*/*.expected.json"))


def profile_of(folder: Path) -> SiteProfile:
    text = (folder / "profile.toml").read_text("utf-8")
    return SiteProfile.model_validate(
        tomllib.loads(text.replace("{{host}}", "newsroom.test").replace("{{base}}", BASE))
    )


def extracted(expected: Path, wanted: dict[str, object]) -> Extraction:
    html = expected.with_name(expected.name.replace(".expected.json", ".html")).read_bytes()
    page = Page(
        url=BASE + str(wanted["url_path"]),
        html=html.replace(b"{{base}}", BASE.encode()).replace(b"{{host}}", b"newsroom.test"),
        fetched=datetime(2026, 6, 1, tzinfo=UTC),
    )
    return extract(page, profile_of(expected.parent))


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda path: f"{path.parent.name}/{path.name.partition('.')[0]}")
def test_page_is_extracted_as_expected(expected: Path) -> None:
    wanted = json.loads(expected.read_text("utf-8"))
    found = extracted(expected, wanted)
    assert found.title == wanted["title"]
    assert list(found.authors) == wanted["authors"]
    assert found.published is not None
    assert found.published.isoformat() == wanted["published"]
    assert found.language == wanted["language"]
    assert found.section == wanted["section"]
    assert found.text == wanted["text"]


def test_there_are_pages() -> None:
    assert len(EXPECTED) > 20
