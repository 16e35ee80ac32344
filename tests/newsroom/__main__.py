"""`python -m tests.newsroom [--sites DIR] [--log FILE]`: serve the sites until interrupted.

The first line on standard output is a JSON object, site name -> base URL.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from tests.newsroom.server import serving
from tests.newsroom.site import PAGES, load_sites


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.newsroom", description="Serve news sites on loopback.")
    parser.add_argument("--sites", type=Path, default=PAGES, help="folder of site folders (default: our own)")
    parser.add_argument("--log", type=Path, default=Path(os.devnull), help="append each request to this JSONL file")
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.sites, arguments.log))


async def _serve(folder: Path, log: Path) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving(load_sites(folder), log) as servers:
        addresses = {name: server.base_url for name, server in servers.items()}
        sys.stdout.write(json.dumps(addresses) + "\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    main()
