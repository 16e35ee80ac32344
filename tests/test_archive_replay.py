"""The promise that pywb (https://github.com/webrecorder/pywb) replays what was downloaded; it fetches pywb."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from archive.manifest_reader import ManifestReader
from archive.store import DirectoryStore
from tests.command import presskeep
from tests.ports import free_ports
from tests.seaweed import HOST
from tests.small_archive import SmallArchive, page

PYWB = [str(Path(sys.executable).with_name("uv")), "tool", "run", "--quiet", "--from", "pywb==2.10.0"]


@contextmanager
def pywb(folder: Path) -> Iterator[str]:
    """Serves the collection `news` in that folder; its address."""
    [port] = free_ports(1)
    with (folder / "pywb.log").open("wb") as log:
        command = [*PYWB, "wayback", "-b", HOST, "-p", str(port)]
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        yield f"http://{HOST}:{port}/news"
    finally:
        process.terminate()
        process.wait()


def fetched(url: str, seconds: float = 60) -> bytes:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urlopen(url) as reply:
                body: bytes = reply.read()
                return body
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@pytest.mark.slow
@pytest.mark.bench
@pytest.mark.parametrize(("form", "name"), [("warc", "pages.warc.gz"), ("wacz", "pages.wacz")])
def test_pywb_replays_every_page_as_it_was_sent(form: str, name: str, tmp_path: Path) -> None:
    small = SmallArchive(DirectoryStore(tmp_path / "archive"), tmp_path)
    small.crawl(*(page(number, text=f"Story {number}.") for number in range(3)))
    small.catalog.close()
    presskeep("download", name, "--format", form, "--archive", small.store.url, folder=tmp_path)
    adding = ["add", *(["--unpack-wacz"] if form == "wacz" else []), "news", name]
    for arguments in (["init", "news"], adding):
        subprocess.run([*PYWB, "wb-manager", *arguments], cwd=tmp_path, check=True, capture_output=True)
    reader = ManifestReader(small.store)
    with pywb(tmp_path) as address:
        for article in reader.articles():
            sent = reader.capture(article.location).body
            assert fetched(f"{address}/{article.fetched:%Y%m%d%H%M%S}id_/{article.url}") == sent
