"""The bucket against the catalog, both ways.

What the catalog should hold of a batch is what committing it would write, so the same functions make both.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from archive import schema
from archive.catalog import Catalog
from archive.catalog_rows import batch_row, capture_row, object_row
from archive.errors import DamagedObject, ObjectMissing
from archive.findings import Finding
from archive.inventory import Batch, Inventory, read_manifest
from archive.manifest import Manifest
from archive.store import Store

Row = dict[str, Any]


def reconcile(
    inventory: Inventory, catalog: Catalog, store: Store, *, site: str | None = None
) -> tuple[Inventory, list[Finding]]:
    """The inventory with what the catalog knows in place of manifests that are gone or not as they were committed.

    The findings name each such manifest, and those that nobody knows any more.
    """
    batches, unknown, findings = dict(inventory.batches), dict(inventory.damaged), []
    for row in catalog.rows(schema.batches, **({} if site is None else {"site": site})):
        finding = _manifest_finding(row, inventory, store)
        if finding is not None:
            findings.append(finding)
            unknown.pop(finding.key, None)
            manifest = committed_manifest(catalog, row["batch"])
            if manifest is not None:
                batches[manifest.batch] = Batch.of(manifest, sha256=row["manifest_sha256"], written=manifest.created)
    for key, reason in unknown.items():
        detail = f"{reason}; the catalog does not know this batch either: restore the object from another copy"
        findings.append(Finding(kind="manifest_damaged", key=key, detail=detail))
    return dataclasses.replace(inventory, batches=dict(sorted(batches.items()))), findings


def committed_manifest(catalog: Catalog, batch: str) -> Manifest | None:
    """The manifest of a batch, made again from the catalog; None unless it is to the byte the one committed."""
    manifest = catalog.manifest(batch)
    row = next(catalog.rows(schema.batches, batch=batch), None)
    if manifest is None or row is None:
        return None
    return manifest if hashlib.sha256(manifest.to_json()).hexdigest() == row["manifest_sha256"] else None


def load_manifest(store: Store, catalog: Catalog, batch: Batch) -> Manifest:
    """The manifest of a batch of a reconciled inventory; DamagedObject when it has changed since."""
    with suppress(DamagedObject, ObjectMissing):
        manifest, sha256 = read_manifest(store, batch.manifest_key)
        if sha256 == batch.manifest_sha256:
            return manifest
    committed = committed_manifest(catalog, batch.batch)
    if committed is None:
        raise DamagedObject(f"{batch.manifest_key}: has changed while it was being checked; run the command again")
    return committed


def batch_differences(catalog: Catalog, manifest: Manifest, key: str, sha256: str) -> Iterator[Finding]:
    """How the catalog differs from a manifest in what it says of its batch, objects and captures."""
    expected = {
        schema.batches: [batch_row(manifest, key, sha256)],
        schema.objects: [object_row(manifest, stored) for stored in manifest.objects],
        schema.captures: [capture_row(manifest, entry) for entry in manifest.captures],
    }
    for table, rows in expected.items():
        found = list(catalog.rows(table, batch=manifest.batch))
        if table is schema.batches and not found:
            yield Finding(
                kind="catalog_missing", key=key, batch=manifest.batch, detail="the catalog does not know this batch"
            )
            return
        yield from _differences(table, rows, found, key, manifest.batch)


def article_differences(
    catalog: Catalog, manifest: Manifest, key: str, rows: Iterable[Row], unread: Collection[str]
) -> Iterator[Finding]:
    """How the catalog differs from the articles of a batch, leaving out the shards that were not read to their end."""
    found = (row for row in catalog.rows(schema.articles, batch=manifest.batch) if row["shard_key"] not in unread)
    read = (row for row in rows if row["shard_key"] not in unread)
    yield from _differences(schema.articles, read, found, key, manifest.batch)


def _manifest_finding(row: Row, inventory: Inventory, store: Store) -> Finding | None:
    batch, key = row["batch"], row["manifest_key"]
    found = inventory.batches.get(batch)
    if found is not None:
        if found.manifest_sha256 == row["manifest_sha256"]:
            return None
        detail = f"has SHA-256 {found.manifest_sha256}, {row['manifest_sha256']} was committed"
        return Finding(kind="manifest_damaged", key=key, batch=batch, detail=detail)
    if key in inventory.damaged:
        return Finding(kind="manifest_damaged", key=key, batch=batch, detail=inventory.damaged[key])
    # A batch may have been committed since the bucket was listed.
    if batch in inventory.replaced or store.head(key) is not None:
        return None
    return Finding(
        kind="manifest_missing", key=key, batch=batch, detail="is not there, and the catalog knows its batch"
    )


def _differences(
    table: sa.Table, expected: Iterable[Row], found: Iterable[Row], key: str, batch: str
) -> Iterator[Finding]:
    columns = [column.name for column in table.primary_key]
    ours = {tuple(row[name] for name in columns): row for row in expected}
    theirs = {tuple(row[name] for name in columns): row for row in found}
    wrong = [identity for identity in ours if theirs.get(identity) != ours[identity]]
    surplus = [identity for identity in theirs if identity not in ours]
    if wrong or surplus:
        detail = f"catalog: {table.name}: {len(wrong)} rows are missing or different, {len(surplus)} are too many"
        example = ", ".join(str(part) for part in (wrong or surplus)[0])
        yield Finding(kind="catalog_differs", key=key, batch=batch, detail=f"{detail}, such as {example}")
