"""The configured archive, opened for reading and closed again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from archive.catalog import Catalog
from archive.reader import ArchiveReader
from archive.store import open_store
from jobs.config import Config


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
