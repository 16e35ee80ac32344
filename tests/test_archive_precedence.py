"""Promises of precedence: who can wait at a site gives it up for whom cannot, and nobody else does."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

from archive.catalog import Catalog
from crawler.tenancy import Tenancy
from jobs.due import held_sites
from tests.sample_articles import SITE

TTL = timedelta(minutes=10)


def test_only_the_holder_that_says_so_gives_a_site_up(catalog: Catalog) -> None:
    precedence = catalog.precedence
    assert precedence.is_free(SITE)
    with precedence.yielding(SITE, "slice"):
        lease = catalog.leases.acquire(SITE, "crawl", TTL)
        assert not precedence.yields(SITE)
        assert held_sites(catalog) == {SITE: "crawl"}
        catalog.leases.release(lease)
        catalog.leases.acquire(SITE, "slice", TTL)
        assert precedence.yields(SITE)
        # So its schedule is carried out, and the crawl asks for the site.
        assert held_sites(catalog) == {}
    assert not precedence.yields(SITE)


def test_asking_ends_with_the_one_who_asks(catalog: Catalog) -> None:
    precedence = catalog.precedence
    with precedence.asking(SITE, "one"):
        with precedence.asking(SITE, "other"):
            assert precedence.is_asked(SITE)
        assert precedence.is_asked(SITE)
        assert not precedence.is_free(SITE)
    assert not precedence.is_asked(SITE)
    assert precedence.is_free(SITE)


def test_a_run_waits_for_a_site_that_is_given_up_and_is_refused_one_that_is_not(catalog: Catalog) -> None:
    slice_lease = catalog.leases.acquire(SITE, "slice", TTL)
    catalog.leases.acquire("busy", "crawl", TTL)

    def give_up_when_asked() -> None:
        while not catalog.precedence.is_asked(SITE):
            threading.Event().wait(0.02)
        catalog.leases.release(slice_lease)

    with catalog.precedence.yielding(SITE, "slice"):
        holder = threading.Thread(target=give_up_when_asked)
        holder.start()
        held, refused = asyncio.run(Tenancy(catalog, "next").take([SITE, "busy"]))
        holder.join()
    assert held[SITE].holder == "next"
    assert list(refused) == ["busy"]
    assert "crawl works on it" in refused["busy"]
    assert not catalog.precedence.is_asked(SITE)
