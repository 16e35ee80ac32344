"""What the store in a folder promises beyond the common contract: nothing half-written, nothing outside."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from archive.errors import StoreError
from archive.store import DirectoryStore, put_bytes

KEY = "raw/herald/2026/03/batch.warc.gz"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_an_object_is_a_plain_file_of_its_name(directory_store: DirectoryStore, root: Path) -> None:
    """The archive can be read without presskeep; the umask decides who may."""
    put_bytes(directory_store, KEY, b"plain")
    assert (root / KEY).read_bytes() == b"plain"
    mask = os.umask(0)
    os.umask(mask)
    assert (root / KEY).stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_write_that_fails_leaves_nothing(directory_store: DirectoryStore) -> None:
    """When the disk takes only part of an object, neither the key nor a temporary file stays."""
    with files_no_larger_than(64 << 10), pytest.raises(StoreError, match=f"{KEY}.*[Ff]ile too large"):
        put_bytes(directory_store, KEY, os.urandom(1 << 20))
    assert directory_store.head(KEY) is None
    assert list(directory_store.leftovers()) == []


def test_a_writer_killed_half_way_leaves_a_leftover_and_no_object(directory_store: DirectoryStore, root: Path) -> None:
    """kill -9 in the middle of a write is invisible to readers, and what it left can be found and discarded."""
    code = """
import hashlib, io, os, signal, sys
from pathlib import Path
from archive.store import DirectoryStore

class Deadly(io.BytesIO):
    def read(self, size=-1):
        if self.tell() > 1_000_000:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().read(size)

data = bytes(5_000_000)
digest = hashlib.sha256(data).hexdigest()
DirectoryStore(Path(sys.argv[1])).put(sys.argv[2], Deadly(data), size=len(data), sha256=digest)
"""
    child = subprocess.run([sys.executable, "-c", code, str(root), KEY], cwd=Path(__file__).parents[1])
    assert child.returncode == -signal.SIGKILL
    assert directory_store.head(KEY) is None
    assert list(directory_store.list()) == []
    (leftover,) = directory_store.leftovers()
    assert leftover.started.tzinfo is UTC
    assert leftover.started <= datetime.now(UTC)
    put_bytes(directory_store, KEY, b"second try")
    directory_store.discard(leftover)
    directory_store.discard(leftover)
    assert list(directory_store.leftovers()) == []
    assert directory_store.get(KEY) == b"second try"


def test_a_changed_file_is_known_by_its_digest(directory_store: DirectoryStore, root: Path) -> None:
    """head tells the digest of what is there now, not of what was written once."""
    put_bytes(directory_store, KEY, b"as written")
    (root / KEY).write_bytes(b"as altered")
    info = directory_store.head(KEY)
    assert info is not None
    assert info.sha256 == hashlib.sha256(b"as altered").hexdigest()


@pytest.mark.parametrize("link", ["raw", "raw/herald", KEY])
def test_symbolic_links_are_not_followed(
    directory_store: DirectoryStore, root: Path, tmp_path: Path, link: str
) -> None:
    """Neither a folder nor a file elsewhere becomes part of the archive through a link, for no call."""
    outside = tmp_path / "outside"
    target = outside / Path(KEY).relative_to(link)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"private")
    (root / link).parent.mkdir(parents=True)
    (root / link).symlink_to(outside if link != KEY else target)
    for call in (
        lambda: put_bytes(directory_store, KEY, b"x"),
        lambda: directory_store.get(KEY),
        lambda: directory_store.head(KEY),
        lambda: directory_store.delete(KEY),
    ):
        with pytest.raises(StoreError, match="symbolic link"):
            call()
    assert list(directory_store.list()) == []
    assert target.read_bytes() == b"private"


def test_a_link_to_itself_is_refused(directory_store: DirectoryStore, root: Path) -> None:
    """A loop ends in the same message as any other link."""
    root.mkdir()
    (root / "raw").symlink_to("raw")
    with pytest.raises(StoreError, match="symbolic link"):
        directory_store.get(KEY)


def test_the_root_itself_may_be_a_link(root: Path, tmp_path: Path) -> None:
    """People mount disks elsewhere and link to them."""
    (tmp_path / "disk").mkdir()
    root.symlink_to(tmp_path / "disk")
    put_bytes(DirectoryStore(root), KEY, b"x")
    assert (tmp_path / "disk" / KEY).read_bytes() == b"x"
    assert [info.key for info in DirectoryStore(root).list()] == [KEY]


def test_foreign_files_are_listed_and_refused(directory_store: DirectoryStore, root: Path) -> None:
    """A name that is not even text is shown with escapes; none of them can be read as an object."""
    root.mkdir()
    (root / "photo of us.jpg").write_bytes(b"x")
    (root / os.fsdecode(b"latin-\xe9")).write_bytes(b"x")
    listed = sorted(info.key for info in directory_store.list())
    assert listed == ["latin-\\xe9", "photo of us.jpg"]
    for key in listed:
        with pytest.raises(StoreError, match="not an object key"):
            directory_store.get(key)


def test_something_else_in_the_way_is_an_error(directory_store: DirectoryStore, root: Path) -> None:
    """A folder where the object should be, or a file where its folder should be, is named and left alone."""
    (root / KEY).mkdir(parents=True)
    (root / "batches").write_bytes(b"a file")
    for key in (KEY, "batches/herald/1.json"):
        with pytest.raises(StoreError, match=key):
            directory_store.put(key, BytesIO(b"x"), size=1, sha256=hashlib.sha256(b"x").hexdigest())
    assert (root / "batches").read_bytes() == b"a file"
    assert (root / KEY).is_dir()


def test_an_archive_that_does_not_exist_is_empty(directory_store: DirectoryStore, root: Path) -> None:
    """Looking at an archive does not create it."""
    assert list(directory_store.list()) == []
    assert list(directory_store.leftovers()) == []
    assert directory_store.head(KEY) is None
    directory_store.delete(KEY)
    assert not root.exists()
