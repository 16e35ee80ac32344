"""Stand-ins for the extractor that misbehave as their page says; here alone, so that workers load nothing else."""

from __future__ import annotations

import os
import re
import signal
import time
from dataclasses import replace
from datetime import UTC, datetime

from archive.records import ArticleDraft, Capture
from crawler.errors import NotAnArticle
from crawler.profile import SiteProfile
from tests.sample_articles import make_draft

LONG = 3600


def page(order: str) -> Capture:
    """A page that gives this order."""
    return Capture(
        site="daily",
        url="https://daily.example/1",
        status=200,
        body=order.encode(),
        fetched=datetime(2026, 3, 4, tzinfo=UTC),
    )


def obey(page: Capture, profile: SiteProfile) -> ArticleDraft:
    """Do what the page says; the `text` of the article is the worker's process id."""
    order = page.body.decode()
    if order == "sleep":
        time.sleep(LONG)
    elif order == "burn":
        # A regular expression does not let go of the interpreter lock: no handler of a signal can run.
        re.match(r"(a+)+$", "a" * 64 + "b")
    elif order == "exit":
        os._exit(3)
    elif order == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif order == "allocate":
        bytearray(8 * 1024**3)
    elif order == "break":
        raise ZeroDivisionError("no such luck")
    elif order == "refuse":
        raise NotAnArticle("listing")
    return replace(make_draft(1), text=str(os.getpid()))
