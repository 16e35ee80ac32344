"""The table `prices` of the configuration: what the store of the archive costs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Prices(BaseModel):
    """By default those of Amazon S3 Standard in us-east-1, first 50 TB (https://aws.amazon.com/s3/pricing/, 2026)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: str = Field(default="USD", min_length=1, max_length=8)
    """What the other figures are in."""
    gigabyte_month: float = Field(default=0.023, ge=0)
    """Of keeping 10**9 bytes for a month."""
    put_thousand: float = Field(default=0.005, ge=0)
    """Of storing 1,000 objects."""
