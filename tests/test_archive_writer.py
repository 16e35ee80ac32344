"""Promises of the write path: what is committed can be read, in the right order, once."""

from __future__ import annotations

import json
import resource
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO

import pytest

from archive import keys, outcomes
from archive.catalog import Catalog
from archive.catalog_rows import OutcomeRow
from archive.errors import ArchiveError, StoreUnavailable
from archive.manifest import Manifest
from archive.reader import ArchiveReader
from archive.records import url_id
from archive.selection import Selection
from archive.store import DirectoryStore, Store
from archive.writer import ArchiveWriter, BatchLimits
from tests.sample_articles import SITE, START, make_capture, make_draft, make_url

RUN = "20260304T050607Z-aaaaaa"


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(f"sqlite:///{tmp_path}/catalog/catalog.sqlite")
    catalog.prepare()
    catalog.start_run(RUN, "test", START)
    yield catalog
    catalog.close()


def make_writer(
    store: Store, catalog: Catalog, tmp_path: Path, *, captures: int = 1000, run: str = RUN
) -> ArchiveWriter:
    return ArchiveWriter(
        store=store,
        catalog=catalog,
        spool=tmp_path / "spool",
        site=SITE,
        run=run,
        software={"presskeep": "0.1.0"},
        limits=BatchLimits(captures=captures),
    )


def row(number: int, outcome: str) -> OutcomeRow:
    return OutcomeRow(site=SITE, kind="page", url=make_url(number), outcome=outcome, at=datetime.now(UTC))


def archive(writer: ArchiveWriter, number: int, **draft: object) -> None:
    """Record and settle one article."""
    ticket = writer.record(make_capture(number))
    writer.settle(
        ticket,
        outcomes.ARCHIVED,
        url_id=url_id(make_url(number)),
        draft=make_draft(number, **draft),  # type: ignore[arg-type]
        row=row(number, outcomes.ARCHIVED),
    )


def test_what_was_archived_can_be_read_back(store: Store, catalog: Catalog, tmp_path: Path) -> None:
    writer = make_writer(store, catalog, tmp_path)
    for number in range(5):
        archive(writer, number)
    [batch] = writer.finish()
    reader = ArchiveReader(store, catalog)
    articles = list(reader.articles(Selection(sites=[SITE])))
    assert [article.title for article in articles] == [make_draft(number).title for number in range(5)]
    assert (batch.captures, batch.articles) == (5, 5)
    location = catalog.capture_location(url_id(make_url(3)))
    assert location is not None
    assert reader.capture(location).body == make_capture(3).body
    assert reader.article(url_id(make_url(3))) == articles[3]


def test_articles_are_selected_by_day_of_publication(store: Store, catalog: Catalog, tmp_path: Path) -> None:
    writer = make_writer(store, catalog, tmp_path)
    for number, day in enumerate([date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 1), None]):
        archive(writer, number, published=day)
    writer.finish()
    found = ArchiveReader(store, catalog).articles(
        Selection(sites=[SITE], since=date(2026, 2, 1), until=date(2026, 2, 28))
    )
    assert [article.published for article in found] == [date(2026, 2, 1), date(2026, 2, 28)]


def test_each_month_of_publication_has_its_shard(
    directory_store: DirectoryStore, catalog: Catalog, tmp_path: Path
) -> None:
    writer = make_writer(directory_store, catalog, tmp_path)
    archive(writer, 1, published=date(2026, 1, 31))
    archive(writer, 2, published=None)
    [batch] = writer.finish()
    assert sorted(stored.key for stored in directory_store.list()) == [
        f"articles/site=daily/month=2026-01/{batch.batch}.parquet",
        f"articles/site=daily/month=unknown/{batch.batch}.parquet",
        f"batches/daily/{batch.batch}.json",
        f"raw/daily/2026/03/{batch.batch}.warc.gz",
    ]


def test_the_manifest_names_every_object_and_capture(
    directory_store: DirectoryStore, catalog: Catalog, tmp_path: Path
) -> None:
    writer = make_writer(directory_store, catalog, tmp_path)
    archive(writer, 1)
    missing = writer.record(make_capture(2, status=404))
    writer.settle(missing, "http_404", url_id=url_id(make_url(2)), row=row(2, "http_404"))
    [batch] = writer.finish()
    manifest = Manifest.from_json(directory_store.get(keys.manifest_key(SITE, batch.batch)))
    assert [entry.outcome for entry in manifest.captures] == ["archived", "http_404"]
    for stored in manifest.objects:
        info = directory_store.head(stored.key)
        assert info is not None and (info.size, info.sha256) == (stored.size, stored.sha256)


def test_the_same_text_again_is_unchanged_and_a_new_text_a_revision(
    store: Store, catalog: Catalog, tmp_path: Path
) -> None:
    for text in ("First.", "First.", "Second."):
        writer = make_writer(store, catalog, tmp_path)
        archive(writer, 1, text=text)
        writer.finish()
    article = ArchiveReader(store, catalog).article(url_id(make_url(1)))
    assert article is not None and (article.revision, article.text) == (2, "Second.")
    assert [entry.outcome for entry in catalog.outcome_rows(RUN)] == ["archived", "unchanged", "archived"]


def test_a_full_batch_is_committed_while_the_next_one_fills(store: Store, catalog: Catalog, tmp_path: Path) -> None:
    writer = make_writer(store, catalog, tmp_path, captures=2)
    for number in range(3):
        archive(writer, number)
    assert writer.ready
    assert [batch.captures for batch in writer.commit()] == [2]
    assert [batch.captures for batch in writer.finish()] == [1]


def test_a_capture_that_nobody_settled_is_kept_as_interrupted(store: Store, catalog: Catalog, tmp_path: Path) -> None:
    writer = make_writer(store, catalog, tmp_path)
    writer.record(make_capture(1))
    writer.finish()
    states = catalog.url_states([url_id(make_url(1))])
    assert states[url_id(make_url(1))].outcome == outcomes.INTERRUPTED


def test_validators_are_remembered_only_of_captures_that_succeeded(
    store: Store, catalog: Catalog, tmp_path: Path
) -> None:
    writer = make_writer(store, catalog, tmp_path)
    archive(writer, 1)
    ticket = writer.record(make_capture(2, status=503))
    writer.settle(ticket, "http_503", url_id=url_id(make_url(2)))
    assert not catalog.url_states([url_id(make_url(1))]), "nothing is remembered before the batch is safe"
    writer.finish()
    states = catalog.url_states([url_id(make_url(1)), url_id(make_url(2))])
    good, bad = states[url_id(make_url(1))], states[url_id(make_url(2))]
    assert (good.etag, good.failures) == ('"1"', 0)
    assert (bad.etag, bad.failures) == (None, 1)


class BrokenStore:
    """A folder whose puts fail for keys that contain a word."""

    def __init__(self, store: DirectoryStore, word: str) -> None:
        self._store = store
        self.word = word

    def put(self, key: str, source: BinaryIO, *, size: int, sha256: str) -> None:
        if self.word in key:
            raise StoreUnavailable(f"{key}: gone for lunch", key=key)
        self._store.put(key, source, size=size, sha256=sha256)

    def get(self, key: str) -> bytes:
        return self._store.get(key)


@pytest.mark.parametrize("word", ["raw/", "articles/", "batches/"])
def test_a_store_that_fails_leaves_the_spool_and_nothing_in_the_catalog(
    directory_store: DirectoryStore, catalog: Catalog, tmp_path: Path, word: str
) -> None:
    """Whatever step fails, the captures stay on disk and a second try makes the same objects."""
    broken = BrokenStore(directory_store, word)
    writer = make_writer(broken, catalog, tmp_path)  # type: ignore[arg-type] # what a commit uses
    archive(writer, 1)
    with pytest.raises(StoreUnavailable):
        writer.finish()
    assert list((tmp_path / "spool").rglob("*.warc.gz"))
    assert not catalog.url_states([url_id(make_url(1))])
    broken.word = "nothing like it"
    [batch] = writer.finish()
    assert batch.articles == 1
    assert not list((tmp_path / "spool").rglob("*.warc.gz*"))
    assert ArchiveReader(directory_store, catalog).article(url_id(make_url(1))) is not None


def test_manifests_survive_json(directory_store: DirectoryStore, catalog: Catalog, tmp_path: Path) -> None:
    writer = make_writer(directory_store, catalog, tmp_path)
    archive(writer, 1)
    [batch] = writer.finish()
    data = directory_store.get(keys.manifest_key(SITE, batch.batch))
    assert Manifest.from_json(data).to_json() == data
    assert json.loads(data)["captures"][0]["etag"] == '"1"'
    assert replace(Manifest.from_json(data), run="x").to_json() != data


def test_a_disk_that_refuses_the_first_capture_leaves_nothing_behind(
    directory_store: DirectoryStore, catalog: Catalog, tmp_path: Path
) -> None:
    """A limit on file sizes stands in for the full disk."""
    writer = make_writer(directory_store, catalog, tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(ArchiveError, match="cannot be written"):
            writer.record(make_capture(1, body="x" * 10_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert writer.finish() == []
    assert not list((tmp_path / "spool").rglob("*.warc.gz*"))
