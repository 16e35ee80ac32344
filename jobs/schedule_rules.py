"""The table `[schedule]` of presskeep.toml: how the schedule is carried out."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field


class ScheduleRules(BaseModel):
    """Limits of scheduled runs, and what the scheduler tells of itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    processes: int = Field(default=2, ge=1, le=64)
    """Crawl processes at once."""
    sites_per_process: int = Field(default=50, ge=1, le=1000)
    """Sites that one run crawls at most."""
    run_minutes: int = Field(default=240, ge=1, le=10080)
    """After so long a run is told to commit what it has, and five minutes later it is killed."""
    memory_mb: int = Field(default=2048, ge=0)
    """A crawl that takes more, its workers included, is told to commit what it has; 0 for no limit."""
    jitter: int = Field(default=30, ge=0, le=3600)
    """A run begins up to so many seconds after its tick, each site at another moment."""
    housekeeping: str = "43 3 * * *"
    """When to verify and clean up, as the schedule of a site in UTC; empty for never."""

    metrics: str = Field(default="", pattern=r"^$|^[^\s:]*:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$")
    """Address, such as `127.0.0.1:9464`, at which the scheduler serves /metrics and /healthz; empty for none."""

    @property
    def deadline(self) -> timedelta:
        """`run_minutes`."""
        return timedelta(minutes=self.run_minutes)
