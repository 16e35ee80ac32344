"""Flipped bits and cuts in every kind of object: is each found by `verify --read-data`, and is none of it served?

One object is damaged at a time, in a small archive, past presskeep and under the digest that the store has on record.
Then everything is verified, every article and every page is read, and the object is put back.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from archive.errors import ArchiveError
from archive.keys import ARTICLES, BATCHES, MARKER, RAW
from archive.reader import ArchiveReader
from archive.store import Store
from bench.durability_rig import Objects
from tests.small_archive import SmallArchive, page

KINDS = {"WARC": RAW, "Parquet": ARTICLES, "manifest": BATCHES, "marker": MARKER}
"""Kind of object -> how its keys begin."""


@dataclass(kw_only=True, slots=True)
class Damaged:
    """What came of the damage."""

    flips: int = 0
    truncations: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)
    undetected: list[str] = field(default_factory=list)
    """Damage that no finding names."""
    served: list[str] = field(default_factory=list)
    """Damage after which the reader gave another article or page than was archived."""

    def __add__(self, other: Damaged) -> Damaged:
        return Damaged(
            flips=self.flips + other.flips,
            truncations=self.truncations + other.truncations,
            by_kind=dict(Counter(self.by_kind) + Counter(other.by_kind)),
            undetected=self.undetected + other.undetected,
            served=self.served + other.served,
        )


def damage(
    store: Store, objects: Objects, folder: Path, *, flips: int, truncations: int, lot: random.Random
) -> Damaged:
    """Archive a little in the empty `store`, of which `objects` is the other view, and damage it so often."""
    folder.mkdir(parents=True)
    archive = SmallArchive(store, folder)
    archive.crawl(page(1), page(2, published=date(2026, 1, 31)), page(3, published=None))
    archive.crawl(page(1, "corrected", text="Corrected."), page(4))
    whole = {key: objects.get(key) for key in objects.listed()}
    truth = _readings(archive)
    kinds = {kind: [key for key in sorted(whole) if key.startswith(prefix)] for kind, prefix in KINDS.items()}
    result = Damaged()
    for number in range(flips + truncations):
        kind = list(KINDS)[number % len(KINDS)]
        key = lot.choice(kinds[kind])
        change = _flip if number < flips else _cut
        damaged, place = change(whole[key], lot)
        objects.replace(key, damaged)
        found = archive.damage()
        if key not in {finding.key for finding in found}:
            result.undetected.append(f"{key}: {place}")
        if any(is_now not in (None, was) for is_now, was in zip(_readings(archive), truth, strict=True)):
            result.served.append(f"{key}: {place}")
        objects.replace(key, whole[key])
    result.flips, result.truncations = flips, truncations
    result.by_kind = dict(Counter(list(KINDS)[number % len(KINDS)] for number in range(flips + truncations)))
    if archive.damage() or _readings(archive) != truth:
        raise RuntimeError("the archive is not whole again after all damage was taken back; the counts mean nothing")
    archive.catalog.close()
    return result


def _readings(archive: SmallArchive) -> list[Any]:
    """Every article and every page as the reader gives them, None where it refuses."""
    reader = ArchiveReader(archive.store, archive.catalog)
    entries = sorted(archive.catalog.article_entries(), key=lambda entry: (entry.url_id, entry.revision))
    calls: list[Callable[[], Any]] = []
    for entry in entries:
        calls.append(lambda entry=entry: reader.article(entry.url_id))  # type: ignore[misc] # bound by the default
        calls.append(lambda entry=entry: _page(archive, reader, entry.url_id))  # type: ignore[misc]
    return [_or_none(call) for call in calls]


def _page(archive: SmallArchive, reader: ArchiveReader, url_id: str) -> Any:
    location = archive.catalog.capture_location(url_id)
    return location and reader.capture(location)


def _or_none(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except ArchiveError:
        return None


def _flip(data: bytes, lot: random.Random) -> tuple[bytes, str]:
    offset, bit = lot.randrange(len(data)), lot.randrange(8)
    return data[:offset] + bytes([data[offset] ^ 1 << bit]) + data[offset + 1 :], f"bit {bit} of byte {offset} flipped"


def _cut(data: bytes, lot: random.Random) -> tuple[bytes, str]:
    length = lot.choice([0, 1, len(data) - 1, lot.randrange(len(data))])
    return data[:length], f"cut to {length} of {len(data)} bytes"
