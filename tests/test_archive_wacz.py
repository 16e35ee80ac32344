"""Promises of `presskeep download --format wacz`: one file with the pages, their index and their list, that replays."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import pytest
from warcio.archiveiterator import ArchiveIterator

from archive.errors import ArchiveError
from archive.manifest_reader import ManifestReader
from archive.records import Article
from archive.selection import Selection
from archive.store import DirectoryStore
from archive.wacz import write_wacz
from tests.archive_builder import Installation, visited
from tests.command import presskeep
from tests.small_archive import SmallArchive, filled


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallArchive]:
    folder = tmp_path_factory.mktemp("wacz")
    small = filled(DirectoryStore(folder / "archive"), folder)
    yield small
    small.catalog.close()


def wacz_of(small: SmallArchive, wanted: Selection) -> tuple[list[Article], ZipFile]:
    reader, stream = ManifestReader(small.store), io.BytesIO()
    articles = list(reader.articles(wanted))
    write_wacz(reader, articles, stream, folder=small.folder, info={"software": "test"})
    return articles, ZipFile(stream)


def cdxj(wacz: ZipFile) -> list[tuple[str, dict[str, Any]]]:
    """Time and fields of each line of the index, read block by block as replay tools read it."""
    first, *blocks = wacz.read("indexes/index.idx").decode().splitlines()
    assert json.loads(first.partition(" 0 ")[2])["filename"] == "index.cdx.gz"
    data, found = wacz.read("indexes/index.cdx.gz"), []
    for block in blocks:
        place = json.loads(block[block.index("{") :])
        for line in gzip.decompress(data[place["offset"] :][: place["length"]]).decode().splitlines():
            _, time, fields = line.split(" ", 2)
            found.append((time, json.loads(fields)))
    return found


def test_every_page_is_listed_and_found_by_the_index(small: SmallArchive) -> None:
    articles, wacz = wacz_of(small, Selection())
    header, *pages = (json.loads(line) for line in wacz.read("pages/pages.jsonl").splitlines())
    assert header["format"] == "json-pages-1.0"
    assert [(page["url"], page["title"]) for page in pages] == [(it.url, it.title) for it in articles]
    warc, indexed = wacz.read("archive/pages.warc.gz"), set()
    for time, fields in cdxj(wacz):
        begin, length = int(fields["offset"]), int(fields["length"])
        [record] = ArchiveIterator(io.BytesIO(warc[begin : begin + length]))
        assert record.rec_headers["WARC-Target-URI"] == fields["url"]
        indexed.add((time, fields["url"]))
    assert indexed == {(f"{article.fetched:%Y%m%d%H%M%S}", article.url) for article in articles}


def test_the_package_names_every_file_with_its_checksum(small: SmallArchive) -> None:
    _, wacz = wacz_of(small, Selection(latest=True))
    package = json.loads(wacz.read("datapackage.json"))
    said = {it["path"]: (it["bytes"], it["hash"]) for it in package["resources"]}
    there = {
        name: (len(data := wacz.read(name)), f"sha256:{hashlib.sha256(data).hexdigest()}")
        for name in wacz.namelist()
        if not name.startswith("datapackage")
    }
    assert said == there
    assert package["wacz_version"] == "1.1.1"
    digest = json.loads(wacz.read("datapackage-digest.json"))
    assert digest["hash"] == f"sha256:{hashlib.sha256(wacz.read('datapackage.json')).hexdigest()}"


def test_pages_and_index_lie_uncompressed_so_that_they_can_be_read_in_parts(small: SmallArchive) -> None:
    _, wacz = wacz_of(small, Selection())
    assert {wacz.getinfo(name).compress_type for name in wacz.namelist() if "/" in name} == {ZIP_STORED}


def test_download_writes_it_by_address(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.crawl(visited(1), visited(2), visited(3))
    arguments = ("--format", "wacz", "--archive", installation.archive.as_uri(), "--limit", "2", "--json")
    assert presskeep("download", "some.wacz", *arguments, folder=tmp_path).json["articles"] == 2
    with ZipFile(tmp_path / "some.wacz") as wacz:
        assert wacz.testzip() is None
        assert len(cdxj(wacz)) == 2
    assert sorted(path.name for path in tmp_path.iterdir() if ".part" in path.name) == []


def test_without_the_extra_it_says_what_to_install(small: SmallArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cdxj_indexer.main", None)
    with pytest.raises(ArchiveError, match=r"pip install 'presskeep\[wacz\]'"):
        wacz_of(small, Selection())
