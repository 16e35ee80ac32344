"""Trying out everything a crawl depends on, one finding a thing, and going on after a failure as far as possible.

No finding holds a secret: errors come without credentials from the layers below, and URLs that may hold a password
are not shown.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from archive.backoff import Patience
from archive.catalog import Catalog
from archive.errors import ArchiveError, StoreUnavailable
from archive.marker import read_marker
from archive.schema import VERSION
from archive.spool import strangers
from archive.store import Store, open_store, put_bytes
from archive.store_probe import ProbeLine, probe_key
from crawler.errors import CrawlerError
from jobs.config import Config, find_config, load_config
from jobs.console import size
from jobs.errors import JobsError

SKEW = timedelta(minutes=1)
"""How far clocks may differ: S3 refuses requests at 15 minutes, and times of capture should be right."""

LOW_SPACE = 1_000_000_000
"""Free bytes of the spool's disk below which we warn: a batch of each site may wait there at once."""

PATIENCE = Patience(limit=timedelta(seconds=5))
"""With the archive, while someone waits for the answer."""

State = Literal["ok", "warning", "failed", "skipped"]
Now = Callable[[], datetime]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was tried."""

    name: str
    """What it is about, e.g. `configuration`, `write`, `catalog`."""
    state: State
    """`warning` for what works, but not as it should; `skipped` for what an earlier failure made impossible."""
    tried: str
    """What was done."""
    result: str
    """What came of it and, where it is not well, what to do; may have several lines."""


def now_utc() -> datetime:
    """The moment by this machine's clock."""
    return datetime.now(UTC)


def examine(path: Path | None, *, now: Now = now_utc) -> Iterator[Finding]:
    """Try the configuration at `path`, or where it is looked for, and everything it names."""
    tried = f"reading {path or 'the configuration'}"
    try:
        found = find_config(path)
        tried = f"reading {found}"
        config = load_config(found)
    except JobsError as exc:
        yield Finding(name="configuration", state="failed", tried=tried, result=str(exc))
        yield _skipped("everything else", "it needs the configuration")
        return
    yield Finding(name="configuration", state="ok", tried=tried, result=f"user agent {config.user_agent}")
    yield _attempt("profiles", f"reading {', '.join(config.sites) or 'no profiles'}", lambda: _profiles(config))
    yield _attempt("clock", f"comparing it with the date of {found}", lambda: _clock(found, now()))
    yield from examine_archive(config, now=now)


def examine_archive(config: Config, *, now: Now = now_utc) -> Iterator[Finding]:
    """Try the store, the catalog and the spool: whether this machine can archive."""
    yield from _store(config.archive, now)
    yield _attempt("catalog", f"opening {_catalog_name(config)} for writing", lambda: _catalog(config.catalog_url))
    yield _spool(config.spool_folder)


def _attempt(name: str, tried: str, call: Callable[[], str]) -> Finding:
    try:
        return Finding(name=name, state="ok", tried=tried, result=call())
    except (ArchiveError, CrawlerError, JobsError) as exc:
        return Finding(name=name, state="failed", tried=tried, result=str(exc))


def _skipped(name: str, reason: str) -> Finding:
    return Finding(name=name, state="skipped", tried="nothing", result=reason)


def _profiles(config: Config) -> str:
    names = sorted(config.profiles())
    if not names:
        raise JobsError("no site is configured; write a profile, or add builtin:NAME to `sites`")
    return f"sites {', '.join(names)}"


def _clock(config: Path, now: datetime) -> str:
    written = datetime.fromtimestamp(config.stat().st_mtime, UTC)
    if now < written - SKEW:
        raise JobsError(f"it is {now:%Y-%m-%d %H:%M} UTC by this machine, before that date; set the clock (NTP)")
    return f"{now:%Y-%m-%d %H:%M} UTC, later than that"


def _store(url: str, now: Now) -> Iterator[Finding]:
    try:
        store = open_store(url, patience=PATIENCE)
    except ArchiveError as exc:
        yield Finding(name="access", state="failed", tried="opening the archive", result=str(exc))
        yield _skipped("permissions", "they need an archive")
        return
    tried = f"reading the marker of {store.url} with this machine's endpoint and credentials"
    try:
        yield Finding(name="access", state="ok", tried=tried, result=_marker(store))
    except StoreUnavailable as exc:
        yield Finding(name="access", state="failed", tried=tried, result=str(exc))
        yield _skipped("permissions", "the store did not answer")
        return
    except ArchiveError as exc:
        yield Finding(name="access", state="failed", tried=tried, result=str(exc))
    probe = store.probe()
    yield from map(_probed, probe.lines)
    if probe.ok:
        yield _attempt("store clock", "comparing this machine's clock with the store's", lambda: _skew(store, now))
    else:
        yield _skipped("store clock", "the store's is seen on an object, which takes all permissions")


def _marker(store: Store) -> str:
    marker = read_marker(store)
    if marker is None:
        return "it answers; nothing is there yet, `presskeep init` or the first crawl begins the archive"
    return f"it answers; archive {marker.archive_id}, format {marker.format}"


_TRIED = {
    "write": "putting a small object",
    "write once": "putting other bytes under its key",
    "read": "getting it",
    "list": "listing its key",
    "delete": "deleting it",
    "x-amz-checksum-sha256": "putting an object with its checksum in this header",
    "If-None-Match": "putting an object twice with this header",
}


def _probed(line: ProbeLine) -> Finding:
    state: State = "ok" if line.ok else "failed" if line.needed else "warning"
    return Finding(name=line.name, state=state, tried=_TRIED.get(line.name, "trying it"), result=line.detail)


def _skew(store: Store, now: Now) -> str:
    """The time that the store gives an object lies between the moments before and after writing it, if clocks agree."""
    key = probe_key()
    before = now()
    put_bytes(store, key, key.encode())
    after = now()
    try:
        info = store.head(key)
    finally:
        store.delete(key)
    if info is None:
        raise JobsError(f"{key}: was written and is gone; does anything else delete objects in {store.url}?")
    ahead, behind = before - info.modified, info.modified - after
    if max(ahead, behind) > SKEW:
        direction = f"{ahead} ahead of" if ahead > behind else f"{behind} behind"
        raise JobsError(f"this machine is {direction} the store; set the clock (NTP)")
    return "they agree to the minute"


def _catalog_name(config: Config) -> str:
    backend = config.catalog_url.partition(":")[0]
    return config.catalog_url if backend == "sqlite" else f"the {backend} database"


def _catalog(url: str) -> str:
    with closing(Catalog(url)) as catalog:
        catalog.prepare()
        catalog.try_writing()
    return f"its tables are there, version {VERSION}"


def _spool(folder: Path) -> Finding:
    tried = f"writing a file to {folder}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"presskeep\n")
            os.fsync(file.fileno())
        free = shutil.disk_usage(folder).free
    except OSError as exc:
        result = f"cannot be written: {exc.strerror}; give the user who runs this access, or set `spool`"
        return Finding(name="spool", state="failed", tried=tried, result=result)
    if free < LOW_SPACE:
        result = f"written, but only {size(free)} are free: make room, or set `spool` to another disk"
        return Finding(name="spool", state="warning", tried=tried, result=result)
    if unknown := strangers(folder):
        result = f"written; {len(unknown)} files there are no captures and stay: {_named(unknown, folder)}"
        return Finding(name="spool", state="warning", tried=tried, result=result)
    return Finding(name="spool", state="ok", tried=tried, result=f"written; {size(free)} are free")


def _named(files: Sequence[Path], folder: Path) -> str:
    names = [ascii(str(path.relative_to(folder))) for path in files[:3]]
    return ", ".join(names) + (", …" if len(files) > len(names) else "")
