"""Content codings of archived bodies."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable
from datetime import UTC, datetime

import brotli
import pytest
from scrapy import Request
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from archive.records import Capture, Headers
from crawler.payload import MAX_CODINGS, Undecodable, decoded_body

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PAGE = "<html><h1>Ûrê, Київ, 京都</h1></html>".encode() * 5_000


def quick_brotli(data: bytes) -> bytes:
    compressed: bytes = brotli.compress(data, quality=4)
    return compressed


def bare_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": quick_brotli,
    "zstd": zstd.compress,
}


def capture(body: bytes, *codings: str) -> Capture:
    headers: Headers = tuple(("Content-Encoding", coding) for coding in codings)
    return Capture(
        site="site", url="https://news.example/a", status=200, headers=headers, body=body, fetched=datetime.now(UTC)
    )


@pytest.mark.parametrize("coding", ENCODERS)
def test_each_coding_is_undone(coding: str) -> None:
    assert decoded_body(capture(ENCODERS[coding](PAGE), coding)) == PAGE


@pytest.mark.parametrize("coding", ENCODERS)
def test_a_coded_empty_body_is_empty(coding: str) -> None:
    assert decoded_body(capture(ENCODERS[coding](b""), coding)) == b""


def test_deflate_without_zlib_header_is_understood() -> None:
    assert decoded_body(capture(bare_deflate(PAGE), "deflate")) == PAGE


def test_a_body_without_coding_stays_as_it_is() -> None:
    assert decoded_body(capture(PAGE)) == PAGE
    assert decoded_body(capture(PAGE, "identity")) == PAGE


def test_an_empty_body_needs_no_decoding() -> None:
    """Answers to HEAD, and 304, name a coding and send nothing."""
    assert decoded_body(capture(b"", "gzip")) == b""


def test_codings_in_one_field_or_several_are_undone_last_first() -> None:
    body = quick_brotli(gzip.compress(PAGE))
    assert decoded_body(capture(body, "GZIP, identity , br")) == PAGE
    assert decoded_body(capture(body, "gzip", "br")) == PAGE


def test_gzip_in_several_members_is_read_to_its_end() -> None:
    assert decoded_body(capture(gzip.compress(b"one ") + gzip.compress(b"two"), "gzip")) == b"one two"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_body_cut_short_gives_what_came(coding: str) -> None:
    noise = bytes(range(256)) * 4_000 + PAGE
    found = decoded_body(capture(ENCODERS[coding](noise)[:-20], coding))
    assert found
    assert noise.startswith(found)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_what_was_never_coded_is_refused(coding: str) -> None:
    with pytest.raises(Undecodable, match=r"^https://news\.example/a: .*cannot be decoded"):
        decoded_body(capture(b"<html>plain all along</html>", coding))


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_body_cut_before_its_first_byte_is_refused(coding: str) -> None:
    with pytest.raises(Undecodable):
        decoded_body(capture(ENCODERS[coding](PAGE)[:2], coding))


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_is_refused_at_the_cap(coding: str) -> None:
    bomb = ENCODERS[coding](bytes(20_000_000))
    assert len(bomb) < 25_000
    with pytest.raises(Undecodable, match="more than 1,000,000 bytes"):
        decoded_body(capture(bomb, coding), limit=1_000_000)


def test_a_bomb_inside_a_bomb_is_refused_at_the_cap() -> None:
    bomb = gzip.compress(gzip.compress(bytes(30_000_000)))
    with pytest.raises(Undecodable, match="more than 1,000,000 bytes"):
        decoded_body(capture(bomb, "gzip", "gzip"), limit=1_000_000)


def test_a_body_of_exactly_the_cap_is_decoded() -> None:
    assert decoded_body(capture(gzip.compress(PAGE), "gzip"), limit=len(PAGE)) == PAGE


def test_an_unknown_coding_is_named() -> None:
    with pytest.raises(Undecodable, match=r"'compress'.*known are gzip"):
        decoded_body(capture(PAGE, "compress"))


def test_too_many_codings_are_refused() -> None:
    with pytest.raises(Undecodable, match=f"{MAX_CODINGS + 1} codings"):
        decoded_body(capture(PAGE, *["gzip"] * (MAX_CODINGS + 1)))


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_page_is_decoded_as_the_spider_got_it(coding: str) -> None:
    """So that extracting from the archive gives what extracting during the crawl gave."""
    page = capture(ENCODERS[coding](bytes(range(256)) * 4_000 + PAGE), coding)
    middleware = HttpCompressionMiddleware.from_crawler(get_crawler())
    response = Response(page.url, headers=dict(page.headers), body=page.body)
    assert middleware.process_response(Request(page.url), response).body == decoded_body(page)
