"""The body of a capture as a browser would have seen it: content codings undone, chunk by chunk and under a cap.

Codings as in RFC 9110, section 8.4.1 (gzip, deflate), RFC 7932 (br) and RFC 8878 (zstd), also several on top of each
other. A body that ends too early gives what came before its end, as in browsers.
"""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator

import brotli

from archive.records import Capture
from crawler.errors import CrawlerError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_BYTES = 64 * 1024**2
"""Bytes that a body may have after each coding; a crawl with default settings keeps none above a quarter of it."""

MAX_CODINGS = 5
"""Codings on top of each other; the limit of curl (MAX_ENCODE_STACK)."""

_CHUNK = 64 * 1024


class Undecodable(CrawlerError):
    """Raised for a body whose content coding cannot be undone; do not retry, the archive holds it as it was sent."""


def decoded_body(capture: Capture, *, limit: int = MAX_BYTES) -> bytes:
    """The body without its content codings; Undecodable if one is unknown, damaged from its start, or over `limit`."""
    codings = _codings(capture)
    if len(codings) > MAX_CODINGS:
        raise Undecodable(_reason(capture, f"{len(codings)} codings", f"more than {MAX_CODINGS} are not undone"))
    body = capture.body
    for coding in reversed(codings):
        body = _decoded(capture, coding, body, limit) if body else body
    return body


def _codings(capture: Capture) -> list[str]:
    """In the order in which they were applied."""
    fields = [value for name, value in capture.headers if name.lower() == "content-encoding"]
    names = [name.strip().lower() for name in ",".join(fields).split(",")]
    return [name for name in names if name not in ("", "identity")]


def _decoded(capture: Capture, coding: str, data: bytes, limit: int) -> bytes:
    if coding not in _DECODERS:
        raise Undecodable(_reason(capture, coding, f"known are {', '.join(_DECODERS)}"))
    found = bytearray()
    try:
        for chunk in _DECODERS[coding](data):
            found += chunk
            if len(found) > limit:
                raise Undecodable(_reason(capture, coding, f"it has more than {limit:,} bytes when decoded"))
    except (OSError, EOFError, zlib.error, brotli.error, zstd.ZstdError) as exc:
        if not found:
            raise Undecodable(_reason(capture, coding, str(exc))) from exc
    return bytes(found)


def _reason(capture: Capture, coding: str, reason: str) -> str:
    return f"{capture.url}: its body, sent as {coding!a}, cannot be decoded: {reason}; its record holds it as sent"


def _gunzip(data: bytes) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
        while chunk := stream.read1(_CHUNK):
            yield chunk


def _inflate(data: bytes) -> Iterator[bytes]:
    # The zlib format is meant (RFC 9110, section 8.4.1.2), but some servers send bare deflate data.
    is_zlib = data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:2]) % 31 == 0
    decoder = zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
    while not decoder.eof:
        chunk = decoder.decompress(data, _CHUNK)
        if not chunk and not decoder.eof:
            raise EOFError("it ends too early")
        yield chunk
        data = decoder.unconsumed_tail


def _unbrotli(data: bytes) -> Iterator[bytes]:
    decoder = brotli.Decompressor()
    chunk = decoder.process(data, output_buffer_limit=_CHUNK)
    while chunk:
        yield chunk
        chunk = decoder.process(b"", output_buffer_limit=_CHUNK)
    if not decoder.is_finished():
        raise EOFError("it ends too early")


def _unzstd(data: bytes) -> Iterator[bytes]:
    with zstd.ZstdFile(io.BytesIO(data)) as stream:
        while chunk := stream.read1(_CHUNK):
            yield chunk


_DECODERS = {"gzip": _gunzip, "x-gzip": _gunzip, "deflate": _inflate, "br": _unbrotli, "zstd": _unzstd}
