"""The slots of the scheduler: threads that each wait for one run, in a fresh subprocess."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from archive.errors import ArchiveError
from crawler.errors import CrawlerError
from crawler.tally import exit_code
from jobs.config import load_config
from jobs.crawl import GRACE, CrawlProcess
from jobs.crawl_order import CrawlOrder
from jobs.errors import JobsError
from jobs.notify import tell
from jobs.opened import opened_catalog
from jobs.schedule_rules import ScheduleRules

logger = logging.getLogger(__name__)


class Slots:
    """Runs under way; all methods may be called from any thread."""

    def __init__(self, path: Path, rules: Callable[[], ScheduleRules], ended: Callable[[str], None]) -> None:
        """`path` is the configuration file; `ended` is told of each run that has ended, however it did."""
        self._path = path.resolve()
        self._rules = rules
        self._ended = ended
        self._lock = threading.Lock()
        self._crawls: dict[str, CrawlProcess] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._ending = False

    def crawl(self, run: str, sites: list[str]) -> None:
        """Begin a crawl of these sites."""
        self._start(run, lambda: self._crawl(run, sites))

    def keep_house(self, run: str, _: list[str]) -> None:
        """Begin `presskeep housekeeping`."""
        self._start(run, lambda: self._keep_house(run))

    def end(self) -> None:
        """Let all runs commit what they have fetched, and wait for them; those that take too long are killed."""
        self._ending = True
        for crawl in self._running():
            crawl.stop()
        waiting = list(self._threads.values())
        for thread in waiting:
            thread.join(GRACE.total_seconds())
        if any(thread.is_alive() for thread in waiting):
            self.kill()

    def kill(self) -> None:
        """End all crawls at once; what they have spooled stays on disk."""
        for crawl in self._running():
            crawl.kill()

    def _start(self, run: str, work: Callable[[], None]) -> None:
        def carry_out() -> None:
            try:
                work()
            except (ArchiveError, CrawlerError, JobsError, OSError) as exc:
                logger.warning("the run did not begin: %s", exc, extra={"run": run})
            finally:
                self._threads.pop(run, None)
                self._ended(run)

        thread = threading.Thread(target=carry_out, name=run, daemon=True)
        self._threads[run] = thread
        thread.start()

    def _crawl(self, run: str, sites: list[str]) -> None:
        rules = self._rules()
        order = CrawlOrder(
            run=run,
            config=str(self._path),
            sites=sites,
            command="schedule",
            log_level="WARNING",
            memory=rules.memory_mb,
        )
        with self._lock:
            crawl = self._crawls[run] = CrawlProcess(order)
        if self._ending:
            crawl.stop()
        logger.info("crawling %s", ", ".join(sites), extra={"run": run})
        try:
            done = crawl.wait(lambda _: None, deadline=rules.deadline)
        finally:
            with self._lock:
                del self._crawls[run]
        code = exit_code(done.state, done.problems, done.sites)
        new = sum(site.new for site in done.sites)
        logger.info("%s, exit code %s, %s new articles", done.state, code, new, extra={"run": run})
        for problem in done.problems:
            logger.warning("%s", problem, extra={"run": run})
        if (config := load_config(self._path)).notify:
            with opened_catalog(config) as catalog:
                tell(config, catalog, datetime.now(UTC))

    def _keep_house(self, run: str) -> None:
        options = ["--config", str(self._path), "housekeeping", "--run", run]
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", "from jobs.cli import main; main()", *options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        for line in (*done.stdout.splitlines(), *done.stderr.splitlines()):
            logger.log(logging.WARNING if done.returncode else logging.INFO, "%s", line, extra={"run": run})

    def _running(self) -> list[CrawlProcess]:
        with self._lock:
            return list(self._crawls.values())
