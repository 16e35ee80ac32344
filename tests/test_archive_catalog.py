"""Promises of the catalog, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from archive import schema
from archive.catalog import Catalog
from archive.catalog_rows import RunCount
from archive.errors import CatalogError
from archive.records import RecordLocation, url_id
from archive.run_report import RunReport, SiteReport
from archive.selection import Selection
from tests.sample_articles import SITE, START, make_url
from tests.sample_batches import RUN, commit, make_article, make_entry, make_manifest, make_outcome


def ids(*numbers: int) -> list[str]:
    return [url_id(make_url(number)) for number in numbers]


def contents(catalog: Catalog) -> dict[str, list[dict[str, object]]]:
    """Every row that a commit writes."""
    tables = (schema.batches, schema.objects, schema.captures, schema.articles, schema.urls, schema.outcomes)
    return {table.name: list(catalog.rows(table)) for table in tables}


def test_a_committed_batch_is_known_in_every_respect(catalog: Catalog) -> None:
    commit(catalog, "b1", make_entry(1), articles=[make_article(1)], outcomes=[make_outcome(1)])
    [entry] = catalog.article_entries()
    assert (entry.url, entry.title, entry.revision) == (make_url(1), make_article(1).title, 1)
    assert entry.shard_key == f"articles/site={SITE}/month=2026-03/b1.parquet"
    assert catalog.url_states(ids(1))[ids(1)[0]].outcome == "archived"
    assert catalog.outcome_rows(RUN) == [make_outcome(1)]


def test_a_batch_that_is_committed_again_changes_nothing(catalog: Catalog) -> None:
    """So that it can be retried when nobody knows whether it went through."""
    for _ in range(2):
        commit(catalog, "b1", make_entry(1, "http_503"), articles=[make_article(1)], outcomes=[make_outcome(1)])
        once = contents(catalog)
        assert [len(rows) for rows in once.values()] == [1, 1, 1, 1, 1, 1]
        assert once["urls"][0]["failures"] == 1


def test_a_commit_that_fails_writes_nothing(catalog: Catalog) -> None:
    commit(catalog, "b1", make_entry(1), articles=[make_article(1)])
    before = contents(catalog)
    with pytest.raises(CatalogError, match="something else wrote the same"):
        commit(catalog, "b2", make_entry(1, seconds=9), articles=[make_article(1)], outcomes=[make_outcome(1)])
    assert contents(catalog) == before


def test_validators_are_remembered_only_of_captures_that_succeeded(catalog: Catalog) -> None:
    commit(catalog, "b1", make_entry(1, "archived"), make_entry(2, "extract_failed:timeout"))
    good, bad = (catalog.url_states(ids(1, 2))[url] for url in ids(1, 2))
    assert (good.etag, good.last_modified) == ('"1 at 0"', "Wed, 04 Mar 2026 05:00:00 GMT")
    assert (bad.etag, bad.last_modified) == (None, None)


def test_failures_are_counted_until_the_url_succeeds(catalog: Catalog) -> None:
    found = []
    for number, outcome in enumerate(["http_503", "timeout", "archived", "http_404"]):
        commit(catalog, f"b{number}", make_entry(1, outcome, seconds=number))
        [state] = catalog.url_states(ids(1)).values()
        found.append((state.outcome, state.failures, state.last_fetched - START))
    assert found == [
        ("http_503", 1, timedelta(0)),
        ("timeout", 2, timedelta(seconds=1)),
        ("archived", 0, timedelta(seconds=2)),
        ("http_404", 1, timedelta(seconds=3)),
    ]


def test_urls_that_were_never_captured_have_no_state(catalog: Catalog) -> None:
    assert catalog.url_states(ids(1)) == {}


def test_more_urls_than_a_query_takes_are_looked_up(catalog: Catalog) -> None:
    commit(catalog, "b1", *(make_entry(number, seconds=number) for number in range(1200)))
    assert len(catalog.url_states(ids(*range(1300)))) == 1200


def test_all_revisions_of_an_article_are_found_in_order(catalog: Catalog) -> None:
    commit(catalog, "b1", make_entry(1), articles=[make_article(1, text="a"), make_article(2)])
    commit(catalog, "b2", make_entry(1, seconds=1), articles=[make_article(1, revision=2, text="b")])
    found = catalog.history.revisions(ids(1, 2, 3))
    assert {article: [it.revision for it in revisions] for article, revisions in found.items()} == {
        ids(1)[0]: [1, 2],
        ids(2)[0]: [1],
    }
    first, second = found[ids(1)[0]]
    assert first.text_hash != second.text_hash
    assert catalog.history.with_texts(SITE, [second.text_hash]) == [second]
    assert catalog.history.with_texts("weekly", [second.text_hash]) == []


def test_the_urls_to_look_at_again_come_in_the_order_of_their_waiting(catalog: Catalog) -> None:
    hours = {1: 3, 2: 1, 3: 2, 4: None}
    entries = [
        replace(make_entry(number), next_check=None if hour is None else START + timedelta(hours=hour))
        for number, hour in hours.items()
    ]
    commit(catalog, "b1", *entries)
    assert [state.url_id for state in catalog.checks.due(SITE, START + timedelta(hours=2))] == ids(2, 3)
    assert catalog.checks.due("weekly", START + timedelta(hours=2)) == []


def test_of_several_addresses_of_one_article_one_is_looked_at(catalog: Catalog) -> None:
    """The one known longest; another one when that has gone."""
    due = START + timedelta(hours=1)
    twins = [
        replace(make_entry(number, seconds=number), next_check=due, article=ids(7)[0] if number > 1 else None)
        for number in (1, 2, 3)
    ]
    commit(catalog, "b1", *twins)
    assert {state.url_id for state in catalog.checks.due(SITE, due)} == set(ids(1, 2))
    commit(catalog, "b2", replace(make_entry(2, "removed:http_404", seconds=9), next_check=due))
    assert {state.url_id for state in catalog.checks.due(SITE, due)} == set(ids(1, 2, 3))


def test_what_looking_again_has_found_at_a_site_is_counted(catalog: Catalog) -> None:
    due = START + timedelta(days=1)
    for second, outcomes in enumerate(
        (("archived", "archived"), ("unchanged", "archived"), ("unchanged", "unchanged"))
    ):
        entries = (make_entry(n, outcome, seconds=second) for n, outcome in enumerate(outcomes))
        commit(catalog, f"b{second}", *(replace(entry, next_check=due) for entry in entries))
    record = catalog.checks.record(SITE)
    assert (record.checks, record.changed) == (4, 1)


def test_articles_are_selected_by_site_url_and_day(catalog: Catalog) -> None:
    days = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 1), None]
    commit(catalog, "b1", articles=[make_article(number, published=day) for number, day in enumerate(days)])
    commit(catalog, "b2", site="weekly", articles=[replace(make_article(9), site="weekly")])

    def found(**wanted: Any) -> list[str]:
        return [entry.url for entry in catalog.article_entries(Selection(**wanted))]

    february = [make_url(1), make_url(2)]
    assert found(sites=[SITE], since=date(2026, 2, 1), until=date(2026, 2, 28)) == february
    assert found(sites=[SITE], until=date(2026, 2, 28)) == [make_url(0), *february]
    assert sorted(found(sites=[SITE])) == [make_url(number) for number in range(5)]
    assert found(sites=["weekly"]) == [make_url(9)]
    assert [entry.url for entry in catalog.article_entries(url_id=ids(9)[0])] == [make_url(9)]
    assert found(sites=["nothing"]) == []
    assert len(found(sites=[SITE, "weekly"])) == 6


def test_articles_are_selected_by_language_and_day_of_the_capture(catalog: Catalog) -> None:
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    moments = [midnight - timedelta(microseconds=1), midnight, midnight + timedelta(days=1)]
    articles = [replace(make_article(number), fetched=moment) for number, moment in enumerate(moments)]
    commit(catalog, "b1", articles=[*articles[:2], replace(articles[2], language="ckb")])

    def found(**wanted: Any) -> list[str]:
        return [entry.url for entry in catalog.article_entries(Selection(**wanted))]

    day = date(2026, 3, 2)
    assert found(by="fetched", since=day, until=day) == [make_url(1)]
    assert found(by="fetched", since=day) == [make_url(1), make_url(2)]
    assert found(languages=["ckb", "de"]) == [make_url(2)]


def test_the_latest_revision_can_be_had_alone(catalog: Catalog) -> None:
    first = make_article(1)
    commit(catalog, "b1", articles=[first, make_article(2)])
    commit(catalog, "b2", articles=[replace(first, revision=2, published=date(2020, 1, 1))])
    found = [(entry.url, entry.revision) for entry in catalog.article_entries(Selection(latest=True))]
    assert sorted(found) == [(make_url(1), 2), (make_url(2), 1)]


def test_articles_come_shard_by_shard_in_the_order_of_archiving(catalog: Catalog) -> None:
    """Hyphens count in the order of sites, as they do in object keys, whatever the database's language."""
    for site in ("a", "ab", "a-b"):
        articles = [replace(make_article(number), site=site, url_id=f"{site}{number}") for number in (2, 1)]
        commit(catalog, f"of-{site}", site=site, articles=articles)
    found = [(entry.site, entry.url_id[-1]) for entry in catalog.article_entries()]
    assert found == [("a-b", "1"), ("a-b", "2"), ("a", "1"), ("a", "2"), ("ab", "1"), ("ab", "2")]


def test_many_articles_can_be_read_one_by_one_while_others_write(catalog: Catalog) -> None:
    commit(catalog, "b1", articles=[make_article(number) for number in range(1100)])
    entries = catalog.article_entries()
    next(entries)
    commit(catalog, "b2", articles=[make_article(5000)])
    assert sum(1 for _ in entries) == 1099


def test_the_newest_capture_is_located(catalog: Catalog) -> None:
    """Of two in the same second, as old WARCs have them, the later record."""
    commit(catalog, "b2", make_entry(1, seconds=5), make_entry(1, seconds=5))
    commit(catalog, "b1", make_entry(1, seconds=4))
    key = f"raw/{SITE}/2026/03/b2.warc.gz"
    location = RecordLocation(warc_key=key, offset=100, length=100, payload_digest="sha256:1")
    assert catalog.capture_location(ids(1)[0]) == location
    assert catalog.capture_location(ids(2)[0]) is None


def test_sites_are_summed_up(catalog: Catalog) -> None:
    commit(catalog, "b1", articles=[make_article(1, text="a"), make_article(2, published=None)])
    commit(catalog, "b2", articles=[make_article(1, revision=2, published=date(2026, 5, 1))])
    assert catalog.site_summaries() == [
        {
            "site": SITE,
            "articles": 2,
            "revisions": 3,
            "first_day": date(2026, 3, 4),
            "last_day": date(2026, 5, 1),
            "last_fetched": START + timedelta(seconds=2),
            "bytes": 2000,
        }
    ]
    assert isinstance(catalog.site_summaries()[0]["bytes"], int)


def report(run: str, *, finished: datetime = START) -> RunReport:
    """Of a run at one site with two outcomes."""
    return RunReport(
        run=run,
        command="crawl daily",
        state="done",
        exit_code=0,
        started=START,
        finished=finished,
        peak_memory=200_000_000,
        problems=("one", "two"),
        sites=(SiteReport(site=SITE, new=3, rate=0.5, pages={"archived": 3, "known": 3}),),
    )


def test_a_report_of_a_run_comes_back_as_it_was(catalog: Catalog) -> None:
    assert catalog.diary.report(RUN) is None
    catalog.start_run(RUN, "crawl daily", START)
    assert catalog.diary.report(RUN) is None
    assert [run["run"] for run in catalog.diary.unfinished(before=START + timedelta(seconds=1))] == [RUN]
    catalog.diary.record(report(RUN))
    assert catalog.diary.report(RUN) == report(RUN)
    assert RunReport.from_json(report(RUN).to_json()) == report(RUN)
    assert catalog.diary.unfinished(before=START + timedelta(seconds=1)) == []


def test_runs_are_kept_as_a_diary(catalog: Catalog) -> None:
    later = START + timedelta(hours=1)
    counts = [RunCount(site=SITE, kind="page", outcome=outcome, count=3) for outcome in ("archived", "known")]
    catalog.start_run("first", "crawl daily", START)
    catalog.start_run("second", "crawl --all", later)
    catalog.diary.record(report("first", finished=later))
    newest, oldest = catalog.runs(limit=5)
    assert {name: newest[name] for name in ("run", "command", "started", "finished", "state")} == {
        "run": "second",
        "command": "crawl --all",
        "started": later,
        "finished": None,
        "state": "running",
    }
    assert (oldest["run"], oldest["finished"], oldest["state"]) == ("first", later, "done")
    assert [run["run"] for run in catalog.runs(limit=1)] == ["second"]
    assert catalog.run_counts("first") == counts


def test_what_is_told_to_the_diary_twice_stands_there_once(catalog: Catalog) -> None:
    counts = [RunCount(site=SITE, kind="page", outcome=outcome, count=3) for outcome in ("archived", "known")]
    for _ in range(2):
        catalog.start_run(RUN, "crawl daily", START)
        catalog.note(RUN, [make_outcome(2, "http_404"), make_outcome(1, "timeout")])
        catalog.diary.record(report(RUN))
    catalog.note(RUN, [])
    assert len(catalog.runs(limit=5)) == 1
    assert catalog.run_counts(RUN) == counts
    assert catalog.outcome_rows(RUN) == [make_outcome(2, "http_404"), make_outcome(1, "timeout")]


def test_text_that_a_database_refuses_does_not_keep_a_batch_from_being_committed(catalog: Catalog) -> None:
    """A hostile server may send NUL in a header, and an error message may hold half a character."""
    hostile = replace(make_entry(1), etag='"\0"')
    commit(catalog, "b1", hostile, outcomes=[make_outcome(1, detail="cut \ud83d off")])
    assert catalog.url_states(ids(1))[ids(1)[0]].etag == '"\N{REPLACEMENT CHARACTER}"'
    assert catalog.outcome_rows(RUN)[0].detail == "cut \N{REPLACEMENT CHARACTER} off"


def test_a_replaced_batch_is_remembered_as_the_one_that_replaces_it(catalog: Catalog) -> None:
    """The same capture, extracted better: it has not failed any more; what is in neither is forgotten."""
    commit(catalog, "b1", make_entry(1, "extract_failed:timeout"), make_entry(2, "timeout"), articles=[make_article(3)])
    commit(catalog, "b2", make_entry(1, "archived"), articles=[make_article(1)], replaces=("b1",))
    assert [(state.outcome, state.failures) for state in catalog.url_states(ids(1, 2)).values()] == [("archived", 0)]
    assert [entry.url for entry in catalog.article_entries()] == [make_url(1)]


def test_a_batch_that_is_taken_out_leaves_what_was_known_without_it(catalog: Catalog) -> None:
    commit(catalog, "b1", make_entry(1, "archived"))
    before = contents(catalog)
    commit(catalog, "b2", make_entry(1, "timeout", seconds=5), make_entry(2))
    catalog.forget("b2")
    assert contents(catalog) == before


def test_a_manifest_comes_back_as_it_was_committed(catalog: Catalog) -> None:
    entries = [make_entry(1), make_entry(2, "timeout")]
    commit(catalog, "b1", *entries)
    assert catalog.manifest("b1") == make_manifest("b1", entries)


def test_eight_writers_wait_for_each_other(catalog_url: str) -> None:
    """Each opens the catalog, which none has made yet, and commits; no one is turned away as `locked`."""
    failures: list[BaseException] = []
    start = threading.Barrier(8)

    def write(writer: int) -> None:
        catalog = Catalog(catalog_url)
        try:
            start.wait()
            catalog.prepare()
            for number in range(5):
                commit(catalog, f"w{writer}b{number}", make_entry(1, "timeout", seconds=10 * number + writer))
        except BaseException as exc:
            failures.append(exc)
        finally:
            catalog.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    catalog = Catalog(catalog_url)
    assert len(list(catalog.rows(schema.batches))) == 40
    assert catalog.url_states(ids(1))[ids(1)[0]].failures == 40
    catalog.close()


def test_a_run_that_was_killed_is_marked_interrupted_and_shows_what_became_safe(catalog: Catalog) -> None:
    now = datetime.now(UTC)
    for run, age in {"killed": 60, "at work": 60, "just begun": 1, "ended": 60}.items():
        catalog.start_run(run, "crawl", now - timedelta(minutes=age))
    catalog.diary.record(report("ended", finished=now))
    catalog.leases.acquire(SITE, "at work", timedelta(minutes=1))
    catalog.note("killed", [make_outcome(1, "http_404"), make_outcome(2, "http_404")])
    assert catalog.interrupt_dead_runs(now) == ["killed"]
    assert {row["run"]: row["state"] for row in catalog.runs(limit=9)} == {
        "killed": "interrupted",
        "at work": "running",
        "just begun": "running",
        "ended": "done",
    }
    assert catalog.run_counts("killed") == [RunCount(site=SITE, kind="page", outcome="http_404", count=2)]


def test_a_run_whose_lease_has_run_out_is_dead(catalog: Catalog) -> None:
    now = datetime.now(UTC)
    catalog.start_run("stalled", "crawl", now)
    catalog.leases.acquire(SITE, "stalled", timedelta(seconds=-1))
    assert catalog.interrupt_dead_runs(now) == ["stalled"]
