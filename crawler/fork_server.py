"""The process from which extraction workers are forked.

It has the extractor loaded, so that a new worker is there in milliseconds and shares its memory. It ends with us.
"""

from __future__ import annotations

import multiprocessing
import os
from contextlib import suppress
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext


def fork_server_context() -> ForkServerContext:
    """What makes processes that are forked from that server."""
    context = multiprocessing.get_context("forkserver")
    # Where `__main__` is a script, each worker would otherwise run its imports again.
    context.set_forkserver_preload(["__main__", "crawler.pool", "crawler.extract"])
    return context


def start_fork_server() -> None:
    """Start the server already, so that it loads the extractor while the caller loads Scrapy on another core.

    What workers print goes to standard error: standard output may be a channel for something else.
    """
    fork_server_context()
    output = os.dup(1)
    os.dup2(2, 1)
    try:
        # Where it cannot be started now, it cannot later either, and the pool will say so.
        with suppress(OSError):
            forkserver.ensure_running()
    finally:
        os.dup2(output, 1)
        os.close(output)
