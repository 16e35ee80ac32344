"""Promises of `presskeep download --format warc`: the pages of a selection, byte for byte, in a file that replays."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from archive.errors import DamagedObject
from archive.manifest_reader import ManifestReader
from archive.records import Article
from archive.selection import Selection
from archive.store import DirectoryStore
from archive.warc_reader import read_captures
from archive.warc_slice import plan_slice, write_slice
from tests.archive_builder import Installation, answered, visited
from tests.command import presskeep
from tests.sample_articles import START
from tests.small_archive import SmallArchive, filled


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallArchive]:
    small = filled(DirectoryStore(tmp_path / "archive"), tmp_path)
    yield small
    small.catalog.close()


def slice_of(small: SmallArchive, wanted: Selection) -> tuple[list[Article], bytes]:
    reader, stream = ManifestReader(small.store), io.BytesIO()
    articles = list(reader.articles(wanted))
    assert write_slice(reader, articles, stream, info={"software": "test"}) == len(articles)
    return articles, stream.getvalue()


class CountingReader(ManifestReader):
    """Notes how much of the WARCs it reads."""

    def __init__(self, store: DirectoryStore) -> None:
        super().__init__(store)
        self.spans: list[int] = []

    def raw(self, key: str, begin: int, end: int) -> bytes:
        self.spans.append(end - begin)
        return super().raw(key, begin, end)


def test_the_plan_counts_the_parts_of_warcs_that_are_fetched(small: SmallArchive) -> None:
    reader = CountingReader(small.store)
    write_slice(reader, reader.articles(), io.BytesIO(), info={})
    plan, shards = plan_slice(reader, Selection()), reader.plan()
    assert (plan.spans, plan.bytes - shards.bytes) == (len(reader.spans), sum(reader.spans))
    assert plan.gets == shards.gets + len(reader.spans)
    fetched = plan_slice(reader, Selection(since=START.date() + timedelta(days=9000), by="fetched"))
    assert (fetched.spans, fetched.gets) == (0, 0)


@pytest.mark.parametrize(
    "wanted", [Selection(), Selection(latest=True), Selection(words=("corrected",))], ids=["all", "latest", "one"]
)
def test_every_selected_page_is_there_and_no_other(small: SmallArchive, wanted: Selection) -> None:
    articles, data = slice_of(small, wanted)
    chosen = {(article.url, article.fetched) for article in articles}
    archived = [
        stored.capture
        for key in small.keys("raw/")
        for stored in read_captures(io.BytesIO(small.store.get(key)))
        if (stored.capture.url, stored.capture.fetched) in chosen
    ]
    assert [stored.capture for stored in read_captures(io.BytesIO(data))] == archived
    assert len(archived) == len(articles)


def test_the_records_are_those_of_the_archive_byte_for_byte(small: SmallArchive) -> None:
    articles, data = slice_of(small, Selection(latest=True))
    for article in articles:
        record = small.store.get(article.warc_key)[article.warc_offset :][: article.warc_length]
        assert record in data


def test_other_tools_read_it(small: SmallArchive) -> None:
    _, data = slice_of(small, Selection(words=("corrected",)))
    iterator = ArchiveIterator(io.BytesIO(data), check_digests="raise")
    kinds = []
    for record in iterator:
        kinds.append(record.rec_type)
        record.content_stream().read()
    assert (kinds[0], kinds[-1], kinds.count("response"), kinds.count("warcinfo")) == ("warcinfo", "response", 1, 1)
    assert "request" in kinds


def test_a_damaged_page_is_not_handed_on(small: SmallArchive) -> None:
    [article] = ManifestReader(small.store).articles(Selection(words=("corrected",)))
    small.flip(article.warc_key, article.warc_offset + article.warc_length // 2)
    with pytest.raises(DamagedObject):
        slice_of(small, Selection(latest=True))


def test_download_writes_the_slice_by_address(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    missing = answered("https://daily.example/gone", "http_404", status=404)
    installation.crawl(visited(1), missing, visited(2), visited(3))
    dest = tmp_path / "slice.warc.gz"
    arguments = ("--format", "warc", "--archive", installation.archive.as_uri(), "--limit", "2", "--json")
    assert presskeep("download", str(dest), *arguments, folder=tmp_path).json["articles"] == 2
    found = [stored.capture.url for stored in read_captures(io.BytesIO(dest.read_bytes()))]
    assert len(found) == 2
    assert "https://daily.example/gone" not in found


def test_without_articles_it_is_still_a_warc(small: SmallArchive) -> None:
    _, data = slice_of(small, Selection(sites=("other",)))
    assert [record.rec_type for record in ArchiveIterator(io.BytesIO(data))] == ["warcinfo"]
