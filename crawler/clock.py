"""The time of a crawl; the setting PRESSKEEP_CLOCK puts another clock in its place, for tests and benches."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """By this machine's clock, aware UTC."""
    return datetime.now(UTC)
