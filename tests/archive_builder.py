"""A small archive in a folder, with configuration and profile, filled through the real writer as crawls fill it."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from archive import outcomes
from archive.catalog import Catalog
from archive.catalog_rows import OutcomeRow
from archive.records import ArticleDraft, Capture, content_hash, url_id
from archive.run_report import RunReport, SiteReport
from archive.store import DirectoryStore
from archive.writer import ArchiveWriter, BatchLimits
from tests.sample_articles import SITE, START, make_capture, make_draft

_PROFILE = """
name = "{site}"
title = "The {site}"
hosts = ["{site}.example"]
"""


@dataclass(frozen=True, kw_only=True)
class Visited:
    """A page of one crawl."""

    capture: Capture
    outcome: str = outcomes.ARCHIVED
    draft: ArticleDraft | None = None


def visited(number: int, *, site: str = SITE, body: bytes | None = None, headers: Any = None, **fields: Any) -> Visited:
    """Article `number` of a site; `fields` replace those of its draft."""
    url = f"https://{site}.example/2026/{number}"
    draft = dataclasses.replace(make_draft(number), site=site, url=url, canonical_url=url, url_id=url_id(url), **fields)
    draft = dataclasses.replace(draft, content_hash=content_hash(draft.title, draft.text))
    capture = dataclasses.replace(make_capture(number), site=site, url=url)
    if body is not None:
        capture = dataclasses.replace(capture, body=body, headers=headers or capture.headers)
    return Visited(capture=capture, draft=draft)


def answered(url: str, outcome: str, *, status: int = 200, site: str = SITE, **headers: str) -> Visited:
    """A page that gave no article."""
    capture = dataclasses.replace(
        make_capture(0), site=site, url=url, status=status, headers=tuple((n, v) for n, v in headers.items())
    )
    return Visited(capture=capture, outcome=outcome)


class Installation:
    """A `presskeep.toml` in `folder`, a profile for each of `sites`, and an empty archive."""

    def __init__(self, folder: Path, *, sites: Sequence[str] = (SITE,)) -> None:
        self.folder = folder
        self.archive = folder / "archive"
        self._runs = 0
        folder.joinpath("presskeep.toml").write_text(
            f'archive = "{self.archive.as_uri()}"\ncontact = "desk@example.org"\n', encoding="utf-8"
        )
        folder.joinpath("sites").mkdir()
        for site in sites:
            folder.joinpath("sites", f"{site}.toml").write_text(_PROFILE.format(site=site), encoding="utf-8")

    def crawl(self, *pages: Visited, site: str = SITE, notes: Sequence[OutcomeRow] = ()) -> str:
        """Archive the pages as one run and return its id; the n-th run starts n hours after START."""
        self._runs += 1
        started = START + timedelta(hours=self._runs)
        run = f"{started:%Y%m%dT%H%M%SZ}-{self._runs:06x}"
        catalog = Catalog(f"sqlite:///{self.folder}/data/catalog.sqlite")
        catalog.prepare()
        catalog.start_run(run, f"crawl {site}", started)
        writer = ArchiveWriter(
            store=DirectoryStore(self.archive),
            catalog=catalog,
            spool=self.folder / "data" / "spool",
            site=site,
            run=run,
            software={"presskeep": "test"},
            limits=BatchLimits(),
        )
        for page in pages:
            _archive(writer, page)
        for note in notes:
            writer.note(note)
        writer.finish()
        rows = catalog.outcome_rows(run)
        report = SiteReport(
            site=site,
            new=sum(page.draft is not None for page in pages),
            pages=Counter(row.outcome for row in rows if row.kind == "page"),
            sources=Counter(row.outcome for row in rows if row.kind == "source"),
        )
        catalog.diary.record(
            RunReport(
                run=run,
                command=f"crawl {site}",
                state="done",
                exit_code=0,
                started=started,
                finished=started + timedelta(minutes=1),
                sites=(report,),
            )
        )
        catalog.close()
        return run


def _archive(writer: ArchiveWriter, page: Visited) -> None:
    capture = page.capture
    row = OutcomeRow(site=capture.site, kind="page", url=capture.url, outcome=page.outcome, at=capture.fetched)
    ticket = writer.record(capture)
    writer.settle(ticket, page.outcome, url_id=url_id(capture.url), draft=page.draft, row=row)
