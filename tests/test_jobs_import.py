"""Promises of `presskeep import`: articles of foreign files are archived once, with where they came from."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from archive.records import Article
from archive.schema import imports
from archive.store import put_bytes
from archive.store_s3 import S3Store
from crawler import remote_file
from crawler.errors import WebArchiveError
from crawler.importing import ImportReport
from jobs.config import load_config
from jobs.errors import JobsError
from jobs.opened import opened_archive, opened_catalog
from jobs.warc_import import import_files
from tests.command import presskeep
from tests.common_crawl import CommonCrawl
from tests.crawling import articles
from tests.foreign_files import TAKEN, html, members, warc, warcprox
from tests.newsroom import Newsroom, Site
from tests.stand_in import Trouble

PAGES = [(f"https://daily.example/story-{number}", html(f"story-{number}")) for number in range(6)]

PROFILE = """
name = "daily"
title = "The Daily"
hosts = ["daily.example"]

[articles]
include = ["/story-"]
"""


class Desk:
    """An archive with one site, and files to import."""

    def __init__(self, folder: Path, profile: str = PROFILE) -> None:
        self.folder = folder
        (folder / "sites").mkdir()
        (folder / "sites" / "daily.toml").write_text(profile, encoding="utf-8")
        self.config = folder / "presskeep.toml"
        archive = (folder / "archive").as_uri()
        self.config.write_text(f'archive = "{archive}"\ncontact = "https://presskeep.example/"\n', encoding="utf-8")

    def write(self, name: str, data: bytes) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return str(path)

    def take(self, *paths: str, site: str | None = None, every: bool = False) -> ImportReport:
        return import_files(
            load_config(self.config),
            paths,
            site=site,
            every=every,
            command="import",
            on_begin=lambda sources: None,
            on_progress=lambda report: None,
        )

    def articles(self) -> list[Article]:
        with opened_archive(load_config(self.config)) as (_, reader):
            return sorted(reader.articles(), key=lambda article: (article.url, article.fetched))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_articles_keep_their_time_and_say_where_they_were(desk: Desk) -> None:
    path = desk.write("CC-NEWS-1.warc.gz", warc([*PAGES, ("https://other.example/story-1", html("x"))]))
    report = desk.take(path)
    assert report.sites == {"daily": Counter(archived=6)}
    assert report.passed == Counter(other_site=1)
    found = desk.articles()
    assert [article.url for article in found] == [url for url, _ in PAGES]
    assert [article.fetched for article in found] == [TAKEN + timedelta(minutes=number) for number in range(6)]
    offset = members(warc(PAGES))[1]
    assert found[0].origin is not None
    assert found[0].origin.startswith(f"import CC-NEWS-1.warc.gz#{offset} <urn:uuid:")
    with opened_archive(load_config(desk.config)) as (catalog, reader):
        location = next(catalog.article_entries()).location
        assert reader.capture(location).origin == found[0].origin


def test_files_on_the_web_are_read_in_parts_and_gone_on_with_after_an_outage(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of CC-NEWS, which a list of paths names."""
    monkeypatch.setattr(remote_file, "BLOCK", 700)
    with desk.config.open("a", encoding="utf-8") as config:
        config.write("[web_archives]\ncommoncrawl_per_minute = 60000\n")
    with CommonCrawl({"CC-NEWS": [(url, TAKEN, body) for url, body in PAGES]}) as server:
        paths = f"{server.url}/crawl-data/CC-NEWS/warc.paths.gz"
        server.troubles += [Trouble()] * 10 + [Trouble(status=404)]
        with pytest.raises(WebArchiveError, match="answers 404"):
            desk.take(paths)
        report = desk.take(paths)
        assert report.files_before + report.files == len(PAGES)
        assert len(server.asked) > 2 * len(PAGES)
    found = desk.articles()
    assert [article.url for article in found] == [url for url, _ in PAGES]
    assert found[0].origin is not None
    assert found[0].origin.startswith(f"import {server.url}/crawl-data/CC-NEWS/segments/1/warc/CC-NEWS-00000.warc.gz#")


def test_what_warcprox_has_written_is_imported(desk: Desk) -> None:
    """Its digests are hex, and a page that it met again is a revisit."""
    report = desk.take(desk.write("WARCPROX.warc.gz", warcprox([*PAGES, PAGES[0]])))
    assert report.sites == {"daily": Counter(archived=6)}
    assert report.passed == Counter(revisit=1)


def test_a_second_import_changes_nothing_and_another_file_of_the_same_pages_neither(desk: Desk) -> None:
    path = desk.write("a.warc.gz", warc(PAGES))
    desk.take(path)
    again = desk.take(path)
    assert (again.files_before, again.pages) == (1, 0)
    copy = desk.take(desk.write("copy.warc", warc(PAGES, compressed=False)))
    assert copy.passed == Counter(held=6)
    assert len(desk.articles()) == 6


def test_an_older_capture_never_takes_the_place_of_a_newer_text(desk: Desk) -> None:
    url = PAGES[0][0]
    desk.take(desk.write("new.warc.gz", warc([(url, html("new text"))], taken=TAKEN)))
    desk.take(desk.write("old.warc.gz", warc([(url, html("old text"))], taken=TAKEN - timedelta(days=900))))
    with opened_archive(load_config(desk.config)) as (_, reader):
        newest = reader.article(desk.articles()[0].url_id)
    assert newest is not None
    assert newest.fetched == TAKEN
    assert [(article.revision, article.fetched.year) for article in desk.articles()] == [(2, 2021), (1, 2024)]


def test_what_is_torn_damaged_or_no_article_is_counted_and_the_rest_is_archived(desk: Desk) -> None:
    data = bytearray(warc([*PAGES, ("https://daily.example/about", b"<p>About us</p>")]))
    data[members(bytes(data))[3] + 100] ^= 0xFF
    listing = warc([("https://daily.example/story-list", b"<html><body><nav><a href=/>Home</a></nav></body></html>")])
    missing = warc([("https://daily.example/story-gone", b"gone")], status="404 Not Found")
    path = desk.write("dump/a.warc.gz", bytes(data) + listing + missing + warc(PAGES)[:500])
    desk.write("dump/b.warc.gz", b"no WARC file at all")
    report = desk.take(str(Path(path).parent))
    assert report.sites == {"daily": Counter(archived=5)}
    assert report.passed.pop("not_article:no_text") == 1
    assert report.passed == Counter(damaged=1, torn=1, not_warc=1, no_article_address=1, http_404=1)


def test_pages_of_unknown_hosts_can_be_kept_under_a_new_name(desk: Desk) -> None:
    pages = [PAGES[0], ("https://other.example/a/b-1", html("b")), ("https://www.third.example/", html("front"))]
    path = desk.write("a.warc.gz", warc(pages))
    report = desk.take(path, site="rest", every=True)
    assert report.sites == {"daily": Counter(archived=1), "rest": Counter(archived=1)}
    assert report.passed == Counter(no_article_address=1)
    with pytest.raises(JobsError, match="--any needs --site with a new name"):
        desk.take(path, site="daily", every=True)


def test_the_warcs_inside_a_wacz_file_are_read(desk: Desk) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as container:
        container.writestr("archive/data.warc.gz", warc(PAGES[:2]))
        container.writestr("pages/pages.jsonl", "{}")
    report = desk.take(desk.write("crawl.wacz", stream.getvalue()))
    assert report.archived == 2
    assert str(desk.articles()[0].origin).startswith("import crawl.wacz!archive/data.warc.gz#")


@pytest.mark.slow
def test_files_below_a_prefix_of_a_bucket_are_read(desk: Desk, s3_store: S3Store) -> None:
    put_bytes(s3_store, "2024/a.warc.gz", warc(PAGES[:2]))
    put_bytes(s3_store, "2024/b.warc", warc(PAGES[2:4], compressed=False))
    put_bytes(s3_store, "2024/b.warc.cdx", b"no WARC file")
    assert desk.take(f"{s3_store.url}/2024/b.warc").archived == 2
    report = desk.take(s3_store.url)
    assert (report.archived, report.files, report.files_before) == (2, 1, 1)
    assert str(desk.articles()[0].origin).startswith(f"import {s3_store.url}/2024/a.warc.gz#")


def test_html_files_are_read_from_a_list_of_their_addresses(desk: Desk) -> None:
    desk.write("dump/one.html", PAGES[0][1])
    desk.write("outside.html", PAGES[1][1])
    rows = [
        "url,file,fetched,published",
        "https://daily.example/story-0,one.html,2019-05-06T07:08:09Z,2019-05-01",
        "https://daily.example/story-1,../outside.html,,",
        "https://daily.example/story-2,missing.html,,",
        "https://daily.example/story-3,one.html,yesterday,",
    ]
    desk.write("dump/list.csv", "\n".join(rows).encode())
    report = desk.take(str(desk.folder / "dump"))
    assert report.passed == Counter(no_file=2, no_date=1)
    [article] = desk.articles()
    assert article.fetched.isoformat() == "2019-05-06T07:08:09+00:00"
    assert str(article.published) == "2019-05-01"


def test_a_folder_without_files_to_import_is_an_error_that_names_it(desk: Desk) -> None:
    with pytest.raises(JobsError, match="holds no file to import"):
        desk.take(str(desk.folder / "sites"))


@pytest.fixture(scope="module")
def newsroom() -> Iterator[Newsroom]:
    with Newsroom([Site(name="daily", title="The Daily", pages=articles(4))]) as newsroom:
        yield newsroom


@pytest.fixture
def home(tmp_path: Path, newsroom: Newsroom) -> Desk:
    return Desk(tmp_path, newsroom.profile("daily"))


@pytest.mark.skipif(shutil.which("wget") is None, reason="wget is not installed")
@pytest.mark.parametrize("option", ["--warc-cdx", pytest.param("--no-warc-compression", marks=pytest.mark.slow)])
def test_what_wget_has_written_is_imported(home: Desk, newsroom: Newsroom, option: str) -> None:
    urls = [f"{newsroom.base_urls['daily']}/story-{number}" for number in range(4)]
    subprocess.run(
        ["wget", "-q", option, "--warc-file=w", "--delete-after", *urls], cwd=home.folder, check=True, timeout=60
    )
    [path] = home.folder.glob("w.warc*")
    assert home.take(str(path)).archived == 4


def test_what_warcio_has_captured_is_imported(home: Desk, newsroom: Newsroom) -> None:
    path = home.folder / "captured.warc.gz"
    script = (
        "import sys\nfrom warcio.capture_http import capture_http\nfrom urllib.request import urlopen\n"
        "with capture_http(sys.argv[1]):\n    for url in sys.argv[2:]:\n        urlopen(url).read()\n"
    )
    urls = [f"{newsroom.base_urls['daily']}/story-{number}" for number in range(4)]
    # In a process of its own, because it changes how all of HTTP works.
    subprocess.run([sys.executable, "-c", script, str(path), *urls], check=True, timeout=60)
    assert home.take(str(path)).archived == 4


def test_the_command_tells_what_came_of_it_and_that_something_was_damaged(desk: Desk) -> None:
    path = desk.write("a.warc.gz", warc(PAGES) + warc(PAGES)[:400])
    result = presskeep("import", path, "--json", folder=desk.folder)
    assert result.code == 1
    assert result.json["passed"] == {"torn": 1}
    assert result.json["sites"] == {"daily": {"archived": 6}}


@pytest.mark.slow
def test_an_import_that_is_killed_goes_on_where_it_was(desk: Desk) -> None:
    """Killed with SIGKILL at several moments, it archives every article once."""
    count = 600
    pages = [(f"https://daily.example/story-{number}", html(f"story-{number}")) for number in range(count)]
    for part in range(3):
        desk.write(f"dump/{part}.warc.gz", warc(pages[part::3]))
    command = [sys.executable, "-m", "jobs.cli", "--config", str(desk.config), "import", str(desk.folder / "dump")]
    for seconds in (2.0, 3.0, 4.0):
        process = subprocess.Popen(command)
        time.sleep(seconds)
        process.kill()
        process.wait()
    subprocess.run(command, check=True, timeout=110)
    assert Counter(article.url for article in desk.articles()) == Counter(url for url, _ in pages)
    with opened_catalog(load_config(desk.config)) as catalog:
        assert [row["finished"] for row in catalog.rows(imports)] == [1, 1, 1]
