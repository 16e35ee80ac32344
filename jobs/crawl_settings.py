"""From the configuration to Scrapy settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from crawler.profile import SiteProfile
from jobs.config import Config
from jobs.health import Health


def crawl_settings(config: Config) -> dict[str, Any]:
    """The Scrapy settings that a configuration and its site profiles decide."""
    profiles = config.profiles()
    return {
        "USER_AGENT": config.user_agent,
        "DOWNLOAD_SLOTS": download_slots(profiles.values()),
        "PRESSKEEP_ALLOW_NETWORKS": [str(network) for network in config.allow_networks],
        "PRESSKEEP_ARCHIVE": config.archive,
        "PRESSKEEP_CATALOG": config.catalog_url,
        "PRESSKEEP_SPOOL": str(config.spool_folder),
        "PRESSKEEP_SPOOL_MB": config.spool_mb,
        "PRESSKEEP_PROFILES": profiles,
        "PRESSKEEP_HEALTH": Health(profiles),
    }


def download_slots(profiles: Iterable[SiteProfile]) -> dict[str, dict[str, float]]:
    """One download slot a host; where two sites share a host, the slower pace counts."""
    slots: dict[str, dict[str, float]] = {}
    for profile in profiles:
        for host in profile.hosts:
            name = urlsplit(f"//{host}").hostname or host
            slot = slots.get(name, {"delay": 0.0, "concurrency": profile.fetch.concurrency})
            slots[name] = {
                "delay": max(slot["delay"], profile.fetch.delay),
                "concurrency": min(slot["concurrency"], profile.fetch.concurrency),
            }
    return slots
