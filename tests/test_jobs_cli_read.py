"""Promises of `presskeep status`, `presskeep show` and `presskeep download`."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from archive import outcomes
from archive.catalog_rows import OutcomeRow
from archive.errors import StoreError
from archive.records import Article, RemovedBlock
from jobs.errors import JobsError
from jobs.export import Downloaded
from jobs.new_file import new_file
from tests.archive_builder import Installation, answered, visited
from tests.command import presskeep
from tests.sample_articles import START

FIRST = "https://daily.example/2026/1"


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Configured for `daily`, nothing archived."""
    return Installation(tmp_path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of two sites: four articles of `daily`, one of them in two revisions, and one of `gone`.

    Tests only read it; they write elsewhere.
    """
    installation = Installation(tmp_path_factory.mktemp("news"))
    installation.crawl(
        visited(1, published=date(2026, 1, 31)),
        visited(2, published=date(2026, 2, 1)),
        visited(3, published=date(2026, 3, 1)),
        visited(4, published=None, published_at=None),
    )
    installation.crawl(visited(5, site="gone", published=date(2025, 7, 1)), site="gone")
    installation.crawl(
        visited(1, published=date(2026, 1, 31), text="Corrected."),
        visited(2, published=date(2026, 2, 1)),
        answered("https://daily.example/2026/404", "http_404", status=404),
        notes=[
            OutcomeRow(
                site="daily",
                kind="source",
                url="https://daily.example/feed",
                outcome="timeout",
                detail="no answer in 60 s",
                at=START,
            )
        ],
    )
    return installation.folder


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


# status


def test_status_counts_what_is_archived_of_each_site(folder: Path) -> None:
    daily, gone = presskeep("status", "--json", folder=folder).json
    assert (daily["site"], daily["articles"], daily["revisions"]) == ("daily", 4, 5)
    assert (daily["first_day"], daily["last_day"]) == ("2026-01-31", "2026-03-01")
    assert daily["last_fetched"].startswith("2026-03-04T05:06:")
    assert daily["bytes"] == sum(
        path.stat().st_size
        for kind in ("raw/daily", "articles/site=daily")
        for path in (folder / "archive" / kind).rglob("*.*")
    )
    assert (gone["site"], gone["articles"], gone["configured"]) == ("gone", 1, False)


def test_status_tells_how_the_last_run_of_each_site_went(folder: Path) -> None:
    daily, gone = presskeep("status", "--json", folder=folder).json
    assert daily["last_run"]["outcomes"] == {"archived": 1, "unchanged": 1, "http_404": 1}
    assert daily["last_run"]["source_outcomes"] == {"timeout": 1}
    assert (gone["last_run"]["outcomes"], gone["last_run"]["command"]) == ({"archived": 1}, "crawl gone")


def test_status_for_people_has_a_whole_line_a_site(folder: Path) -> None:
    done = presskeep("status", folder=folder)
    header, daily, gone = done.out.splitlines()
    assert daily.split()[:6] == ["daily", "4", "5", "0", "2026-01-31", "2026-03-01"]
    assert daily.endswith("done: 1 archived, 1 http_404, 1 unchanged, 1 source timeout")
    assert (
        header.index("last run") == daily.index("2026-03-04 08:06 UTC done") == gone.index("2026-03-04 07:06 UTC done")
    )


def test_status_lists_a_configured_site_before_its_first_crawl(installation: Installation) -> None:
    [daily] = presskeep("status", "--json", folder=installation.folder).json
    assert (daily["configured"], daily["articles"], daily["last_run"]) == (True, 0, None)


def test_status_of_one_site_shows_its_runs_and_failures(folder: Path) -> None:
    report = presskeep("status", "daily", "--json", folder=folder).json
    assert [run["outcomes"] for run in report["runs"]] == [
        {"archived": 1, "unchanged": 1, "http_404": 1},
        {"archived": 4},
    ]
    assert [(one["kind"], one["outcome"], one["examples"]) for one in report["failures"]] == [
        ("page", "http_404", [["https://daily.example/2026/404", ""]]),
        ("source", "timeout", [["https://daily.example/feed", "no answer in 60 s"]]),
    ]
    for_people = presskeep("status", "daily", folder=folder).out
    assert "https://daily.example/feed  no answer in 60 s" in for_people


def test_status_shows_three_examples_of_many_failures(installation: Installation) -> None:
    urls = [f"https://daily.example/gone/{number}" for number in range(7)]
    installation.crawl(*(answered(url, "http_410", status=410) for url in urls))
    [failure] = presskeep("status", "daily", "--json", folder=installation.folder).json["failures"]
    assert failure["count"] == 7
    assert [url for url, _ in failure["examples"]] == urls[:3]


def test_status_of_a_site_without_profile_says_that_it_is_not_crawled(folder: Path) -> None:
    assert "not crawled" in presskeep("status", "gone", folder=folder).out


def test_status_of_an_unknown_site_names_the_known_ones(folder: Path) -> None:
    done = presskeep("status", "dialy", folder=folder)
    assert (done.code, done.out) == (2, "")
    assert "unknown site 'dialy'; there are: daily, gone" in done.err


# show


def test_show_prints_title_facts_and_text(folder: Path) -> None:
    out = presskeep("show", FIRST, folder=folder).out
    assert out.startswith("Überschrift 1 – كركوك 日本\n\n")
    assert out.endswith("\n\nCorrected.\n")
    for fact in (
        "authors    Ana Ruiz, Li Wei\n",
        "published  2026-03-04 05:06:07 UTC (to the second, from jsonld:datePublished)\n",
        "section    World\n",
        "language   en\n",
        f"url        {FIRST}\n",
        "archived   2026-03-04 05:06:08 UTC, revision 2\n",
        "text in    articles/site=daily/month=2026-01/",
        "page in    raw/daily/2026/03/",
    ):
        assert fact in out


def test_show_leaves_out_what_is_not_known(installation: Installation) -> None:
    bare = visited(1, authors=(), published=None, published_at=None, published_precision=None, section=None, title=None)
    installation.crawl(bare)
    out = presskeep("show", FIRST, folder=installation.folder).out
    assert out.startswith("(without a title)\n")
    assert not any(name in out for name in ("authors", "published", "section"))


def test_show_says_where_text_and_page_lie(folder: Path) -> None:
    shown = presskeep("show", FIRST, "--json", folder=folder).json
    assert (folder / "archive" / shown["shard_key"]).exists()
    with (folder / "archive" / shown["warc_key"]).open("rb") as warc:
        warc.seek(shown["warc_offset"])
        record = gzip.decompress(warc.read(shown["warc_length"]))
    assert b"WARC-Target-URI: https://daily.example/2026/1\r\n" in record


def test_show_as_json_has_all_fields(folder: Path) -> None:
    shown = presskeep("show", FIRST, "--json", folder=folder).json
    assert shown.keys() == {field.name for field in dataclasses.fields(Article)} | {"shard_key", "removal", "copies"}
    assert (shown["revision"], shown["published"], shown["fetched"]) == (2, "2026-01-31", "2026-03-04T05:06:08.089012Z")


@pytest.mark.parametrize("url", ["http://daily.example/2026/1#top", "https://www.daily.example/2026/1?utm_source=x"])
def test_show_knows_an_article_by_its_other_addresses(folder: Path, url: str) -> None:
    assert presskeep("show", url, "--json", folder=folder).json["url"] == FIRST


def test_show_follows_archived_redirects(installation: Installation) -> None:
    installation.crawl(
        answered("https://short.example/a", outcomes.REDIRECTED, status=301, Location="https://daily.example/old/1"),
        answered("https://daily.example/old/1", outcomes.REDIRECTED, status=302, Location="/2026/1"),
        visited(1),
    )
    for arguments in (("--json",), ("--raw",)):
        assert presskeep("show", "https://short.example/a", *arguments, folder=installation.folder).code == 0


def test_show_ends_a_redirect_that_leads_to_itself(installation: Installation) -> None:
    loop = "https://daily.example/loop"
    installation.crawl(answered(loop, outcomes.REDIRECTED, status=302, Location=loop))
    assert presskeep("show", loop, folder=installation.folder).code == 1


def test_show_tells_what_became_of_a_page_without_article(folder: Path) -> None:
    done = presskeep("show", "https://daily.example/2026/404", folder=folder)
    assert (done.code, done.out) == (1, "")
    assert "http_404" in done.err


def test_show_of_what_was_never_archived_ends_with_1(folder: Path) -> None:
    done = presskeep("show", "https://daily.example/2026/never", folder=folder)
    assert (done.code, done.out) == (1, "")
    assert "no page of it is archived" in done.err


def test_show_of_what_is_no_url_ends_with_2(folder: Path) -> None:
    assert presskeep("show", "daily", folder=folder).code == 2


def test_show_prints_no_control_character_of_a_page(installation: Installation) -> None:
    evil = "\x1b]0;owned\x07\x9b31m\u202etxt.exe\r"
    installation.crawl(visited(1, title=evil, text=f"{evil}\n\nsecond", authors=(evil,), section=evil, tags=(evil,)))
    out = presskeep("show", FIRST, folder=installation.folder).out
    assert not set(out) & set("\x1b\x07\x9b\u202e\r")
    assert "txt.exe" in out


def test_show_raw_gives_the_page_as_the_browser_saw_it(installation: Installation) -> None:
    page = "<h1>Ûrê</h1>".encode("iso-8859-9") * 100
    coded = visited(1, body=gzip.compress(page), headers=(("Content-Encoding", "gzip"),))
    installation.crawl(coded)
    assert presskeep("show", FIRST, "--raw", folder=installation.folder).stdout == page


def test_show_raw_gives_the_page_of_the_newest_revision(installation: Installation) -> None:
    """Not the error page that came later."""
    installation.crawl(visited(1, body=b"one"))
    installation.crawl(visited(1, body=b"two", text="changed"))
    installation.crawl(answered(FIRST, "http_500", status=500))
    assert presskeep("show", FIRST, "--raw", folder=installation.folder).stdout == b"two"


def test_show_raw_gives_a_page_in_which_no_article_was_found(installation: Installation) -> None:
    installation.crawl(answered(FIRST, "not_article:listing"))
    done = presskeep("show", FIRST, "--raw", folder=installation.folder)
    assert (done.code, done.stdout) == (0, b"<h1>Title 0</h1><p>Text 0</p>")


def test_show_raw_replaces_the_file_it_is_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("old")
    done = presskeep("show", FIRST, "--raw", "-o", str(tmp_path / "page.html"), folder=folder)
    assert (done.code, done.stdout) == (0, b"")
    assert (tmp_path / "page.html").read_text() == "<h1>Title 1</h1><p>Text 1</p>"


def test_show_removed_prints_what_was_left_out_and_why(installation: Installation) -> None:
    blocks = (RemovedBlock(text="Share \x1b[31mthis", reason="furniture"), RemovedBlock(text="Us.", reason="repeated"))
    installation.crawl(visited(1, removed_blocks=blocks), visited(2, removed_blocks=()))
    done = presskeep("show", FIRST, "--removed", folder=installation.folder)
    assert (done.code, done.out) == (0, "[furniture]\nShare [31mthis\n\n[repeated]\nUs.\n")
    other = presskeep("show", FIRST.replace("/1", "/2"), "--removed", folder=installation.folder)
    assert (other.code, other.out) == (0, "nothing was left out\n")


@pytest.mark.parametrize(
    "arguments", [("-o", "page.html"), ("--raw", "--json"), ("--raw", "--removed"), ("--json", "--removed")]
)
def test_show_refuses_forms_that_do_not_go_together(folder: Path, arguments: tuple[str, ...]) -> None:
    done = presskeep("show", FIRST, *arguments, folder=folder)
    assert (done.code, done.out) == (2, "")


def test_show_serves_no_damaged_page(installation: Installation) -> None:
    installation.crawl(visited(1))
    [warc] = (installation.archive / "raw/daily").rglob("*.warc.gz")
    warc.write_bytes(warc.read_bytes()[:-100] + bytes(100))
    done = presskeep("show", FIRST, "--raw", folder=installation.folder)
    assert (done.code, done.stdout) == (2, b"")


# A real terminal


def on_terminal(folder: Path, *arguments: str, columns: int = 40) -> tuple[int, str]:
    """Exit code, and all that a terminal of that width gets to see."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-m", "jobs.cli", *arguments],
        cwd=folder,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        seen = b"".join(_all_of(ours))
    os.close(ours)
    return process.returncode, seen.decode().replace("\r\n", "\n")


def _all_of(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            data = os.read(descriptor, 4096)
        except OSError:
            # Linux says so when the other end of a terminal has closed.
            return
        if not data:
            return
        yield data


def test_show_wraps_the_text_to_the_terminal(installation: Installation) -> None:
    arabic = "كركوك " * 12
    installation.crawl(visited(1, text=f"{'word ' * 30}\n\n{arabic.strip()}"))
    code, seen = on_terminal(installation.folder, "show", FIRST)
    assert code == 0
    body = seen[seen.index("word word") :].splitlines()
    assert max(len(line) for line in body) <= 40
    right_to_left = [line for line in body if "كركوك" in line]
    assert len(right_to_left) > 1
    assert all(line.startswith(" ") and len(line) == 40 for line in right_to_left)


def test_show_raw_spares_the_terminal(folder: Path) -> None:
    code, seen = on_terminal(folder, "show", FIRST, "--raw")
    assert code == 2
    assert "<h1>" not in seen
    assert "--output" in seen


# download


def test_download_writes_every_revision_with_all_fields(folder: Path, tmp_path: Path) -> None:
    done = presskeep("download", str(tmp_path / "all.jsonl"), folder=folder)
    assert done.code == 0
    articles = lines(tmp_path / "all.jsonl")
    assert len(articles) == 6
    assert all(article.keys() == {field.name for field in dataclasses.fields(Downloaded)} for article in articles)
    assert sorted((article["url"], article["revision"]) for article in articles)[:2] == [(FIRST, 1), (FIRST, 2)]
    assert "6 articles, " in done.out
    assert done.out.count("\n") == 1
    text = (tmp_path / "all.jsonl").read_text(encoding="utf-8")
    assert "كركوك 日本" in text


def test_download_selects_by_site(folder: Path, tmp_path: Path) -> None:
    presskeep("download", str(tmp_path / "some.jsonl"), "--site", "gone", folder=folder)
    assert [article["site"] for article in lines(tmp_path / "some.jsonl")] == ["gone"]
    presskeep(
        "download", str(tmp_path / "both.jsonl"), "--site", "gone", "--site", "daily", "--site", "gone", folder=folder
    )
    assert len(lines(tmp_path / "both.jsonl")) == 6


def test_download_selects_by_day_with_both_ends(folder: Path, tmp_path: Path) -> None:
    presskeep("download", str(tmp_path / "some.jsonl"), "--from", "2026-01-31", "--to", "2026-02-01", folder=folder)
    days = [str(article["published"]) for article in lines(tmp_path / "some.jsonl")]
    assert sorted(days) == ["2026-01-31", "2026-01-31", "2026-02-01"]


def test_download_with_a_single_end_leaves_out_unknown_days(folder: Path, tmp_path: Path) -> None:
    presskeep("download", str(tmp_path / "some.jsonl"), "--from", "2026-02-02", folder=folder)
    assert [article["published"] for article in lines(tmp_path / "some.jsonl")] == ["2026-03-01"]


def test_download_to_standard_output_is_nothing_but_articles(folder: Path) -> None:
    done = presskeep("download", "-", "--site", "daily", folder=folder)
    assert [json.loads(line)["site"] for line in done.stdout.splitlines()] == ["daily"] * 5
    assert done.err.startswith("5 articles in ")


def test_download_summarises_as_json(folder: Path, tmp_path: Path) -> None:
    summary = presskeep("download", str(tmp_path / "all.jsonl"), "--json", folder=folder).json
    assert summary.keys() == {"articles", "bytes", "seconds"}
    assert (summary["articles"], summary["bytes"]) == (6, (tmp_path / "all.jsonl").stat().st_size)


def test_download_keeps_an_existing_file_without_force(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "all.jsonl").write_text("mine")
    done = presskeep("download", str(tmp_path / "all.jsonl"), folder=folder)
    assert done.code == 2
    assert "--force" in done.err
    assert (tmp_path / "all.jsonl").read_text() == "mine"
    assert presskeep("download", str(tmp_path / "all.jsonl"), "--force", folder=folder).code == 0
    assert len(lines(tmp_path / "all.jsonl")) == 6


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--from", "2026-02-30"), "--from '2026-02-30': is no day of the calendar"),
        (("--to", "2026-W05-1"), "--to '2026-W05-1': is no day"),
        (("--to", "20260101"), "write it as YYYY-MM-DD"),
        (("--from", "2026-03-01", "--to", "2026-02-01"), "later than --to"),
        (("--site", "daily", "--site", "dialy"), "unknown site 'dialy'; there are: daily, gone"),
    ],
)
def test_download_refuses_a_wrong_selection_in_one_line(
    folder: Path, tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    done = presskeep("download", str(tmp_path / "all.jsonl"), *arguments, folder=folder)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert reason in done.err
    assert not (tmp_path / "all.jsonl").exists()


def test_download_refuses_json_summary_on_standard_output_beside_articles(folder: Path) -> None:
    done = presskeep("download", "-", "--json", folder=folder)
    assert (done.code, done.out) == (2, "")


def test_download_leaves_no_file_when_a_shard_is_damaged(installation: Installation) -> None:
    folder = installation.folder
    installation.crawl(visited(1), visited(2, published=date(2026, 7, 1)))
    shard = next((folder / "archive/articles/site=daily/month=2026-07").glob("*.parquet"))
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    before = set(folder.iterdir())
    done = presskeep("download", "all.jsonl", folder=folder)
    assert done.code == 2
    assert shard.name in done.err
    # What was whole is kept for the next attempt.
    assert set(folder.iterdir()) == before | {folder / ".all.jsonl.download"}


@pytest.mark.parametrize("dest", ["sites", "no/such/folder.jsonl", "pipe"])
def test_download_refuses_what_cannot_become_a_file(folder: Path, tmp_path: Path, dest: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "sites").mkdir()
    done = presskeep("download", str(tmp_path / dest), "--force", folder=folder)
    assert done.code == 2
    assert dest in done.err
    assert (tmp_path / "pipe").is_fifo()


def test_download_shows_its_progress_on_a_terminal_only(folder: Path, tmp_path: Path) -> None:
    assert presskeep("download", str(tmp_path / "one.jsonl"), folder=folder).err == ""
    code, seen = on_terminal(folder, "download", str(tmp_path / "two.jsonl"), columns=100)
    assert code == 0
    assert "6 articles" in seen


def test_download_writes_the_format_that_is_asked_for(folder: Path, tmp_path: Path) -> None:
    for form in ("csv", "parquet", "markdown", "text"):
        done = presskeep("download", str(tmp_path / form), "--format", form, "--latest", folder=folder)
        assert done.code == 0, done.err
        assert "5 articles, " in done.out
    assert len(list(tmp_path.glob("markdown/data/*/*/*.md"))) == 5
    assert presskeep("download", "-", "--format", "text", folder=folder).code == 2


def test_download_takes_conditions_and_a_limit_and_tells_its_plan(folder: Path, tmp_path: Path) -> None:
    plan = presskeep("download", "-", "--site", "daily", "--dry-run", "--json", folder=folder).json
    assert (plan["articles"], plan["shards"] > 1) == (5, True)
    presskeep("download", str(tmp_path / "two"), "--limit", "2", folder=folder)
    assert len(lines(tmp_path / "two")) == 2
    presskeep("download", str(tmp_path / "none"), "--match", "occurs nowhere", folder=folder)
    assert lines(tmp_path / "none") == []


# new_file


def test_a_new_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with new_file(path, overwrite=False) as stream:
        stream.write(b"content")
        assert not path.exists()
    assert path.read_bytes() == b"content"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_that_fails_leaves_the_old_one_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(StoreError), new_file(path, overwrite=True) as stream:
        stream.write(b"half")
        raise StoreError("gone")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_goes_through_a_symbolic_link(tmp_path: Path) -> None:
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)
    with new_file(link, overwrite=False) as stream:
        stream.write(b"content")
    assert link.is_symlink()
    assert target.read_bytes() == b"content"


def test_a_new_file_on_a_full_disk_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(JobsError, match="free space"), new_file(tmp_path / "file", overwrite=False) as stream:
        raise OSError(28, "No space left on device", stream)
    assert list(tmp_path.iterdir()) == []


# download without a catalog


def downloaded(folder: Path, dest: Path, *options: str) -> bytes:
    assert presskeep("download", str(dest), *options, folder=folder).code == 0
    return dest.read_bytes()


@pytest.mark.parametrize("options", [[], ["--latest"], ["--site", "daily", "--from", "2026-02-01"]])
def test_download_by_address_writes_the_same_as_with_catalog(folder: Path, tmp_path: Path, options: list[str]) -> None:
    url = (folder / "archive").as_uri()
    alone = downloaded(tmp_path, tmp_path / "alone.jsonl", "--archive", url, *options)
    assert alone == downloaded(folder, tmp_path / "catalog.jsonl", *options)
    assert alone


def test_download_reads_the_manifests_where_the_configured_catalog_is_missing(folder: Path, tmp_path: Path) -> None:
    url = (folder / "archive").as_uri()
    text = f'archive = "{url}"\ncontact = "desk@example.org"\nsites = []\n'
    (tmp_path / "presskeep.toml").write_text(text, encoding="utf-8")
    assert downloaded(tmp_path, tmp_path / "a.jsonl") == downloaded(folder, tmp_path / "b.jsonl")
    assert not (tmp_path / "data").exists()


def test_download_by_address_names_the_sites_that_are_there(folder: Path, tmp_path: Path) -> None:
    url = (folder / "archive").as_uri()
    done = presskeep("download", "-", "--archive", url, "--site", "other", folder=tmp_path)
    assert (done.code, done.stdout) == (2, b"")
    assert "unknown site 'other'; there are: daily, gone" in done.err
    plan = presskeep("download", "-", "--archive", url, "--site", "gone", "--dry-run", "--json", folder=tmp_path).json
    assert (plan["articles"], plan["shards"]) == (1, 1)
