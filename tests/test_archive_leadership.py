"""Promises of leadership: one leads, and when it is gone another does within seconds."""

from __future__ import annotations

import multiprocessing
import os
import signal
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection

import pytest

from archive.catalog import Catalog
from archive.errors import CatalogError
from archive.leadership import LEADER, LeaseLeadership
from archive.leases import Leases
from archive.process import Process
from archive.schema import leases
from tests.postgres import Postgres


def test_one_of_two_leads_until_it_resigns(catalog: Catalog, catalog_url: str) -> None:
    other = Catalog(catalog_url)
    one, two = catalog.leadership("one"), other.leadership("two")
    assert one.lead()
    assert one.lead()
    assert not two.lead()
    one.resign()
    one.resign()
    assert two.lead()
    assert not one.lead()
    two.resign()
    other.close()


def _lead(url: str, pipe: Connection) -> None:
    leader = Catalog(url).leadership("child")
    pipe.send(leader.lead())
    pipe.recv()


def test_a_leader_that_is_killed_is_followed_at_once(catalog: Catalog, catalog_url: str) -> None:
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=_lead, args=(catalog_url, theirs))
    child.start()
    assert ours.recv()
    here = catalog.leadership("here")
    assert not here.lead()
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    ours.close()
    theirs.close()
    # The server of PostgreSQL notices the closed connection in its own time.
    assert any(here.lead() for _ in range(10_000))
    here.resign()


def test_a_leader_on_another_machine_that_stalls_is_followed_when_its_lease_is_over(catalog: Catalog) -> None:
    moment = datetime(2026, 3, 4, tzinfo=UTC)
    elsewhere = Process(host="elsewhere", boot="b", pid=1, started="1")
    far = Leases(catalog._database, clock=lambda _: moment, process=lambda: elsewhere)
    near = Leases(catalog._database, clock=lambda _: moment)
    stalled, follower = LeaseLeadership(far, "far"), LeaseLeadership(near, "near")
    assert stalled.lead()
    moment += timedelta(seconds=14)
    assert not follower.lead()
    moment += timedelta(seconds=2)
    assert follower.lead()
    assert not stalled.lead()
    assert [row["holder"] for row in catalog.rows(leases) if row["site"] == LEADER] == ["near"]


def test_a_leader_whose_database_restarts_leads_no_more_until_it_asks_again(postgres: Postgres) -> None:
    catalog = Catalog(postgres.create_database())
    catalog.prepare()
    leader = catalog.leadership("one")
    assert leader.lead()
    postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    with pytest.raises(CatalogError, match="the leader's connection is broken"):
        leader.lead()
    assert leader.lead()
    leader.resign()
    catalog.close()
