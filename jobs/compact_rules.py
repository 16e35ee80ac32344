"""What the table `[compact]` of the config says: how large batches should become, and when."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class CompactRules(BaseModel):
    """How large batches should become: whatever is reached first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    warc_mb: int = Field(default=256, ge=1)
    """Megabytes (of 10**6 bytes) of a WARC file."""
    parquet_mb: int = Field(default=16, ge=1)
    """Megabytes of the Parquet files of a batch."""
    captures: int = Field(default=20_000, ge=2)
    """Pages of a batch."""
    scheduled: bool = True
    """Whether housekeeping compacts the months that are over."""
