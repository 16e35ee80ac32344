"""The raw pages of some articles as one WARC file: their records byte for byte, and nothing else.

Each record is a gzip member of its own, so it is taken over as it lies in the archive, after it was checked against its
digests. A capture brings its request and metadata along; a new `warcinfo` record stands in front. No article is ever
read from a revisit, so whatever is in the slice replays from the slice alone.

Where a WARC goes meanwhile, because of a takedown or with garbage, the rest is looked for where it lies now.

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

from archive.errors import DamagedObject, ObjectMissing
from archive.fetching import read_ahead
from archive.inventory import place_of
from archive.manifest_reader import ManifestReader, Past
from archive.outcomes import ARCHIVED
from archive.records import Article
from archive.selection import Plan, Selection
from archive.warc import INFO, warcinfo
from archive.warc_reader import read_places

_SPAN = 8 << 20
"""Bytes up to which neighbours are fetched together."""

_Places = dict[str, dict[int, tuple[str, datetime]]]
"""WARC and first byte of the response record -> whose it is: id of the article, and time of the capture."""


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
    wanted: _Places = defaultdict(dict)
    sites = set()
    for article in articles:
        wanted[article.warc_key][article.warc_offset] = (article.url_id, article.fetched)
        sites.add(article.site)
    stream.write(warcinfo({**INFO, **info}, record_id=uuid.uuid4().urn, now=datetime.now(UTC)))
    pages = 0
    while any(wanted.values()):
        try:
            for span, data in _fetched(reader, wanted, sites):
                _write_span(span, data, stream)
                pages += len(span.responses)
                for offset in span.responses:
                    del wanted[span.warc_key][offset]
            break
        except ObjectMissing as exc:
            reader.look_again(exc)
            wanted = _places_now(reader, wanted, sites)
    if missing := sum(map(len, wanted.values())):
        raise DamagedObject(f"{missing} pages are named by articles and by no manifest; run `presskeep verify`")
    return pages


def plan_slice(reader: ManifestReader, wanted: Selection, *, past: Past | None = None) -> Plan:
    """What reading such articles, and fetching their pages, would read; at most, where only reading tells."""
    plan, pages = reader.plan(wanted, past=past), _may_be_wanted(reader, wanted, past)
    spans = list(_spans(reader, pages, wanted.sites))
    size = sum(span.end - span.begin for span in spans)
    return replace(plan, spans=len(spans), bytes=plan.bytes + size)


def _may_be_wanted(reader: ManifestReader, wanted: Selection, past: Past | None) -> _Places:
    """The pages of all articles of batches that have a shard with anything that may be wanted."""
    places = (place_of(stored.key) for stored in reader.shards(wanted, past=past))
    batches = {place.batch for place in places if place}
    since, until = (wanted.since, wanted.until) if wanted.by == "fetched" else (None, None)
    found: _Places = defaultdict(dict)
    for listed in reader.captures(wanted.sites, since=since, until=until):
        if listed.batch in batches and listed.entry.outcome == ARCHIVED:
            owner = (listed.entry.article or listed.entry.url_id, listed.entry.fetched)
            found[listed.location.warc_key][listed.entry.offset] = owner
    return found


def _fetched(reader: ManifestReader, wanted: _Places, sites: Collection[str]) -> Iterator[tuple[_Span, bytes]]:
    def fetched(span: _Span) -> tuple[_Span, bytes]:
        return span, reader.raw(span.warc_key, span.begin, span.end)

    yield from read_ahead(fetched, _spans(reader, wanted, sites))


def _write_span(span: _Span, data: bytes, stream: BinaryIO) -> None:
    places = [group for group in read_places(io.BytesIO(data)) if span.begin + group.response in span.responses]
    if len(places) != len(span.responses):
        raise DamagedObject(f"{span.warc_key} from byte {span.begin}: lacks pages of its manifest; run `verify`")
    for group in places:
        stream.writelines(data[offset : offset + length] for offset, length in group.records)


def _places_now(reader: ManifestReader, wanted: _Places, sites: Collection[str]) -> _Places:
    """Where the same captures lie after other batches took the place of theirs; what was taken down is not there."""
    rest = {capture for places in wanted.values() for capture in places.values()}
    found: _Places = defaultdict(dict)
    for listed in reader.captures(sites):
        capture = (listed.entry.article or listed.entry.url_id, listed.entry.fetched)
        if capture in rest:
            found[listed.location.warc_key][listed.entry.offset] = capture
            rest.remove(capture)
    for url_id, _ in rest:
        if url_id not in reader.removed:
            raise DamagedObject(f"the page of article {url_id} is in no batch any more; run `presskeep verify`")
    return found


def _spans(reader: ManifestReader, wanted: _Places, sites: Collection[str]) -> Iterator[_Span]:
    for key, places in reader.record_ends(sites):
        offsets = set(wanted.get(key, ()))
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
