"""A clock for crawls that is ahead of this machine's: by CLOCK_SHIFT hours."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """Aware UTC."""
    return datetime.now(UTC) + timedelta(hours=float(os.environ["CLOCK_SHIFT"]))
