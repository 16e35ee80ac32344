"""Promises of opening the archive: what cannot be used is said at once, and waiting can be ended."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from archive.errors import ArchiveError, StoreUnavailable
from archive.marker import read_marker
from crawler.opening import Haste, open_archive, open_catalog


def test_an_archive_is_opened_with_its_marker(tmp_path: Path) -> None:
    store = open_archive((tmp_path / "archive").as_uri(), tmp_path / "spool", Haste())
    assert read_marker(store) is not None
    assert (tmp_path / "spool").is_dir()


@pytest.fixture
def blocked(tmp_path: Path) -> Path:
    """A folder that cannot be made."""
    (tmp_path / "file").write_text("in the way")
    return tmp_path / "file" / "folder"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "no archive is set: write presskeep.toml with `presskeep init`"),
        ("s3://AK:canary@press", "the archive URL has credentials in it"),
        ("ftp://press", "'ftp://press' is not the URL of an archive"),
    ],
)
def test_a_wrong_url_is_refused_without_its_secrets(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(ArchiveError, match=said) as caught:
        open_archive(url, tmp_path / "spool", Haste())
    assert "canary" not in str(caught.value)


def test_folders_that_cannot_be_made_are_named(tmp_path: Path, blocked: Path) -> None:
    with pytest.raises(ArchiveError, match=f"spool {blocked}: cannot be written: Not a directory"):
        open_archive((tmp_path / "archive").as_uri(), blocked, Haste())
    with pytest.raises(ArchiveError, match=str(blocked)):
        open_archive(blocked.as_uri(), tmp_path / "spool", Haste())
    with pytest.raises(ArchiveError, match=str(blocked.parent)):
        open_catalog(f"sqlite:///{blocked}/catalog.sqlite", Haste())


def test_a_file_that_is_no_catalog_is_named(tmp_path: Path) -> None:
    (tmp_path / "catalog.sqlite").write_text("not a database, but long enough to be read as one " * 100)
    with pytest.raises(ArchiveError, match=r"catalog\.sqlite"):
        open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite", Haste())


def test_haste_ends_waiting_that_has_begun_and_all_that_would_follow() -> None:
    haste = Haste()
    threading.Timer(0.05, haste.hurry).start()
    with pytest.raises(StoreUnavailable, match="the crawl must end"):
        haste.sleep(3600)
    with pytest.raises(StoreUnavailable):
        haste.sleep(3600)


def test_without_haste_a_wait_is_a_wait() -> None:
    Haste().sleep(0.001)
