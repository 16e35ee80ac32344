"""What it takes to extract 20,000 archived articles again: memory, cores, and three kills on the way.

    python -m bench.reprocessing [--articles 20000] [--batch 250] [--kills 3] [--seed 2024] [--json FILE]

The archive is made here, in a folder, through the real writer: WARCs with pages, and shards as an older extractor would
have left them, with one line too many in each text. Copies of it go through `presskeep reprocess --apply`: with one
worker, with two, and with two and so many kill -9 in between, each taken up again by the next command. The goals: all
three end in the same archive, in which each article is there once, by today's extractor; one more run finds nothing to
do and changes nothing; memory is flat. Articles a second are told too. With 20,000 it takes ten minutes.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil  # type: ignore[import-untyped]

from archive import outcomes
from archive.catalog import Catalog
from archive.marker import ensure_marker
from archive.reader import ArchiveReader
from archive.records import Article, content_hash, url_id
from archive.store import DirectoryStore
from archive.writer import ArchiveWriter, BatchLimits
from bench.download import made
from bench.machine import facts
from crawler.articles import EXTRACTOR_VERSION

ROOT = Path(__file__).resolve().parent.parent
SITE = "daily"
MORE_MEMORY = 1.15
"""Times the memory of the first batches that the last ones may take."""

_PROFILE = f'name = "{SITE}"\ntitle = "The Daily"\nhosts = ["{SITE}.example"]\n'
_OLD_LINE = "Read more of this in our newsletter"
_INTERVAL = 0.2
"""Seconds between two looks at progress and memory."""

_WITH_WORKERS = """\
import sys
from crawler import settings
from jobs.cli import main

settings.PRESSKEEP_EXTRACTION_WORKERS = int(sys.argv.pop(1))
main()
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One copy of the archive, extracted again."""

    name: str
    kills: int
    seconds: float
    """Of all its commands."""
    articles_per_second: float
    """Without the time in which a command has not replaced its first batch yet."""
    early_mb: float
    """Largest sum of the resident sets, in 10^6 bytes, in the first third of the batches."""
    late_mb: float
    """The same of the last third."""
    left: int
    """Articles that an older extractor read, or that are lost, or there twice."""
    again: int
    """What one more run extracts and changes."""
    digest: str
    """Of all that the archive then holds."""


class Copy:
    """An installation with an archive of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._archive = folder / "archive"
        self._catalog_url = f"sqlite:///{folder}/data/catalog.sqlite"

    @classmethod
    def of(cls, other: Copy, folder: Path) -> Copy:
        """The same archive in another folder."""
        shutil.copytree(other.folder, folder)
        copy = cls(folder)
        copy.configure()
        return copy

    def configure(self) -> None:
        """Write the configuration, which names this folder."""
        (self.folder / "sites").mkdir(exist_ok=True)
        (self.folder / "sites" / f"{SITE}.toml").write_text(_PROFILE, "utf-8")
        config = f'archive = "{self._archive.as_uri()}"\ncontact = "https://presskeep.example/bench"\n'
        (self.folder / "presskeep.toml").write_text(config, "utf-8")

    def fill(self, *, articles: int, batch: int, seed: int) -> None:
        """Archive so many made articles as an older extractor would have."""
        self.configure()
        store, catalog = DirectoryStore(self._archive), Catalog(self._catalog_url)
        catalog.prepare()
        ensure_marker(store)
        writer = ArchiveWriter(
            store=store,
            catalog=catalog,
            spool=self.folder / "spool",
            site=SITE,
            run="20250101T000000Z-000000",
            software={"presskeep": "0"},
            limits=BatchLimits(captures=batch),
        )
        for capture, draft in made(articles, seed):
            text = f"{draft.text}\n\n{_OLD_LINE}"
            old = dataclasses.replace(
                draft, text=text, content_hash=content_hash(draft.title, text), extractor_version="0"
            )
            ticket = writer.record(capture)
            writer.settle(ticket, outcomes.ARCHIVED, url_id=url_id(capture.url), draft=old)
            if writer.ready:
                writer.commit()
        writer.finish()
        catalog.close()

    def articles(self) -> Iterator[Article]:
        """All that the archive holds, in the order of their ids."""
        catalog = Catalog(self._catalog_url)
        try:
            yield from ArchiveReader(DirectoryStore(self._archive), catalog).articles()
        finally:
            catalog.close()

    def objects(self) -> dict[str, int]:
        """Each object of the bucket, and when it was written."""
        return {str(path): path.stat().st_mtime_ns for path in self._archive.rglob("*") if path.is_file()}

    @property
    def manifests(self) -> int:
        """Manifests in the bucket; each replacement adds one."""
        return sum(1 for _ in self._archive.glob(f"batches/{SITE}/*.json"))

    def command(self, workers: int) -> list[str]:
        """`presskeep reprocess --apply` in so many workers."""
        return [sys.executable, "-c", _WITH_WORKERS, str(workers), *_arguments(self.folder)]


def _arguments(folder: Path) -> list[str]:
    return ["--config", str(folder / "presskeep.toml"), "reprocess", "--site", SITE, "--apply", "--json"]


class Reprocessing:
    """The commands that extract one copy again, watched."""

    def __init__(self, copy: Copy, *, workers: int) -> None:
        self._copy = copy
        self._workers = workers
        self.batches = copy.manifests
        self._watched: list[tuple[float, int]] = []
        self._replaced = 0
        self._replacing = 0.0
        self.seconds = 0.0

    def run(self, kills: int) -> dict[str, Any]:
        """Do it, with so many kills at equal distances; what the last command reports."""
        for number in range(1, kills + 1):
            self._work(number / (kills + 1))
        return self._work(1.1)

    @property
    def batches_per_second(self) -> float:
        """Replaced, from the first of each command on."""
        return self._replaced / self._replacing

    def peak(self, begin: float, end: float) -> float:
        """Largest sum of the resident sets, bytes, between these shares of the batches."""
        return max((rss for share, rss in self._watched if begin <= share <= end), default=0)

    def _work(self, until: float) -> dict[str, Any]:
        begun, log = time.perf_counter(), self._copy.folder / "log"
        met = [(begun, self._copy.manifests)]
        with log.open("wb") as output:
            process = subprocess.Popen(self._copy.command(self._workers), cwd=ROOT, stdout=output)
            while process.poll() is None:
                manifests = self._copy.manifests
                if manifests > met[-1][1]:
                    met.append((time.perf_counter(), manifests))
                share = manifests / self.batches - 1
                self._watched.append((share, _memory(process.pid)))
                if share >= until:
                    process.kill()
                time.sleep(_INTERVAL)
        self.seconds += time.perf_counter() - begun
        if met[1:]:
            self._replacing += met[-1][0] - met[1][0]
            self._replaced += met[-1][1] - met[1][1]
        if process.returncode not in (0, -9):
            raise RuntimeError(f"reprocess: exit code {process.returncode}")
        found: dict[str, Any] = json.loads(log.read_text("utf-8")) if process.returncode == 0 else {}
        return found


def _memory(pid: int) -> int:
    """Resident sets of a process and its descendants."""
    total = 0
    try:
        for process in [root := psutil.Process(pid), *root.children(recursive=True)]:
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return total


def run(folder: Path, first: Copy, *, name: str, workers: int, kills: int, articles: int) -> Result:
    """Extract one copy of the archive again, and look at what came of it."""
    copy = Copy.of(first, folder / name.replace(" ", "-"))
    work = Reprocessing(copy, workers=workers)
    work.run(kills)
    before = copy.objects()
    report = Reprocessing(copy, workers=workers).run(0)
    again = report["extracted"] + len(before.items() ^ copy.objects().items())
    left, digest = _examined(copy, articles)
    shutil.rmtree(copy.folder)
    return Result(
        name=name,
        kills=kills,
        seconds=work.seconds,
        articles_per_second=articles / work.batches * work.batches_per_second,
        early_mb=work.peak(0.01, 1 / 3) / 1e6,
        late_mb=work.peak(2 / 3, 1.0) / 1e6,
        left=left,
        again=again,
        digest=digest,
    )


def _examined(copy: Copy, articles: int) -> tuple[int, str]:
    ids, outdated, total = set(), 0, 0
    held = []
    for article in copy.articles():
        total += 1
        ids.add(article.url_id)
        outdated += article.extractor_version != EXTRACTOR_VERSION or _OLD_LINE in article.text
        held.append(f"{article.url_id} {article.revision} {article.content_hash} {article.warc_key}")
    doubled, lost = total - len(ids), articles - len(ids)
    return outdated + doubled + lost, content_hash(None, "\n".join(sorted(held)))


def problems(results: list[Result]) -> list[str]:
    """Goals that were missed, but for rates, which are another machine's other ones."""
    found = [f"{one.name}: {one.left} articles outdated, lost or doubled" for one in results if one.left]
    found += [f"{one.name}: one more run changed {one.again}" for one in results if one.again]
    found += [f"{one.name}: memory grows" for one in results if one.late_mb > MORE_MEMORY * one.early_mb]
    return found + (["the archives differ"] if len({one.digest for one in results}) > 1 else [])


def main() -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=20_000, metavar="N")
    parser.add_argument("--batch", type=int, default=250, metavar="N", help="articles a batch")
    parser.add_argument("--kills", type=int, default=3, metavar="N")
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument(
        "--json", type=Path, default=Path("bench/results/reprocessing.json"), help="write the figures here"
    )
    options = parser.parse_args()
    with TemporaryDirectory(prefix="presskeep-bench-") as name:
        first = Copy(Path(name) / "first")
        first.folder.mkdir()
        first.fill(articles=options.articles, batch=options.batch, seed=options.seed)
        results = [
            run(Path(name), first, name=what, workers=workers, kills=kills, articles=options.articles)
            for what, workers, kills in (("1 worker", 1, 0), ("2 workers", 2, options.kills))
        ]
    names = [field.name for field in dataclasses.fields(Result) if field.name not in ("name", "digest")]
    print(f"{options.articles:,} articles in batches of {options.batch:,}\n")
    print(f"{'':<22}" + "".join(f"{result.name:>12}" for result in results))
    for name in names:
        print(f"{name:<22}" + "".join(f"{getattr(result, name):>12,.0f}" for result in results))
    settings = {name: value for name, value in vars(options).items() if name != "json"}
    report = {"machine": facts(), "options": settings, "runs": [dataclasses.asdict(result) for result in results]}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    sys.exit("; ".join(problems(results)) or 0)


if __name__ == "__main__":
    main()
