"""Promises of leases, the same on SQLite and PostgreSQL: one process a site, and no commit by one that was replaced."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from archive.backoff import Patience
from archive.catalog import Catalog
from archive.database import Database
from archive.errors import LeaseHeld, LeaseLost
from archive.leases import Lease, Leases
from archive.process import this_process
from tests.sample_articles import SITE, START
from tests.sample_batches import commit, make_entry

TTL = timedelta(minutes=10)


class Clock:
    """A clock that only tests move."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self, _: object) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(catalog: Catalog, catalog_url: str) -> Iterator[Database]:
    """The database of the catalog."""
    database = Database(catalog_url, patience=Patience())
    yield database
    database.close()


@pytest.fixture
def leases(database: Database, clock: Clock) -> Leases:
    """Leases as this process sees them."""
    return Leases(database, clock=clock)


def test_a_lease_lasts_for_its_time(leases: Leases) -> None:
    lease = leases.acquire(SITE, "first", TTL)
    assert lease == Lease(site=SITE, holder="first", fence=1, ttl=TTL, expires=START + TTL)


def test_a_site_that_is_held_is_refused_with_its_holder(leases: Leases) -> None:
    leases.acquire(SITE, "first", TTL)
    with pytest.raises(LeaseHeld, match=r"first works on it until 2026-03-04 05:16:07 UTC") as refused:
        leases.acquire(SITE, "second", TTL)
    assert (refused.value.holder, refused.value.expires) == ("first", START + TTL)


def test_sites_are_held_apart(leases: Leases) -> None:
    leases.acquire(SITE, "first", TTL)
    assert leases.acquire("weekly", "second", TTL).fence == 1


def test_an_expired_lease_is_taken_over_under_a_higher_fence(leases: Leases, clock: Clock) -> None:
    leases.acquire(SITE, "first", TTL)
    clock.now += TTL
    assert leases.acquire(SITE, "second", TTL).fence == 2


def test_a_renewed_lease_lasts_on(leases: Leases, clock: Clock) -> None:
    lease = leases.acquire(SITE, "first", TTL)
    clock.now += TTL / 2
    assert leases.renew(lease) == replace(lease, expires=clock.now + TTL)
    clock.now += TTL / 2
    with pytest.raises(LeaseHeld):
        leases.acquire(SITE, "second", TTL)


def test_an_expired_lease_that_nobody_took_is_renewed(leases: Leases, clock: Clock) -> None:
    """A laptop that slept goes on where it was."""
    lease = leases.acquire(SITE, "first", TTL)
    clock.now += 2 * TTL
    assert leases.renew(lease).expires == clock.now + TTL


def test_a_lease_that_was_taken_over_can_be_neither_renewed_nor_released(leases: Leases, clock: Clock) -> None:
    lost = leases.acquire(SITE, "first", TTL)
    clock.now += TTL
    leases.acquire(SITE, "second", TTL)
    with pytest.raises(LeaseLost, match="from first to second"):
        leases.renew(lost)
    leases.release(lost)
    with pytest.raises(LeaseHeld, match="second"):
        leases.acquire(SITE, "third", TTL)


def test_a_released_site_is_free_and_its_lease_of_no_use(leases: Leases) -> None:
    lease = leases.acquire(SITE, "first", TTL)
    for _ in range(2):
        leases.release(lease)
    with pytest.raises(LeaseLost):
        leases.renew(lease)
    assert leases.acquire(SITE, "second", TTL).fence > lease.fence


def test_acquiring_again_under_the_same_name_renews(leases: Leases, clock: Clock) -> None:
    """When the answer to the first try was lost, nobody must wait for himself."""
    lease = leases.acquire(SITE, "first", TTL)
    clock.now += TTL / 2
    assert leases.acquire(SITE, "first", TTL) == replace(lease, expires=clock.now + TTL)


def test_the_lease_of_a_pid_that_is_used_again_is_taken_over_at_once(
    database: Database, leases: Leases, clock: Clock
) -> None:
    earlier = replace(this_process(), started="1")
    Leases(database, clock=clock, process=lambda: earlier).acquire(SITE, "run", TTL)
    assert leases.acquire(SITE, "run", TTL).fence == 2


def test_the_lease_of_another_machine_is_waited_for(database: Database, leases: Leases, clock: Clock) -> None:
    elsewhere = replace(this_process(), host="elsewhere", started="1")
    Leases(database, clock=clock, process=lambda: elsewhere).acquire(SITE, "run", TTL)
    with pytest.raises(LeaseHeld, match="on elsewhere"):
        leases.acquire(SITE, "run", TTL)


_HOLDER = """
import sys
from datetime import timedelta
from archive.catalog import Catalog
Catalog(sys.argv[1]).leases.acquire("daily", "killed", timedelta(hours=1))
print("held", flush=True)
sys.stdin.read()
"""


def test_the_lease_of_a_killed_process_is_taken_over_at_once(catalog: Catalog, catalog_url: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, catalog_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(LeaseHeld, match="killed"):
            catalog.leases.acquire(SITE, "second", TTL)
        holder.kill()
        holder.wait()
        assert catalog.leases.acquire(SITE, "second", TTL).fence == 2


def test_by_default_the_time_is_the_databases_own(catalog: Catalog) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    lease = catalog.leases.acquire(SITE, "first", TTL)
    assert before <= lease.expires - TTL <= datetime.now(UTC)


def test_of_twenty_that_ask_at_once_one_gets_the_lease(database: Database, clock: Clock) -> None:
    results: list[object] = []
    start = threading.Barrier(20)

    def acquire(number: int) -> None:
        start.wait()
        try:
            results.append(Leases(database, clock=clock).acquire(SITE, f"holder {number}", TTL))
        except Exception as exc:
            results.append(exc)

    threads = [threading.Thread(target=acquire, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(result).__name__ for result in results) == ["Lease"] + ["LeaseHeld"] * 19


def test_a_batch_is_committed_under_its_lease(catalog: Catalog, leases: Leases) -> None:
    lease = leases.acquire(SITE, "first", TTL)
    commit(catalog, "b1", make_entry(1), lease=lease)
    assert catalog.manifest("b1") is not None


def test_an_expired_lease_that_nobody_took_still_commits(catalog: Catalog, leases: Leases, clock: Clock) -> None:
    lease = leases.acquire(SITE, "first", TTL)
    clock.now += 2 * TTL
    commit(catalog, "b1", make_entry(1), lease=lease)
    assert catalog.manifest("b1") is not None


def test_a_stalled_crawl_that_wakes_up_cannot_commit(catalog: Catalog, leases: Leases, clock: Clock) -> None:
    stalled = leases.acquire(SITE, "first", TTL)
    clock.now += TTL
    leases.acquire(SITE, "second", TTL)
    with pytest.raises(LeaseLost, match="from first to second"):
        commit(catalog, "b1", make_entry(1), lease=stalled)
    assert catalog.manifest("b1") is None
    assert catalog.url_states([make_entry(1).url_id]) == {}


def test_a_lease_from_before_the_catalog_was_rebuilt_cannot_commit(catalog: Catalog, leases: Leases) -> None:
    """Fences begin anew there, so that the newest one can have the number of the old one."""
    newest = leases.acquire(SITE, "second", TTL)
    with pytest.raises(LeaseLost, match="from first to second"):
        commit(catalog, "b1", make_entry(1), lease=replace(newest, holder="first"))
    assert catalog.manifest("b1") is None


def test_a_released_lease_cannot_commit(catalog: Catalog, leases: Leases) -> None:
    lease = leases.acquire(SITE, "first", TTL)
    leases.release(lease)
    with pytest.raises(LeaseLost):
        commit(catalog, "b1", make_entry(1), lease=lease)
    assert catalog.manifest("b1") is None


def test_a_batch_that_is_safe_already_needs_no_lease(catalog: Catalog, leases: Leases, clock: Clock) -> None:
    """A retry must not fail because the first try went through and the lease has passed on since."""
    lease = leases.acquire(SITE, "first", TTL)
    commit(catalog, "b1", make_entry(1), lease=lease)
    leases.release(lease)
    commit(catalog, "b1", make_entry(1), lease=lease)
    assert catalog.manifest("b1") is not None
