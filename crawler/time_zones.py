"""From an offset that a site's pages state to the time zone that it lives in.

Which zones a country has is in `zone.tab` of the tz database (IANA, file format in its own head), where the most
populous zone of a country comes first among equals.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

# Country-code domains that are not the country's ISO 3166 code, or that the world uses as if they were generic.
_COUNTRY_OF_DOMAIN = {"uk": "GB"}
_GENERIC = frozenset({"ai", "cc", "co", "fm", "gg", "io", "me", "tv", "ws"})


def find_zone(moments: Iterable[datetime], countries: Iterable[str]) -> str | None:
    """The first zone of the countries (ISO 3166 codes) whose clocks showed every one of these aware moments.

    Without moments, the zone of the first country that has only one. None when no zone fits.
    """
    seen = list(moments)
    for country in countries:
        zones = _zones().get(country, ())
        if not seen and len(zones) == 1:
            return zones[0]
        for zone in zones if seen else ():
            if all(_shows(zone, moment) for moment in seen):
                return zone
    return None


def fixed_zone(moment: datetime) -> str:
    """The zone of the moment's own offset, e.g. `Etc/GMT-3` for +03:00; `UTC` for offsets that are no whole hours."""
    hours, rest = divmod(moment.utcoffset() or timedelta(), timedelta(hours=1))
    if rest or not hours:
        return "UTC"
    # POSIX counts westwards, and the Etc zones follow it.
    return f"Etc/GMT{-hours:+d}"


def countries_of(url: str, languages: Iterable[str]) -> tuple[str, ...]:
    """Countries (ISO 3166) that a host's ending and language tags such as `en-GB` or `de_AT` speak of."""
    domain = (urlsplit(url).hostname or "").rpartition(".")[2].lower()
    found = [_COUNTRY_OF_DOMAIN.get(domain, domain.upper())] if len(domain) == 2 and domain not in _GENERIC else []
    for tag in languages:
        if match := re.search(r"[-_]([A-Za-z]{2})\b", tag):
            found.append(match[1].upper())
    return tuple(dict.fromkeys(found))


def _shows(zone: str, moment: datetime) -> bool:
    return moment.astimezone(zoneinfo.ZoneInfo(zone)).utcoffset() == moment.utcoffset()


@cache
def _zones() -> dict[str, tuple[str, ...]]:
    """Zones by country; empty on a machine whose tz database has no such table."""
    zones: dict[str, tuple[str, ...]] = {}
    for folder in zoneinfo.TZPATH:
        table = Path(folder, "zone.tab")
        if table.is_file():
            for line in table.read_text(encoding="utf-8").splitlines():
                if line and not line.startswith("#"):
                    country, _, zone = line.split("\t")[:3]
                    zones[country] = (*zones.get(country, ()), zone)
            break
    return zones
