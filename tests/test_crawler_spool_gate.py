"""Promises of the spool's cap: a store that is away fills no disk, loses nothing, and is caught up with afterwards."""

from __future__ import annotations

import asyncio
import os
import random
import select
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import Popen

import pytest

from archive.errors import ArchiveError
from archive.spool import spool_size
from crawler.spool_gate import MEGABYTE, SpoolGate
from tests.crawling import Installation, articles
from tests.fault_proxy import FaultProxy, Forward, Reply, Request
from tests.newsroom import Fault, Newsroom, Page, Site
from tests.seaweed import BUCKET


class Writer:
    """As much of an `ArchiveWriter` as the gate knows."""

    def __init__(self, *, waiting: bool) -> None:
        self.waiting = waiting
        self.closed = 0

    def close_batch(self) -> None:
        self.closed += 1


class Gate:
    """A gate of one megabyte before a folder, and what it told the crawl."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "daily" / "run-0001.warc.gz"
        self._file.parent.mkdir()
        self.told: list[str] = []
        self._gate = SpoolGate(
            folder, MEGABYTE, pause=lambda: self.told.append("pause"), resume=lambda: self.told.append("resume")
        )

    def look(self, size: int, writer: Writer) -> list[str]:
        self._file.write_bytes(bytes(size))
        asyncio.run(self._gate.look([writer]))  # type: ignore[list-item] # all that it needs
        return self.told


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


def test_the_crawl_pauses_at_the_cap_and_goes_on_at_half_of_it(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    writer = Writer(waiting=True)
    assert gate.look(MEGABYTE - 1, writer) == []
    assert gate.look(MEGABYTE, writer) == ["pause"]
    assert gate.look(MEGABYTE // 2, writer) == ["pause"]
    assert gate.look(MEGABYTE // 2 - 1, writer) == ["pause", "resume"]
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert "1.0 MB of 1 MB (`spool_mb`) wait to become safe: fetching pauses" in caplog.text


def test_what_waits_is_closed_so_that_it_can_become_safe(gate: Gate) -> None:
    writer = Writer(waiting=True)
    gate.look(MEGABYTE - 1, writer)
    assert writer.closed == 0
    gate.look(MEGABYTE, writer)
    assert writer.closed == 1


def test_a_spool_that_is_full_of_other_sites_ends_the_crawl(gate: Gate) -> None:
    """No waiting for what never comes."""
    with pytest.raises(ArchiveError, match="none of it is this crawl's"):
        gate.look(MEGABYTE, Writer(waiting=False))


def test_what_others_left_below_the_cap_does_not_hold_a_crawl_for_ever(gate: Gate) -> None:
    gate.look(MEGABYTE, Writer(waiting=True))
    assert gate.look(MEGABYTE - 1, Writer(waiting=False)) == ["pause", "resume"]


# The whole crawl

LARGE = 40


def large_articles() -> Iterator[Page]:
    """Pages of 100 kB that compression makes no smaller."""
    lot = random.Random(7)
    for page in articles(LARGE):
        ballast = b"<!-- " + b64encode(lot.randbytes(75_000)) + b" --></body>"
        yield replace(page, source=(page.source or b"").replace(b"</body>", ballast))


def site() -> Site:
    """A slow site, some of whose pages take more than one request."""
    pages = tuple(large_articles())
    faults = {f"/story-{n}": Fault(delay=0.2) for n in range(LARGE)}
    faults |= {f"/story-{n}": Fault(status=503, delay=0.2, times=1) for n in range(5, LARGE, 7)}
    return Site(name="daily", title="The Daily", pages=pages, faults=faults)


class Errors:
    """What a process says on standard error."""

    def __init__(self, process: Popen[str]) -> None:
        assert process.stderr is not None
        self._descriptor = process.stderr.fileno()
        self.text = ""

    def until(self, words: str, seconds: float = 100) -> None:
        """Read until it has said this; the limit only keeps a broken test from lasting for ever."""
        end = time.monotonic() + seconds
        while words not in self.text:
            assert time.monotonic() < end, self.text
            if select.select([self._descriptor], [], [], 0.5)[0]:
                read = os.read(self._descriptor, 65536).decode()
                assert read, f"ended with {self.text!r}"
                self.text += read


@pytest.mark.slow
def test_while_the_store_is_away_fetching_goes_on_to_the_cap_and_everything_is_caught_up(
    tmp_path: Path, proxy: FaultProxy
) -> None:
    away = threading.Event()

    def perhaps_away(request: Request, forward: Forward) -> Reply | None:
        return None if away.is_set() else forward(request)

    for method in ("PUT", "HEAD", "GET", "POST"):
        proxy.plan(method, perhaps_away, times=10**6)
    with Newsroom([site()]) as newsroom:
        installation = Installation(tmp_path / "here", newsroom, archive=f"s3://{BUCKET}/gate-{tmp_path.name}")
        with installation.config.open("a", encoding="utf-8") as config:
            config.write("spool_mb = 1\n")
        with installation.started("crawl", "--all") as process:
            while not any("/story" in request.path for request in newsroom.log):
                time.sleep(0.05)
            away.set()
            errors = Errors(process)
            errors.until("fetching pauses")
            spool = installation.folder / "data" / "spool"
            held = spool_size(spool)
            time.sleep(3)
            asked = len({request.path for request in newsroom.log if "/story" in request.path})
            assert MEGABYTE <= held <= spool_size(spool) < 2 * MEGABYTE
            assert asked < LARGE
            away.clear()
            errors.until("fetching goes on")
            process.communicate(timeout=100)
            assert process.returncode == 0
    assert sorted(installation.archived_urls().values()) == [1] * LARGE
    answered = Counter(request.path for request in newsroom.log if "/story" in request.path and request.status == 200)
    assert set(answered.values()) == {1}, "fetched again"
    assert not list(spool.rglob("*.warc.gz*"))
