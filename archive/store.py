"""Where the archive's objects lie: a bucket or a folder, behind one small interface.

    store = open_store("s3://bucket/prefix")        # or file:///path
    put_bytes(store, "presskeep.json", b"{}")
    with store.open("raw/site/2026/01/batch.warc.gz") as stream: ...

Objects are written once and never overwritten; what a key may look like stands in `archive.objects.check_key`.
`DirectoryStore` is here beside the interface; `S3Store` has its own module, because only that one needs boto3.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from archive.backoff import Patience
from archive.errors import ObjectMissing, StoreDenied, StoreError, StoreUnavailable
from archive.objects import (
    KeptVersion,
    Leftover,
    ObjectInfo,
    check_key,
    check_prefix,
    check_range,
    check_source,
    conflict,
    sha256_of,
)
from archive.store_probe import StoreProbe, probe_calls, probe_key


class Store(Protocol):
    """The calls presskeep makes of a store; every method may be called from several threads.

    All raise StoreUnavailable (retry later) or StoreDenied (tell the operator), and StoreError for a key that is none.
    """

    @property
    def url(self) -> str:
        """The archive's URL, without credentials."""

    def put(self, key: str, source: BinaryIO, *, size: int, sha256: str) -> None:
        """Write an object once: `source` is seekable and read from its start, `sha256` its lower-case hex digest.

        When this returns, the store has confirmed the object. Equal bytes already there are success; other bytes are
        ObjectConflict, and stay. A source that is not as long, or does not hash, as stated is DamagedObject.
        """

    def get(self, key: str, *, offset: int = 0, length: int | None = None) -> bytes:
        """Read an object, or up to `length` bytes from `offset`; fewer at its end. Raises ObjectMissing."""

    def open(self, key: str) -> BinaryIO:
        """Open an object for reading piece by piece, seekable; close it after use. Raises ObjectMissing."""

    def head(self, key: str) -> ObjectInfo | None:
        """What is known of an object, None if there is none; a folder's answer costs reading the file."""

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """All objects whose key begins with `prefix`, in no particular order, without digests.

        Foreign objects are listed too; those whose name is no key are refused by every other method.
        """

    def delete(self, key: str) -> None:
        """Remove an object; it is no error if there is none."""

    def kept_versions(self, key: str) -> Iterator[KeptVersion]:
        """What a versioned bucket still keeps of an object that was deleted; nothing in a store without versions."""

    def leftovers(self) -> Iterator[Leftover]:
        """Uploads begun and never finished, also those still under way: go by their age."""

    def discard(self, leftover: Leftover) -> None:
        """Remove a leftover; it is no error if it is gone."""

    def with_patience(self, patience: Patience) -> Store:
        """The same store, whose calls go on trying for so long."""

    def probe(self) -> StoreProbe:
        """Try every call on a throw-away object; failures become lines of the result."""


def open_store(url: str, *, patience: Patience | None = None, profile: str | None = None) -> Store:
    """The store at `s3://bucket/prefix` or `file:///path`; StoreError for anything else. Nothing is touched yet.

    `patience` is how long a call to a bucket goes on trying, five minutes if it is not given. `profile` is a profile of
    the AWS configuration files, None for the usual chain.
    """
    if "@" in url and not url.startswith("file:///"):
        raise StoreError(
            "the archive URL has credentials in it: take them out, and set AWS_PROFILE or AWS_ACCESS_KEY_ID"
        )
    try:
        parts = urlsplit(url)
    except ValueError as exc:
        raise StoreError(f"{url!r}: {exc}; write s3://bucket/prefix or file:///absolute/path") from exc
    if parts.query or parts.fragment:
        raise StoreError(f"{url!r} has a ? or # in it: write s3://bucket/prefix or file:///path")
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return DirectoryStore(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        # boto3 takes a second to import, and a folder needs none of it.
        from archive.store_s3 import S3Store

        return S3Store(parts.netloc, parts.path.strip("/"), patience=patience, profile=profile)
    raise StoreError(f"{url!r} is not the URL of an archive: write s3://bucket/prefix or file:///absolute/path")


def put_bytes(store: Store, key: str, data: bytes) -> None:
    """Write `data` as an object, as `Store.put` does."""
    store.put(key, io.BytesIO(data), size=len(data), sha256=hashlib.sha256(data).hexdigest())


class DirectoryStore:
    """An archive in a folder: one file an object.

    A file is written and synced under a temporary name in `.tmp`, read back, and linked to its own name, which fails if
    that name is taken: readers never see half a file, and two writers cannot overwrite each other. The folder's file
    system must have hard links. No digests are kept: `head` reads the file and so always tells the truth about it.
    Symbolic links are neither followed nor listed.
    """

    def __init__(self, root: Path) -> None:
        """`root` is absolute; it is created with the first object."""
        self._root = root
        self._temporary = root / ".tmp"

    def with_patience(self, patience: Patience) -> DirectoryStore:
        return self

    @property
    def url(self) -> str:
        return self._root.as_uri()

    def put(self, key: str, source: BinaryIO, *, size: int, sha256: str) -> None:
        path = self._path(key)
        with _reported("write", self._root, key):
            _make_folder(self._temporary)
            temporary = self._temporary / secrets.token_hex(16)
            try:
                _write_synced(temporary, source)
                with temporary.open("rb") as written:
                    check_source(written, key, size=size, sha256=sha256)
                self._publish(temporary, path, key)
            finally:
                temporary.unlink(missing_ok=True)

    def get(self, key: str, *, offset: int = 0, length: int | None = None) -> bytes:
        check_range(offset, length)
        with self.open(key) as file, _reported("read", self._root, key):
            file.seek(offset)
            return file.read(-1 if length is None else length)

    def open(self, key: str) -> BinaryIO:
        path = self._path(key)
        with _reported("read", self._root, key):
            try:
                return path.open("rb")
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as exc:
                raise ObjectMissing(f"{key}: no such object in {self.url}", key=key) from exc

    def head(self, key: str) -> ObjectInfo | None:
        try:
            with self.open(key) as file, _reported("read", self._root, key):
                return _info(key, os.fstat(file.fileno()), sha256_of(file))
        except ObjectMissing:
            return None

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        check_prefix(prefix)
        folder = prefix.rpartition("/")[0]
        start = self._path(folder) if folder else self._root
        with _reported("list", self._root, prefix):
            for path, status in _files(start, skip=self._temporary):
                key = _printable(os.path.relpath(path, self._root))
                if key.startswith(prefix):
                    yield _info(key, status)

    def delete(self, key: str) -> None:
        path = self._path(key)
        with _reported("delete", self._root, key):
            path.unlink(missing_ok=True)
            if path.parent.is_dir():
                _sync_folder(path.parent)

    def kept_versions(self, key: str) -> Iterator[KeptVersion]:
        return iter(())

    def leftovers(self) -> Iterator[Leftover]:
        with _reported("list", self._root, None):
            for path, status in _files(self._temporary):
                name = Path(path).name
                yield Leftover(key=f".tmp/{name}", started=_utc(status.st_mtime), token=name)

    def discard(self, leftover: Leftover) -> None:
        check_key(leftover.token)
        with _reported("delete", self._root, leftover.key):
            (self._temporary / leftover.token).unlink(missing_ok=True)

    def probe(self) -> StoreProbe:
        return StoreProbe(lines=tuple(probe_calls(self, probe_key())))

    def _path(self, key: str) -> Path:
        check_key(key)
        path = self._root / key
        if Path(os.path.realpath(path)) != Path(os.path.realpath(self._root)) / key:
            raise StoreError(
                f"{key}: a symbolic link lies on its way in {self.url}; replace it by a real folder", key=key
            )
        return path

    def _publish(self, temporary: Path, path: Path, key: str) -> None:
        _make_folder(path.parent)
        try:
            # Unlike rename, link refuses to replace what another writer has put there.
            os.link(temporary, path)
        except FileExistsError:
            with temporary.open("rb") as ours, path.open("rb") as theirs:
                held = sha256_of(theirs)
                if held != sha256_of(ours):
                    raise conflict(key, f"SHA-256 {held}") from None
        _sync_folder(path.parent)


_HINTS: dict[int, tuple[type[StoreError], str]] = {
    errno.ENOSPC: (StoreUnavailable, "free some space on that disk"),
    errno.EDQUOT: (StoreUnavailable, "free some space or raise the quota"),
    errno.EMFILE: (StoreUnavailable, "raise the limit of open files (ulimit -n)"),
    errno.EACCES: (StoreDenied, "give the user who runs this access to that folder"),
    errno.EPERM: (StoreDenied, "check its permissions, and that its file system has hard links"),
    errno.EROFS: (StoreDenied, "mount that file system for writing"),
}


@contextmanager
def _reported(action: str, root: Path, key: str | None) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        kind, hint = _HINTS.get(exc.errno or 0, (StoreError, "check the disk and the folder"))
        raise kind(f"cannot {action} {key or 'the archive'} in {root}: {exc.strerror or exc}; {hint}", key=key) from exc


def _write_synced(path: Path, source: BinaryIO) -> None:
    source.seek(0)
    with path.open("xb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())


def _make_folder(folder: Path) -> None:
    """Create a folder and its parents so that they outlive a power cut: each is synced into its own parent."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _files(folder: Path, skip: Path | None = None) -> Iterator[tuple[str, os.stat_result]]:
    """Regular files below `folder`; what vanishes meanwhile is passed over."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if Path(entry.path) != skip:
                    yield from _files(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):
                    yield entry.path, entry.stat(follow_symlinks=False)


def _info(key: str, status: os.stat_result, sha256: str | None = None) -> ObjectInfo:
    return ObjectInfo(key=key, size=status.st_size, sha256=sha256, modified=_utc(status.st_mtime))


def _utc(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)


def _printable(name: str) -> str:
    """The name as valid text: what is not UTF-8 is shown as backslash escapes, which makes it no key."""
    return os.fsencode(name).decode(errors="backslashreplace")
