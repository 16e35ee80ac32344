"""The marker `presskeep.json`: says that a prefix is an archive of ours, which one, and in which format."""

from __future__ import annotations

import hashlib
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

    def to_json(self) -> bytes:
        """The marker as UTF-8 JSON, with a digest of its own, because nothing else in a folder would vouch for it."""
        sha256 = hashlib.sha256(f"{self.format} {self.archive_id}".encode()).hexdigest()
        fields = {"format": self.format, "archive_id": self.archive_id, "sha256": sha256}
        return json.dumps(fields, indent=1).encode() + b"\n"


def read_marker(store: Store) -> Marker | None:
    """The archive's marker, None where there is none; ArchiveError if it is damaged or of another format."""
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
    if marker.to_json() != data:
        raise ArchiveError(
            f"{store.url}/{MARKER}: is not as presskeep wrote it; restore it from another copy, or delete "
            "it and let `presskeep repair` write a new one"
        )
    return marker


def ensure_marker(store: Store) -> Marker:
    """The archive's marker, written first if the prefix has none."""
    found = read_marker(store)
    if found is not None:
        return found
    marker = Marker(format=FORMAT, archive_id=str(uuid.uuid4()))
    try:
        put_bytes(store, MARKER, marker.to_json())
    except ObjectConflict:
        # Another process was quicker; its marker counts.
        return read_marker(store) or marker
    return marker
