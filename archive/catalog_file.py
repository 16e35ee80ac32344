"""A catalog in an SQLite file, replaced as a whole by one that was built beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archive.errors import CatalogError

_SIDE_FILES = ("-wal", "-shm")
"""What SQLite keeps beside a database while it is open, or after a crash (https://sqlite.org/tempfiles.html)."""


@contextmanager
def new_catalog_file(path: Path) -> Iterator[Path]:
    """Where to build a catalog that takes the place of the one at `path` when the block ends without an error.

    The new catalog must be closed by then. The old one is kept as `PATH.bak`; CatalogError if that name is taken.
    """
    backup, new = _named(path, ".bak"), _named(path, ".new")
    if backup.exists() and not (path.exists() and backup.samefile(path)):
        raise CatalogError(f"{backup}: an older catalog is kept there already; move it away first")
    try:
        _remove(new)
        path.parent.mkdir(parents=True, exist_ok=True)
        yield new
        if _named(new, "-wal").exists():
            raise CatalogError(f"{new}: is still in use; end the process that has it open, and run the command again")
        _keep(path, backup)
        new.replace(path)
        _sync_folder(path.parent)
    except OSError as exc:
        raise CatalogError(
            f"catalog {path}: cannot be replaced: {exc.strerror or exc}; check its folder and the free space"
        ) from exc
    finally:
        _remove(new)


def _keep(path: Path, backup: Path) -> None:
    """Give the old catalog its second name, with what it has not yet taken in from its log."""
    if path.exists() and not backup.exists():
        os.link(path, backup)
    wal = _named(path, "-wal")
    if wal.exists():
        wal.replace(_named(backup, "-wal"))
    _named(path, "-shm").unlink(missing_ok=True)


def _remove(path: Path) -> None:
    for suffix in ("", *_SIDE_FILES):
        _named(path, suffix).unlink(missing_ok=True)


def _named(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
