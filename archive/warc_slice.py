"""The raw pages of some articles as one WARC file: their records byte for byte, and nothing else.

Each record is a gzip member of its own, so it is taken over as it lies in the archive, after it was checked against its
digests. A capture brings its request and metadata along; a new `warcinfo` record stands in front. No article is ever
read from a revisit, so whatever is in the slice replays from the slice alone.

Memory: the places of the records, some hundred bytes an article, and a few megabytes that are under way.
"""

from __future__ import annotations

import io
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import BinaryIO

from archive.errors import DamagedObject
from archive.fetching import read_ahead
from archive.manifest_reader import ManifestReader
from archive.records import Article
from archive.warc import INFO, warcinfo
from archive.warc_reader import read_places

_SPAN = 8 << 20
"""Bytes up to which neighbours are fetched together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Span:
    """Neighbouring captures of a WARC, all of them wanted."""

    warc_key: str
    begin: int
    """First byte: the end of the capture before."""
    end: int
    """Behind the last response record."""
    responses: tuple[int, ...]
    """First byte of each response record."""


def write_slice(
    reader: ManifestReader, articles: Iterable[Article], stream: BinaryIO, *, info: Mapping[str, str]
) -> int:
    """Write the records of the pages that these articles were taken from; returns how many pages there are.

    The articles come from `reader`; `info` adds to the fields of the `warcinfo` record. Pages come by WARC and place,
    each once. DamagedObject for a record that is not as it was written, or is not where the manifests say.
    """
    wanted: defaultdict[str, set[int]] = defaultdict(set)
    sites = set()
    for article in articles:
        wanted[article.warc_key].add(article.warc_offset)
        sites.add(article.site)
    stream.write(warcinfo({**INFO, **info}, record_id=uuid.uuid4().urn, now=datetime.now(UTC)))
    pages = 0

    def fetched(span: _Span) -> tuple[_Span, bytes]:
        return span, reader.raw(span.warc_key, span.begin, span.end)

    for span, data in read_ahead(fetched, _spans(reader, wanted, sites) if wanted else ()):
        found = 0
        for group in read_places(io.BytesIO(data)):
            if span.begin + group.response in span.responses:
                found += 1
                stream.writelines(data[offset : offset + length] for offset, length in group.records)
        if found != len(span.responses):
            raise DamagedObject(f"{span.warc_key} from byte {span.begin}: lacks pages of its manifest; run `verify`")
        pages += found
    if missing := sum(map(len, wanted.values())) - pages:
        raise DamagedObject(f"{missing} pages are named by articles and by no manifest; run `presskeep verify`")
    return pages


def _spans(reader: ManifestReader, wanted: Mapping[str, Collection[int]], sites: Collection[str]) -> Iterator[_Span]:
    for key, places in reader.record_ends(sites):
        offsets = wanted.get(key, ())
        span: _Span | None = None
        for (_, begin), (offset, end) in pairwise([(0, 0), *places]):
            if offset in offsets and span and span.end == begin and end - span.begin <= _SPAN:
                span = replace(span, end=end, responses=(*span.responses, offset))
            elif offset in offsets:
                if span:
                    yield span
                span = _Span(warc_key=key, begin=begin, end=end, responses=(offset,))
        if span:
            yield span
