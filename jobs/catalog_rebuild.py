"""`presskeep catalog rebuild`: where the new catalog is built, and when it may take the place of the old one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from archive import schema
from archive.catalog import Catalog
from archive.catalog_file import new_catalog_file
from archive.errors import CatalogError
from archive.findings import Finding
from archive.inventory import Progress
from archive.process import Process, is_gone
from archive.rebuild import Rebuilding
from archive.store import open_store
from jobs.config import Config
from jobs.errors import JobsError
from jobs.opened import opened_catalog

logger = logging.getLogger(__name__)

_SQLITE = "sqlite:///"


def rebuild_catalog(
    config: Config, *, dry_run: bool, on_finding: Callable[[Finding], None], on_progress: Progress
) -> Rebuilding:
    """Build the catalog from the bucket and put it in the place of the old one, unless it is a dry run.

    JobsError while a site is being crawled, and when the old catalog knows batches that the bucket does not give.
    """
    known = _known_batches(config)
    with _new_catalog(config, dry_run=dry_run) as catalog:
        rebuilding = Rebuilding(open_store(config.archive), catalog, on_progress=on_progress)
        for finding in rebuilding.findings():
            on_finding(finding)
        missing = sorted(known - {row["batch"] for row in catalog.rows(schema.batches)})
        if missing:
            raise JobsError(
                f"the old catalog knows {len(missing)} batches that the bucket does not give, such as {missing[0]}: "
                "run `presskeep repair`, or move the old catalog away"
            )
    return rebuilding


@contextmanager
def _new_catalog(config: Config, *, dry_run: bool) -> Iterator[Catalog]:
    file = _file(config)
    if dry_run:
        with TemporaryDirectory() as folder, _opened(Path(folder) / "catalog.sqlite") as catalog:
            yield catalog
    elif file is None:
        with opened_catalog(config) as catalog:
            yield catalog
    else:
        with new_catalog_file(file) as new, _opened(new) as catalog:
            yield catalog


@contextmanager
def _opened(file: Path) -> Iterator[Catalog]:
    catalog = Catalog(f"{_SQLITE}{file}")
    try:
        catalog.prepare()
        yield catalog
    finally:
        catalog.close()


def _known_batches(config: Config) -> set[str]:
    """What counts by the old catalog; nothing if it cannot be used, which is what rebuilding is for."""
    file = _file(config)
    if file is not None and not file.exists():
        return set()
    try:
        with opened_catalog(config) as catalog:
            _check_idle(catalog)
            return {batch.batch for site in catalog.batches.sites() for batch in catalog.batches.live(site)}
    except CatalogError as exc:
        if file is None:
            raise
        logger.warning("the old catalog cannot be used: %s", exc)
        return set()


def _check_idle(catalog: Catalog) -> None:
    for row in catalog.rows(schema.leases):
        holder = Process(**{name: row[name] for name in Process.__dataclass_fields__})
        if row["expires"] > datetime.now(UTC) and not is_gone(holder):
            raise JobsError(
                f"site {row['site']}: {row['holder']} works on it; wait for it, or what it commits will be missing in "
                "the new catalog"
            )


def _file(config: Config) -> Path | None:
    """The catalog's file, None if it is in a database server."""
    url = config.catalog_url
    return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None
