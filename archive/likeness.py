"""Texts that stand on several sites: syndicated copies and rewrites, linked by a fingerprint and never dropped.

Each text has a MinHash of its overlapping runs of `RUN` words (Broder, "On the resemblance and containment of
documents", 1997), in the catalog, so it is made anew with it. Texts are compared that agree in one of `BANDS` bands of
the fingerprint (locality-sensitive hashing, Leskovec et al., "Mining of Massive Datasets", section 3.4): of texts that
share 80 % of their runs, 99 in 100 pairs are found. Of several alike the one captured first counts as the first.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from rensa import RMinHash
from sqlalchemy.engine import Connection

from archive import schema
from archive.database import Database, insert_plain, slices

ALIKE = 0.7
"""Share of two fingerprints from which their texts are near-duplicates."""

RUN = 4
BANDS = 12
_ROWS = 5
_NUMBERS = BANDS * _ROWS
_SEED = 20_260_304
_LEAST_WORDS = 50
"""Words below which a text has no fingerprint: short notices are alike by nature."""

# A script without spaces counts each of its letters as a word.
_WORD = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|\\w+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """An article of another site with nearly the same text."""

    url_id: str
    url: str
    site: str
    fetched: datetime
    """When its first revision was captured, aware UTC."""
    likeness: float
    """Share of the two fingerprints that is equal, `ALIKE` to 1; of the most similar revisions."""


def fingerprint(text: str) -> bytes | None:
    """The fingerprint of a text, None for one that is too short; pure."""
    words = _WORD.findall(text.casefold())
    if len(words) < _LEAST_WORDS:
        return None
    hashed = RMinHash(num_perm=_NUMBERS, seed=_SEED)
    hashed.update([" ".join(run) for run in zip(*(words[start:] for start in range(RUN)), strict=False)])
    return struct.pack(f">{_NUMBERS}I", *hashed.digest())


def likeness(one: bytes, other: bytes) -> float:
    """How much of two texts is the same, 0 to 1, as far as their fingerprints tell."""
    pairs = zip(_numbers(one), _numbers(other), strict=True)
    return sum(left == right for left, right in pairs) / _NUMBERS


def write_bands(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Make these rows of `articles` ones that others are compared with."""
    bands = [
        {"band": band, **{name: row[name] for name in ("url_id", "revision", "site", "batch")}}
        for row in rows
        if row["fingerprint"] is not None
        for band in _bands(row["fingerprint"])
    ]
    if bands:
        insert_plain(connection, schema.bands, bands)


class Likenesses:
    """The fingerprints of one catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def copies(self, url_ids: Iterable[str]) -> dict[str, list[Copy]]:
        """For each of these articles that has any, those of other sites that are alike, the earliest first."""
        pairs = self._neighbours(list(url_ids))
        prints = self._prints({url_id for pair in pairs for url_id in (pair.url_id, pair.other)})
        found: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for pair in pairs:
            one, other = prints[pair.url_id, pair.revision], prints[pair.other, pair.other_revision]
            value = likeness(one.fingerprint, other.fingerprint)
            if value >= ALIKE:
                found[pair.url_id][pair.other] = max(value, found[pair.url_id].get(pair.other, 0))
        firsts = {row.url_id: row for row in sorted(prints.values(), key=lambda row: row.fetched, reverse=True)}
        return {
            article: sorted(
                (_copy(firsts[other], value) for other, value in others.items()),
                key=lambda copy: (copy.fetched, copy.url_id),
            )
            for article, others in found.items()
        }

    def originals(self, url_ids: Iterable[str]) -> dict[str, Copy]:
        """By id, the earliest copy of each of these articles that was captured elsewhere before it."""
        copies = self.copies(set(url_ids))
        firsts = self._prints(copies)
        own: dict[str, datetime] = {}
        for (url_id, _), row in firsts.items():
            own[url_id] = min(row.fetched, own.get(url_id, row.fetched))
        return {
            url_id: others[0]
            for url_id, others in copies.items()
            if (others[0].fetched, others[0].url_id) < (own[url_id], url_id)
        }

    def _neighbours(self, url_ids: Sequence[str]) -> list[sa.Row[Any]]:
        """Pairs of revisions of different sites that agree in a band."""
        mine, other = schema.bands.alias("mine").c, schema.bands.alias("other").c
        columns = (mine.url_id, mine.revision, other.url_id.label("other"), other.revision.label("other_revision"))
        query = sa.select(*columns).distinct().where(mine.band == other.band, mine.site != other.site)
        return self._rows(query, mine.url_id, url_ids)

    def _prints(self, url_ids: Iterable[str]) -> dict[tuple[str, int], sa.Row[Any]]:
        """All revisions of these articles."""
        table = schema.articles.c
        query = sa.select(table.url_id, table.revision, table.url, table.site, table.fetched, table.fingerprint)
        return {(row.url_id, row.revision): row for row in self._rows(query, table.url_id, url_ids)}

    def _rows(self, query: sa.Select[Any], column: sa.ColumnElement[Any], values: Iterable[str]) -> list[sa.Row[Any]]:
        def read(connection: Connection) -> list[sa.Row[Any]]:
            return [row for some in slices(values) for row in connection.execute(query.where(column.in_(some)))]

        return self._database.read(read)


def _copy(row: sa.Row[Any], value: float) -> Copy:
    return Copy(url_id=row.url_id, url=row.url, site=row.site, fetched=row.fetched, likeness=value)


def _bands(found: bytes) -> Iterator[int]:
    """A number for each band: 8 bytes of BLAKE2b (RFC 7693) over its place and content, signed."""
    size = 4 * _ROWS
    for place in range(BANDS):
        content = bytes([place]) + found[place * size : (place + 1) * size]
        yield int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big", signed=True)


def _numbers(found: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{_NUMBERS}I", found)
