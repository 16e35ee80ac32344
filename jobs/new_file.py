"""A file that appears whole or not at all: written under a temporary name beside it, synced, renamed at the end."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from jobs.errors import JobsError


@contextmanager
def new_file(path: Path, *, overwrite: bool, folder: Path | None = None) -> Iterator[BinaryIO]:
    """A stream whose content becomes the file at `path` when the block ends without an error.

    JobsError if something is there already and may not be overwritten, or the disk refuses. A symbolic link is
    followed, and only a regular file is ever replaced. `folder` is where it is written, on the same
    disk, if not beside.
    """
    target = path.resolve()
    _check(path, target, overwrite=overwrite)
    temporary = (folder or target.parent) / f".{target.name[:200]}.{secrets.token_hex(4)}.part"
    try:
        with temporary.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
        _sync_folder(target.parent)
    except OSError as exc:
        # A reader that has gone (`| head`) is not about this file.
        if isinstance(exc, BrokenPipeError):
            raise
        raise JobsError(
            f"{path}: cannot be written: {exc.strerror or exc}; check its folder and the free space"
        ) from exc
    finally:
        temporary.unlink(missing_ok=True)


def _check(path: Path, target: Path, *, overwrite: bool) -> None:
    if not target.parent.is_dir():
        raise JobsError(f"{path}: there is no folder {target.parent}; make it first")
    if target.exists() and not target.is_file():
        raise JobsError(f"{path}: is no file; name a new file, or - for standard output")
    if target.exists() and not overwrite:
        raise JobsError(f"{path}: exists already; choose another name, or add --force to replace it")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
