"""One crawl in a fresh subprocess: a reactor never restarts, and memory goes back when it ends.

The first Ctrl-C or SIGTERM lets the subprocess extract and commit what it has fetched; the second makes it stop at
once, and what was spooled stays on disk.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from types import FrameType

from jobs.crawl_order import CrawlOrder, Done, Failed, Progress, read_event
from jobs.errors import JobsError

GRACE = timedelta(minutes=5)
"""How long a crawl that was told to stop may take to commit what it has fetched."""


class CrawlProcess:
    """The subprocess of one crawl; `stop` and `kill` may be called from any thread."""

    def __init__(self, order: CrawlOrder) -> None:
        """Starts it."""
        self._order = order
        self._process = subprocess.Popen(
            # Not `-m`: what is a module here, each extraction worker would import again as its own `__main__`.
            # The extractor loads beside Scrapy, on another core.
            [
                sys.executable,
                "-c",
                "from crawler.fork_server import start_fork_server; start_fork_server();"
                "from jobs.crawl_process import main; main()",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Ctrl-C reaches a whole process group; the child shall hear it once, from us.
            start_new_session=True,
        )

    def wait(self, on_progress: Callable[[Progress], object], *, deadline: timedelta | None = None) -> Done:
        """Let it work, and return how it ended; JobsError when nothing was done.

        After the deadline it is told to stop, and after `GRACE` more it is killed.
        """
        timers = []
        if deadline is not None:
            seconds = deadline.total_seconds()
            timers = [threading.Timer(seconds, self.stop), threading.Timer(seconds + GRACE.total_seconds(), self.kill)]
        for timer in timers:
            timer.daemon = True
            timer.start()
        try:
            return self._result(on_progress)
        finally:
            for timer in timers:
                timer.cancel()

    def stop(self) -> None:
        """Let it commit what it has fetched and end; the second time it ends at once."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and its workers at once; what was spooled stays on disk."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _result(self, on_progress: Callable[[Progress], object]) -> Done:
        reached: Progress | None = None
        last: Progress | Done | Failed | None = None
        with self._process as process:
            assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
            with suppress(BrokenPipeError):
                process.stdin.write(self._order.to_json())
                process.stdin.flush()
            for line in process.stdout:
                last = read_event(line)
                if isinstance(last, Progress):
                    reached = last
                    on_progress(last)
        if isinstance(last, Failed):
            raise JobsError(last.message)
        done = last if isinstance(last, Done) else _killed(self._order, reached, process.returncode)
        if not done.begun:
            raise JobsError("; ".join(done.problems))
        return done


def run_crawl(
    order: CrawlOrder,
    on_progress: Callable[[Progress], object],
    *,
    deadline: timedelta | None = None,
    ends: Callable[[], bool] = lambda: False,
) -> Done:
    """Crawl in the foreground, signals passed on, and return how it ended; JobsError when nothing was done.

    `ends` is asked twice a second; once it says so, the crawl commits what it has fetched and ends.
    """
    process = CrawlProcess(order)
    told = False

    def progress(reached: Progress) -> None:
        nonlocal told
        on_progress(reached)
        if not told and ends():
            told = True
            process.stop()

    with _signals_forwarded(process):
        return process.wait(progress, deadline=deadline)


def _killed(order: CrawlOrder, reached: Progress | None, code: int) -> Done:
    """How a crawl ended whose process died without a word, as far as its last progress tells."""
    if reached is None:
        how = "was interrupted" if code == -signal.SIGTERM else f"process died with code {code}"
        raise JobsError(f"the crawl {how} before it began")
    problem = f"the crawl process died with code {code}; captures that were not yet safe wait in the spool"
    return Done(run=order.run, state="failed", begun=True, problems=[problem], sites=reached.sites)


@contextmanager
def _signals_forwarded(process: CrawlProcess) -> Iterator[None]:
    def forward(number: int, _: FrameType | None) -> None:
        # Also for Ctrl-C: a child that is still starting would answer SIGINT with a traceback.
        process.stop()

    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
