"""Promises of site health: what is found, since when and why; what is not; and that it opens once and closes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archive.announcements import AnnouncedUrl
from archive.catalog import Catalog
from archive.marker import ensure_marker
from archive.records import Announcement, url_id
from archive.run_report import RunReport, SiteReport, SourceTrouble, write_report
from archive.site_findings import SiteFinding
from archive.site_history import ArticleFacts, SiteRun, SourceNews
from archive.source_memory import Reading, SourceState
from archive.store import open_store
from crawler.profile import SiteProfile
from jobs.health import judge, site_past
from jobs.health_past import SitePast
from tests.archive_builder import Installation, visited
from tests.command import presskeep
from tests.sample_articles import SITE
from tests.sample_articles import START as CRAWLED
from tests.sample_batches import commit, make_article, make_entry

START = datetime(2026, 3, 2, 5, tzinfo=UTC)
DAY = timedelta(days=1)
HOURS = (6, 10, 14, 18)
FEED = "https://daily.example/rss.xml"
SECOND_FEED = "https://daily.example/sport.xml"
PROFILE = SiteProfile.model_validate(
    {"name": "daily", "title": "Daily", "hosts": ["daily.example"], "extract": {"authors": ".byline"}}
)

Change = Callable[[ArticleFacts], ArticleFacts]


def unchanged(article: ArticleFacts) -> ArticleFacts:
    return article


def changed(**fields: Any) -> Change:
    return lambda article: dataclasses.replace(article, **fields)


def facts(run: datetime, number: int) -> ArticleFacts:
    return ArticleFacts(
        url=f"https://daily.example/{run:%m%d%H}-{number}",
        run=f"{run:%Y%m%dT%H}",
        fetched=run + timedelta(minutes=number),
        titled=True,
        authors=0 if number == 3 else 1,
        published=run.date(),
        published_at=run - timedelta(minutes=20 * number),
        language="en",
        word_count=200 + 100 * (number % 5),
        removed_share=0.05 * (number % 4),
        flags=frozenset(),
    )


class Paper:
    """A newspaper of four crawls a day with eight new articles each, four at week-ends."""

    def __init__(self) -> None:
        self.runs: list[SiteRun] = []
        self.articles: list[ArticleFacts] = []
        self.failures: list[datetime] = []
        self.listed: dict[str, dict[datetime, int]] = {FEED: {}, SECOND_FEED: {}}
        self.findings: dict[tuple[str, str, datetime], SiteFinding] = {}
        self.day = START

    def live(
        self,
        days: int,
        change: Change = unchanged,
        *,
        articles: int | None = None,
        failing: str = "",
        source: str = "listed",
        feeds: Sequence[str] = (FEED, SECOND_FEED),
    ) -> Paper:
        """So many days; `failing` is the outcome of all pages, `source` that of the feed, `feeds` those that go on."""
        for _ in range(days):
            for hour in HOURS:
                run = self.day.replace(hour=hour)
                count = articles if articles is not None else 4 if run.weekday() >= 5 else 8
                self._run(run, count, change, failing, source)
                self._list(run, count, feeds if source == "listed" else ())
            self.day += DAY
        return self

    def judged(self) -> list[SiteFinding]:
        """What the last run finds; remembered."""
        now = self.runs[-1].started + timedelta(minutes=30)
        found = list(judge(self.past(now), run="this-run"))
        self.findings |= {(it.kind, it.subject, it.opened): it for it in found}
        return found

    def past(self, now: datetime) -> SitePast:
        return SitePast(
            profile=PROFILE,
            runs=self.runs,
            articles=self.articles,
            sources=[
                SourceNews(url=url, kind="feed", fetched=now, is_failing=bool(self.failures), first_listed=listed)
                for url, listed in self.listed.items()
            ],
            findings=list(self.findings.values()),
            now=now,
        )

    def _list(self, run: datetime, count: int, feeds: Sequence[str]) -> None:
        for url in feeds:
            if count:
                self.listed[url][run + timedelta(minutes=1)] = count

    def _run(self, run: datetime, count: int, change: Change, failing: str, source: str) -> None:
        name = f"{run:%Y%m%dT%H}"
        pages = {failing or "archived": count, "known": 20}
        new = 0 if failing else count
        self.failures = [*self.failures, run] if source != "listed" else []
        trouble = SourceTrouble(
            url=FEED,
            kind="feed",
            reason=source,
            times=len(self.failures),
            since=next(iter(self.failures), None),
            announced_ever=len(self.articles),
        )
        self.runs.append(
            SiteRun(
                run=name,
                started=run,
                new=new,
                pages=pages,
                sources={source: 1},
                troubled_sources=(trouble,) if self.failures else (),
            )
        )
        self.articles += [change(facts(run, number)) for number in range(1, new + 1)]


@pytest.fixture
def paper() -> Paper:
    """Four healthy weeks."""
    return Paper().live(28)


def kinds(findings: Sequence[SiteFinding]) -> set[str]:
    return {f"{it.kind} {it.subject}".strip() for it in findings if it.closed is None}


def test_a_healthy_site_has_no_findings_on_any_day(paper: Paper) -> None:
    for _ in range(8):
        assert paper.live(1).judged() == []


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (changed(titled=False), "title"),
        (changed(authors=0), "author"),
        (changed(published_at=None), "time"),
        (changed(published=date(2025, 11, 3)), "fresh"),
        (changed(language="tr"), "language"),
        (changed(flags=frozenset({"paywall"})), "flag paywall"),
        (changed(removed_share=0.6), "boilerplate"),
        (lambda it: dataclasses.replace(it, published=None, published_at=None), "date"),
        (lambda it: dataclasses.replace(it, published_at=it.published_at - 6 * timedelta(hours=1)), "clock"),
        (lambda it: dataclasses.replace(it, published_at=it.published_at + 4 * timedelta(hours=1)), "clock"),
        (lambda it: dataclasses.replace(it, word_count=it.word_count // 3), "length shorter"),
        (lambda it: dataclasses.replace(it, word_count=it.word_count + 900), "length longer"),
        (lambda it: dataclasses.replace(it, url=it.url.replace("daily", "weekly")), "host"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_changes_in_all_articles_is_found_within_a_day(paper: Paper, change: Change, kind: str) -> None:
    since = paper.day.replace(hour=HOURS[0])
    found = {f"{it.kind} {it.subject}".strip(): it for it in paper.live(1, change).judged()}
    assert set(found) == {kind}
    assert timedelta(0) <= found[kind].since - since < timedelta(hours=5)
    assert len(found[kind].examples) == 3


def test_a_finding_says_what_changed_since_when_and_why(paper: Paper) -> None:
    [finding] = paper.live(1, changed(authors=0)).judged()
    assert finding.summary == "0 of 32 articles have an author since 2026-03-30 06:01 UTC; before, 86%"
    assert "`extract.authors` of the profile, .byline, matches nothing" in finding.cause
    assert finding.examples[0] == paper.articles[-1].url
    assert finding.run == "this-run"


def test_a_finding_opens_once_and_closes_when_the_site_recovers(paper: Paper) -> None:
    [opened] = paper.live(1, changed(authors=0)).judged()
    for _ in range(10):
        assert paper.live(1, changed(authors=0)).judged() == [opened]
    [closed] = paper.live(1).judged()
    assert dataclasses.replace(closed, closed=None) == opened
    assert closed.closed == paper.runs[-1].started + timedelta(minutes=30)
    assert paper.live(5).judged() == []
    assert kinds(paper.live(1, changed(authors=0)).judged()) == {"author"}


def test_what_was_accepted_is_usual_from_then_on(paper: Paper) -> None:
    [opened] = paper.live(1, changed(authors=0)).judged()
    accepted = dataclasses.replace(opened, closed=opened.opened + timedelta(hours=1), accepted=True)
    paper.findings[opened.kind, "", opened.opened] = accepted
    for _ in range(14):
        assert paper.live(1, changed(authors=0)).judged() == []


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        ("http_403", "turns the crawler away"),
        ("offsite", "`hosts`"),
        ("not_article:no_text", "no text is found"),
        ("refused_robots", "robots.txt forbids"),
        ("bad_response", "whether a browser reaches it"),
    ],
)
def test_pages_that_can_no_longer_be_archived_are_found(paper: Paper, outcome: str, cause: str) -> None:
    found = {it.kind: it for it in paper.live(1, failing=outcome).judged()}
    assert f"{outcome})" in found["pages"].summary
    assert cause in found["pages"].cause
    assert kinds(paper.live(2).judged()) == set()


def test_one_run_that_failed_is_no_finding(paper: Paper) -> None:
    paper.live(1)
    last = paper.runs[-1]
    paper.runs[-1] = dataclasses.replace(last, new=0, pages={"timeout": 8})
    assert paper.judged() == []


@pytest.mark.parametrize("outcome", ["http_404", "source_empty", "source_failed:feed_is_html", "timeout"])
def test_a_source_that_died_is_named(paper: Paper, outcome: str) -> None:
    found = {it.kind: it for it in paper.live(1, articles=0, source=outcome).judged()}
    assert found["source"].subject == FEED
    assert "4 times in a row" in found["source"].summary
    assert kinds(paper.live(1).judged()) == set()


def test_a_source_that_fails_now_and_then_is_no_finding_until_it_fails_longer(paper: Paper) -> None:
    paper.live(1, source="http_503")
    paper.live(3).live(1, source="http_503")
    assert paper.judged() == []
    assert kinds(paper.live(1, source="http_503").judged()) == {"source " + FEED}


def test_a_site_without_anything_new_is_silent_but_not_on_a_holiday(paper: Paper) -> None:
    assert paper.live(1, articles=2).judged() == []
    assert kinds(paper.live(1, articles=0).judged()) == {"silent"}
    assert kinds(paper.live(1).judged()) == set()


def test_a_feed_that_freezes_while_another_goes_on_is_named_until_it_goes_on_too(paper: Paper) -> None:
    (finding,) = paper.live(3, feeds=[FEED]).judged()
    assert (finding.kind, finding.subject) == ("frozen", SECOND_FEED)
    assert finding.examples == (SECOND_FEED,) and "though it was read 12 times" in finding.summary
    (finding,) = paper.live(1, feeds=[FEED]).judged()
    assert finding.closed is None
    (finding,) = paper.live(1).judged()
    assert finding.closed is not None


def test_a_feed_that_always_had_pauses_or_is_young_is_not_frozen() -> None:
    paper = Paper()
    for _ in range(4):
        paper.live(4).live(3, feeds=[FEED])
    assert not paper.judged()
    assert not Paper().live(28, feeds=[FEED]).live(10).live(3, feeds=[FEED]).judged()


def test_a_site_that_closes_at_week_ends_is_not_silent_then_nor_on_a_holiday() -> None:
    paper = Paper()
    for day in range(45):
        holiday = day in (35, 38)
        paper.live(1, articles=0 if holiday or paper.day.weekday() >= 5 else 5)
        assert day < 20 or paper.judged() == []
    paper.live(5, articles=0)
    assert "silent" in kinds(paper.judged())


def test_a_few_articles_where_many_used_to_be_are_found(paper: Paper) -> None:
    """One a run where eight were, which is less than any day had."""
    paper.live(5, articles=1)
    assert kinds(paper.judged()) == {"volume"}
    assert kinds(paper.live(2).judged()) == set()


def test_a_site_of_three_articles_a_week_is_never_found_silent_or_low() -> None:
    paper = Paper()
    for day in range(60):
        paper.live(1, articles=0)
        if day % 7 in (0, 2, 5):
            paper._run(paper.day.replace(hour=5), 1, unchanged, "", "listed")
        assert day < 20 or paper.judged() == []


def test_a_young_site_has_no_findings() -> None:
    paper = Paper()
    for day in range(6):
        assert paper.live(1, changed(authors=day % 2)).judged() == []


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """A run that found a site without authors."""
    installation = Installation(tmp_path, sites=["daily", "weekly"])
    installation.crawl(visited(1))
    return installation


def report_of(run: str, *findings: SiteFinding, finished: datetime) -> RunReport:
    return RunReport(
        run=run,
        command="crawl daily",
        state="done",
        exit_code=0,
        started=finished - timedelta(minutes=1),
        finished=finished,
        sites=(SiteReport(site="daily", sources={"listed": 1}, findings=findings),),
    )


NOTICED = START + DAY
LOST = SiteFinding(
    site="daily",
    kind="author",
    since=START,
    opened=NOTICED,
    run="20260303T050000Z-000002",
    summary="no \x1b[31marticle has an author",
    cause="the byline changed",
    examples=("https://daily.example/1", "https://daily.example/2"),
)


def record(installation: Installation, report: RunReport) -> None:
    write_report(open_store(installation.archive.as_uri()), report)
    catalog = Catalog(f"sqlite:///{installation.folder}/data/catalog.sqlite")
    catalog.diary.record(report)
    assert catalog.diary.report(report.run) == report
    catalog.close()


def test_health_prints_open_findings_and_exits_with_1(installation: Installation) -> None:
    assert presskeep("health", folder=installation.folder).code == 0
    record(installation, report_of("20260303T050000Z-000002", LOST, finished=NOTICED))
    shown = presskeep("health", folder=installation.folder)
    assert shown.code == 1
    assert "daily: author: no [31marticle has an author" in shown.out
    assert "\x1b" not in shown.out
    assert "https://daily.example/2" in shown.out
    assert presskeep("health", "weekly", folder=installation.folder).code == 0
    [listed] = presskeep("health", "daily", "--json", folder=installation.folder).json
    assert (listed["kind"], listed["closed"]) == ("author", None)


def test_a_closed_finding_is_shown_only_when_asked_for(installation: Installation) -> None:
    record(installation, report_of("20260303T050000Z-000002", LOST, finished=NOTICED))
    closed = dataclasses.replace(LOST, closed=NOTICED + DAY)
    record(installation, report_of("20260304T050000Z-000003", closed, finished=NOTICED + DAY))
    assert presskeep("health", folder=installation.folder).out == "no open findings\n"
    shown = presskeep("health", "--closed", "30000", folder=installation.folder)
    assert (shown.code, "over 2026-03-04 05:00 UTC" in shown.out) == (0, True)


def test_accepting_closes_what_is_open_at_a_site(installation: Installation) -> None:
    record(installation, report_of("20260303T050000Z-000002", LOST, finished=NOTICED))
    assert presskeep("health", "--accept", folder=installation.folder).code == 2
    assert presskeep("health", "daily", "--accept", folder=installation.folder).code == 0
    assert presskeep("health", folder=installation.folder).code == 0


def test_a_site_that_nobody_knows_is_one_line(installation: Installation) -> None:
    done = presskeep("health", "hourly", folder=installation.folder)
    assert (done.code, done.out) == (2, "")
    assert "unknown site 'hourly'" in done.err


def test_findings_come_back_with_the_catalog(installation: Installation) -> None:
    """What was accepted, or closed, stays so."""
    ensure_marker(open_store(installation.archive.as_uri()))
    record(installation, report_of("20260303T050000Z-000002", LOST, finished=NOTICED))
    other = dataclasses.replace(LOST, kind="title", opened=NOTICED + DAY, run="20260304T050000Z-000003")
    record(installation, report_of("20260304T050000Z-000003", LOST, other, finished=NOTICED + DAY))
    record(installation, report_of("20260305T050000Z-000004", other, finished=NOTICED + 2 * DAY))
    before = presskeep("health", "--closed", "30000", "--json", folder=installation.folder).json
    (installation.folder / "data" / "catalog.sqlite").unlink()
    assert presskeep("catalog", "rebuild", folder=installation.folder).code == 0
    after = presskeep("health", "--closed", "30000", "--json", folder=installation.folder).json
    assert after == before
    assert [(it["kind"], it["accepted"]) for it in after] == [("title", False), ("author", True)]


def test_what_each_source_of_the_profile_listed_first_is_known_by_day(catalog: Catalog) -> None:
    for name, parent in (("feed", None), ("dead", None), ("month", "index")):
        state = SourceState(site="daily", url=name, kind="feed", parent=parent)
        for day, numbers in ((0, (1, 2)), (1, (2, 3)), (2, (3,))):
            state = catalog.sources.keep(state, reading(START + day * DAY, name, numbers))
    catalog.sources.keep_failure(catalog.sources.states("daily")["dead"], "http_404", START + 3 * DAY)
    listed, read = {START: 2, START + DAY: 1}, START + 2 * DAY
    assert catalog.sites.sources("daily", START) == [
        SourceNews(url="dead", kind="feed", fetched=read, is_failing=True, first_listed=listed),
        SourceNews(url="feed", kind="feed", fetched=read, is_failing=False, first_listed=listed),
    ]


def test_a_site_that_gives_hundreds_a_day_is_judged_by_more_than_a_week(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.health._MOST_ARTICLES", 3)
    for day in range(12):
        article = dataclasses.replace(make_article(day), site="daily", fetched=CRAWLED + day * DAY)
        commit(catalog, f"b{day}", make_entry(day), articles=[article])
    days = [it.fetched for it in site_past(PROFILE, catalog, now=CRAWLED + 11 * DAY).articles]
    assert days == [CRAWLED + day * DAY for day in range(1, 12)]


def reading(at: datetime, source: str, numbers: Sequence[int]) -> Reading:
    addresses = [f"https://daily.example/{number}" for number in numbers]
    said = Announcement(source=source, kind="feed")
    return Reading(
        at=at,
        rules="",
        etag=None,
        last_modified=None,
        body_hash=str(numbers),
        is_empty=False,
        urls=[AnnouncedUrl(url_id=url_id(url), url=url, announcement=said) for url in addresses],
    )


def test_articles_belong_to_the_run_in_which_they_were_fetched(tmp_path: Path) -> None:
    """Whatever batch they are in by now."""
    installation = Installation(tmp_path)
    begun = [CRAWLED + timedelta(hours=hour, minutes=5) for hour in (1, 2)]
    runs = [installation.crawl(visited(number, fetched=at)) for number, at in enumerate(begun, 1)]
    catalog = Catalog(f"sqlite:///{tmp_path}/data/catalog.sqlite")
    held = catalog.sites.articles(SITE, CRAWLED, limit=10)
    catalog.close()
    assert [(it.url[-1], it.run, it.authors) for it in held] == [("1", runs[0], 2), ("2", runs[1], 2)]
