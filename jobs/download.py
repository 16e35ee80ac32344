"""One download: the articles of a selection to a file, a folder or standard output."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from archive.fetching import Fetcher
from archive.kept import KeptBytes
from archive.manifest_reader import ManifestReader
from archive.selection import Plan, Selection
from archive.store import Store
from archive.tables import limited
from archive.wacz import write_wacz
from archive.warc_slice import plan_slice, write_slice
from jobs.errors import JobsError
from jobs.export import FILE_FORMATS, compressed, downloaded, downloads_of
from jobs.export_folder import FOLDER_FORMATS, write_folder
from jobs.feed import Feed, feed_path, opened_feed, removed_path
from jobs.new_file import new_file
from jobs.opened import OpenedArticles, opened_articles
from jobs.selecting import check_sites
from jobs.work_folder import work_folder

STANDARD_OUTPUT = Path("-")

RAW_FORMATS = ("warc", "wacz")
"""They have their pages from the manifests, and are compressed already, record by record."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What somebody wants to have."""

    dest: Path
    """File or folder; `-` for standard output."""
    form: str
    """One of `FILE_FORMATS`, `RAW_FORMATS` or `FOLDER_FORMATS`."""
    wanted: Selection
    config: Path | None = None
    """Configuration file that was named, None for the usual one."""
    archive: str | None = None
    """URL of the archive, None for the configured one."""
    limit: int | None = None
    """At most so many articles."""
    markdown: bool = False
    """With the text as Markdown besides."""
    force: bool = False
    """Replace a file that is there."""
    since_last: bool = False
    """Only what came since the last such download to `dest`."""

    def check(self) -> None:
        """JobsError for what does not go together."""
        if self.form in FOLDER_FORMATS and self.dest == STANDARD_OUTPUT:
            raise JobsError(f"--format {self.form} writes a folder of files; name one")
        if self.since_last and self.dest == STANDARD_OUTPUT:
            raise JobsError("--since-last remembers what went to a file or folder; name one")
        if self.since_last and (self.limit or self.force):
            raise JobsError("--since-last leaves nothing out and replaces nothing; take --limit and --force away")


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What came of it."""

    articles: int
    path: Path
    """What was written; `Order.dest`, or a part beside it."""
    written: bool = True
    """Whether anything was: no part is made of nothing."""
    removed: int | None = None
    """Articles of earlier parts that were taken down since; None unless asked for what came since the last download."""
    removed_list: Path | None = None
    """File that names all of those, if there are any."""


class Progress:
    """Is told how a download goes; this one takes no notice."""

    def begin(self, plan: Callable[[], Plan]) -> None:
        """`plan` tells how much there is, if somebody wants to know."""

    def fetched(self, count: int) -> None:
        """So many bytes more, of those that the plan counts or of pages; called in threads."""

    def passed(self, articles: int) -> None:
        """So many articles are written by now."""


def plan(order: Order) -> Plan:
    """What the download would read."""
    order.check()
    with _opened(order) as opened:
        if not order.since_last or not feed_path(order.dest).exists():
            return _plan(order, opened)
        with opened_feed(order.dest, of=_identity(order, opened)) as feed:
            return _plan(order, opened, feed)


def download(order: Order, progress: Progress) -> Done:
    """Do it. Whatever fails or is killed leaves nothing at the destination, and what was fetched beside it."""
    order.check()
    with ExitStack() as stack:
        to_file = order.dest != STANDARD_OUTPUT
        folder = stack.enter_context(work_folder(order.dest)) if to_file else None
        kept = KeptBytes(folder) if folder else None
        opened = stack.enter_context(_opened(order, partial(Fetcher, kept=kept, on_fetched=progress.fetched)))
        if order.since_last:
            feed = stack.enter_context(opened_feed(order.dest, of=_identity(order, opened)))
            return _download_rest(order, opened, feed, folder, progress)
        progress.begin(lambda: _plan(order, opened))
        tables = limited(opened.reader.tables(order.wanted), order.limit)
        return Done(articles=_write(tables, order, opened, order.dest, folder, progress), path=order.dest)


def _download_rest(order: Order, opened: OpenedArticles, feed: Feed, folder: Path | None, progress: Progress) -> Done:
    feed.settle()
    reader, part = _by_manifests(opened), feed.part
    progress.begin(lambda: _plan(order, opened, feed))
    tables = feed.taking(reader.tables(order.wanted, past=feed), lambda: reader.batches)
    first, count = next(tables, None), 0
    if first is not None:
        count = _write(chain([first], tables), order, opened, part, folder, progress)
    feed.finish(delivered=first is not None)
    removed, listed = feed.take_down(reader.tombstones), removed_path(order.dest)
    return Done(
        articles=count,
        path=part,
        written=first is not None,
        removed=removed,
        removed_list=listed if listed.exists() else None,
    )


def _plan(order: Order, opened: OpenedArticles, feed: Feed | None = None) -> Plan:
    if order.form in RAW_FORMATS:
        return plan_slice(_by_manifests(opened), order.wanted, past=feed)
    return _by_manifests(opened).plan(order.wanted, past=feed) if feed else opened.reader.plan(order.wanted)


def _write(
    tables: Iterable[pa.Table],
    order: Order,
    opened: OpenedArticles,
    dest: Path,
    folder: Path | None,
    progress: Progress,
) -> int:
    """Write them; returns how many there were."""
    counted = _Counted(downloaded(tables, opened.likenesses, markdown=order.markdown), progress)
    if order.form in FOLDER_FORMATS:
        write_folder(downloads_of(counted), dest, order.form, removed=opened.reader.removed_of)
        return counted.count
    file = nullcontext(sys.stdout.buffer) if folder is None else new_file(dest, overwrite=order.force, folder=folder)
    name = "" if order.form in RAW_FORMATS else dest.name
    with file as stream, compressed(stream, name) as packed:
        if order.form in RAW_FORMATS:
            _write_raw(counted, order, opened, packed, folder)
        else:
            FILE_FORMATS[order.form](counted, packed)
    return counted.count


def _write_raw(
    tables: Iterable[pa.Table], order: Order, opened: OpenedArticles, stream: BinaryIO, folder: Path | None
) -> None:
    info = {"software": f"presskeep/{version('presskeep')}"}
    if order.form == "warc":
        write_slice(_by_manifests(opened), downloads_of(tables), stream, info=info)
    else:
        write_wacz(_by_manifests(opened), downloads_of(tables), stream, folder=folder, info=info)


class _Counted:
    """Tables whose rows are counted as they go by."""

    def __init__(self, tables: Iterable[pa.Table], progress: Progress) -> None:
        self._tables = tables
        self._progress = progress
        self.count = 0

    def __iter__(self) -> Iterator[pa.Table]:
        for table in self._tables:
            yield table
            self.count += table.num_rows
            self._progress.passed(self.count)


@contextmanager
def _opened(order: Order, fetcher: Callable[[Store], Fetcher] = Fetcher) -> Iterator[OpenedArticles]:
    by_manifests = order.since_last or order.form in RAW_FORMATS
    with opened_articles(order.config, order.archive, by_manifests=by_manifests, fetcher=fetcher) as opened:
        check_sites(order.wanted.sites, opened.sites)
        yield opened


def _by_manifests(opened: OpenedArticles) -> ManifestReader:
    if not isinstance(opened.reader, ManifestReader):
        raise TypeError("articles were opened through the catalog where the manifests were asked for")
    return opened.reader


def _identity(order: Order, opened: OpenedArticles) -> dict[str, object]:
    """What has to be the same each time that more is downloaded to one place."""
    return {
        "archive": _by_manifests(opened).archive_id,
        "format": order.form,
        "markdown": order.markdown,
        **asdict(order.wanted),
    }
