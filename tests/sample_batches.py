"""Batches made up for tests of the catalog, committed without a store."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from archive import keys
from archive.catalog import Catalog
from archive.catalog_rows import OutcomeRow
from archive.leases import Lease
from archive.manifest import CaptureEntry, Manifest, StoredObject
from archive.records import Article, url_id
from tests.sample_articles import SITE, START, make_draft, make_url

RUN = "20260304T050607Z-aaaaaa"
DAY = date(2026, 3, 4)


def make_entry(number: int, outcome: str = "archived", *, seconds: float = 0, offset: int = 0) -> CaptureEntry:
    """A capture of URL `number`, taken so many seconds after START."""
    return CaptureEntry(
        url=make_url(number),
        url_id=url_id(make_url(number)),
        fetched=START + timedelta(seconds=seconds),
        status=200,
        outcome=outcome,
        offset=offset,
        length=100,
        payload_digest=f"sha256:{number}",
        etag=f'"{number} at {seconds}"',
        last_modified=f"Wed, 04 Mar 2026 05:00:{seconds:02.0f} GMT",
    )


def make_article(number: int, *, revision: int = 1, published: date | None = DAY, text: str = "x") -> Article:
    """A revision of article `number`."""
    draft = make_draft(number, published=published, text=text)
    fields = {field.name: getattr(draft, field.name) for field in dataclasses.fields(draft)}
    return Article(
        **fields,
        revision=revision,
        warc_key=f"raw/{SITE}/{number}.warc.gz",
        warc_offset=0,
        warc_length=100,
        payload_digest=f"sha256:{number}",
    )


def make_manifest(
    batch: str, entries: Sequence[CaptureEntry], *, site: str = SITE, replaces: tuple[str, ...] = ()
) -> Manifest:
    """A batch of one WARC; its captures lie in the order given, unless they have offsets."""
    raw = StoredObject(
        key=f"raw/{site}/2026/03/{batch}.warc.gz", kind="raw", size=1000, sha256="a" * 64, records=len(entries)
    )
    return Manifest(
        batch=batch,
        site=site,
        run=RUN,
        created=max((entry.fetched for entry in entries), default=START),
        software={"presskeep": "test"},
        objects=(raw,),
        captures=tuple(
            dataclasses.replace(entry, offset=entry.offset or 100 * index) for index, entry in enumerate(entries)
        ),
        replaces=replaces,
    )


def commit(
    catalog: Catalog,
    batch: str,
    *entries: CaptureEntry,
    site: str = SITE,
    articles: Sequence[Article] = (),
    outcomes: Sequence[OutcomeRow] = (),
    replaces: tuple[str, ...] = (),
    lease: Lease | None = None,
) -> None:
    """Commit a batch as archive/commit.py does."""
    catalog.commit(
        make_manifest(batch, entries, site=site, replaces=replaces),
        keys.manifest_key(site, batch),
        "b" * 64,
        [(article, keys.articles_key(site, article.published, batch)) for article in articles],
        outcomes,
        lease=lease,
    )


def make_outcome(number: int, outcome: str = "archived", *, detail: str = "", at: datetime = START) -> OutcomeRow:
    """The outcome of URL `number`, so many seconds after `at`."""
    return OutcomeRow(
        site=SITE,
        kind="page",
        url=make_url(number),
        outcome=outcome,
        detail=detail,
        at=at + timedelta(seconds=number),
    )
