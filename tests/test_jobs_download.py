"""Promises of downloads that are interrupted: they go on, never hand on a wrong byte, and clean up behind them."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from archive.store import DirectoryStore
from archive.warc_reader import read_captures
from jobs.errors import JobsError
from jobs.export_folder import is_whole
from jobs.work_folder import work_folder
from tests.command import presskeep
from tests.small_archive import SmallArchive
from tests.test_archive_reading_on import story
from tests.test_archive_wacz import cdxj

FORMATS = {"jsonl": "out.jsonl.gz", "parquet": "out.parquet", "wacz": "out.wacz", "html": "out"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallArchive]:
    folder = tmp_path_factory.mktemp("archive")
    small = SmallArchive(DirectoryStore(folder / "archive"), folder)
    for number in range(12):
        small.crawl(story(2 * number), story(2 * number + 1))
    yield small
    small.catalog.close()


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_was_fetched_is_kept_until_the_download_is_complete(small: SmallArchive, tmp_path: Path) -> None:
    last = max(small.keys("articles/"))
    whole = small.store.get(last)
    small.flip(last, 50)
    arguments = ("download", "news.jsonl", "--archive", small.store.url)
    assert presskeep(*arguments, folder=tmp_path).code == 2
    assert left(tmp_path) == [".news.jsonl.download"]
    fetched = left(tmp_path / ".news.jsonl.download")
    assert len(fetched) == len(small.keys("articles/")) - 1
    small.change(last, lambda _: whole)
    (tmp_path / ".news.jsonl.download" / "news.jsonl.1234.part").write_bytes(b"torn")
    assert presskeep(*arguments, folder=tmp_path).code == 0
    assert left(tmp_path) == ["news.jsonl"]
    assert len((tmp_path / "news.jsonl").read_text().splitlines()) == 24


def test_two_downloads_to_one_place_do_not_meet(tmp_path: Path) -> None:
    with work_folder(tmp_path / "news.jsonl") as folder:
        descriptor = os.open(folder, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(descriptor)
        with pytest.raises(JobsError, match="is under way"), work_folder(tmp_path / "news.jsonl"):
            pass
    assert left(tmp_path) == []


def contents(path: Path) -> object:
    """What is there, without what says when it was made."""
    if path.is_dir():
        return {file.relative_to(path): file.read_bytes() for file in path.rglob("*") if file.is_file()}
    if path.suffix == ".wacz":
        return wacz_contents(path)
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def wacz_contents(path: Path) -> object:
    """Pages, captures with their bodies, and what the index finds, in a file whose checksums are right."""
    with ZipFile(path) as wacz:
        for stored in json.loads(wacz.read("datapackage.json"))["resources"]:
            assert f"sha256:{hashlib.sha256(wacz.read(stored['path'])).hexdigest()}" == stored["hash"]
        captures = [stored.capture for stored in read_captures(io.BytesIO(wacz.read("archive/pages.warc.gz")))]
        indexed = sorted((time, fields["url"]) for time, fields in cdxj(wacz))
        return wacz.read("pages/pages.jsonl"), captures, indexed


def killed_when(process: subprocess.Popen[bytes], kept: Path, count: int, after: float) -> bool:
    """Kill it `after` seconds from when it has kept so many objects; False if it ended before."""
    while process.poll() is None:
        if kept.is_dir() and len(list(kept.iterdir())) >= count:
            time.sleep(after)
            process.kill()
            break
        time.sleep(0.001)
    return process.wait() == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_killed_at_random_moments_it_ends_with_the_same_bytes(form: str, small: SmallArchive, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "jobs.cli", "download", "--archive", small.store.url, "--format", form]
    dest, whole = tmp_path / FORMATS[form], tmp_path / f"whole-{FORMATS[form]}"
    subprocess.run([*command, str(whole)], check=True, capture_output=True)
    chance, kept, kills = random.Random(form), tmp_path / f".{dest.name}.download", 0
    for count in range(0, 25, 4):
        process = subprocess.Popen([*command, str(dest)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        kills += killed_when(process, kept, count, chance.uniform(0, 0.05))
        if dest.exists() and not (form == "html" and not is_whole(dest)):
            break
    else:
        subprocess.run([*command, str(dest)], check=True, capture_output=True)
        assert not kept.exists()
    assert contents(dest) == contents(whole)
    assert kills > 0


@pytest.mark.slow
def test_a_feed_that_is_killed_at_random_moments_has_each_article_once(tmp_path: Path) -> None:
    small = SmallArchive(DirectoryStore(tmp_path / "archive"), tmp_path)
    command = [sys.executable, "-m", "jobs.cli", "download", "--archive", small.store.url, "--since-last"]
    dest, chance = tmp_path / "news.jsonl", random.Random(8)
    for number in range(10):
        small.crawl(story(number))
        process = subprocess.Popen([*command, str(dest)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            process.communicate(timeout=chance.uniform(0.5, 3.0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
    subprocess.run([*command, str(dest)], check=True, capture_output=True)
    lines = [line for path in tmp_path.glob("news*.jsonl") for line in path.read_text().splitlines()]
    assert len(lines) == len(set(lines)) == 10
    small.catalog.close()
