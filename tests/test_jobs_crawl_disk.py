"""Promises of `presskeep crawl` on a disk that is full, read-only, or short of open files."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.crawling import PROJECT, Installation, article
from tests.newsroom import Newsroom, Page, Site

# Many process starts.
pytestmark = pytest.mark.slow


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[Path]:
    """A file system of its own, in memory; the test is skipped where none may be mounted."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("file systems can be mounted by root only")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def large(number: int) -> Page:
    """An article of some 300 kB that hardly compresses."""
    page = article(f"/story-{number}")
    ballast = random.Random(number).randbytes(150_000).hex().encode()
    return replace(page, source=page.source.replace(b"</body>", b"<!-- " + ballast + b" --></body>"))


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with Newsroom([Site(name="daily", title="The Daily", pages=tuple(large(number) for number in range(12)))]) as room:
        yield Installation(tmp_path / "installation", room)


def assert_whole(installation: Installation) -> None:
    """Every article is safe, once, and the spool is empty."""
    archived = installation.archived_urls()
    assert (len(archived), set(archived.values())) == (12, {1})
    assert installation.command("verify", "--read-data").returncode == 0
    assert not list((installation.folder / "data" / "spool").rglob("*.warc.gz*"))


def test_a_full_disk_ends_the_crawl_aloud_and_costs_nothing(installation: Installation) -> None:
    """What was fetched before is safe, a torn record is in no batch, and the next crawl fetches the rest."""
    with small_disk(installation.folder / "data" / "spool", "size=1m"):
        done = installation.command("crawl", "--all")
        [line] = done.stderr.splitlines()
        assert done.returncode == 3
        assert line.startswith(f"archive: spool {installation.folder}/data/spool/daily/")
        assert line.endswith("No space left on device; free space there or set `spool`")
        safe = installation.archived_urls()
        assert 0 < len(safe) < 12
        assert installation.command("verify", "--read-data").returncode == 0
        fetched = sum("/story" in request.path for request in installation.newsroom.log)
    assert installation.command("crawl", "--all").returncode == 0
    assert_whole(installation)
    again = sum("/story" in request.path for request in installation.newsroom.log) - fetched
    assert again == 12 - len(safe)


def test_a_full_disk_under_the_catalog_leaves_the_batch_in_the_spool(installation: Installation) -> None:
    """Its transaction fails as a whole; with room again, the next crawl commits the batch without fetching it anew."""
    with small_disk(installation.folder / "catalog", "size=2m") as disk:
        with installation.config.open("a") as config:
            config.write(f'catalog = "sqlite:///{disk}/catalog.sqlite"\n')
        assert installation.command("crawl", "--all", "--limit", "1").returncode == 0
        ballast = disk / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as stream:
            while True:
                stream.write(bytes(4096))
        os.truncate(ballast, ballast.stat().st_size - 96 * 1024)
        full = installation.command("crawl", "--all")
        assert full.returncode == 3
        assert "full; make room on its disk" in full.stderr and "Traceback" not in full.stderr
        assert list((installation.folder / "data" / "spool").rglob("*.warc.gz"))
        ballast.unlink()
        assert installation.command("crawl", "--all").returncode == 0
        assert not list((installation.folder / "data" / "spool").rglob("*.warc.gz*"))
        assert installation.command("verify", "--read-data").returncode == 0
    assert sum("/story" in request.path for request in installation.newsroom.log) == 12


FAILING_DISK = """
import errno, os

fsync = os.fsync

def failing(descriptor):
    if os.readlink(f"/proc/self/fd/{descriptor}").endswith(".warc.gz.open"):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    fsync(descriptor)

os.fsync = failing
"""
"""A module that every Python process loads at its start (site, `sitecustomize`)."""


def test_a_disk_that_fails_to_sync_ends_the_crawl_aloud_and_costs_nothing(
    installation: Installation, tmp_path: Path
) -> None:
    """Nothing is called safe that is not, and nothing is fetched again."""
    (tmp_path / "failing").mkdir()
    (tmp_path / "failing" / "sitecustomize.py").write_text(FAILING_DISK, "utf-8")
    done = installation.command("crawl", "--all", PYTHONPATH=f"{tmp_path / 'failing'}:{PROJECT}")
    assert done.returncode == 3
    assert "Input/output error; the disk may be failing, see the system's log; set `spool`" in done.stderr
    assert "Traceback" not in done.stderr
    assert not installation.archived_urls()
    assert installation.command("crawl", "--all").returncode == 0
    assert_whole(installation)
    assert sum("/story" in request.path for request in installation.newsroom.log) == 12


def test_a_spool_that_may_not_be_written_is_told_before_anything_is_fetched(installation: Installation) -> None:
    with small_disk(installation.folder / "data" / "spool", "ro"):
        done = installation.command("crawl", "--all")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"spool {installation.folder}/data/spool: cannot be written: Read-only file system" in done.stderr
    assert installation.newsroom.log == []


def test_too_few_open_files_are_told_and_cost_nothing(installation: Installation) -> None:
    command = f"ulimit -n 24; exec {sys.executable} -m jobs.cli crawl --all"
    done = subprocess.run(["sh", "-c", command], cwd=installation.folder, capture_output=True, text=True, timeout=120)
    assert done.returncode in (2, 3)
    assert "Traceback" not in done.stderr
    assert "Too many open files" in done.stderr and "ulimit -n" in done.stderr
    assert installation.command("crawl", "--all").returncode == 0
    assert_whole(installation)
