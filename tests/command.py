"""The command `presskeep`, run in this process as its entry point runs it."""

from __future__ import annotations

import io
import json
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.cli import main


@dataclass(frozen=True, kw_only=True)
class Finished:
    """How a command ended."""

    code: int
    stdout: bytes
    err: str

    @property
    def out(self) -> str:
        """Standard output as text."""
        return self.stdout.decode()

    @property
    def json(self) -> Any:
        """The JSON document on standard output."""
        return json.loads(self.stdout)


def presskeep(*arguments: str, folder: Path) -> Finished:
    """Run it in `folder`; neither stream is a terminal."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    before = sys.argv
    sys.argv = ["presskeep", *arguments]
    try:
        with chdir(folder), redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as ended:
        out.flush()
        return Finished(code=int(ended.code or 0), stdout=out.buffer.getvalue(), err=err.getvalue())
    finally:
        sys.argv = before
    raise AssertionError("the command returned instead of exiting")
