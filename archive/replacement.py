"""Replacing batches by another one, at one moment for everybody who reads: compaction, takedowns, better extraction.

    with held_site(catalog.leases, site, holder) as held:
        replacing = Replacing(store, catalog, held, folder=spool)
        finish_replacements(store, catalog, held)
        replacing.replace(manifests, raw=…, captures=…, kept=…, articles=…, run=…, software=…)

1. the new shards are put; a new WARC, if there is one, was put before by whoever calls
2. the manifest is put, which `replaces` the old ones: from here the bucket says so
3. the catalog commits in one transaction: from here all who ask it see the new batch, and nobody both or neither

The old objects stay, for those who read them just now, until `presskeep gc` finds them old enough. Keys follow from the
content, so what a crash cut short is done again with the same objects, or finished by `finish_replacements` if its
manifest was there already. A process that slept through the end of its lease may put a manifest that takes the place of
batches which another has replaced meanwhile: the catalog refuses it, and in the bucket it is void, because who was
written first counts (archive/inventory.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain, groupby
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from archive import keys
from archive.catalog import Catalog
from archive.errors import BatchReplaced, DamagedObject
from archive.failpoints import failpoint
from archive.held_site import HeldSite
from archive.inventory import place_of, read_manifest
from archive.manifest import CaptureEntry, Manifest, StoredObject
from archive.objects import sha256_of
from archive.rebuild import Adoption, read_stored_shard
from archive.records import Article
from archive.shards import read_shard, write_shard
from archive.store import Store, put_bytes

_PUTS_AT_ONCE = 8


class Replacing:
    """Replaces batches of one site that is held."""

    def __init__(self, store: Store, catalog: Catalog, held: HeldSite, *, folder: Path) -> None:
        """`folder` is on a disk that has room for the new shards; they have no name there, and go with the process."""
        self._store = store
        self._catalog = catalog
        self._held = held
        self._folder = folder

    def replace(
        self,
        old: Sequence[Manifest],
        *,
        raw: StoredObject | None,
        captures: Sequence[CaptureEntry],
        kept: Sequence[StoredObject] = (),
        articles: Iterable[Article] = (),
        run: str,
        software: Mapping[str, str],
    ) -> Manifest:
        """Put a batch in the place of the `old` ones, and return its manifest.

        `raw` is its WARC, which is in the store already, None if it has none; the `captures` say where their records
        lie in it. `kept` are shards of the old batches that stay as they are. `articles` go into new shards, one for
        each month of publication: they come month by month, and only some hundred of them are held in memory. What
        they say of their record (`warc_key`, `warc_offset`, `warc_length`) must be true of the new batch.

        LeaseLost, or BatchReplaced when one of the old ones counts no more: then nothing was changed that anybody sees.
        """
        with ExitStack() as stack:
            shards = [stack.enter_context(shard) for shard in self._written(articles)]
            manifest = _manifest(old, raw, captures, kept, shards, run, software)
            self._put(manifest, shards)
            failpoint("replacing_shards_put")
            self._held.keep(now=True)
            self._catalog.batches.check_not_replaced(manifest.site, manifest.replaces)
            data = manifest.to_json()
            key = keys.manifest_key(manifest.site, manifest.batch)
            put_bytes(self._store, key, data)
            failpoint("replacing_manifest_put")
            self._catalog.commit(
                manifest,
                key,
                hashlib.sha256(data).hexdigest(),
                chain(
                    ((article, shard.key(manifest)) for shard in shards for article in shard.articles()),
                    ((article, stored.key) for stored in kept for article in read_stored_shard(self._store, stored)),
                ),
                lease=self._held.lease,
            )
        return manifest

    def _written(self, articles: Iterable[Article]) -> Iterator[_NewShard]:
        for month, group in groupby(articles, key=lambda article: keys.month(article.published)):
            stream = TemporaryFile(dir=self._folder)  # noqa: SIM115 - the caller closes it
            rows = _Counted(group)
            write_shard(rows, stream)
            size = stream.tell()
            stream.seek(0)
            self._held.keep()
            yield _NewShard(month=month, stream=stream, size=size, sha256=sha256_of(stream), rows=rows.count)

    def _put(self, manifest: Manifest, shards: Sequence[_NewShard]) -> None:
        def put(shard: _NewShard) -> None:
            self._store.put(shard.key(manifest), shard.stream, size=shard.size, sha256=shard.sha256)

        with ThreadPoolExecutor(_PUTS_AT_ONCE) as pool:
            for _ in pool.map(put, shards):
                self._held.keep()


def finish_replacements(store: Store, catalog: Catalog, held: HeldSite) -> list[str]:
    """Let the catalog know of replacements of a site that were cut short behind their manifest; the batches.

    A manifest that came too late, and so is void, is removed. DamagedObject when what a manifest names is not whole.
    """
    site, finished = held.lease.site, []
    known = catalog.batches.known(site)
    unknown = [info.key for info in store.list(f"{keys.BATCHES}{site}/") if _batch_of(info.key) not in known]
    for key in sorted(unknown):
        manifest, _ = read_manifest(store, key)
        if not manifest.replaces:
            # A crawl that was killed left it, and finishes it from its spool.
            continue
        held.keep(now=True)
        try:
            catalog.batches.check_not_replaced(site, manifest.replaces)
        except BatchReplaced:
            store.delete(key)
            continue
        for finding in Adoption(store, catalog, lease=held.lease).findings(key):
            raise DamagedObject(f"{finding.key}: {finding.detail}; run `presskeep repair`")
        finished.append(manifest.batch)
    return finished


def in_order_of_month(articles: Iterable[Article]) -> list[Article]:
    """As `replace` wants them, otherwise in their order; for a batch whose articles fit into memory."""
    return sorted(articles, key=lambda article: keys.month(article.published))


@dataclass(frozen=True, kw_only=True, slots=True)
class _NewShard:
    """A shard that has no key yet."""

    month: str
    stream: BinaryIO
    size: int
    sha256: str
    rows: int

    def __enter__(self) -> _NewShard:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()

    def key(self, manifest: Manifest) -> str:
        return keys.shard_key(manifest.site, self.month, manifest.batch)

    def articles(self) -> Iterator[Article]:
        self.stream.seek(0)
        return read_shard(self.stream)

    def stored(self, manifest: Manifest) -> StoredObject:
        return StoredObject(
            key=self.key(manifest), kind="articles", size=self.size, sha256=self.sha256, records=self.rows
        )


class _Counted:
    """Articles, counted as they go by."""

    def __init__(self, articles: Iterable[Article]) -> None:
        self._articles = articles
        self.count = 0

    def __iter__(self) -> Iterator[Article]:
        for article in self._articles:
            self.count += 1
            yield article


def _manifest(
    old: Sequence[Manifest],
    raw: StoredObject | None,
    captures: Sequence[CaptureEntry],
    kept: Collection[StoredObject],
    shards: Sequence[_NewShard],
    run: str,
    software: Mapping[str, str],
) -> Manifest:
    """The manifest of the new batch, whose id follows from all that it says."""
    manifest = Manifest(
        batch="",
        site=old[0].site,
        run=run,
        created=max(entry.fetched for entry in captures),
        software=dict(software),
        objects=tuple(_ordered([*([raw] if raw else []), *kept])),
        captures=tuple(captures),
        # Those that were replaced before would count again if the manifest of their successor went before theirs.
        replaces=tuple(sorted({batch for one in old for batch in (one.batch, *one.replaces)})),
    )
    digest = hashlib.sha256(manifest.to_json() + "".join(shard.sha256 for shard in shards).encode()).hexdigest()
    manifest = replace(manifest, batch=keys.batch_id(min(entry.fetched for entry in captures), digest))
    objects = _ordered([*manifest.objects, *(shard.stored(manifest) for shard in shards)])
    return replace(manifest, objects=tuple(objects))


def _ordered(objects: Iterable[StoredObject]) -> list[StoredObject]:
    return sorted(objects, key=lambda stored: (stored.kind != "raw", stored.key))


def _batch_of(key: str) -> str | None:
    place = place_of(key)
    return place.batch if place else None
