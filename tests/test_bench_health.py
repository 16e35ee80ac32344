"""Promises of the health bench: what it plants is found, and what is healthy is let alone."""

from __future__ import annotations

import pytest

from bench.health import healthy, planted
from bench.health_breakages import kinds
from bench.health_sites import SITES

REGIONAL = next(site for site in SITES if site.name == "regional")


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind.name for kind in kinds()])
def test_each_kind_of_breakage_is_found_within_a_day(kind: str) -> None:
    """But for the silence of one feed of two: that one must miss as many articles as a whole site would."""
    [fresh] = [it for it in kinds() if it.name == kind]
    found = planted(REGIONAL, fresh, number=1, seed=7)
    assert found.hours is not None
    assert found.hours <= (48 if kind == "one feed of two frozen" else 24)


@pytest.mark.slow
def test_a_month_of_a_healthy_site_raises_no_alarm() -> None:
    assert healthy(REGIONAL, days=65, seed=7).alarms == ()
