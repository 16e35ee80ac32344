"""Telling people of findings: each is told of once when it opens and once when it is closed.

What has been told stands in the catalog, so a message that could not be delivered is delivered after a later run, by
whichever process that is. All that is new goes into one message, and messages keep a distance.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from archive.catalog import Catalog
from archive.errors import LeaseHeld
from archive.site_findings import SiteFinding
from jobs.config import Config
from jobs.console import safe
from jobs.health_view import finding_lines
from jobs.notifiers import Message, NotDelivered, Notifier

logger = logging.getLogger(__name__)

LEASE = "notify/lease"
"""Held while telling; no site can be called so."""

_TTL = timedelta(minutes=10)
_PAUSES = (2.0, 10.0)
"""Seconds before the second and the third try."""
_MOST = 20
"""Findings that one message tells of in full."""


def tell(
    config: Config,
    catalog: Catalog,
    now: datetime,
    *,
    environment: Mapping[str, str] = os.environ,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Tell of all findings that nobody was told of; returns of how many. CatalogError.

    0 also while another process does it, while the last message is younger than `notify_minutes`, and when no notifier
    took the message; the log says why.
    """
    if not config.notify or not (untold := catalog.findings.untold()):
        return 0
    last = catalog.findings.last_told()
    if last is not None and now - last < timedelta(minutes=config.notify_minutes):
        return 0
    try:
        lease = catalog.leases.acquire(LEASE, f"notifier {os.getpid()} {threading.get_ident()}", _TTL)
    except LeaseHeld:
        return 0
    try:
        # What another one told meanwhile is told.
        if not (untold := catalog.findings.untold()):
            return 0
        taken = [_delivered(notifier, message(untold), environment, sleep) for notifier in config.notify]
        if not any(taken):
            return 0
        catalog.findings.tell(untold, now)
        return len(untold)
    finally:
        catalog.leases.release(lease)


def message(findings: Sequence[SiteFinding]) -> Message:
    """One message for all of them."""
    opened = sorted({it.site for it in findings if it.closed is None})
    closed = sorted({it.site for it in findings if it.closed is not None} - set(opened))
    parts = [f"{_names(opened)} changed"] if opened else []
    parts += [f"{_names(closed)} recovered"] if closed else []
    return Message(subject=safe(f"presskeep: {', '.join(parts)}"), text=safe("\n".join(_lines(findings))))


def _lines(findings: Sequence[SiteFinding]) -> Iterator[str]:
    for finding in findings[:_MOST]:
        yield from finding_lines(finding)
        yield ""
    if len(findings) > _MOST:
        yield f"{len(findings) - _MOST} more: see `presskeep health --closed 1`"


def _names(sites: Sequence[str]) -> str:
    return " and ".join(sites) if len(sites) <= 2 else f"{len(sites)} sites"


def _delivered(
    notifier: Notifier, message: Message, environment: Mapping[str, str], sleep: Callable[[float], None]
) -> bool:
    for pause in (*_PAUSES, None):
        try:
            notifier.send(message, environment)
        except NotDelivered as exc:
            if pause is None:
                logger.warning("findings are not told: %s", exc)
                return False
            sleep(pause)
        else:
            return True
    return False
