"""The sites there are: configured, or with a profile that comes with presskeep."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.profile import builtin_profiles
from jobs.config import Config


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One site profile."""

    site: str
    title: str
    configured: bool
    """False for one that comes with presskeep and is not named in the configuration."""
    hosts: tuple[str, ...]
    feeds: int
    sitemaps: int
    sections: int


def listed(config: Config | None) -> list[Listed]:
    """All profiles by name; without a configuration only those that come with presskeep."""
    configured = config.profiles() if config else {}
    return [
        Listed(
            site=name,
            title=profile.title,
            configured=name in configured,
            hosts=profile.hosts,
            feeds=len(profile.sources.feeds),
            sitemaps=len(profile.sources.sitemaps),
            sections=len(profile.sources.sections),
        )
        for name, profile in sorted((builtin_profiles() | configured).items())
    ]
