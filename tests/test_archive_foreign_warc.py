"""Promises of reading foreign WARC files: what is whole is read, what is not has a reason, whatever tool wrote it."""

from __future__ import annotations

import gzip
import io
import sys

import pytest

from archive.foreign_warc import BEGINNING, ForeignPage, Passed, Place, read_foreign
from tests.foreign_files import TAKEN, members, warc

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PAGES = [(f"https://daily.example/story-{number}", f"<html>{number}</html>".encode()) for number in range(4)]
URLS = [url for url, _ in PAGES]
PLAIN = warc(PAGES, compressed=False)
GZIPPED = warc(PAGES)


def read(data: bytes, start: Place = BEGINNING) -> list[ForeignPage | Passed]:
    return list(read_foreign(io.BytesIO(data), lambda url: None, start=start))


def told(data: bytes) -> list[str]:
    """The URL of each page, the reason of each record passed over."""
    return [found.url if isinstance(found, ForeignPage) else found.reason for found in read(data)]


@pytest.mark.parametrize(
    "data",
    [PLAIN, GZIPPED, gzip.compress(PLAIN, mtime=0), zstd.compress(PLAIN)],
    ids=["plain", "a member a record", "one member", "zstd"],
)
def test_pages_are_read_from_every_form_of_file_and_reading_goes_on_from_any_of_them(data: bytes) -> None:
    pages = [found for found in read(data) if isinstance(found, ForeignPage)]
    assert [(page.url, page.body) for page in pages] == PAGES
    assert pages[0].fetched == TAKEN
    assert pages[0].status == 200
    assert ("Content-Type", "text/html; charset=utf-8") in pages[0].headers
    for number, page in enumerate(pages):
        assert read(data, page.place) == pages[number:]


@pytest.mark.parametrize("data", [PLAIN, GZIPPED], ids=["plain", "gzip"])
def test_a_file_that_ends_inside_a_record_gives_all_before_it(data: bytes) -> None:
    last = read(data)[-1].place.offset
    assert told(data[: last + 200]) == [*URLS[:3], "torn"]


def test_behind_a_damaged_record_reading_goes_on_with_the_next() -> None:
    data = bytearray(GZIPPED)
    # warcinfo, then a response and a request for each page.
    data[members(GZIPPED)[3] + 60] ^= 0xFF
    assert told(bytes(data)) == [URLS[0], "damaged", URLS[2], URLS[3]]


def test_a_record_that_is_not_what_its_digest_says_is_damaged() -> None:
    assert told(PLAIN.replace(b"<html>1", b"<html>9")) == [URLS[0], "damaged", URLS[2], URLS[3]]


def test_a_length_that_runs_past_the_end_costs_one_record() -> None:
    lengthened = PLAIN.replace(b"Content-Length: ", b"Content-Length: 99", 2)
    assert told(lengthened)[-3:] == URLS[1:]


def test_a_file_of_something_else_is_no_warc_file() -> None:
    assert told(b"<html>hello</html>") == ["not_warc"]
    assert told(b"") == []


def test_chunk_framing_is_taken_off_where_it_is() -> None:
    headers = [("Transfer-Encoding", "chunked"), ("Content-Type", "text/html")]
    framed = warc([(URLS[0], b"5\r\nhello\r\n0\r\n\r\n"), (URLS[1], b"hello")], headers=headers)
    assert [found.body for found in read(framed) if isinstance(found, ForeignPage)] == [b"hello", b"hello"]


def test_a_page_that_is_not_wanted_has_the_reason_given_and_is_not_read() -> None:
    found = list(read_foreign(io.BytesIO(GZIPPED), lambda url: None if url == URLS[1] else "other_site"))
    assert [one.reason if isinstance(one, Passed) else one.url for one in found] == [
        "other_site",
        URLS[1],
        "other_site",
        "other_site",
    ]


def test_a_record_without_a_date_or_without_http_gives_no_page() -> None:
    undated = PLAIN.replace(b"WARC-Date: 2024", b"WARC-Date: XXXX")
    assert told(undated) == ["no_date"] * 4
    headless = PLAIN.replace(b"HTTP/1.1 200 OK", b"XXXX/1.1 2x0 OK").replace(b"WARC-Block-Digest", b"WARC-Other-Digest")
    assert told(headless) == ["no_http"] * 4
