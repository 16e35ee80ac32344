"""The ledger of one run: what became of each URL.

Every URL that the spider sets out for is expected here and settled here, exactly once; what is still expected when
the run ends was interrupted. So no URL can end without an outcome, whatever breaks on its way.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime

from archive import outcomes
from archive.catalog_rows import OutcomeRow
from archive.commit import CommittedBatch
from archive.records import ArticleDraft, url_id
from archive.writer import ArchiveWriter
from crawler import clock
from crawler.due import Ladder, next_check
from crawler.errors import CrawlerError
from crawler.profile import SiteProfile
from crawler.sources import Source
from crawler.urls import InvalidUrl
from crawler.visits import Errand, Kind, Recorded, Visit


class Ledger:
    """Expects and settles URLs, counts their outcomes, and tells the site's writer."""

    def __init__(
        self,
        writers: Mapping[str, ArchiveWriter],
        profiles: Mapping[str, SiteProfile],
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self.counts: Counter[tuple[str, str, str]] = Counter()
        """How often each outcome occurred, by site and kind; articles only once they are safe."""
        self.found: Counter[str] = Counter()
        """Article URLs met, by site."""
        self.unanswered: defaultdict[str, dict[str, str]] = defaultdict(dict)
        """Outcomes of announced URLs that were tried and gave no answer, by site and URL id."""
        self.sources: defaultdict[str, dict[str, tuple[Source, str]]] = defaultdict(dict)
        """The sources met, each with its outcome, by site and URL."""
        self.ladders: dict[str, Ladder] = {name: profile.fetch.recheck for name, profile in profiles.items()}
        """When articles are fetched again, by site."""
        self._now = now
        self._writers = writers
        self._profiles = profiles
        self._expected: dict[int, Errand] = {}

    def expect(self, errand: Errand) -> None:
        """A URL was set out for; it must be settled."""
        self._expected[id(errand)] = errand
        self.found[errand.site] += errand.kind == "page"

    def count(self, site: str, kind: Kind, outcome: str) -> None:
        """Count an outcome that is not worth a row: a URL that was known already."""
        self.counts[site, kind, outcome] += 1
        self.found[site] += kind == "page"

    def settle(self, visit: Visit) -> None:
        """A URL has come to its end."""
        errand = visit.errand
        if self._expected.pop(id(errand), None) is None:
            raise CrawlerError(f"{errand.url}: settled twice")
        writer = self._writers[errand.site]
        row = OutcomeRow(
            site=errand.site,
            kind=errand.kind,
            url=errand.url,
            outcome=visit.outcome,
            detail=visit.detail,
            at=self._now(),
        )
        for hop, passed in visit.hops:
            self._settle(errand, hop, passed)
        if visit.answered:
            self._settle(errand, errand.trail[-1], visit.outcome, visit.draft, row)
        else:
            writer.note(row)
        if errand.source is not None:
            self.sources[errand.site][errand.url] = errand.source, visit.outcome
        elif not errand.trail and outcomes.name_of(visit.outcome) not in (outcomes.PUT_OFF, outcomes.INTERRUPTED):
            self.unanswered[errand.site][self._id(errand.site, errand.url)] = visit.outcome
        if visit.draft is None:
            self.counts[errand.site, errand.kind, visit.outcome] += 1

    def settle_broken(self, errand: Errand, error: str) -> None:
        """Settle a URL on whose way our own code broke with an exception of this name, unless it was settled before."""
        if id(errand) in self._expected:
            name = outcomes.EXTRACT_FAILED if errand.kind == "page" else outcomes.SOURCE_FAILED
            visit = Visit(errand=errand, outcome=outcomes.outcome(name, error), answered=bool(errand.trail))
            self.settle(visit)

    def settle_rest(self) -> None:
        """The run ends: what is still expected was interrupted."""
        for errand in list(self._expected.values()):
            self.settle(Visit(errand=errand, outcome=outcomes.INTERRUPTED))

    def add_safe(self, batch: CommittedBatch) -> None:
        """Count the articles of a batch."""
        for outcome, count in batch.outcomes.items():
            self.counts[batch.site, "page", outcome] += count

    def _settle(
        self,
        errand: Errand,
        hop: Recorded,
        outcome: str,
        draft: ArticleDraft | None = None,
        row: OutcomeRow | None = None,
    ) -> None:
        identity = self._id(errand.site, hop.url)
        check = next_check(
            self.ladders[errand.site],
            outcome,
            at=hop.fetched,
            state=errand.known if errand.known and errand.known.url_id == identity else None,
            published=draft.published if draft else None,
        )
        self._writers[errand.site].settle(hop.ticket, outcome, url_id=identity, draft=draft, next_check=check, row=row)

    def _id(self, site: str, url: str) -> str:
        try:
            return url_id(self._profiles[site].canonical(url))
        except InvalidUrl:
            # A redirect can lead to an address that we would not have set out for.
            return url_id(url)
