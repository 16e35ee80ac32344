"""A guard for servers that tests start: when the tests die without a word, it cleans up after them."""

from __future__ import annotations

import subprocess


class Guard:
    """Runs a command of the shell as soon as this process has ended, however that came about, unless it is dismissed.

    The guard is a process that reads from a pipe whose other end only we have. PR_SET_PDEATHSIG would not do: a server
    may be started by another process than ours, or by a thread that ends before us.
    """

    def __init__(self, command: str, *arguments: object) -> None:
        """The command knows its arguments as `$1`, `$2` and so on."""
        self._process = subprocess.Popen(
            ["sh", "-c", f"read -r dismissed || {{ {command}; }}", "guard", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # What ends our whole process group must leave it alive.
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """The server has ended in good order."""
        self._process.communicate(b"dismissed\n")
