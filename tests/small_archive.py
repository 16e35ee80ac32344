"""A small archive over any store, to be damaged and looked at from all sides."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from archive import schema
from archive.block_memory import Cleaner, clean_nothing
from archive.catalog import Catalog
from archive.catalog_rows import ArticleEntry
from archive.findings import Finding
from archive.marker import ensure_marker
from archive.records import Article, ArticleDraft, Capture, url_id
from archive.repair import Repair, Step
from archive.shards import read_shard
from archive.store import Store, put_bytes
from archive.verify import NOTHING, WHOLE, Verification
from archive.writer import ArchiveWriter, BatchLimits
from tests.archive_builder import Visited, answered, visited
from tests.sample_articles import SITE

DERIVED = (schema.batches, schema.objects, schema.captures, schema.articles, schema.urls)
"""Tables that can be made again from the bucket."""

SOFTWARE = {"presskeep": "test"}


class SmallArchive:
    """An archive with a catalog of its own, filled through the real writer."""

    def __init__(self, store: Store, folder: Path, *, clean: Cleaner = clean_nothing) -> None:
        self.store = store
        self.clean = clean
        self.folder = folder
        self.catalog = self.new_catalog("own")
        self.drafts: dict[bytes, ArticleDraft] = {}
        ensure_marker(store)
        self._runs = 0

    def new_catalog(self, name: str) -> Catalog:
        """Another catalog, empty."""
        catalog = Catalog(f"sqlite:///{self.folder}/{name}.sqlite")
        catalog.prepare()
        return catalog

    def crawl(self, *pages: Visited, site: str = SITE, catalog: Catalog | None = None) -> str:
        """Archive the pages as one run and one batch, an hour after the last run; return the batch."""
        self._runs += 1
        writer = ArchiveWriter(
            store=self.store,
            catalog=catalog or self.catalog,
            spool=self.folder / "spool",
            site=site,
            run=f"run-{self._runs}",
            software=SOFTWARE,
            limits=BatchLimits(),
            clean=self.clean,
        )
        for page in pages:
            fetched = page.capture.fetched + timedelta(hours=self._runs)
            draft = page.draft and dataclasses.replace(page.draft, fetched=fetched)
            ticket = writer.record(dataclasses.replace(page.capture, fetched=fetched))
            writer.settle(ticket, page.outcome, url_id=url_id(page.capture.url), draft=draft)
            if draft:
                self.drafts[page.capture.body] = draft
        [batch] = writer.finish()
        return batch.batch

    def extract(self, capture: Capture) -> ArticleDraft | None:
        """What the crawl read from that capture."""
        draft = self.drafts.get(capture.body)
        return draft and dataclasses.replace(draft, fetched=capture.fetched)

    def article(self, entry: ArticleEntry) -> Article:
        """One revision, from its shard."""
        stream = io.BytesIO(self.store.get(entry.shard_key))
        return next(it for it in read_shard(stream) if (it.url_id, it.revision) == (entry.url_id, entry.revision))

    def objects(self) -> dict[str, bytes]:
        """Everything in the store."""
        return {info.key: self.store.get(info.key) for info in self.store.list()}

    def keys(self, prefix: str) -> list[str]:
        """Keys that begin so, in order."""
        return sorted(info.key for info in self.store.list(prefix))

    def change(self, key: str, changed: Callable[[bytes], bytes]) -> None:
        """Put other bytes in the place of an object."""
        data = self.store.get(key)
        self.store.delete(key)
        put_bytes(self.store, key, changed(data))

    def flip(self, key: str, offset: int, bit: int = 2) -> None:
        """Flip one bit of an object."""

        def flipped(data: bytes) -> bytes:
            return data[:offset] + bytes([data[offset] ^ 1 << bit]) + data[offset + 1 :]

        self.change(key, flipped)

    def verify(self, *, read: bool = True, site: str | None = None) -> list[Finding]:
        """All findings."""
        part = WHOLE if read else NOTHING
        return list(Verification(self.store, self.catalog, site=site, read=part).findings())

    def damage(self, *, read: bool = True) -> list[Finding]:
        """The findings that are damage."""
        return [finding for finding in self.verify(read=read) if finding.damage]

    def repair(
        self, *, apply: bool = True, extract: Callable[[Capture], ArticleDraft | None] | None = None
    ) -> list[Step]:
        """All steps."""
        repair = Repair(
            self.store,
            self.catalog,
            extract or self.extract,
            clean=self.clean,
            software=SOFTWARE,
            apply=apply,
            read=WHOLE,
        )
        return list(repair.steps())


def rows(catalog: Catalog) -> dict[str, list[dict[str, Any]]]:
    """All rows of the derived tables, in the order of their keys."""
    return {table.name: list(catalog.rows(table)) for table in DERIVED}


def kinds(findings: Iterable[Finding]) -> set[str]:
    """Their kinds."""
    return {finding.kind for finding in findings}


def page(number: int, body: str = "", **fields: Any) -> Visited:
    """Article `number`; pages with another text need another body."""
    return visited(number, body=f"<h1>Page {number}</h1>{body}".encode(), **fields)


def filled(store: Store, folder: Path) -> SmallArchive:
    """Two batches: four articles in two months and a 404, then a corrected article, an unchanged one and a new one."""
    archive = SmallArchive(store, folder)
    missing = answered("https://daily.example/gone", "http_404", status=404, ETag='"x"')
    archive.crawl(page(1), page(2, published=date(2026, 1, 31)), page(3), page(4, published=None), missing)
    archive.crawl(page(1, "corrected", text="Corrected."), page(2, published=date(2026, 1, 31)), page(5))
    return archive
