"""Promises of the health bench: what it plants is found, and what is healthy is let alone."""

from __future__ import annotations

import pytest

from bench.health import healthy, planted
from bench.health_breakages import kinds
from bench.health_sites import SITES

REGIONAL = next(site for site in SITES if site.name == "regional")


@pytest.mark.slow
@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.name)
def test_each_kind_of_breakage_is_found_within_a_day(kind: object) -> None:
    [fresh] = [it for it in kinds() if it.name == kind.name]  # type: ignore[attr-defined]
    found = planted(REGIONAL, fresh, number=1, seed=7)
    assert found.hours is not None
    assert found.hours <= 24


@pytest.mark.slow
def test_two_months_of_a_healthy_site_raise_no_alarm() -> None:
    assert healthy(REGIONAL, days=95, seed=7).alarms == ()
