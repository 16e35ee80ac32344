"""One crawl in a fresh subprocess: a reactor never restarts, and memory goes back when it ends.

The first Ctrl-C or SIGTERM lets the subprocess extract and commit what it has fetched; the second makes it stop at
once, and what was spooled stays on disk.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from jobs.crawl_order import CrawlOrder, Done, Failed, Progress, read_event
from jobs.errors import JobsError


def run_crawl(order: CrawlOrder, on_progress: Callable[[Progress], None]) -> Done:
    """Crawl and return how it ended; JobsError when nothing was done."""
    reached: Progress | None = None
    last: Progress | Done | Failed | None = None
    with (
        subprocess.Popen(
            # Not `-m`: what is a module here, each extraction worker would import again as its own `__main__`.
            [sys.executable, "-c", "from jobs.crawl_process import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Ctrl-C reaches a whole process group; the child shall hear it once, from us.
            start_new_session=True,
        ) as process,
        _signals_forwarded(process),
    ):
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
        process.stdin.write(order.to_json())
        process.stdin.flush()
        for line in process.stdout:
            last = read_event(line)
            if isinstance(last, Progress):
                reached = last
                on_progress(last)
    if isinstance(last, Failed):
        raise JobsError(last.message)
    done = last if isinstance(last, Done) else _killed(order, reached, process.returncode)
    if not done.begun:
        raise JobsError("; ".join(done.problems))
    return done


def _killed(order: CrawlOrder, reached: Progress | None, code: int) -> Done:
    """How a crawl ended whose process died without a word, as far as its last progress tells."""
    if reached is None:
        how = "was interrupted" if code == -signal.SIGTERM else f"process died with code {code}"
        raise JobsError(f"the crawl {how} before it began")
    problem = f"the crawl process died with code {code}; captures that were not yet safe wait in the spool"
    return Done(run=order.run, state="failed", begun=True, problems=[problem], sites=reached.sites)


@contextmanager
def _signals_forwarded(process: subprocess.Popen[str]) -> Iterator[None]:
    def forward(number: int, _: FrameType | None) -> None:
        # Also for Ctrl-C: a child that is still starting would answer SIGINT with a traceback.
        process.send_signal(signal.SIGTERM)

    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
