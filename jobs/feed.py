"""What was downloaded to one place so far, so that the next download brings only what came since: no gap, no double.

    news.jsonl              the first part
    news.2.jsonl …          what came since, a part a run; none where nothing came
    news.jsonl.feed         this memory: an SQLite file
    news.jsonl.removed.jsonl  articles of these parts that were taken down since, all of them, a line each

The memory holds the batches that were read and the revisions that were delivered, with the hash of their text: batches
that are committed late are met because they are not in it, and what compaction has put into a new batch is recognised.
A revision that was extracted again with another text comes again.

A part and its place in the memory become final together: the memory is written as `pending` before the part gets its
name, and made final, or undone if there is no such part, before anything else is downloaded.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from jobs.errors import JobsError
from jobs.export_folder import is_whole
from jobs.new_file import new_file

if TYPE_CHECKING:
    from archive.tombstones import Tombstone

_TABLES = """
CREATE TABLE IF NOT EXISTS feed (
    of TEXT NOT NULL, run INTEGER NOT NULL, parts INTEGER NOT NULL, pending INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS batches (batch TEXT NOT NULL, run INTEGER NOT NULL, PRIMARY KEY (batch, run)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS articles (
    url_id TEXT NOT NULL, revision INTEGER NOT NULL, content_hash TEXT NOT NULL, url TEXT NOT NULL, site TEXT NOT NULL,
    run INTEGER NOT NULL, PRIMARY KEY (url_id, revision, content_hash)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tombstones (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS removed (
    url TEXT NOT NULL, url_id TEXT NOT NULL, site TEXT NOT NULL, removed TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (url, removed)
) WITHOUT ROWID;
"""

_ENDINGS = re.compile(r"((?:\.(?:jsonl|csv|parquet|warc|wacz|epub|gz|zst))*)$")


class Feed:
    """The memory of one destination; `past` of `ManifestReader.articles`."""

    def __init__(self, dest: Path, connection: sqlite3.Connection) -> None:
        """`opened_feed` makes it."""
        self._dest = dest
        self._db = connection
        self._run, self._parts = self._db.execute("SELECT run, parts FROM feed").fetchone()

    @property
    def part(self) -> Path:
        """Where the next part goes."""
        return part_path(self._dest, self._parts + 1)

    @cached_property
    def batches(self) -> Collection[str]:
        """Ids of the batches that were read."""
        return {batch for (batch,) in self._db.execute("SELECT batch FROM batches")}

    def settle(self) -> None:
        """Make final or undo what a process left that was killed; for who holds the destination, before all else."""
        [(pending,)] = self._db.execute("SELECT pending FROM feed")
        if pending and _is_there(self.part):
            self.finish()
        elif pending:
            self._undo()

    def has(self, url_id: str, revision: int, content_hash: str) -> bool:
        """Whether that revision was delivered, with the same text."""
        query = "SELECT 1 FROM articles WHERE url_id = ? AND revision = ? AND content_hash = ?"
        return self._db.execute(query, (url_id, revision, content_hash)).fetchone() is not None

    def taking(self, tables: Iterable[pa.Table], batches: Callable[[], Iterable[str]]) -> Iterator[pa.Table]:
        """The articles, remembered as pending with the batches, once the last one has gone by."""
        self._db.execute("BEGIN IMMEDIATE")
        for table in tables:
            columns = (table[name].to_pylist() for name in ("url_id", "revision", "content_hash", "url", "site"))
            rows = zip(*columns, repeat(self._run, table.num_rows), strict=True)
            self._db.executemany("INSERT OR IGNORE INTO articles VALUES (?, ?, ?, ?, ?, ?)", rows)
            yield table
        self._db.executemany("INSERT INTO batches VALUES (?, ?)", ((batch, self._run) for batch in batches()))
        self._db.execute("UPDATE feed SET pending = 1")
        self._db.execute("COMMIT")

    def finish(self, *, delivered: bool = True) -> None:
        """What is pending counts; unless `delivered`, there was nothing to make a part of."""
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute("DELETE FROM batches WHERE run < ?", (self._run,))
        self._run, self._parts = self._run + 1, self._parts + delivered
        self._db.execute("UPDATE feed SET run = ?, parts = ?, pending = 0", (self._run, self._parts))
        self._db.execute("COMMIT")

    def take_down(self, tombstones: Mapping[str, Tombstone]) -> int:
        """List what was delivered and is taken down by now; how many articles that are besides those listed before."""
        known = {key for (key,) in self._db.execute("SELECT key FROM tombstones")}
        self._db.execute("BEGIN IMMEDIATE")
        found = sum(self._take_down(tombstones[key]) for key in sorted(tombstones.keys() - known))
        self._db.executemany("INSERT OR IGNORE INTO tombstones VALUES (?)", ((key,) for key in tombstones))
        if found:
            self._write_removed()
        self._db.execute("COMMIT")
        return found

    def _take_down(self, tombstone: Tombstone) -> int:
        found = set()
        for url_id in tombstone.url_ids:
            query = "SELECT DISTINCT url, url_id, site FROM articles WHERE url_id = ?"
            for row in self._db.execute(query, (url_id,)).fetchall():
                found.add(url_id)
                values = (*row, tombstone.removed.isoformat(), tombstone.reason)
                self._db.execute("INSERT OR IGNORE INTO removed VALUES (?, ?, ?, ?, ?)", values)
            # Who brings it back, brings it anew.
            self._db.execute("DELETE FROM articles WHERE url_id = ?", (url_id,))
        return len(found)

    def _write_removed(self) -> None:
        names = ("url", "url_id", "site", "removed", "reason")
        with new_file(removed_path(self._dest), overwrite=True) as stream:
            for row in self._db.execute("SELECT url, url_id, site, removed, reason FROM removed ORDER BY removed, url"):
                stream.write(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False).encode() + b"\n")

    def _undo(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        for table in ("articles", "batches"):
            self._db.execute(f"DELETE FROM {table} WHERE run = ?", (self._run,))  # noqa: S608 - names of our own
        self._db.execute("UPDATE feed SET pending = 0")
        self._db.execute("COMMIT")


@contextmanager
def opened_feed(dest: Path, *, of: Mapping[str, object]) -> Iterator[Feed]:
    """The feed at `dest`, begun if there is none; one process at a time.

    JobsError if it is one `of` other articles or another format, if something else is at `dest`, or the file cannot be
    used.
    """
    path, wanted = feed_path(dest), json.dumps(of, sort_keys=True, default=str)
    if not path.exists() and dest.exists():
        raise JobsError(f"{dest}: exists, and no download with --since-last began it; name another place")
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.executescript(_TABLES)
            begun = connection.execute("SELECT of FROM feed").fetchone()
            if begun is None:
                connection.execute("INSERT INTO feed VALUES (?, 1, 0, 0)", (wanted,))
            elif begun != (wanted,):
                raise JobsError(f"{dest}: was begun from another archive, or with other conditions: {begun[0]}")
            yield Feed(dest, connection)
        finally:
            connection.close()
    except sqlite3.Error as exc:
        raise JobsError(f"{path}: cannot be used: {exc}; check its disk, or name another DEST to begin anew") from exc


def feed_path(dest: Path) -> Path:
    """Where the memory of a destination lies."""
    return dest.with_name(f"{dest.name}.feed")


def removed_path(dest: Path) -> Path:
    """Where the list of articles that were taken down lies."""
    return dest.with_name(f"{dest.name}.removed.jsonl")


def part_path(dest: Path, number: int) -> Path:
    """Where a part lies, from 1: `news.jsonl.gz`, then `news.2.jsonl.gz`."""
    return dest if number == 1 else dest.with_name(_ENDINGS.sub(rf".{number}\1", dest.name, count=1))


def _is_there(part: Path) -> bool:
    return is_whole(part) if part.is_dir() else part.exists()
