"""Promises of the ledger: every URL is settled once, whatever breaks on its way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from archive import outcomes
from archive.catalog import Catalog
from archive.records import url_id
from archive.store import DirectoryStore
from archive.writer import ArchiveWriter, BatchLimits
from crawler.errors import CrawlerError
from crawler.ledger import Ledger
from crawler.profile import SiteProfile
from crawler.visits import Errand, Kind, Recorded, Visit
from tests.sample_articles import SITE, START, make_capture, make_draft, make_url

RUN = "20260304T050607Z-aaaaaa"


class Books:
    """A ledger over a real writer, and what the catalog says at the end."""

    def __init__(self, folder: Path) -> None:
        self.catalog = Catalog(f"sqlite:///{folder}/catalog.sqlite")
        self.catalog.prepare()
        self.catalog.start_run(RUN, "test", START)
        self.writer = ArchiveWriter(
            store=DirectoryStore(folder / "archive"),
            catalog=self.catalog,
            spool=folder / "spool",
            site=SITE,
            run=RUN,
            software={"presskeep": "0.1.0"},
            limits=BatchLimits(),
        )
        profile = SiteProfile(name=SITE, title="The Daily", hosts=("daily.example",))
        self.ledger = Ledger({SITE: self.writer}, {SITE: profile})

    def errand(self, number: int, *statuses: int, kind: Kind = "page") -> Errand:
        """Set out for a URL, and capture an answer of each status on its way; the 2nd, 3rd … from other addresses."""
        errand = Errand(site=SITE, kind=kind, url=make_url(number))
        self.ledger.expect(errand)
        for hop, status in enumerate(statuses):
            moved = any(300 <= it.status < 400 for it in errand.trail)
            url = make_url(number + 100 * hop if moved else number)
            capture = replace(make_capture(number + hop, status=status), url=url)
            errand.trail.append(Recorded(self.writer.record(capture), url, status, capture.fetched))
        return errand

    def finish(self) -> dict[str, str]:
        """Commit; URL -> outcome as the catalog has it."""
        for batch in self.writer.finish():
            self.ledger.add_safe(batch)
        return {row.url: row.outcome for row in self.catalog.outcome_rows(RUN)}

    def remembered(self, number: int) -> str:
        """The outcome that decides when a URL is due again."""
        identity = url_id(make_url(number))
        return self.catalog.url_states([identity])[identity].outcome


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    books = Books(tmp_path)
    yield books
    books.catalog.close()


def test_a_url_is_settled_only_once(books: Books) -> None:
    errand = books.errand(1)
    books.ledger.settle(Visit(errand=errand, outcome=outcomes.TIMEOUT))
    with pytest.raises(CrawlerError, match="settled twice"):
        books.ledger.settle(Visit(errand=errand, outcome=outcomes.TIMEOUT))
    assert books.finish() == {make_url(1): "timeout"}


def test_what_breaks_in_our_own_code_has_an_outcome_too(books: Books) -> None:
    page, source, done = books.errand(1, 200), books.errand(2, kind="source"), books.errand(3)
    books.ledger.settle(Visit(errand=done, outcome=outcomes.TIMEOUT))
    for errand in (page, source, done):
        books.ledger.settle_broken(errand, "ZeroDivisionError")
    assert books.finish() == {
        make_url(1): "extract_failed:ZeroDivisionError",
        make_url(2): "source_failed:ZeroDivisionError",
        make_url(3): "timeout",
    }
    assert books.remembered(1) == "extract_failed:ZeroDivisionError"


def test_what_is_still_expected_at_the_end_was_interrupted(books: Books) -> None:
    books.errand(1)
    books.errand(2, 301)
    books.errand(3, 503)
    books.ledger.settle_rest()
    assert set(books.finish().values()) == {"interrupted"}
    assert books.remembered(2) == books.remembered(3) == "interrupted"


def test_counts_are_the_outcomes(books: Books) -> None:
    """An article counts when it is safe; what was known has no row."""
    article = books.errand(1, 200)
    books.ledger.settle(Visit(errand=article, outcome=outcomes.ARCHIVED, answered=True, draft=make_draft(1)))
    books.ledger.settle(Visit(errand=books.errand(2, 404), outcome="http_404", answered=True))
    books.ledger.count(SITE, "page", outcomes.KNOWN)
    assert +books.ledger.counts == {(SITE, "page", "http_404"): 1, (SITE, "page", "known"): 1}
    books.finish()
    assert books.ledger.counts[SITE, "page", "archived"] == 1
    assert books.ledger.found[SITE] == 3


@pytest.mark.parametrize(
    ("statuses", "outcome", "answered", "settled"),
    [
        ((301, 200), outcomes.ARCHIVED, True, ["redirected", "archived"]),
        ((503, 200), outcomes.ARCHIVED, True, ["retried", "archived"]),
        ((301, 404), "http_404", True, ["http_404", "http_404"]),
        ((503, 503, 503), "http_503", True, ["retried", "retried", "http_503"]),
        ((503,), outcomes.TIMEOUT, False, ["timeout"]),
        ((503, 301), outcomes.OFFSITE, False, ["retried", "offsite"]),
        ((301, 301), outcomes.CONNECTION_FAILED, False, ["connection_failed", "connection_failed"]),
    ],
)
def test_what_was_only_on_the_way_is_settled_so_that_it_is_tried_again_if_need_be(
    books: Books, statuses: tuple[int, ...], outcome: str, answered: bool, settled: list[str]
) -> None:
    visit = Visit(errand=books.errand(1, *statuses), outcome=outcome, answered=answered)
    on_the_way = [passed for _, passed in visit.hops]
    assert on_the_way == (settled[:-1] if answered else settled)
    books.ledger.settle(visit)
    assert books.finish() == {make_url(1): outcome}
