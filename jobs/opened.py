"""The configured archive, opened for reading and closed again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from archive.catalog import Catalog
from archive.fetching import Fetcher
from archive.known_batches import KnownBatches
from archive.likeness import Likenesses
from archive.manifest import StoredObject
from archive.manifest_reader import ManifestReader
from archive.reader import ArchiveReader
from archive.records import Article
from archive.selection import Plan, Selection
from archive.store import Store, open_store
from jobs.config import Config, find_config, load_config


class Articles(Protocol):
    """What gives articles by selection: a reader through the catalog, or one of the manifests alone."""

    def articles(self, wanted: Selection) -> Iterator[Article]:
        """The articles that meet `wanted`."""

    def tables(self, wanted: Selection) -> Iterator[pa.Table]:
        """The same as Arrow tables with the columns of a shard."""

    def removed_of(self, site: str) -> Collection[str]:
        """Ids of what was taken down at a site, and maybe elsewhere."""

    def plan(self, wanted: Selection) -> Plan:
        """What `articles` would read."""

    def shards(self) -> list[StoredObject]:
        """Every shard, by key."""

    def shard(self, stored: StoredObject) -> Iterator[tuple[int, Article]]:
        """The articles of one shard that were not taken down, each with its row."""

    def row(self, stored: StoredObject, row: int, columns: Collection[str]) -> Mapping[str, Any] | None:
        """These columns of the article in that row of a shard, from 0, None if it was taken down."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedArticles:
    """An archive of which articles are read."""

    reader: Articles
    sites: Collection[str]
    """Names of those that it holds, or that are configured."""
    likenesses: Likenesses | None = None
    """Which texts stand on several sites, None where there is no catalog to tell."""


@contextmanager
def opened_catalog(config: Config) -> Iterator[Catalog]:
    """The catalog, made if it is missing; CatalogError if it cannot be used."""
    catalog = Catalog(config.catalog_url)
    try:
        catalog.prepare()
        yield catalog
    finally:
        catalog.close()


@contextmanager
def opened_archive(config: Config) -> Iterator[tuple[Catalog, ArchiveReader]]:
    """The catalog and a reader of what it lists; ArchiveError if either cannot be used."""
    with opened_catalog(config) as catalog:
        yield catalog, ArchiveReader(open_store(config.archive), catalog)


@contextmanager
def opened_articles(
    config_path: Path | None,
    url: str | None,
    *,
    by_manifests: bool = False,
    fetcher: Callable[[Store], Fetcher] = Fetcher,
    known_batches: KnownBatches | None = None,
) -> Iterator[OpenedArticles]:
    """What gives the articles of the archive at `url`, or of the configured one.

    An address needs no configuration; without a catalog (that of an archive which others fill), or if asked for, the
    reader is one of the manifests. `fetcher` makes what that reader fetches with, `known_batches` spares it manifests.
    """
    if url is not None:
        store = open_store(url)
        manifests = ManifestReader(store, fetcher=fetcher(store), known_batches=known_batches)
        yield OpenedArticles(reader=manifests, sites={site.site for site in manifests.sites()})
        return
    config = load_config(find_config(config_path))
    store, configured = open_store(config.archive), set(config.profiles())
    manifests = ManifestReader(store, fetcher=fetcher(store), known_batches=known_batches)
    if not _has_catalog(config):
        yield OpenedArticles(reader=manifests, sites=configured | {site.site for site in manifests.sites()})
        return
    with opened_catalog(config) as catalog:
        sites = configured | {summary["site"] for summary in catalog.site_summaries()}
        reader = manifests if by_manifests else ArchiveReader(store, catalog, fetcher=fetcher(store))
        yield OpenedArticles(reader=reader, sites=sites, likenesses=catalog.likenesses)


def _has_catalog(config: Config) -> bool:
    kind, _, path = config.catalog_url.partition(":///")
    return kind != "sqlite" or Path(path).exists()
