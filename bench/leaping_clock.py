"""A clock that runs as any other, and now and then leaps ahead: for all processes that look at one file.

The file holds by how many seconds the clock is ahead of this machine's; LEAPING_CLOCK names it.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

VARIABLE = "LEAPING_CLOCK"

SITE_CUSTOMIZE = """\
import crawler.clock
from bench.leaping_clock import now

crawler.clock.now = now
"""
"""A `sitecustomize.py` (https://docs.python.org/3/library/site.html) that gives this clock to crawls."""


def now() -> datetime:
    """Aware UTC."""
    return datetime.now(UTC) + timedelta(seconds=float(Path(os.environ[VARIABLE]).read_text("ascii")))


def leap(moment: datetime) -> None:
    """Let it be that moment now."""
    file = Path(os.environ[VARIABLE])
    part = file.with_name(f"{file.name}.part")
    part.write_text(str((moment - datetime.now(UTC)).total_seconds()), "ascii")
    part.replace(file)
