"""What every store promises, tried on a folder and on a real S3 server alike."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from threading import Barrier

import pytest

from archive.errors import DamagedObject, ObjectConflict, ObjectMissing, StoreError
from archive.store import DirectoryStore, Store, open_store, put_bytes

KEY = "raw/herald/2026/03/20260301T060000000Z-0123456789ab.warc.gz"

BAD_KEYS = [
    "",
    "/absolute",
    "../outside",
    "a/../b",
    "a/./b",
    "a//b",
    "a/",
    ".hidden",
    "a/.hidden",
    "C:\\windows",
    "a\\b",
    "a\0b",
    "a\nb",
    "a b",
    "ünïcode",
    "a%2eb",
    "a?b",
]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def keys(store: Store, prefix: str = "") -> list[str]:
    return sorted(info.key for info in store.list(prefix))


@pytest.mark.parametrize("size", [0, 1, 70_000, 7 << 20], ids=["empty", "byte", "small", "in parts"])
def test_what_was_put_comes_back(store: Store, size: int) -> None:
    """Bytes are the same through get, open and head, whatever their number."""
    data = os.urandom(size)
    put_bytes(store, KEY, data)
    assert store.get(KEY) == data
    with store.open(KEY) as stream:
        assert stream.read() == data
    info = store.head(KEY)
    assert info is not None
    assert (info.key, info.size, info.sha256) == (KEY, size, sha256(data))


def test_compressed_objects_come_back_as_they_were_put(store: Store) -> None:
    """Neither the name nor the magic number of gzip makes a store unpack an object."""
    data = gzip.compress(b"WARC/1.1\r\n" * 1000)
    put_bytes(store, KEY, data)
    assert store.get(KEY) == data
    assert store.get(KEY, offset=2, length=5) == data[2:7]


def test_a_part_of_an_object_can_be_read(store: Store) -> None:
    """get reads like a file: fewer bytes at the end, none behind it."""
    put_bytes(store, "digits", b"0123456789")
    assert store.get("digits", offset=0, length=3) == b"012"
    assert store.get("digits", offset=4, length=3) == b"456"
    assert store.get("digits", offset=8, length=5) == b"89"
    assert store.get("digits", offset=3) == b"3456789"
    assert store.get("digits", offset=10, length=1) == b""
    assert store.get("digits", offset=99) == b""


def test_a_senseless_range_is_refused(store: Store) -> None:
    """A range that names no bytes is an error of the caller, not the whole object."""
    put_bytes(store, "digits", b"0123456789")
    for offset, length in ((-1, None), (0, 0), (0, -5)):
        with pytest.raises(ValueError, match=f"offset {offset} and length {length}"):
            store.get("digits", offset=offset, length=length)


def test_an_opened_object_is_seekable(store: Store) -> None:
    """Readers such as Parquet's jump to the end first."""
    data = os.urandom(100_000)
    put_bytes(store, KEY, data)
    with store.open(KEY) as stream:
        assert stream.seek(-8, io.SEEK_END) == len(data) - 8
        assert stream.read() == data[-8:]
        stream.seek(10)
        assert stream.read(5) == data[10:15]
        assert stream.tell() == 15
        stream.seek(5, io.SEEK_CUR)
        assert stream.read(1) == data[20:21]


def test_the_same_bytes_may_be_put_again(store: Store) -> None:
    """A repeated write is success, as after a crash."""
    put_bytes(store, KEY, b"same")
    put_bytes(store, KEY, b"same")
    assert store.get(KEY) == b"same"


@pytest.mark.parametrize("other", [b"OTHER", b"longer than before", b""])
def test_other_bytes_never_overwrite(store: Store, other: bytes) -> None:
    """A second write of a key is a conflict that names the key, and changes nothing."""
    put_bytes(store, KEY, b"first")
    with pytest.raises(ObjectConflict, match=KEY) as caught:
        put_bytes(store, KEY, other)
    assert caught.value.key == KEY
    assert store.get(KEY) == b"first"


@pytest.mark.parametrize("size", [100, 7 << 20], ids=["whole", "in parts"])
def test_a_source_that_is_not_as_announced_is_not_stored(store: Store, size: int) -> None:
    """A spool file damaged between hashing and writing leaves no object, nor part of one."""
    data = os.urandom(size)
    for announced in (sha256(b"else"), sha256(data)):
        length = size if announced != sha256(data) else size + 1
        with pytest.raises(DamagedObject, match=KEY):
            store.put(KEY, io.BytesIO(data), size=length, sha256=announced)
    assert keys(store) == []
    assert list(store.leftovers()) == []


def test_a_source_is_stored_from_its_start(store: Store) -> None:
    """It does not matter how far the source was read before."""
    source = io.BytesIO(b"from the start")
    source.read()
    store.put(KEY, source, size=14, sha256=sha256(b"from the start"))
    assert store.get(KEY) == b"from the start"


def test_of_racing_writers_one_wins(store: Store) -> None:
    """Of eight writers of different bytes, one succeeds, and its object stays; the others are told."""
    start = Barrier(8)

    def write(number: int) -> bytes | None:
        start.wait()
        try:
            put_bytes(store, KEY, b"%d" % number)
        except ObjectConflict:
            return None
        return b"%d" % number

    with ThreadPoolExecutor(8) as pool:
        winners = [won for won in pool.map(write, range(8)) if won is not None]
    assert winners == [store.get(KEY)]


def test_racing_writers_of_the_same_bytes_all_succeed(store: Store) -> None:
    """Two recoveries of one batch do not disturb each other."""
    start = Barrier(8)

    def write(_: int) -> None:
        start.wait()
        put_bytes(store, KEY, b"same")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert keys(store) == [KEY]
    assert list(store.leftovers()) == []


def test_a_missing_object_is_said_to_be_missing(store: Store) -> None:
    """get and open raise ObjectMissing, head is None, delete is content."""
    put_bytes(store, "there", b"x")
    assert store.head("not/there") is None
    for read in (store.get, store.open):
        with pytest.raises(ObjectMissing, match="not/there") as caught:
            read("not/there")
        assert caught.value.key == "not/there"
    store.delete("not/there")
    assert keys(store) == ["there"]


def test_a_folder_is_no_object(store: Store) -> None:
    """The start of a key is not an object, and an object is not the start of a key."""
    put_bytes(store, "a/b", b"x")
    assert store.head("a") is None
    assert store.head("a/b/c") is None
    with pytest.raises(ObjectMissing):
        store.get("a")


def test_listings_are_by_prefix(store: Store) -> None:
    """A prefix need not end at a slash."""
    for key in ("raw/one/1", "raw/one/2", "raw/oneself/3", "articles/site=one/4", "raw.json"):
        put_bytes(store, key, b"x")
    assert keys(store) == ["articles/site=one/4", "raw.json", "raw/one/1", "raw/one/2", "raw/oneself/3"]
    assert keys(store, "raw/") == ["raw/one/1", "raw/one/2", "raw/oneself/3"]
    assert keys(store, "raw/one") == ["raw/one/1", "raw/one/2", "raw/oneself/3"]
    assert keys(store, "raw/one/") == ["raw/one/1", "raw/one/2"]
    assert keys(store, "raw/one/2") == ["raw/one/2"]
    assert keys(store, "none/") == keys(store, "raw/one/2/x") == []


def test_a_listing_tells_sizes_and_times(store: Store) -> None:
    """Sizes are bytes, times are aware UTC."""
    put_bytes(store, KEY, b"12345")
    (info,) = store.list()
    assert info.size == 5
    assert info.modified.tzinfo is UTC
    assert abs(info.modified - datetime.now(UTC)) < timedelta(hours=1)


def test_a_deleted_object_is_gone_and_may_be_put_anew(store: Store) -> None:
    """Deletion frees the key."""
    put_bytes(store, KEY, b"one")
    store.delete(KEY)
    assert store.head(KEY) is None
    assert keys(store) == []
    put_bytes(store, KEY, b"two")
    assert store.get(KEY) == b"two"


def test_a_name_that_is_no_key_is_refused_before_anything_is_touched(store: Store) -> None:
    """Every method refuses it with the name in its message."""
    for key, call in product(
        BAD_KEYS, (lambda key: put_bytes(store, key, b"x"), store.get, store.open, store.head, store.delete)
    ):
        with pytest.raises(StoreError) as caught:
            call(key)
        assert repr(key) in str(caught.value)
    assert keys(store) == []


def test_probing_finds_a_good_store_good_and_leaves_nothing(store: Store) -> None:
    """Every call is tried on an object that is gone afterwards."""
    probe = store.probe()
    assert probe.ok
    assert [line.name for line in probe.lines][:5] == ["write", "write once", "read", "list", "delete"]
    assert all(line.ok and line.detail for line in probe.lines)
    assert keys(store) == []


def test_the_url_opens_the_same_store(store: Store) -> None:
    """open_store(store.url) sees the same objects."""
    put_bytes(store, KEY, b"seen")
    again = open_store(store.url)
    assert again.url == store.url
    assert again.get(KEY) == b"seen"


def test_a_folder_url_may_hold_any_path(tmp_path: Path) -> None:
    """Spaces, percent signs and other scripts are percent-encoded in the URL and plain in the folder's name."""
    folder = tmp_path / "Ελληνικά 100% #1"
    put_bytes(DirectoryStore(folder), "key", b"x")
    assert open_store(DirectoryStore(folder).url).get("key") == b"x"
    assert (folder / "key").read_bytes() == b"x"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "archive",
        "/srv/archive",
        "file:archive",
        "file://host/path",
        "http://bucket/prefix",
        "s3:bucket",
        "s3:///prefix",
        "s3://bucket/prefix?x=1",
        "s3://bucket/prefix#x",
        "s3://bucket/a//b",
        "s3://bucket/../b",
        "s3://[bucket/prefix",
    ],
)
def test_a_url_that_names_no_store_is_refused(url: str) -> None:
    """The message has the value, or what is wrong in it, and says what to write."""
    with pytest.raises(StoreError, match=r"write|key"):
        open_store(url)


@pytest.mark.parametrize(
    "url",
    ["s3://AKID:canary@bucket/prefix", "s3://AKID:can/canary@bucket", "s3://[AKID:canary@bucket", "AKID:canary@b"],
)
def test_credentials_in_the_url_are_refused_without_repeating_them(url: str) -> None:
    """They would otherwise end up in logs and manifests."""
    with pytest.raises(StoreError, match="AWS_PROFILE") as caught:
        open_store(url)
    assert "canary" not in str(caught.value)
    assert "AKID" not in str(caught.value)
