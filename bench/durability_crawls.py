"""Crawls that start at once, so that a proof can kill hundreds of them.

`presskeep crawl` needs some seconds of CPU to load its modules, before there is anything worth killing. Here one
process loads them and forks a crawl process on demand; from then on it is the same code under the same order as
`jobs.crawl.run_crawl` gives. In the end everything is crawled by the command itself too.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import reload
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

_LOADED = ("jobs.crawl_process", "archive.store_s3", "archive.verify", "crawler.recovery", "feedparser", "alembic")


class CrawlServer:
    """Starts crawl processes of one installation, one at a time."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        """`folder` holds `presskeep.toml`; what crawls print goes to `crawls.log` there."""
        self._log = (folder / "crawls.log").open("ab")
        self._server = subprocess.Popen(
            # Not `-m`: what is a module here, each extraction worker would import again as its own `__main__`.
            [sys.executable, "-c", "from bench.durability_crawls import main; main()"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            start_new_session=True,
        )

    @contextmanager
    def crawl(self, sites: list[str], failpoint: str = "") -> Iterator[Crawl]:
        """A crawl, running; its whole tree is dead in the end."""
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.write(json.dumps({"sites": sites, "failpoint": failpoint}) + "\n")
        self._server.stdin.flush()
        crawl = Crawl(int(self._server.stdout.readline()), self._server.stdout)
        try:
            yield crawl
        finally:
            crawl.kill()

    def close(self) -> None:
        """End the server."""
        kill_tree(self._server.pid)
        self._server.communicate()
        self._log.close()


class Crawl:
    """One crawl process."""

    def __init__(self, pid: int, replies: Any) -> None:
        self.pid = pid
        self._replies = replies
        self._code: int | None = None

    def poll(self) -> int | None:
        """Exit code, negative for a signal; None while it runs."""
        if self._code is None and select.select([self._replies], [], [], 0)[0]:
            self._code = int(self._replies.readline())
        return self._code

    def wait(self, timeout: float = 900) -> int:
        """Wait for its end; TimeoutError."""
        if self._code is None:
            if not select.select([self._replies], [], [], timeout)[0]:
                raise TimeoutError(f"crawl process {self.pid} still runs after {timeout} s")
            self._code = int(self._replies.readline())
        return self._code

    def kill(self) -> bool:
        """SIGKILL it and all its descendants; False if it had ended by itself."""
        if self.poll() is not None:
            return False
        kill_tree(self.pid)
        self.wait(30)
        return True


def kill_tree(pid: int) -> None:
    """SIGKILL a process and all its descendants."""
    family = _frozen_tree(pid)
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    # The root is somebody's child, who waits for it.
    psutil.wait_procs(family[1:], timeout=30)


def _frozen_tree(pid: int) -> list[psutil.Process]:
    """The process and its descendants, stopped, so that none of them starts another while they are counted."""
    family: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        while new := [member for member in (root, *root.children(recursive=True)) if member not in family]:
            for member in new:
                with suppress(psutil.NoSuchProcess):
                    member.suspend()
            family += new
    return family


def main() -> None:
    """The server: a line with an order on standard input starts a crawl; replies are its pid and its exit code."""
    for module in _LOADED:
        __import__(module)
    for line in sys.stdin:
        order = json.loads(line)
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(writer)
            _crawl(reader, order["failpoint"])
        os.close(reader)
        os.write(writer, _order(order["sites"]).encode())
        print(pid, flush=True)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        # A crawl takes the end of its standard input for the death of its parent.
        os.close(writer)
        print(code, flush=True)


def _order(sites: list[str]) -> str:
    from archive.records import new_run_id
    from jobs.crawl_order import CrawlOrder

    return CrawlOrder(run=new_run_id(), config=str(Path("presskeep.toml").resolve()), sites=sites).to_json()


def _crawl(order: int, failpoint: str) -> None:
    """Become the crawl process; does not return."""
    from archive import failpoints
    from jobs import crawl_process

    os.environ["PRESSKEEP_FAILPOINT"] = failpoint
    reload(failpoints)
    os.setsid()
    os.dup2(order, 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.stdin = os.fdopen(0)
    code = 1
    try:
        crawl_process.main()
        code = 0
    finally:
        os._exit(code)
