"""Promises of the bench of a start without a disk: its archive is a sound one, and all of it is in the new catalog."""

from __future__ import annotations

from pathlib import Path

from archive.catalog import Catalog
from archive.rebuild import Rebuilding
from archive.store import DirectoryStore
from bench.startup import make_archive


def test_every_article_of_the_made_archive_is_rebuilt(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "archive")
    make_archive(store, articles=25, batch=10, sites=2)
    catalog = Catalog(f"sqlite:///{tmp_path}/catalog.sqlite")
    catalog.prepare()
    rebuilding = Rebuilding(store, catalog)
    assert list(rebuilding.findings()) == []
    catalog.close()
    assert (rebuilding.batches, rebuilding.articles) == (3, 25)
