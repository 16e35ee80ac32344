"""The hidden folder beside a destination in which a download does its work: who is killed finds there what was fetched.

It goes when the download is complete. What is in it is checked before use, so any download to the same place may go on
from it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jobs.errors import JobsError


@contextmanager
def work_folder(dest: Path) -> Iterator[Path]:
    """The folder `.<name>.download`, held against other processes, without torn files; JobsError if that cannot be."""
    target = dest.resolve()
    folder = target.with_name(f".{target.name[:200]}.download")
    if not target.parent.is_dir():
        raise JobsError(f"{dest}: there is no folder {target.parent}; make it first")
    try:
        folder.mkdir(exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as exc:
        raise JobsError(f"{folder}: cannot be written: {exc.strerror or exc}; check the folder it is in") from exc
    try:
        _hold(descriptor, dest)
        try:
            for torn in folder.glob("*.part"):
                torn.unlink(missing_ok=True)
            yield folder
            shutil.rmtree(folder)
        finally:
            # What failed before anything was fetched leaves nothing.
            with suppress(OSError):
                folder.rmdir()
    finally:
        os.close(descriptor)


def _hold(descriptor: int, dest: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        raise JobsError(f"{dest}: another download to it is under way; wait for it, or name another place") from exc
