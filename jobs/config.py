"""The configuration: `presskeep.toml`, found in the working folder, by `--config`, or by PRESSKEEP_CONFIG.

Relative paths in it are relative to the file. Endpoint, region and credentials of the bucket are not in it: they come
from the chain that all AWS tools share (AWS_* variables, profiles).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, ValidationError, field_validator

from crawler.profile import SiteProfile, builtin_profiles, describe_errors, load_profiles
from jobs.compact_rules import CompactRules
from jobs.errors import ConfigError, MissingConfig
from jobs.notifiers import AnyNotifier
from jobs.prices import Prices
from jobs.schedule import timetable
from jobs.schedule_rules import ScheduleRules
from jobs.web_archive_rules import WebArchiveRules

FILE_NAME = "presskeep.toml"
BUILTIN = "builtin:"
_SQLITE = "sqlite:///"


class Config(BaseModel):
    """All settings of one installation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    archive: str
    """`s3://bucket/prefix` or `file:///path`."""
    contact: str = Field(min_length=3)
    """URL or mail address that site owners can write to; part of the user agent."""
    catalog: str = "sqlite:///data/catalog.sqlite"
    """SQLAlchemy URL."""
    spool: Path = Path("data/spool")
    """Folder where captures wait until they are safe; on a disk that survives a restart."""
    spool_mb: int = Field(default=2000, ge=1)
    """Megabytes (of 10**6 bytes) that may wait in the spool before fetching pauses."""
    search_index: Path = Path("data/search")
    """Folder of the full-text index; it can be made again at any time."""
    log_format: Literal["text", "json"] = "text"
    """Lines of the log, see jobs/log_lines.py."""
    sites: tuple[str, ...] = ("sites",)
    """Site profiles: files, folders, or `builtin:NAME`."""
    allow_networks: tuple[IPvAnyNetwork, ...] = ()
    """Networks that are not public and may be connected to nevertheless: an intranet, this machine."""
    schedule: ScheduleRules = ScheduleRules()
    """How `presskeep schedule` and `crawl --due` carry out the schedules of sites."""
    compact: CompactRules = CompactRules()
    """How large `presskeep compact` and housekeeping make batches."""
    prices: Prices = Prices()
    """What the store costs, for estimates."""
    web_archives: WebArchiveRules = WebArchiveRules()
    """Where backfills find archives of the web."""
    notify: tuple[AnyNotifier, ...] = ()
    """Whom to tell of findings of site health, and how."""
    notify_minutes: int = Field(default=30, ge=0)
    """Minutes between two messages at least."""
    folder: Path = Path()
    """Where the configuration file lies; set by `load_config`."""

    @field_validator("archive")
    @classmethod
    def _known_kind(cls, value: str) -> str:
        if not value.startswith(("s3://", "file:///")):
            raise ValueError("must be s3://bucket/prefix or file:///absolute/path")
        return value

    @field_validator("contact")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("must be one printable line")
        return value

    @property
    def user_agent(self) -> str:
        """What sites see, e.g. `presskeep/0.1.0 (+https://example.org/crawler)`."""
        return f"presskeep/{version('presskeep')} (+{self.contact})"

    @property
    def catalog_url(self) -> str:
        """`catalog`, the path of an SQLite file made absolute."""
        if not self.catalog.startswith(_SQLITE):
            return self.catalog
        return _SQLITE + str((self.folder / self.catalog.removeprefix(_SQLITE)).resolve())

    @property
    def spool_folder(self) -> Path:
        """`spool`, made absolute."""
        return (self.folder / self.spool).resolve()

    @property
    def search_folder(self) -> Path:
        """`search_index`, made absolute."""
        return (self.folder / self.search_index).resolve()

    def profiles(self) -> dict[str, SiteProfile]:
        """All site profiles by name; ProfileError or ConfigError for the first one that is wrong."""
        paths = [self.folder / entry for entry in self.sites if not entry.startswith(BUILTIN)]
        profiles = load_profiles(paths)
        builtin = builtin_profiles()
        for entry in self.sites:
            if entry.startswith(BUILTIN):
                name = entry.removeprefix(BUILTIN)
                if name not in builtin:
                    raise ConfigError(f"sites: {entry!r}: no such built-in profile; there are {', '.join(builtin)}")
                profiles.setdefault(name, builtin[name])
        for profile in profiles.values():
            if profile.schedule is not None:
                timetable(profile.schedule, profile.timezone, where=f"site {profile.name}: schedule")
        return profiles


def find_config(path: Path | None, environment: Mapping[str, str] = os.environ) -> Path:
    """The configuration file that counts; MissingConfig when there is none."""
    found = path or Path(environment.get("PRESSKEEP_CONFIG") or FILE_NAME)
    if not found.is_file():
        raise MissingConfig(f"{found}: no such file; write one with `presskeep init`, or name yours with --config")
    return found


def load_config(path: Path) -> Config:
    """Read a configuration file; ConfigError names the file, the key and the reason."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path}: not TOML: {exc}") from exc
    try:
        return Config.model_validate({**values, "folder": path.parent.resolve()})
    except ValidationError as exc:
        raise ConfigError("\n".join(f"{path}: {line}" for line in describe_errors(exc))) from exc
