"""The marker `presskeep.json`: says that a prefix is an archive of ours, which one, and in which format."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

from archive.errors import ArchiveError, ObjectConflict, ObjectMissing
from archive.keys import MARKER
from archive.store import Store, put_bytes

FORMAT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Marker:
    """What the marker says."""

    format: int
    """Version of the bucket layout."""
    archive_id: str
    """UUID that tells this archive from any other, also after a copy."""


def read_marker(store: Store) -> Marker | None:
    """The archive's marker, None where there is none; ArchiveError if the format is not ours."""
    try:
        data = store.get(MARKER)
    except ObjectMissing:
        return None
    try:
        fields = json.loads(data)
        marker = Marker(format=int(fields["format"]), archive_id=str(fields["archive_id"]))
    except (ValueError, KeyError, TypeError) as exc:
        raise ArchiveError(
            f"{store.url}/{MARKER}: not a marker of presskeep; choose another prefix for the archive"
        ) from exc
    if marker.format != FORMAT:
        raise ArchiveError(
            f"{store.url}: the archive has format {marker.format}, this program writes {FORMAT}; use the presskeep "
            "version that made it"
        )
    return marker


def ensure_marker(store: Store) -> Marker:
    """The archive's marker, written first if the prefix has none."""
    found = read_marker(store)
    if found is not None:
        return found
    marker = Marker(format=FORMAT, archive_id=str(uuid.uuid4()))
    data = json.dumps({"format": marker.format, "archive_id": marker.archive_id}, indent=1).encode() + b"\n"
    try:
        put_bytes(store, MARKER, data)
    except ObjectConflict:
        # Another process was quicker; its marker counts.
        return read_marker(store) or marker
    return marker
