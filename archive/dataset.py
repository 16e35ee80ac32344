"""The articles of an archive as one Arrow dataset, for engines that scan columns: DuckDB, Polars, pandas.

Its fragments are the shards that count by the manifests, so a revision that compaction moved is there once. A shard is
fetched when something of it is wanted, whole, and checked against its SHA-256. Its site and month are known without: a
condition on `site` or `published` spares the others.
"""

from __future__ import annotations

import calendar
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from threading import Lock
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs

from archive import keys
from archive.errors import ArchiveError
from archive.fetching import fetch_checked
from archive.inventory import place_of
from archive.manifest import StoredObject
from archive.shards import SCHEMA
from archive.store import Store

_QUIET = 0.3
"""Seconds without a question after which nobody will ask, though DuckDB (2.0) holds on to it, as after an error."""
_PAUSE = 0.005


@contextmanager
def shard_dataset(
    store: Store, shards: Iterable[StoredObject], failures: list[ArchiveError]
) -> Iterator[Callable[[], ds.Dataset]]:
    """What makes a dataset of the rows of these shards, with the columns of `SCHEMA`.

    A shard that cannot be fetched, or is damaged, looks empty to Arrow, which refuses it when it is read; the reason is
    in `failures` then. At the end nothing may hold the dataset or what reads it any more; Arrow's threads, which read
    ahead, are waited for, because one that asks for a shard while the interpreter ends aborts the process.
    """
    named = {stored.key: stored for stored in shards}
    handlers: list[weakref.ref[_Shards]] = []

    def dataset() -> ds.Dataset:
        handler = _Shards(store, named, failures)
        handlers.append(weakref.ref(handler))
        # Pages are verified besides, for what goes wrong in memory.
        form = ds.ParquetFileFormat(
            default_fragment_scan_options=ds.ParquetFragmentScanOptions(page_checksum_verification=True)
        )
        files = fs.PyFileSystem(handler)
        fragments = [form.make_fragment(key, files, _known(key)) for key in sorted(named)]
        return ds.FileSystemDataset(fragments, SCHEMA, form, files)

    try:
        yield dataset
    finally:
        while any(_is_busy(handler()) for handler in handlers):
            time.sleep(_PAUSE)


def _is_busy(handler: _Shards | None) -> bool:
    """Whether it may still be asked for a shard: what Arrow reads with goes when its last thread has done."""
    return handler is not None and handler.close() < _QUIET


def _known(key: str) -> ds.Expression:
    """What the key of a shard says of all its rows."""
    place = place_of(key)
    known = ds.field("site") == (place.site if place else None)
    month = keys.shard_month(key)
    if month == keys.month(None):
        return known & ds.field("published").is_null()
    year, number = int(month[:4]), int(month[5:])
    first, last = date(year, number, 1), date(year, number, calendar.monthrange(year, number)[1])
    return known & (ds.field("published") >= first) & (ds.field("published") <= last)


class _Shards(fs.FileSystemHandler):  # type: ignore[misc] # pyarrow has no types
    """What Arrow asks of a file system in which it only reads files whose names it was given."""

    def __init__(self, store: Store, named: dict[str, StoredObject], failures: list[ArchiveError]) -> None:
        self._store = store
        self._named = named
        self._failures = failures
        self._lock = Lock()
        self._open = True
        self._asking = 0
        self._asked = time.monotonic()

    def close(self) -> float:
        """Fetch no more; for how many seconds nobody has asked, 0 while somebody is answered."""
        with self._lock:
            self._open = False
            return 0.0 if self._asking else time.monotonic() - self._asked

    def get_type_name(self) -> str:
        return "presskeep"

    def normalize_path(self, path: str) -> str:
        return path

    def get_file_info(self, paths: list[str]) -> list[fs.FileInfo]:
        return [fs.FileInfo(path, fs.FileType.File, size=self._named[path].size) for path in paths]

    def open_input_file(self, path: str) -> pa.NativeFile:
        with self._counted():
            # In memory of Arrow's own, which a thread of Arrow's can free by itself.
            memory = pa.BufferOutputStream()
            try:
                memory.write(fetch_checked(self._store, path, self._named[path].sha256) if self._open else b"")
            except ArchiveError as exc:
                # An error of Python in a thread of Arrow (26) waits for the interpreter, while who holds that waits
                # for it.
                self._failures.append(exc)
            return pa.BufferReader(memory.getvalue())

    open_input_stream = open_input_file

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._asking += 1
        try:
            yield
        finally:
            with self._lock:
                self._asking -= 1
                self._asked = time.monotonic()

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError("shards are only read")

    get_file_info_selector = create_dir = delete_dir = delete_dir_contents = delete_root_dir_contents = _refuse
    delete_file = move = copy_file = open_output_stream = open_append_stream = _refuse
