"""Which files an import reads: WARC and WACZ files, folders and `s3://` prefixes of them, lists of HTML files.

WARC files at an `http://` or `https://` address are read from there, one after another where it is that of a list of
paths. Such a file is taken to stay as it is.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import quote

from archive.foreign_warc import ForeignPage, Passed, Place, read_foreign
from archive.imports import ImportedFile
from archive.store import open_store
from crawler.html_index import SUFFIXES, read_html_index
from crawler.importing import Source
from crawler.polite_client import PoliteClient
from crawler.remote_file import open_remote, read_path_list
from jobs.errors import JobsError

_WARC = (".warc", ".warc.gz", ".warc.zst")
_WACZ = (".wacz",)
_PATHS = "warc.paths.gz"
_INSIDE = "!"

Opener = Callable[[], AbstractContextManager[BinaryIO]]
"""Opens a file for reading; seekable."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WarcFile:
    """A WARC file, on disk, in a bucket or in a WACZ file."""

    file: ImportedFile
    name: str
    size: int
    open: Opener

    def read(self, passes: Callable[[str], str | None], start: Place) -> Iterator[ForeignPage | Passed]:
        """As `read_foreign`."""
        with self.open() as stream:
            yield from read_foreign(stream, passes, start=start)


@dataclass(frozen=True, kw_only=True, slots=True)
class HtmlIndex:
    """A list of HTML files."""

    file: ImportedFile
    name: str
    size: int
    path: Path

    def read(self, passes: Callable[[str], str | None], start: Place) -> Iterator[ForeignPage | Passed]:
        """As `read_html_index`."""
        return read_html_index(self.path, passes, start=start)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """A file that may hold others."""

    key: str
    """Absolute path or URL."""
    name: str
    size: int
    stamp: str
    open: Opener


def find_sources(paths: Sequence[str], wanted: str, client: PoliteClient) -> list[Source]:
    """All files to read, in order; `client` asks for those on the web.

    JobsError for a path that is none, or under which there are none; WebArchiveError for a list that cannot be had.
    """
    sources: list[Source] = []
    for path in paths:
        if path.startswith("s3://"):
            found = list(_bucket(path, wanted))
        elif path.startswith(("http://", "https://")):
            found = list(_web(path, wanted, client))
        else:
            found = list(_disk(Path(path), wanted))
        if not found:
            raise JobsError(
                f"{path}: holds no file to import; there must be *.warc, *.warc.gz, *.warc.zst, *.wacz, or a *.csv or "
                "*.jsonl that lists HTML files"
            )
        sources += found
    return sources


def _disk(path: Path, wanted: str) -> Iterator[Source]:
    if not path.exists():
        raise JobsError(f"{path}: no such file or folder")
    if path.is_file():
        if path.name.endswith(SUFFIXES):
            yield _index(path, wanted)
        else:
            yield from _sources(_local(path, path.name), wanted)
        return
    files = [file for file in sorted(path.rglob("*")) if file.name.endswith(_WARC + _WACZ) and file.is_file()]
    for file in files:
        yield from _sources(_local(file, str(Path(path.name) / file.relative_to(path))), wanted)
    if not files:
        yield from (_index(file, wanted) for file in sorted(path.iterdir()) if file.suffix in SUFFIXES)


def _bucket(url: str, wanted: str) -> Iterator[Source]:
    parent, _, name = url.rstrip("/").rpartition("/")
    exact = name.endswith(_WARC + _WACZ)
    store = open_store(parent if exact else url)
    objects = sorted(store.list(name if exact else ""), key=lambda it: it.key)
    for it in objects:
        if it.key.endswith(_WARC + _WACZ) and (not exact or it.key == name):
            key = f"{store.url}/{it.key}"
            opened = partial(store.open, it.key)
            found = _Found(key=key, name=key, size=it.size, stamp=f"{it.size}-{it.modified}", open=opened)
            yield from _sources(found, wanted)


def _web(url: str, wanted: str, client: PoliteClient) -> Iterator[Source]:
    for address in read_path_list(client, url) if url.endswith(_PATHS) else [url]:
        if address.endswith(_WARC):
            opened = partial(open_remote, client, address)
            yield _warc(_Found(key=address, name=address, size=0, stamp="web", open=opened), wanted)


def _local(path: Path, name: str) -> _Found:
    status = path.stat()
    stamp = f"{status.st_size}-{status.st_mtime_ns}"
    return _Found(key=str(path.resolve()), name=name, size=status.st_size, stamp=stamp, open=lambda: path.open("rb"))


def _sources(found: _Found, wanted: str) -> Iterator[Source]:
    if not found.name.endswith(_WACZ):
        yield _warc(found, wanted)
        return
    try:
        with found.open() as stream, zipfile.ZipFile(stream) as container:
            parts = [part for part in container.infolist() if part.filename.endswith(_WARC)]
    except (zipfile.BadZipFile, OSError) as exc:
        raise JobsError(f"{found.key}: is no WACZ file that can be read: {exc}") from exc
    for part in parts:
        inside = _Found(
            key=f"{found.key}{_INSIDE}{part.filename}",
            name=f"{found.name}{_INSIDE}{part.filename}",
            size=part.compress_size,
            stamp=found.stamp,
            open=partial(_open_part, found.open, part.filename),
        )
        yield _warc(inside, wanted)


@contextmanager
def _open_part(open_container: Opener, part: str) -> Iterator[BinaryIO]:
    with open_container() as container, zipfile.ZipFile(container) as parts, parts.open(part) as stream:
        # A ZipExtFile is one, though not by its type.
        yield cast(BinaryIO, stream)


def _warc(found: _Found, wanted: str) -> WarcFile:
    file = ImportedFile(source=found.key, wanted=wanted, stamp=found.stamp)
    return WarcFile(file=file, name=_plain(found.name), size=found.size, open=found.open)


def _index(path: Path, wanted: str) -> HtmlIndex:
    found = _local(path, path.name)
    file = ImportedFile(source=found.key, wanted=wanted, stamp=found.stamp)
    return HtmlIndex(file=file, name=_plain(found.name), size=found.size, path=path)


def _plain(name: str) -> str:
    return quote(name, safe="/:!@+=,~")
