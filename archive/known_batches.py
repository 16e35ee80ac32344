"""What the manifests of an archive said, kept in a file, so that whoever asks again fetches only new ones.

A manifest is written once: one with the same key and time of writing says the same. The file can be deleted at any
time.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from archive.inventory import Batch

_BATCHES = TypeAdapter(list[Batch])


class KnownBatches:
    """One such file; its folder need not exist, then nothing is kept."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Mapping[str, Batch]:
        """What is known, by the key of the manifest."""
        try:
            return {batch.manifest_key: batch for batch in _BATCHES.validate_json(self._path.read_bytes())}
        except (OSError, ValidationError):
            return {}

    def write(self, batches: Iterable[Batch]) -> None:
        """Know these from now on, and no other; where it cannot be written, they are fetched again."""
        part = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}.part")
        with suppress(OSError):
            part.write_bytes(_BATCHES.dump_json(list(batches)))
            part.replace(self._path)
