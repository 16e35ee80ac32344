"""Fetching from a store what is checked before use: objects a few ahead of whoever reads them, articles, captures."""

from __future__ import annotations

import hashlib
import io
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from archive.errors import DamagedObject
from archive.kept import KeptBytes
from archive.manifest import StoredObject
from archive.object_reader import open_ranged
from archive.records import Article, Capture, RecordLocation
from archive.shards import read_row, read_shard
from archive.store import Store
from archive.warc_reader import read_record

Item = TypeVar("Item")
Read = TypeVar("Read")

_AHEAD = 8
"""A shard holds a month of a batch: some hundred kilobytes, a few megabytes at most."""
_WHOLE = 1 << 20
"""Bytes up to which a shard is fetched whole, though only a row of it is wanted."""
_PART = 1 << 20
"""Bytes of a larger one that are fetched at once: about a row group."""


class Fetcher:
    """Fetches what articles and pages are read from, and tells how much."""

    def __init__(
        self, store: Store, *, kept: KeptBytes | None = None, on_fetched: Callable[[int], object] = lambda count: None
    ) -> None:
        """What is in `kept` is not fetched, what is fetched goes there; `on_fetched` is told its size, in threads."""
        self._store = store
        self._kept = kept
        self._on_fetched = on_fetched
        self._told: set[str] = set()

    def shard(self, key: str, sha256: str | None) -> bytes:
        """As `fetch_checked`."""
        return self._fetched(f"{key} {sha256}", lambda: fetch_checked(self._store, key, sha256))

    def span(self, key: str, begin: int, end: int) -> bytes:
        """The bytes of an object from `begin` up to `end`, unchecked."""
        return self._fetched(f"{key} {begin}-{end}", lambda: self._store.get(key, offset=begin, length=end - begin))

    def _fetched(self, name: str, fetch: Callable[[], bytes]) -> bytes:
        data = self._kept.get(name, fetch) if self._kept else fetch()
        if name not in self._told:
            self._told.add(name)
            self._on_fetched(len(data))
        return data


def read_ahead(read: Callable[[Item], Read], items: Iterable[Item], *, ahead: int = _AHEAD) -> Iterator[Read]:
    """`read(item)` of each item in their order, `ahead` of them under way in threads while one is used."""
    waiting: deque[Future[Read]] = deque()
    with ThreadPoolExecutor(ahead) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(read, item))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            # Whoever stops in the middle shall not wait for objects that nobody reads.
            pool.shutdown(wait=False, cancel_futures=True)


def fetch_checked(store: Store, key: str, sha256: str | None) -> bytes:
    """The bytes of an object; DamagedObject unless they have the SHA-256 that was recorded, ObjectMissing."""
    data = store.get(key)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DamagedObject(f"{key}: its SHA-256 is not the one recorded; run `presskeep verify`")
    return data


def fetch_shard(store: Store, stored: StoredObject) -> Iterator[Article]:
    """The articles of a shard; DamagedObject unless it is as recorded, ObjectMissing."""
    return read_shard(io.BytesIO(fetch_checked(store, stored.key, stored.sha256)))


def fetch_row(store: Store, stored: StoredObject, row: int, columns: Collection[str]) -> dict[str, Any]:
    """These columns of that row of a shard, from 0; of a large shard only the part is fetched that it lies in.

    DamagedObject unless the shard is as recorded; of a part, unless the checksums of its pages are right.
    ObjectMissing.
    """
    if stored.size <= _WHOLE:
        return read_row(io.BytesIO(fetch_checked(store, stored.key, stored.sha256)), row, columns)
    with open_ranged(partial(_range, store, stored.key), stored.size, at_once=_PART) as stream:
        return read_row(stream, row, columns)


def _range(store: Store, key: str, offset: int, length: int) -> bytes:
    return store.get(key, offset=offset, length=length)


def fetch_capture(store: Store, location: RecordLocation) -> Capture:
    """The capture whose response record lies there; request and announcement are not read.

    DamagedObject unless the record matches its digests and holds the payload that was recorded; ObjectMissing.
    """
    record = store.get(location.warc_key, offset=location.offset, length=location.length)
    capture = read_record(record)
    if capture.payload_digest != location.payload_digest:
        raise DamagedObject(
            f"{location.warc_key} at {location.offset}: holds {capture.payload_digest}, recorded was "
            f"{location.payload_digest}; run `presskeep verify`"
        )
    return capture
