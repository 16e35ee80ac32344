"""Promises of `presskeep mirror`: the same archive elsewhere, checked, incremental, obedient to takedowns."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from archive.errors import ArchiveError
from archive.failpoints import MIRROR_NAMES
from archive.manifest_reader import ManifestReader
from archive.marker import ensure_marker
from archive.mirror import Mirror, Mirrored
from archive.store import DirectoryStore, Store, open_store
from tests.command import presskeep
from tests.seaweed import BUCKET, Seaweed
from tests.small_archive import SmallArchive, filled
from tests.test_archive_compaction import compact
from tests.test_archive_reading_on import MeddledStore, collect, story, take_down, url


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallArchive]:
    small = SmallArchive(DirectoryStore(tmp_path / "archive"), tmp_path)
    small.crawl(story(1), story(2))
    small.crawl(story(3))
    yield small
    small.catalog.close()


@pytest.fixture
def mirror(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "mirror")


def contents(store: Store) -> dict[str, bytes]:
    return {info.key: store.get(info.key) for info in store.list()}


def make(small: SmallArchive, mirror: Store) -> Mirrored:
    done = Mirror(small.store, mirror).make()
    assert done.remarks == []
    return done


def texts(store: Store) -> list[str]:
    return sorted(article.text for article in ManifestReader(store).articles())


def test_a_mirror_has_the_same_objects_and_again_only_what_is_new(small: SmallArchive, mirror: Store) -> None:
    plan = Mirror(small.store, mirror).plan()
    done = make(small, mirror)
    assert (plan.copied, plan.bytes) == (done.copied, done.bytes)
    assert contents(mirror) == contents(small.store)
    small.crawl(story(4))
    assert Mirror(small.store, mirror).plan().copied == 3
    assert make(small, mirror).copied == 3
    assert make(small, mirror) == Mirrored()
    assert contents(mirror) == contents(small.store)


def test_it_follows_a_compaction_and_readers_see_every_article_once(small: SmallArchive, mirror: Store) -> None:
    make(small, mirror)
    compact(small)
    assert make(small, mirror).deleted == 0
    assert texts(mirror) == ["Story 1.", "Story 2.", "Story 3."]
    collect(small)
    assert make(small, mirror).deleted > 0
    assert contents(mirror) == contents(small.store)
    assert texts(mirror) == ["Story 1.", "Story 2.", "Story 3."]


def test_what_was_replaced_before_is_never_copied(small: SmallArchive, mirror: Store) -> None:
    [new] = compact(small)
    make(small, mirror)
    assert {key for key in contents(mirror) if "batches/" in key} == {f"batches/daily/{new}.json"}


def test_what_is_taken_down_leaves_the_mirror_and_its_tombstone_stays(small: SmallArchive, mirror: Store) -> None:
    make(small, mirror)
    # One page of a batch of two, and all of another batch.
    take_down(small, 1, 3)
    make(small, mirror)
    assert contents(mirror) == contents(small.store)
    assert texts(mirror) == ["Story 2."]
    assert not any(b"Story 1." in data or b"Story 3." in data for data in contents(mirror).values())


def test_a_batch_waits_while_the_removal_of_its_pages_is_under_way(small: SmallArchive, mirror: Store) -> None:
    from tests.test_archive_removal import enforce, order

    order(small, url(1))
    done = Mirror(small.store, mirror).make()
    assert [remark.kind for remark in done.remarks] == ["waiting"]
    assert texts(mirror) == ["Story 3."]
    enforce(small)
    make(small, mirror)
    assert texts(mirror) == ["Story 2.", "Story 3."]


def test_what_the_archive_lost_stays_in_the_mirror_and_is_named(small: SmallArchive, mirror: Store) -> None:
    make(small, mirror)
    before = contents(mirror)
    lost = small.keys("batches/")[0]
    small.store.delete(lost)
    small.store.delete(small.keys("raw/")[0])
    done = Mirror(small.store, mirror).make()
    assert [(remark.kind, remark.key) for remark in done.remarks] == [("lost", lost)]
    assert contents(mirror) == before


def test_damaged_bytes_are_not_copied(small: SmallArchive, mirror: Store) -> None:
    damaged = small.keys("raw/")[0]
    small.flip(damaged, 200)
    done = Mirror(small.store, mirror).make()
    assert [(remark.kind, remark.key) for remark in done.remarks] == [("damaged", damaged)]
    assert texts(mirror) == ["Story 3."]
    assert damaged not in contents(mirror)


def test_a_compaction_while_it_is_made_is_no_error(small: SmallArchive, mirror: Store, tmp_path: Path) -> None:
    def happens() -> None:
        compact(small)
        collect(small)

    done = Mirror(MeddledStore(tmp_path / "archive", "raw/", happens), mirror).make()
    assert done.remarks == []
    assert contents(mirror) == contents(small.store)


def test_another_archive_or_other_objects_are_never_touched(small: SmallArchive, tmp_path: Path) -> None:
    other = DirectoryStore(tmp_path / "other")
    ensure_marker(other)
    with pytest.raises(ArchiveError, match="another archive"):
        Mirror(small.store, other).make()
    assert make(small, small.store) == Mirrored()
    with pytest.raises(ArchiveError, match="there is no archive"):
        Mirror(DirectoryStore(tmp_path / "none"), DirectoryStore(tmp_path / "fresh")).make()


def test_the_command_needs_addresses_alone(small: SmallArchive, tmp_path: Path) -> None:
    arguments = ("mirror", (tmp_path / "there").as_uri(), "--archive", small.store.url, "--json")
    plan = presskeep(*arguments, "--dry-run", folder=tmp_path).json
    assert not (tmp_path / "there").exists()
    done = presskeep(*arguments, folder=tmp_path)
    assert done.code == 0
    assert (plan["copied"], plan["gets"]) == (done.json["copied"], done.json["copied"])
    assert plan["bytes"] == done.json["bytes"]
    small.store.delete(small.keys("batches/")[0])
    assert presskeep(*arguments, folder=tmp_path).code == 1


SCRIPT = """
import sys
from archive.mirror import Mirror
from archive.store import open_store
Mirror(*map(open_store, sys.argv[1:])).make()
"""


def killed(small: SmallArchive, mirror: Store, *, after: float | None = None, **environment: str) -> int:
    """Make it in a process that dies; its exit code."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, small.store.url, mirror.url], env={**os.environ, **environment}
    )
    if after is not None:
        time.sleep(after)
        process.kill()
    return process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("failpoint", MIRROR_NAMES)
def test_killed_at_any_point_it_is_gone_on_with(failpoint: str, small: SmallArchive, mirror: DirectoryStore) -> None:
    make(small, mirror)
    small.crawl(story(4))
    take_down(small, 1)
    assert killed(small, mirror, PRESSKEEP_FAILPOINT=failpoint) == 137
    assert "Story 1." not in texts(mirror)
    make(small, mirror)
    assert contents(mirror) == contents(small.store)


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_as_the_same_archive(aws: Seaweed, tmp_path: Path) -> None:
    small = filled(open_store(f"s3://{BUCKET}/source"), tmp_path)
    chance = random.Random(76)
    mirror = open_store(f"s3://{BUCKET}/mirror")
    for number in range(10, 20):
        small.crawl(*(story(10 * number + more) for more in range(5)))
        if number % 4 == 0:
            compact(small)
            collect(small)
        if number % 5 == 0:
            take_down(small, 10 * number + 1)
        killed(small, mirror, after=chance.uniform(0.3, 1.5))
        known = texts(small.store)
        assert set(texts(mirror)) <= set(known) | {"Corrected."} if mirror.head("presskeep.json") else True
    make(small, mirror)
    assert contents(mirror) == contents(small.store)
    small.catalog.close()


def test_reading_is_all_that_is_asked_of_the_archive(small: SmallArchive, mirror: Store, tmp_path: Path) -> None:
    class ReadOnly(DirectoryStore):
        def put(self, *_: object, **__: object) -> None:
            raise AssertionError("written to")

        def delete(self, key: str) -> None:
            raise AssertionError("deleted from")

    compact(small)
    assert asdict(Mirror(ReadOnly(tmp_path / "archive"), mirror).make())["remarks"] == []


def test_the_mirror_may_have_credentials_of_its_own(
    aws: Seaweed, small: SmallArchive, tmp_path: Path, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = aws.environment()
    config = tmp_path / "aws-config"
    lines = {
        "region": "us-east-1",
        "endpoint_url": environment["AWS_ENDPOINT_URL_S3"],
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
    }
    config.write_text("\n".join(["[profile other]", *(f"{name} = {value}" for name, value in lines.items())]))
    for name in environment:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    target = f"s3://{BUCKET}/{prefix}"
    arguments = ("mirror", target, "--archive", small.store.url, "--json")
    assert presskeep(*arguments, "--dest-profile", "other", folder=tmp_path).code == 0
    assert contents(open_store(target, profile="other")) == contents(small.store)
    missing = presskeep(*arguments, "--dest-profile", "nobody", folder=tmp_path)
    assert (missing.code, "nobody" in missing.err) == (2, True)
