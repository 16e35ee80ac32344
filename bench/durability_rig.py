"""What the proof of durability is run on: sites that grow, crawls that are killed, and what the disk holds then.

A rig is one installation of presskeep over one kind of store and one kind of catalog, with newsrooms of its own. All
that it tells comes from the newsroom's access log, from the spool's files and from the bucket, never from presskeep's
own statistics.
"""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from archive.spool import CLOSED_SUFFIX, OPEN_SUFFIX
from archive.warc_reader import cut_torn_tail, read_captures
from bench.durability_crawls import Crawl, CrawlServer
from bench.newsrooms import PROFILE, SITEMAP
from tests.newsroom import Fault, Newsroom, Page, Site
from tests.seaweed import BUCKET, Seaweed

ROOT = Path(__file__).resolve().parent.parent
SITES = 2
"""Sites that each rig crawls at once."""
SLOWEST = 0.15
"""Seconds that a site takes for an article at most."""

_CONFIG = """\
archive = "{archive}"
catalog = "{catalog}"
contact = "https://presskeep.example/bench"
allow_networks = ["127.0.0.0/8"]
"""
# Each names its page: what stands on several pages of a site is no part of their texts.
_SENTENCES = (
    "The harbour office at {name} has counted the boats that came in before the storm on Monday. ",
    "Two of them had lost their nets, and one her mast, the harbour master of {name} told the council. ",
    "Fishermen from {name} will meet on Friday to decide who may use the slipway while it is repaired. ",
    "The county will pay for half of the timber, and the church of {name} for the rest, with a lottery. ",
)
_HTML = """<!DOCTYPE html><html lang="en"><head><title>{title}</title>
<meta property="article:published_time" content="{published:%Y-%m-%dT%H:%M:%SZ}"></head>
<body><article><h1>{title}</h1>{text}</article></body></html>"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a rig archives, and where it keeps its catalog."""

    name: str
    """E.g. `s3-postgresql`."""
    archive: str
    """Archive URL."""
    catalog: str
    """Catalog URL."""


class Rig:
    """One installation, and the newsrooms that it crawls; not for several threads at once."""

    def __init__(self, folder: Path, place: Place, newsroom: Newsroom, log: Path, environment: Mapping[str, str]):
        self.folder = folder
        self.place = place
        self.newsroom = newsroom
        self.access = AccessLog(log)
        self.environment = dict(environment)
        self.pages: dict[str, bytes] = {}
        """URL -> page, of all articles announced so far."""
        (folder / "sites").mkdir(parents=True)
        for name in newsroom.sites:
            (folder / "sites" / f"{name}.toml").write_text(newsroom.profile(name), "utf-8")
        (folder / "presskeep.toml").write_text(_CONFIG.format(archive=place.archive, catalog=place.catalog), "utf-8")
        self._crawls = CrawlServer(folder, environment)

    def announce(self, count: int, lot: random.Random, *, alone: bool = False) -> None:
        """Let the sites publish so many more articles, or `alone` these and no others."""
        first = len(self.pages)
        for order, (name, site) in enumerate(list(self.newsroom.sites.items())):
            base = self.newsroom.base_urls[name]
            new = [_page(first + n) for n in range(count * order // SITES, count * (order + 1) // SITES)]
            slow = {page.path: Fault(delay=lot.uniform(0.01, SLOWEST)) for page in new}
            kept = [page for page in site.pages if not (alone and page.article)]
            self.newsroom.replace(replace(site, pages=(*kept, *new), faults={**site.faults, **slow}))
            self.pages |= {base + page.path: page.read() for page in new}

    @contextmanager
    def started(self, failpoint: str = "") -> Iterator[Crawl]:
        """A crawl of all sites, running, whose process dies at the failpoint; its whole tree is dead in the end."""
        with self._crawls.crawl(list(self.newsroom.sites), failpoint) as crawl:
            yield crawl

    def crawl(self, failpoint: str = "") -> int:
        """A crawl of all sites to its end; the exit code of its process, 137 if it died at the failpoint."""
        with self.started(failpoint) as crawl:
            return crawl.wait()

    def presskeep(self, *arguments: str) -> int:
        """Run the command itself to its end; its exit code."""
        with (self.folder / "output.log").open("ab") as output:
            return subprocess.run(
                [sys.executable, "-m", "jobs.cli", *arguments],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=900,
            ).returncode

    def close(self) -> None:
        """End the process that starts crawls."""
        self._crawls.close()

    @property
    def spool_files(self) -> list[Path]:
        """Segments in the spool, open and closed."""
        spool = self.folder / "data" / "spool"
        return [path for path in spool.rglob("*") if path.name.endswith((OPEN_SUFFIX, CLOSED_SUFFIX))]

    def spooled(self) -> set[str]:
        """URLs of the whole captures in the spool."""
        return {url for path in self.spool_files for url in _captured(path.read_bytes())}

    @cached_property
    def objects(self) -> Objects:
        """What the archive holds."""
        return objects_at(self.place.archive)


class AccessLog:
    """The newsroom's log of article requests, read on where it was left."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.requests: list[tuple[str, str, int]] = []
        """Site, path and status of each request so far, in order."""

    def refresh(self) -> int:
        """Read what is new; how many requests there are now."""
        with self._path.open("rb") as stream:
            stream.seek(self._offset)
            lines = stream.read().splitlines(keepends=True)
        for line in lines:
            if line.endswith(b"\n"):
                self._offset += len(line)
                found = json.loads(line)
                if found["path"].startswith("/story-"):
                    self.requests.append((found["site"], found["path"], found["status"]))
        return len(self.requests)


class Folder:
    """The files of a folder archive, read without presskeep."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def listed(self, prefix: str = "") -> list[str]:
        """Keys that begin so."""
        files = (path for path in self._root.rglob("*") if path.is_file() and ".tmp" not in path.parts)
        return [key for path in files if (key := path.relative_to(self._root).as_posix()).startswith(prefix)]

    def get(self, key: str) -> bytes:
        """One object."""
        return (self._root / key).read_bytes()

    def replace(self, key: str, data: bytes) -> None:
        """Put other bytes in its place, as decay or a careless hand would."""
        (self._root / key).unlink()
        (self._root / key).write_bytes(data)


class S3Prefix:
    """The objects below a prefix of the bucket, read without presskeep; credentials are this process's own."""

    def __init__(self, prefix: str) -> None:
        import boto3

        self._prefix = f"{prefix}/"
        self._client: Any = boto3.session.Session().client("s3")

    def listed(self, prefix: str = "") -> list[str]:
        """Keys that begin so."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=self._prefix + prefix)
        return [entry["Key"].removeprefix(self._prefix) for page in pages for entry in page.get("Contents", ())]

    def get(self, key: str) -> bytes:
        """One object."""
        body: bytes = self._client.get_object(Bucket=BUCKET, Key=self._prefix + key)["Body"].read()
        return body

    def replace(self, key: str, data: bytes) -> None:
        """Put other bytes in its place; the digest on record stays, as it does when a disk decays."""
        metadata = self._client.head_object(Bucket=BUCKET, Key=self._prefix + key)["Metadata"]
        self._client.put_object(Bucket=BUCKET, Key=self._prefix + key, Body=data, Metadata=metadata)


Objects = Folder | S3Prefix


def objects_at(url: str) -> Objects:
    """The objects of the archive at that URL."""
    parts = urlsplit(url)
    return Folder(Path(parts.path)) if parts.scheme == "file" else S3Prefix(parts.path.strip("/"))


@contextmanager
def rig(folder: Path, place: Place, environment: Mapping[str, str]) -> Iterator[Rig]:
    """A rig whose sites have no article yet."""
    folder.mkdir(parents=True)
    log = folder / "requests.jsonl"
    template = PROFILE.format(name="{name}", sitemap=SITEMAP)
    imprint = replace(_page(0), path="/imprint", article=False)
    sites = [
        Site(name=name, title=name, pages=(imprint,), profile_template=template.replace("{name}", name))
        for name in (f"wire-{number}" for number in range(1, SITES + 1))
    ]
    with Newsroom(sites, process=True, log=log) as newsroom:
        made = Rig(folder, place, newsroom, log, environment)
        try:
            yield made
        finally:
            made.close()


def clean_environment(s3: Seaweed) -> dict[str, str]:
    """This process's environment with the bucket's credentials, and without any other setting of this user."""
    foreign = ("AWS_", "PRESSKEEP_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | s3.environment() | {"PYTHONPATH": str(ROOT)}


def _page(number: int) -> Page:
    """Article `number`, published in one of three months."""
    title = f"Boats of Port {number}"
    published = datetime(2026, 1 + number % 3, 1 + number % 28, 9, number % 60, tzinfo=UTC)
    text = "".join(f"<p>{2 * sentence.format(name=f'Port {number}')}</p>" for sentence in _SENTENCES)
    html = _HTML.format(title=title, published=published, text=text)
    return Page(path=f"/story-{number}", title=title, published=published, source=html.encode())


def _captured(data: bytes) -> Iterator[str]:
    """URLs of the whole captures of a segment, which may be torn."""
    whole = io.BytesIO(data[: cut_torn_tail(io.BytesIO(data))])
    return (stored.capture.url for stored in read_captures(whole))
