"""Where a process spends its time: a hundred times a second py-spy looks at the stack of the thread that holds the GIL.

C code that gives the GIL back (zlib, hashes, Parquet, waiting) does not show, for it holds nobody up.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

OURS = ("archive/", "crawler/", "jobs/")
"""How the files of presskeep begin in stacks."""

_FRAME = re.compile(r"(?P<function>.+) \((?P<file>[^:()]+):\d+\)")

Stack = tuple[int, list[str]]
"""Samples, and functions as `name (file)`, outermost first."""


def recorded(command: Sequence[str], stacks: Path) -> list[str]:
    """The command that runs `command` and writes its stacks, and those of all its children, to a file."""
    beside = Path(sys.executable).with_name("py-spy")
    program = str(beside) if beside.exists() else shutil.which("py-spy")
    if program is None:
        raise SystemExit("py-spy is not installed: pip install py-spy")
    return [program, "record", "--subprocesses", "--gil", "--format", "raw", "--output", str(stacks), "--", *command]


def print_hotspots(stacks: Path, *, process: str, length: int = 25) -> None:
    """Three tables about the processes whose command line holds `process`, in percent of their samples."""
    found = list(read_stacks(stacks.read_text("utf-8").splitlines(), process))
    total = sum(count for count, _ in found)
    own, libraries, inclusive = Counter[str](), Counter[str](), Counter[str]()
    for count, frames in found:
        own[frames[-1]] += count
        libraries[_file(frames[-1]).partition("/")[0]] += count
        inclusive.update(dict.fromkeys((frame for frame in frames if _file(frame).startswith(OURS)), count))
    tables = {"in the function itself": own, "by library": libraries, "ours, with callees": inclusive}
    for title, counter in tables.items():
        print(f"\n{title}, of {total} samples")
        for name, count in counter.most_common(length):
            print(f"{100 * count / total:6.1f} %  {name}")


def read_stacks(lines: Iterable[str], process: str) -> Iterator[Stack]:
    """Parse lines as py-spy writes them (`process…;process…;frame (file:line);… count`), of one process only."""
    for line in lines:
        stack, _, count = line.rpartition(" ")
        parts = stack.split(";")
        chain = [part for part in parts if part.startswith("process ")]
        frames = [f"{frame['function']} ({frame['file']})" for part in parts if (frame := _FRAME.fullmatch(part))]
        if frames and process in chain[-1]:
            yield int(count), frames


def _file(frame: str) -> str:
    return frame.rpartition(" (")[2].removesuffix(")")
