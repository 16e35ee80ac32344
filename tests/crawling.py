"""An installation that crawls a newsroom: configuration, profiles, and the three ways to run a crawl."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from archive.catalog import Catalog
from archive.catalog_rows import OutcomeRow, RunCount
from archive.manifest import CaptureEntry, Manifest
from archive.records import new_run_id
from archive.store import open_store
from jobs.crawl import run_crawl
from jobs.crawl_order import CrawlOrder, Done
from tests.newsroom import Newsroom, Page

PROJECT = Path(__file__).parents[1]
CONTACT = "https://presskeep.example/crawler"

_DAY = datetime(2026, 3, 4, 12, tzinfo=UTC)
_SENTENCES = (
    "The town council of {name} met on Tuesday evening to talk about the bridge over the lower canal. ",
    "Nobody in the hall could remember when the last inspection had taken place, the mayor said. ",
    "A surveyor found cracks in two of the four pillars and advised against lorries above seven tonnes. ",
    "The bakery on the far bank has already moved its deliveries to the early morning. ",
    "Repairs will begin in May, and a ferry will carry pedestrians until the autumn. ",
)


def article(path: str, name: str = "", **fields: Any) -> Page:
    """A page that is plainly an article, different for each name."""
    name = name or path.strip("/").replace("/", " ")
    text = "".join(f"<p>{sentence.format(name=name) * 2}</p>" for sentence in _SENTENCES)
    html = (
        f"<!DOCTYPE html><html><head><title>Bridge of {name}</title></head>"
        f"<body><article><h1>Bridge of {name}</h1>{text}</article></body></html>"
    )
    usual: dict[str, Any] = {"title": f"Bridge of {name}", "published": _DAY, "source": html.encode()}
    return Page(path=path, **usual | fields)


def articles(count: int) -> tuple[Page, ...]:
    """So many articles, each a minute older than the one before."""
    return tuple(article(f"/story-{n}", published=_DAY - timedelta(minutes=n)) for n in range(count))


class Installation:
    """A `presskeep.toml` and a profile for each site of a newsroom, in a folder of its own."""

    def __init__(
        self,
        folder: Path,
        newsroom: Newsroom,
        *,
        archive: str | None = None,
        profiles: Mapping[str, str] | None = None,
        allow_networks: Sequence[str] = ("127.0.0.0/8",),
    ) -> None:
        """`profiles` take the place of those that the newsroom gives."""
        self.folder = folder
        self.newsroom = newsroom
        self.archive = archive or (folder / "archive").as_uri()
        (folder / "sites").mkdir(parents=True)
        for name in newsroom.sites:
            text = (profiles or {}).get(name) or newsroom.profile(name)
            (folder / "sites" / f"{name}.toml").write_text(text, encoding="utf-8")
        self.config = folder / "presskeep.toml"
        self.config.write_text(
            f'archive = "{self.archive}"\ncontact = "{CONTACT}"\nallow_networks = {json.dumps(allow_networks)}\n',
            encoding="utf-8",
        )
        (folder / "scrapy.cfg").write_text("[settings]\ndefault = jobs.scrapy_settings\n", encoding="utf-8")

    def crawl(self, *sites: str, limit: int = 0) -> Done:
        """Crawl through the library."""
        order = CrawlOrder(
            run=new_run_id(), config=str(self.config), sites=sites or sorted(self.newsroom.sites), limit=limit
        )
        return run_crawl(order, lambda _: None)

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `presskeep` to its end."""
        with self.started(*arguments, **environment) as process:
            out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    @contextmanager
    def started(self, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """`presskeep`, running; killed at the end if it still does."""
        with self._python("-m", "jobs.cli", *arguments, **environment) as process:
            yield process

    def scrapy(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run Scrapy's own command to its end."""
        with self._python("-m", "scrapy", *arguments, **environment) as process:
            out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    @property
    def runs(self) -> list[dict[str, Any]]:
        """What the catalog says of all runs, the newest first."""
        with self.catalog() as catalog:
            return catalog.runs(limit=100)

    def outcomes(self, run: str | None = None) -> list[OutcomeRow]:
        """Every outcome of a run, by default of the newest."""
        with self.catalog() as catalog:
            return catalog.outcome_rows(run or self.runs[0]["run"])

    def counts(self, run: str | None = None) -> list[RunCount]:
        """What a run, by default the newest, counted."""
        with self.catalog() as catalog:
            return catalog.run_counts(run or self.runs[0]["run"])

    def by_path(self, site: str, run: str | None = None) -> dict[str, str]:
        """Path -> outcome of the site's URLs in a run; an URL with two outcomes is an error."""
        base = self.newsroom.base_urls[site]
        rows = [row for row in self.outcomes(run) if row.site == site]
        assert [url for url, count in Counter(row.url for row in rows).items() if count > 1] == []
        return {row.url.removeprefix(base): row.outcome for row in rows}

    def captures(self) -> list[CaptureEntry]:
        """All captures in the archive, in the order of their batches."""
        store = open_store(self.archive)
        keys = sorted(stored.key for stored in store.list("batches/"))
        return [entry for key in keys for entry in Manifest.from_json(store.get(key)).captures]

    def archived_urls(self) -> Counter[str]:
        """URL of each article revision."""
        with self.catalog() as catalog:
            return Counter(entry.url for entry in catalog.article_entries())

    @contextmanager
    def catalog(self) -> Iterator[Catalog]:
        """The catalog, open."""
        catalog = Catalog(f"sqlite:///{self.folder}/data/catalog.sqlite")
        try:
            yield catalog
        finally:
            catalog.close()

    @contextmanager
    def _python(self, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            # Found from any folder, whether installed or not.
            env=os.environ | {"PYTHONPATH": str(PROJECT), "COLUMNS": "200"} | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()
