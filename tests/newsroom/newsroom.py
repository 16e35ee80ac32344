"""The newsroom: sites on loopback while a `with` block is open, in a thread or in a process of their own."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from types import TracebackType
from typing import Self

from tests.newsroom.requestlog import LoggedRequest, read_log
from tests.newsroom.server import serving
from tests.newsroom.site import Site


class Newsroom:
    """Serves sites between `__enter__` and `__exit__`.

    With `process=True` the servers run in a process of their own, so that a bench does not count their CPU as ours
    and a busy test does not slow them. `log` keeps the request log at that path; otherwise it is temporary.
    """

    def __init__(self, sites: Iterable[Site], *, process: bool = False, log: Path | None = None) -> None:
        self.sites = {site.name: site for site in sites}
        self._process = process
        self._log_file = log
        self._closed_log: list[LoggedRequest] | None = None

    def __enter__(self) -> Self:
        self._folder = TemporaryDirectory(prefix="newsroom-")
        self._log_path = self._log_file or Path(self._folder.name, "requests.jsonl")
        self._pipe, theirs = multiprocessing.Pipe()
        arguments = (theirs, list(self.sites.values()), self._log_path)
        if self._process:
            # spawn: a fork would inherit whatever threads and sockets the caller has.
            process = multiprocessing.get_context("spawn").Process(target=_run, args=arguments, daemon=True)
            process.start()
            theirs.close()
            self._worker: Thread | multiprocessing.process.BaseProcess = process
        else:
            self._worker = Thread(target=_run, args=arguments, name="newsroom", daemon=True)
            self._worker.start()
        self.base_urls: dict[str, str] = self._pipe.recv()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pipe.send(None)
        self._worker.join()
        self._pipe.close()
        self._closed_log = read_log(self._log_path)
        self._folder.cleanup()

    @property
    def log(self) -> list[LoggedRequest]:
        """Every request so far, in the order of the answers; it stays readable after the newsroom has closed."""
        return read_log(self._log_path) if self._closed_log is None else self._closed_log

    def profile(self, name: str) -> str:
        """The profile (TOML) of one site, with its present address."""
        return self.sites[name].profile(self.base_urls[name])

    def replace(self, site: Site) -> None:
        """Exchange the site of that name for this value; requests sent after the return meet the new one."""
        self._pipe.send(site)
        self._pipe.recv()
        self.sites[site.name] = site


def _run(pipe: Connection, sites: list[Site], log: Path) -> None:
    with pipe:
        asyncio.run(_serve(pipe, sites, log))


async def _serve(pipe: Connection, sites: list[Site], log: Path) -> None:
    """Report the addresses, then exchange sites on demand until the owner sends None."""
    async with serving(sites, log) as servers:
        pipe.send({name: server.base_url for name, server in servers.items()})
        # The end of the pipe says that the owner is gone without a word.
        with suppress(EOFError):
            while (site := await asyncio.to_thread(pipe.recv)) is not None:
                servers[site.name].show(site)
                pipe.send(None)
