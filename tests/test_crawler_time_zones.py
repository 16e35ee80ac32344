"""Promises of finding a site's time zone from the offsets that its pages state."""

from __future__ import annotations

import zoneinfo
from datetime import datetime
from pathlib import Path

import pytest

from crawler.time_zones import countries_of, find_zone, fixed_zone

pytestmark = pytest.mark.skipif(
    not any(Path(folder, "zone.tab").is_file() for folder in zoneinfo.TZPATH), reason="this machine has no zone.tab"
)

WINTER, SUMMER = datetime.fromisoformat("2024-01-10T08:00:00+01:00"), datetime.fromisoformat("2024-07-10T08:00+02:00")


def test_a_zone_of_the_country_that_shows_every_offset_is_taken() -> None:
    assert find_zone([WINTER, SUMMER], ["DE"]) == "Europe/Berlin"
    assert find_zone([datetime.fromisoformat("2024-01-10T08:00:00-06:00")], ["US"]) == "America/Chicago"
    assert find_zone([WINTER], ["GB"]) is None


def test_a_country_with_one_zone_needs_no_offset() -> None:
    assert find_zone([], ["AT"]) == "Europe/Vienna"
    assert find_zone([], ["US"]) is None


def test_without_a_country_the_offset_itself_is_a_zone() -> None:
    for text, name in (("+03:00", "Etc/GMT-3"), ("-05:00", "Etc/GMT+5"), ("+05:30", "UTC"), ("+00:00", "UTC")):
        moment = datetime.fromisoformat(f"2024-01-10T08:00:00{text}")
        assert fixed_zone(moment) == name
        if name != "UTC":
            assert moment.astimezone(zoneinfo.ZoneInfo(name)).utcoffset() == moment.utcoffset()


def test_host_and_language_name_countries_and_generic_domains_do_not() -> None:
    assert countries_of("https://www.example.co.uk/", ["de-AT", "en"]) == ("GB", "AT")
    assert countries_of("https://example.io/", ["en_US"]) == ("US",)
    assert countries_of("https://example.org/", [""]) == ()
