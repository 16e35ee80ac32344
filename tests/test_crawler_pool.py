"""Promises of the extraction pool: a page that hangs, eats memory or kills its process harms no other page."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from archive.records import Capture
from crawler.errors import ExtractionFailed, NoWorkers
from crawler.pool import ExtractionPool, Extractor, failure_outcome
from crawler.profile import SiteProfile
from tests.extractors import obey, page

PROFILE = SiteProfile(name="daily", title="The Daily", hosts=("daily.example",))
MEMORY = 2 * 1024**3
PROJECT = Path(__file__).parents[1]
HTML = b"<html><head><title>Bridge</title></head><body><article><h1>Bridge</h1>" + 9 * (
    b"<p>The town council met on Tuesday evening to talk about the bridge over the lower canal.</p>"
)


@contextmanager
def pool(workers: int = 1, deadline: float = 60, extractor: Extractor = obey) -> Iterator[ExtractionPool]:
    with ExtractionPool(workers=workers, deadline=deadline, memory=MEMORY, extractor=extractor) as one:
        yield one


async def outcome(one: ExtractionPool, order: str) -> str:
    """`good`, or the outcome of the failure."""
    try:
        await one.extract(page(order), PROFILE)
    except ExtractionFailed as exc:
        return failure_outcome(exc)
    return "good"


async def worker(one: ExtractionPool) -> int:
    return int((await one.extract(page("good"), PROFILE)).text)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("exit", "extract_failed:worker_died"),
        ("crash", "extract_failed:worker_died"),
        ("allocate", "extract_failed:out_of_memory"),
        ("break", "extract_failed:ZeroDivisionError"),
        ("refuse", "not_article:listing"),
    ],
)
def test_a_bad_page_has_its_outcome_and_the_next_is_extracted(order: str, expected: str) -> None:
    async def run() -> list[str]:
        with pool() as one:
            return [await outcome(one, order), await outcome(one, "good")]

    assert asyncio.run(run()) == [expected, "good"]


def test_a_machine_that_lets_no_worker_start_is_no_fault_of_the_page() -> None:
    """Too few open files would otherwise be the outcome of every page."""

    async def run() -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            with pytest.raises(NoWorkers, match=r"Too many open files; raise .*ulimit -n"):
                await ExtractionPool(workers=1, deadline=60, memory=MEMORY, extractor=obey).extract(page(""), PROFILE)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    asyncio.run(run())


@pytest.mark.parametrize("order", ["sleep", "burn"])
def test_a_page_beyond_the_deadline_is_given_up(order: str) -> None:
    async def run() -> list[str]:
        with pool(deadline=0.5) as one:
            return [await outcome(one, order), await outcome(one, "good")]

    assert asyncio.run(run()) == ["extract_failed:timeout", "good"]


def test_bad_pages_harm_none_of_those_beside_them() -> None:
    """Every page has its own outcome, however many are under way."""
    orders = ["good", "crash", "good", "sleep", "good", "exit", "good", "allocate", "good"]

    async def run() -> list[str]:
        with pool(workers=2, deadline=2) as one:
            return await asyncio.gather(*(outcome(one, order) for order in orders))

    expected = {
        "good": "good",
        "crash": "extract_failed:worker_died",
        "exit": "extract_failed:worker_died",
        "sleep": "extract_failed:timeout",
        "allocate": "extract_failed:out_of_memory",
    }
    assert asyncio.run(run()) == [expected[order] for order in orders]


def test_the_death_of_an_idle_worker_costs_no_page() -> None:
    """The kernel kills whom it likes when memory runs out."""

    async def run() -> list[str]:
        with pool() as one:
            os.kill(await worker(one), signal.SIGKILL)
            return [await outcome(one, "good") for _ in range(5)]

    assert asyncio.run(run()) == ["good"] * 5


def test_a_real_page_is_extracted() -> None:
    async def run() -> str:
        with ExtractionPool(workers=1, deadline=60, memory=MEMORY) as one:
            real = Capture(
                site="daily",
                url="https://daily.example/1",
                status=200,
                body=HTML,
                fetched=datetime(2026, 3, 4, tzinfo=UTC),
            )
            return (await one.extract(real, PROFILE)).text

    assert "The town council met on Tuesday evening" in asyncio.run(run())


def test_workers_leave_the_processor_to_the_crawl() -> None:
    """A page can wait for its extraction; the pace of a site cannot."""

    async def run() -> int:
        with pool() as one:
            return int(psutil.Process(await worker(one)).nice())

    assert asyncio.run(run()) == min(psutil.Process().nice() + 5, 19)


def test_a_closed_pool_leaves_no_process_behind() -> None:
    """Neither a busy worker nor a zombie."""

    async def run() -> list[int]:
        with pool(workers=2) as one:
            busy = asyncio.ensure_future(outcome(one, "burn"))
            pids = [await worker(one)]
            busy.cancel()
            return pids

    before = descendants()
    asyncio.run(run())
    left = [process for process in descendants() - before if process.status() != psutil.STATUS_ZOMBIE]
    # The fork server and its resource tracker serve the next pool.
    assert not [process for process in left if process.ppid() != os.getpid()]
    assert not [process for process in descendants() if process.status() == psutil.STATUS_ZOMBIE]


def descendants() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


ORPHANING = """
import asyncio, sys
from tests.test_crawler_pool import outcome, pool, worker

async def run():
    with pool(workers=2) as one:
        busy = asyncio.ensure_future(outcome(one, "burn"))
        await worker(one)
        print("ready", flush=True)
        await busy

asyncio.run(run())
"""


def test_workers_die_with_a_killed_crawl() -> None:
    """Even one that is deep in a page, where nothing but the kernel can end it."""
    with subprocess.Popen([sys.executable, "-c", ORPHANING], cwd=PROJECT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
    assert len(family) >= 3, "a fork server and two workers"
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        b"<" * 2_000_000,
        b"<html><body><p>" + b"word " * 1_600_000,
        b"<html><body>" + b"<div>" * 100_000 + b"<p>Far down.</p>",
        b"<html><body>" + b"<p>A line.</p>" * 100_000,
        b"<html><body><table>" + b"<tr><td>1</td><td>2</td></tr>" * 50_000,
        b'<script type="application/ld+json">{"a":' + b"[" * 48_000 + b"</script>" + HTML,
    ],
    ids=["open brackets", "one line of 8 MB", "nested", "paragraphs", "rows", "unterminated JSON-LD"],
)
def test_a_hostile_page_has_its_outcome_and_the_next_page_its_article(body: bytes) -> None:
    async def both(one: ExtractionPool) -> tuple[str, str]:
        outcomes = []
        for html in (body, HTML):
            capture = Capture(
                site="daily",
                url="https://daily.example/1",
                status=200,
                headers=(("Content-Type", "text/html"),),
                body=html,
                fetched=datetime(2026, 3, 4, tzinfo=UTC),
            )
            try:
                outcomes.append((await one.extract(capture, PROFILE)).title or "")
            except ExtractionFailed as exc:
                outcomes.append(failure_outcome(exc))
        return outcomes[0], outcomes[1]

    with ExtractionPool(workers=1, deadline=10, memory=MEMORY) as one:
        hostile, sound = asyncio.run(both(one))
    assert hostile.startswith("extract_failed:") or hostile == "Bridge"
    assert not hostile.endswith("empty")
    assert sound == "Bridge"
