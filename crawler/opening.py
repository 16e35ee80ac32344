"""Opening the archive for a crawl: find out at once whether it can be used, then be patient with it, but not for ever.

At the start someone waits for the answer, so an archive that does not answer is given up within seconds. Later an
outage of minutes must not lose work, so a commit goes on trying; until the crawl is in haste to end.
"""

from __future__ import annotations

import tempfile
import threading
from datetime import timedelta
from pathlib import Path

from archive.backoff import Patience
from archive.catalog import Catalog
from archive.errors import ArchiveError, CatalogError, StoreUnavailable
from archive.marker import ensure_marker
from archive.store import Store, open_store

FIRST_PATIENCE = Patience(limit=timedelta(seconds=10))


class Haste:
    """Ends all waiting for store and catalog; may be called from any thread."""

    def __init__(self) -> None:
        self._hurried = threading.Event()

    def hurry(self) -> None:
        """From now on, wait no more."""
        self._hurried.set()

    def sleep(self, seconds: float) -> None:
        """Wait; StoreUnavailable when in haste."""
        if self._hurried.wait(seconds):
            raise StoreUnavailable("store or catalog does not answer, and the crawl must end: not tried again")


def open_archive(url: str, spool: Path, haste: Haste) -> Store:
    """The store, reachable and with our marker; ArchiveError when it or the spool cannot be used."""
    if not url:
        raise ArchiveError(
            "no archive is set: write presskeep.toml with `presskeep init`, or name it in PRESSKEEP_CONFIG"
        )
    _try_spool(spool)
    store = open_store(url, patience=FIRST_PATIENCE)
    ensure_marker(store)
    return store.with_patience(Patience(sleep=haste.sleep))


def open_catalog(url: str, haste: Haste) -> Catalog:
    """The catalog, ready for use; CatalogError when it is not."""
    catalog = Catalog(url, patience=Patience(sleep=haste.sleep))
    try:
        catalog.prepare()
    except CatalogError:
        catalog.close()
        raise
    return catalog


def _try_spool(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as exc:
        raise ArchiveError(
            f"spool {folder}: cannot be written: {exc.strerror}; give the user who runs this access, or set `spool`"
        ) from exc
