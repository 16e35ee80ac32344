"""Tombstones: what was taken down, so that it is never fetched again, and why; nothing of its text.

One object of the bucket for each takedown, `removed/<hash>.json`, named for its own content. It is written before
anything is removed, so it is also the intent: whatever it names and is still there has to go. The catalog has a table
of what it names, which is brought up to date from the bucket whenever work on a site begins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import ConfigDict, TypeAdapter, ValidationError
from sqlalchemy.engine import Connection

from archive import keys, schema
from archive.database import Database, slices
from archive.errors import DamagedObject
from archive.records import url_id
from archive.store import Store, put_bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Tombstone:
    """One takedown."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    format: Literal["presskeep-removed/1"] = "presskeep-removed/1"
    """Name and version of this format."""
    site: str
    """Name of the site profile."""
    removed: datetime
    """When it was ordered, aware UTC."""
    reason: str
    """As whoever ordered it said, one line."""
    revisions: int
    """Of all articles, as many as were there."""
    captures: int
    """Pages, as many as were there."""
    url_ids: tuple[str, ...]
    """Ids of the articles and of all their addresses, of the canonical form and of the URL as it was fetched."""

    @property
    def key(self) -> str:
        """Of its object."""
        return keys.tombstone_key(hashlib.sha256(self.to_json()).hexdigest())

    def to_json(self) -> bytes:
        """The tombstone as UTF-8 JSON; equal ones give equal bytes."""
        return _ADAPTER.dump_json(self, indent=1) + b"\n"


_ADAPTER = TypeAdapter(Tombstone)


def put_tombstone(store: Store, tombstone: Tombstone) -> None:
    """From here on what it names is to go, and stays away."""
    put_bytes(store, tombstone.key, tombstone.to_json())


def read_tombstone(store: Store, key: str) -> Tombstone:
    """The tombstone at `key`; DamagedObject unless it is as it was written."""
    data = store.get(key)
    try:
        tombstone = _ADAPTER.validate_json(data)
    except ValidationError as exc:
        raise DamagedObject(f"{key}: is no tombstone of presskeep; restore it from another copy") from exc
    if tombstone.key != key or tombstone.to_json() != data:
        raise DamagedObject(f"{key}: is not as it was written; restore it from another copy")
    return tombstone


def tombstone_ids(entries: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Ids of addresses, given with the URLs as they were fetched."""
    return tuple(sorted({one for identity, url in entries for one in (identity, url_id(url))}))


class Tombstones:
    """The table `removed` of one catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def bring_up_to_date(self, store: Store) -> None:
        """Know those of the bucket and no others: one listing where nothing has changed; errors of the store."""
        table = schema.removed
        listed = {info.key for info in store.list(keys.REMOVED) if keys.is_tombstone(info.key)}
        known = self._database.read(lambda connection: set(connection.scalars(sa.select(table.c.tombstone).distinct())))
        new = [read_tombstone(store, key) for key in sorted(listed - known)]

        def write(connection: Connection) -> None:
            for some in slices(known - listed):
                connection.execute(table.delete().where(table.c.tombstone.in_(some)))
            for tombstone in new:
                connection.execute(table.delete().where(table.c.tombstone == tombstone.key))
                rows = [_row(tombstone, identity) for identity in sorted(set(tombstone.url_ids))]
                if rows:
                    connection.execute(table.insert(), rows)

        if new or known - listed:
            self._database.write(write)

    def of_site(self, site: str) -> set[str]:
        """All ids that were taken down at a site."""
        query = sa.select(schema.removed.c.url_id).where(schema.removed.c.site == site)
        return self._database.read(lambda connection: set(connection.scalars(query)))

    def among(self, url_ids: Iterable[str]) -> set[str]:
        """Those of these ids that were taken down."""
        wanted = list(url_ids)
        return self._database.read(lambda connection: removed_among(connection, wanted))

    def naming(self, url_ids: Iterable[str]) -> list[str]:
        """Keys of the tombstones that name any of these ids."""
        table = schema.removed.c

        def read(connection: Connection) -> list[str]:
            found: set[str] = set()
            for some in slices(url_ids):
                found.update(connection.scalars(sa.select(table.tombstone).where(table.url_id.in_(some))))
            return sorted(found)

        return self._database.read(read)

    def sites(self, *, since: datetime | None = None) -> list[str]:
        """Sites of which something was taken down, or was since then, aware UTC."""
        query = sa.select(schema.removed.c.site).distinct().order_by(schema.removed.c.site)
        if since is not None:
            query = query.where(schema.removed.c.removed >= since)
        return self._database.read(lambda connection: list(connection.scalars(query)))


def removed_among(connection: Connection, url_ids: Iterable[str]) -> set[str]:
    """As `Tombstones.among`, seen by the transaction of `connection`."""
    table = schema.removed.c
    return {
        identity
        for some in slices(url_ids)
        for identity in connection.scalars(sa.select(table.url_id).where(table.url_id.in_(some)))
    }


def _row(tombstone: Tombstone, identity: str) -> dict[str, Any]:
    return {"url_id": identity, "tombstone": tombstone.key, "site": tombstone.site, "removed": tombstone.removed}
