"""How a download is shown: plan, progress with rate and time left, summary."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import Any

from rich.progress import (
    BarColumn,
    DownloadColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bar

from archive.selection import Plan
from jobs.console import err, out, print_json, size
from jobs.download import STANDARD_OUTPUT, Done, Progress

_EVERY = 30.0
"""Seconds between two lines where there is no terminal."""


class ShownProgress(Progress):
    """A bar on a terminal, elsewhere a line now and then."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.fields[note]}"),
            *(BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeElapsedColumn(), TimeRemainingColumn()),
        )
        self._bar = Bar(*columns, console=err, disable=not err.is_terminal, transient=True)
        self._task = self._bar.add_task("", total=None, note="reading the archive")
        self._lock = Lock()
        self._bytes = 0
        self._begun = self._shown = time.monotonic()

    def __enter__(self) -> ShownProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def begin(self, plan: Callable[[], Plan]) -> None:
        if err.is_terminal:
            self._bar.update(self._task, total=plan().bytes)

    def fetched(self, count: int) -> None:
        with self._lock:
            self._bytes += count
        self._bar.advance(self._task, count)

    def passed(self, articles: int) -> None:
        now = time.monotonic()
        if err.is_terminal and now - self._shown > 0.1:
            self._shown = now
            self._bar.update(self._task, note=self._rate(articles, now))
        elif now - self._shown > _EVERY:
            self._shown = now
            err.print(f"{self._rate(articles, now)}, {size(self._bytes)} fetched")

    def _rate(self, articles: int, now: float) -> str:
        return f"{articles:,} articles, {articles / max(now - self._begun, 0.001):,.0f}/s"


def print_plan(plan: Plan, *, as_json: bool) -> None:
    """What would be read."""
    if as_json:
        print_json(asdict(plan) | {"gets": plan.gets})
    else:
        about = "at most " if plan.at_most else ""
        pages = f" and {plan.spans:,} parts of WARC files" if plan.spans else ""
        out.print(
            f"{about}{plan.articles:,} articles in {plan.shards:,} shards{pages}, {size(plan.bytes)} to read with "
            f"{plan.gets:,} GETs"
        )


def print_done(done: Done, seconds: float, *, as_json: bool) -> None:
    """What came of it."""
    written = _bytes(done.path) if done.written else 0
    if as_json:
        summary: dict[str, Any] = {"articles": done.articles, "bytes": written, "seconds": round(seconds, 1)}
        if done.removed is not None:
            summary |= {"part": str(done.path) if done.written else None, "removed": done.removed}
        print_json(summary)
        return
    console = err if done.path == STANDARD_OUTPUT else out
    amount = f"{done.articles:,} {'article' if done.articles == 1 else 'articles'}"
    amount += f", {size(written)}" if written else ""
    console.print(f"{amount} in {seconds:.1f} s{f': {done.path}' if done.written else ''}", soft_wrap=True)
    if done.removed:
        console.print(f"{done.removed:,} of earlier parts were taken down: see {done.removed_list}", soft_wrap=True)


def _bytes(path: Path) -> int | None:
    if path == STANDARD_OUTPUT:
        return None
    return sum(file.stat().st_size for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file())
