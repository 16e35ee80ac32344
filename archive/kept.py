"""Bytes that were fetched, kept on disk, so that whoever begins again after a crash fetches only the rest.

Each is a file of its own, behind the SHA-256 of what follows: a file that a crash tore is fetched again.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from pathlib import Path

from archive.errors import ArchiveError

_DIGEST = hashlib.sha256().digest_size


class KeptBytes:
    """A folder of them; several threads may use it."""

    def __init__(self, folder: Path) -> None:
        """`folder` exists; it may hold what an earlier process kept."""
        self._folder = folder

    def get(self, name: str, fetch: Callable[[], bytes]) -> bytes:
        """What is kept under that name, or what `fetch` gives, which is kept then; ArchiveError if it cannot be."""
        path = self._folder / hashlib.sha256(name.encode()).hexdigest()
        try:
            kept = path.read_bytes() if path.exists() else b""
            if kept[:_DIGEST] == hashlib.sha256(kept[_DIGEST:]).digest():
                return kept[_DIGEST:]
            data = fetch()
            temporary = path.with_suffix(f".{secrets.token_hex(4)}.part")
            temporary.write_bytes(hashlib.sha256(data).digest() + data)
            temporary.replace(path)
        except OSError as exc:
            raise ArchiveError(
                f"{self._folder}: cannot be written: {exc.strerror or exc}; check its disk and the free space"
            ) from exc
        return data
