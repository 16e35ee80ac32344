"""Promises of repairing: what can be made again is, what cannot is named and recorded, and nothing else is touched."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pyarrow.parquet as pq
import pytest

from archive import keys, outcomes, schema
from archive.catalog import Catalog
from archive.errors import ArchiveError, LeaseHeld, StoreDenied
from archive.held_site import TTL, held_site
from archive.keys import MARKER
from archive.manifest import Manifest
from archive.reader import ArchiveReader
from archive.rebuild import Rebuilding
from archive.records import ArticleDraft, Capture, content_hash, url_id
from archive.repair import Repair
from archive.store import DirectoryStore, Store, put_bytes
from archive.verify import WHOLE
from crawler.due import is_due
from tests.sample_articles import SITE, START
from tests.small_archive import SOFTWARE, SmallArchive, filled, page, rows

FIRST, SECOND = "https://daily.example/2026/1", "https://daily.example/2026/2"


@pytest.fixture
def archive(directory_store: DirectoryStore, tmp_path: Path) -> Iterator[SmallArchive]:
    """`filled`, in a folder."""
    archive = filled(directory_store, tmp_path)
    yield archive
    archive.catalog.close()


def manifest_of(archive: SmallArchive, position: int = 0) -> tuple[str, Manifest]:
    """Key and content of a manifest, the oldest first."""
    key = archive.keys("batches/")[position]
    return key, Manifest.from_json(archive.store.get(key))


def newer(archive: SmallArchive) -> Callable[[Capture], ArticleDraft | None]:
    """An extractor of another version, which reads another text."""

    def extract(capture: Capture) -> ArticleDraft | None:
        draft = archive.extract(capture)
        if draft is None:
            return None
        text = draft.text + " More."
        return dataclasses.replace(
            draft, text=text, content_hash=content_hash(draft.title, text), extractor_version="2"
        )

    return extract


def rebuilt(archive: SmallArchive) -> dict[str, list[dict[str, object]]]:
    """What a catalog made from the bucket alone says."""
    catalog = archive.new_catalog("rebuilt")
    assert list(Rebuilding(archive.store, catalog).findings()) == []
    found = rows(catalog)
    catalog.close()
    return found


def take_over(catalog: Catalog, fence: int) -> None:
    """Let another crawl have the site, as after the lease ran out."""
    taken = {"holder": "crawl-2", "fence": fence + 1}
    with catalog._database.transaction() as connection:
        connection.execute(schema.leases.update().values(taken))


def expire(catalog: Catalog) -> None:
    """Let all leases have run out."""
    with catalog._database.transaction() as connection:
        connection.execute(schema.leases.update().values(expires=START))


def damaged_shard(archive: SmallArchive) -> None:
    archive.flip(archive.keys("articles/")[0], 100)


def missing_shard(archive: SmallArchive) -> None:
    archive.store.delete(archive.keys("articles/")[0])


def missing_shards(archive: SmallArchive) -> None:
    for key in archive.keys("articles/"):
        archive.store.delete(key)


def missing_manifest(archive: SmallArchive) -> None:
    archive.store.delete(archive.keys("batches/")[0])


def damaged_manifest(archive: SmallArchive) -> None:
    archive.flip(archive.keys("batches/")[0], 0)


def altered_manifest(archive: SmallArchive) -> None:
    archive.change(archive.keys("batches/")[0], lambda data: data.replace(b'"http_404"', b'"http_403"'))


def missing_manifest_and_shard(archive: SmallArchive) -> None:
    missing_manifest(archive)
    missing_shard(archive)


def unknown_batch(archive: SmallArchive) -> None:
    archive.catalog.forget(manifest_of(archive)[1].batch)


def unknown_batch_without_a_shard(archive: SmallArchive) -> None:
    unknown_batch(archive)
    missing_shard(archive)


EXACT = (
    damaged_shard,
    missing_shard,
    missing_shards,
    missing_manifest,
    damaged_manifest,
    altered_manifest,
    missing_manifest_and_shard,
    unknown_batch,
    unknown_batch_without_a_shard,
)


@pytest.mark.parametrize("harm", EXACT)
def test_what_can_be_made_again_is_as_it_was(archive: SmallArchive, harm: Callable[[SmallArchive], None]) -> None:
    """Every object to the byte, every row of the catalog."""
    objects, known = archive.objects(), rows(archive.catalog)
    harm(archive)
    assert archive.damage()
    steps = archive.repair()
    assert steps and {step.state for step in steps} == {"done"}
    assert archive.objects() == objects
    assert rows(archive.catalog) == known
    assert archive.verify() == []
    assert archive.repair() == []


@pytest.mark.parametrize("harm", [damaged_shard, damaged_manifest, unknown_batch])
def test_repairing_works_on_every_store(store: Store, tmp_path: Path, harm: Callable[[SmallArchive], None]) -> None:
    archive = filled(store, tmp_path)
    objects, known = archive.objects(), rows(archive.catalog)
    harm(archive)
    archive.repair()
    assert (archive.objects(), rows(archive.catalog)) == (objects, known)
    assert archive.verify() == []
    archive.catalog.close()


@pytest.mark.parametrize("harm", EXACT)
def test_without_apply_nothing_is_written(archive: SmallArchive, harm: Callable[[SmallArchive], None]) -> None:
    harm(archive)
    objects, known = archive.objects(), rows(archive.catalog)
    assert {step.state for step in archive.repair(apply=False)} == {"planned"}
    assert (archive.objects(), rows(archive.catalog)) == (objects, known)


def test_the_plan_names_what_is_then_done(archive: SmallArchive) -> None:
    missing_manifest_and_shard(archive)
    planned = archive.repair(apply=False)
    assert [step.kind for step in planned] == ["rewrite_manifest", "restore_shard"]
    assert [dataclasses.replace(step, state="done") for step in planned] == archive.repair()


# Shards that come out otherwise


def test_a_newer_extractor_replaces_the_batch(archive: SmallArchive) -> None:
    """Only the lost shard's articles are read anew; whole shards stay as they are."""
    old_key, old = manifest_of(archive)
    missing_shard(archive)
    [step] = archive.repair(extract=newer(archive))
    assert (step.kind, step.state, step.losses) == ("replace_batch", "done", ())
    replacement = Manifest.from_json(archive.store.get(step.key))
    assert replacement.replaces == (old.batch,)
    assert replacement.captures == old.captures
    assert set(old.objects) & set(replacement.objects) == set(old.objects) - {old.objects[1]}
    article = ArchiveReader(archive.store, archive.catalog).article(url_id(SECOND))
    assert article is not None
    assert (article.revision, article.extractor_version, article.text[-5:]) == (1, "2", "More.")
    assert old_key in archive.keys("batches/")


def test_after_a_replacement_the_archive_is_whole_and_its_catalog_can_be_rebuilt(archive: SmallArchive) -> None:
    missing_shard(archive)
    archive.repair(extract=newer(archive))
    assert archive.verify() == []
    assert archive.repair() == []
    assert rebuilt(archive) == rows(archive.catalog)


def test_a_replaced_batch_can_be_replaced_again(archive: SmallArchive) -> None:
    missing_shard(archive)
    [first] = archive.repair(extract=newer(archive))
    replacement = Manifest.from_json(archive.store.get(first.key))
    archive.store.delete(replacement.objects[0].key)
    [second] = archive.repair()
    assert Manifest.from_json(archive.store.get(second.key)).replaces == (replacement.batch,)
    assert not archive.damage()
    assert rebuilt(archive) == rows(archive.catalog)


def test_a_catalog_that_missed_a_replacement_takes_it_over(archive: SmallArchive) -> None:
    missing_shard(archive)
    archive.repair(extract=newer(archive))
    known = rows(archive.catalog)
    for batch in [row["batch"] for row in known["batches"]]:
        archive.catalog.forget(batch)
    archive.repair()
    assert rows(archive.catalog) == known


def test_an_article_that_extraction_no_longer_finds_is_named_and_its_url_failed(archive: SmallArchive) -> None:
    missing_shard(archive)
    [step] = archive.repair(extract=lambda capture: None)
    [loss] = step.losses
    assert (loss.url, loss.page, loss.text) == (SECOND, False, True)
    assert not archive.damage()
    entries = Manifest.from_json(archive.store.get(step.key)).captures
    assert {entry.outcome for entry in entries if entry.url == SECOND} == {"extract_failed:repair"}


# Raw pages that are lost


def test_a_damaged_capture_is_recorded_as_lost_and_everything_else_kept(archive: SmallArchive) -> None:
    _, old = manifest_of(archive)
    raw, entry = old.objects[0], old.captures[2]
    archive.flip(raw.key, entry.offset + entry.length // 2)
    before = archive.store.get(raw.key)
    [step] = archive.repair()
    assert [(loss.url, loss.page, loss.text) for loss in step.losses] == [(entry.url, True, False)]
    replacement = Manifest.from_json(archive.store.get(step.key))
    assert [capture.outcome for capture in replacement.captures].count(outcomes.LOST) == 1
    assert archive.store.get(raw.key) == before, "the WARC stays where it is"
    assert {finding.kind for finding in archive.verify()} == {"lost"}
    assert archive.repair() == []


def test_a_lost_warc_keeps_the_text_and_makes_the_urls_due(archive: SmallArchive) -> None:
    _, old = manifest_of(archive)
    archive.store.delete(old.objects[0].key)
    reader = ArchiveReader(archive.store, archive.catalog)
    articles = list(reader.articles())
    [step] = archive.repair()
    assert [loss.url for loss in step.losses] == [entry.url for entry in old.captures]
    assert all(loss.page and not loss.text for loss in step.losses)
    assert list(reader.articles()) == articles
    states = archive.catalog.url_states(entry.url_id for entry in old.captures)
    now = datetime(2027, 1, 1, tzinfo=UTC)
    again = {row["url"]: states[row["url_id"]] for row in archive.catalog.rows(schema.urls) if row["url_id"] in states}
    assert again[FIRST].outcome == outcomes.ARCHIVED, "it was captured again later"
    assert {url for url, state in again.items() if is_due(state, now)} == set(again) - {FIRST, SECOND}
    assert {finding.kind for finding in archive.verify()} == {"lost"}
    assert rebuilt(archive) == rows(archive.catalog)


def test_what_is_lost_with_both_warc_and_shard_is_named_an_article_at_a_time(archive: SmallArchive) -> None:
    _, old = manifest_of(archive)
    archive.store.delete(old.objects[0].key)
    missing_shard(archive)
    [step] = archive.repair()
    assert {loss.url: (loss.page, loss.text) for loss in step.losses} == {
        entry.url: (True, entry.url == SECOND) for entry in old.captures
    }
    assert not archive.damage()
    # Its second capture found the text unchanged, so there is no other revision.
    assert ArchiveReader(archive.store, archive.catalog).article(url_id(SECOND)) is None


def test_articles_of_a_damaged_shard_that_can_still_be_read_are_saved_when_the_warc_is_gone(
    directory_store: DirectoryStore, tmp_path: Path
) -> None:
    archive = SmallArchive(directory_store, tmp_path)
    archive.crawl(*(page(number) for number in range(600)))
    raw, shard = (stored.key for stored in manifest_of(archive)[1].objects)
    archive.store.delete(raw)
    second_group = pq.read_metadata(io.BytesIO(archive.store.get(shard))).row_group(1)
    archive.flip(shard, second_group.column(0).data_page_offset + 100)
    [step] = archive.repair()
    assert [loss.text for loss in step.losses] == [False] * 500 + [True] * 100
    assert not archive.damage()
    assert sum(1 for _ in ArchiveReader(archive.store, archive.catalog).articles()) == 500


def test_a_warc_that_differs_where_it_holds_nothing_loses_nothing(archive: SmallArchive) -> None:
    raw = manifest_of(archive)[1].objects[0]
    # The byte of a gzip header that names the operating system; no checksum covers it.
    archive.flip(raw.key, 9)
    [step] = archive.repair()
    assert (step.kind, step.losses) == ("replace_batch", ())
    assert archive.verify() == []


# What a repair never does


def test_a_foreign_object_is_never_adopted_by_its_name(archive: SmallArchive) -> None:
    batch = "20260304T050607089Z-0123456789ab"
    shard = archive.store.get(archive.keys("articles/")[0])
    for key in (keys.raw_key(SITE, batch), keys.articles_key(SITE, date(2026, 1, 1), batch)):
        put_bytes(archive.store, key, shard)
    objects, known = archive.objects(), rows(archive.catalog)
    assert archive.repair() == []
    assert (archive.objects(), rows(archive.catalog)) == (objects, known)


def test_a_manifest_that_nobody_knows_is_left_alone(archive: SmallArchive) -> None:
    unknown_batch(archive)
    damaged_manifest(archive)
    objects = archive.objects()
    [step] = archive.repair()
    assert (step.kind, step.state) == ("none_possible", "impossible")
    assert archive.objects() == objects


def test_a_prefix_with_a_marker_of_others_is_not_touched(archive: SmallArchive) -> None:
    archive.change(MARKER, lambda _: b'{"format": 7, "archive_id": "x"}')
    missing_shard(archive)
    with pytest.raises(ArchiveError, match="format 7"):
        archive.repair()
    assert not archive.keys("articles/site=daily/month=2026-01")


def test_an_empty_bucket_is_not_filled_from_the_catalog(archive: SmallArchive) -> None:
    """As when the configuration names the wrong one."""
    for key in archive.objects():
        archive.store.delete(key)
    known = rows(archive.catalog)
    with pytest.raises(ArchiveError, match="no archive"):
        archive.repair()
    assert (archive.objects(), rows(archive.catalog)) == ({}, known)


def test_a_missing_marker_is_written(archive: SmallArchive) -> None:
    archive.store.delete(MARKER)
    assert [step.kind for step in archive.repair()] == ["write_marker"]
    assert archive.verify() == []


def test_a_step_that_the_store_refuses_does_not_hold_up_the_others(archive: SmallArchive) -> None:
    class Guarded(DirectoryStore):
        """Nothing may be deleted."""

        def delete(self, key: str) -> None:
            raise StoreDenied(f"{key}: may not be deleted", key=key)

    damaged_shard(archive)
    unknown_batch(archive)
    archive.catalog.forget(manifest_of(archive, 1)[1].batch)
    repair = Repair(
        Guarded(archive.folder / "archive"), archive.catalog, archive.extract, software=SOFTWARE, apply=True
    )
    assert [(step.kind, step.state) for step in repair.steps()] == [
        ("restore_shard", "failed"),
        ("commit_batch", "done"),
    ]
    archive.repair()
    assert archive.verify() == []


# Others at work on the site


def test_a_site_that_another_holds_is_left_alone_in_one_line(archive: SmallArchive) -> None:
    """The sites beside it are mended."""
    archive.crawl(page(7, site="weekly"), site="weekly")
    whole = archive.objects()
    missing_manifest_and_shard(archive)
    archive.store.delete(archive.keys("articles/site=weekly/")[0])
    lease = archive.catalog.leases.acquire(SITE, "crawl-1", timedelta(minutes=5))
    steps = archive.repair()
    assert [(step.kind, step.key, step.state) for step in steps] == [
        ("site_in_use", "batches/daily/", "failed"),
        ("restore_shard", archive.keys("articles/site=weekly/")[0], "done"),
    ]
    assert "crawl-1 works on it" in steps[0].detail
    archive.catalog.leases.release(lease)
    archive.repair()
    assert archive.objects() == whole


def test_a_site_is_held_while_it_is_mended_and_free_afterwards(archive: SmallArchive) -> None:
    refused = []

    def extract(capture: Capture) -> ArticleDraft | None:
        with pytest.raises(LeaseHeld) as held:
            archive.catalog.leases.acquire(SITE, "crawl-1", timedelta(minutes=5))
        refused.append(held.value.holder)
        return archive.extract(capture)

    missing_shard(archive)
    assert {step.state for step in archive.repair(extract=extract)} == {"done"}
    assert refused and refused[0].startswith("repair-")
    archive.catalog.leases.acquire(SITE, "crawl-1", timedelta(minutes=5))


def test_looking_holds_no_site(archive: SmallArchive) -> None:
    missing_shard(archive)
    archive.catalog.leases.acquire(SITE, "crawl-1", timedelta(minutes=5))
    assert [step.kind for step in archive.repair(apply=False)] == ["restore_shard"]


def test_a_repair_whose_site_was_taken_over_changes_nothing_more(archive: SmallArchive) -> None:
    """It was stopped for longer than its lease lasts, and wakes up in the middle of its work."""

    def extract(capture: Capture) -> ArticleDraft | None:
        stalled = next(row for row in archive.catalog.rows(schema.leases) if row["site"] == SITE)
        take_over(archive.catalog, stalled["fence"])
        return archive.extract(capture)

    unknown_batch_without_a_shard(archive)
    objects, known = archive.objects(), rows(archive.catalog)
    [step] = archive.repair(extract=extract)
    assert (step.kind, step.state) == ("site_in_use", "failed")
    assert "to crawl-2" in step.detail
    assert (archive.objects(), rows(archive.catalog)) == (objects, known)


def test_a_long_repair_renews_its_lease(archive: SmallArchive) -> None:
    now = iter(range(0, 10_000_000, int(TTL.total_seconds())))
    with held_site(archive.catalog.leases, SITE, "repair", monotonic=lambda: float(next(now))) as held:
        before = held.lease.expires
        expire(archive.catalog)
        held.keep()
        assert next(archive.catalog.rows(schema.leases))["expires"] >= before


# Two catalogs that grew apart


def test_a_number_that_two_batches_gave_is_given_anew(archive: SmallArchive) -> None:
    """A crawl with an empty catalog numbers from one again."""
    other = archive.new_catalog("other")
    archive.crawl(page(1, "third", text="Third."), catalog=other)
    other.close()
    assert [step.kind for step in archive.repair()] == ["replace_batch"]
    assert archive.verify() == []
    article = ArchiveReader(archive.store, archive.catalog).article(url_id(FIRST))
    assert article is not None
    assert (article.revision, article.text) == (3, "Third.")
    assert rebuilt(archive) == rows(archive.catalog)


# Crashes


class Killed(BaseException):
    """Stands for kill -9."""


class Dying(DirectoryStore):
    """Dies when it is to change something for the n-th time, before or after it has done so."""

    def __init__(self, root: Path, changes: int, *, after: bool) -> None:
        super().__init__(root)
        self._left = changes
        self._after = after

    def put(self, key: str, source: BinaryIO, *, size: int, sha256: str) -> None:
        self._die(lambda: super(Dying, self).put(key, source, size=size, sha256=sha256))

    def delete(self, key: str) -> None:
        self._die(lambda: super(Dying, self).delete(key))

    def _die(self, action: Callable[[], None]) -> None:
        self._left -= 1
        if self._left >= 0 or self._after:
            action()
        if self._left < 0:
            raise Killed


@pytest.mark.slow
@pytest.mark.parametrize(("newly", "after"), [(False, True), (True, False)])
def test_a_repair_killed_at_any_write_can_be_repeated(tmp_path: Path, newly: bool, after: bool) -> None:
    for changes in range(20):
        folder = tmp_path / str(changes)
        archive = filled(DirectoryStore(folder / "archive"), folder)
        extract = newer(archive) if newly else archive.extract
        missing_manifest(archive)
        damaged_shard(archive)
        store = Dying(folder / "archive", changes, after=after)
        try:
            list(Repair(store, archive.catalog, extract, software=SOFTWARE, apply=True, read=WHOLE).steps())
            killed = False
        except Killed:
            killed = True
        archive.repair(extract=extract)
        assert archive.verify() == []
        assert sum(1 for _ in ArchiveReader(archive.store, archive.catalog).articles()) == 6
        assert rebuilt(archive) == rows(archive.catalog)
        archive.catalog.close()
        if not killed:
            break
    assert changes == 4
