"""The raw pages of some articles as a WACZ file: their WARC with an index and a list of pages, in one ZIP.

    archive/pages.warc.gz       as archive/warc_slice.py writes it
    indexes/index.cdx.gz        CDXJ lines in blocks, found by indexes/index.idx
    pages/pages.jsonl           the articles, with headline and time
    datapackage.json            what is in it, with SHA-256; datapackage-digest.json has the SHA-256 of that

The format is WACZ 1.1.1 (https://specs.webrecorder.net/wacz/1.1.1/). Replay tools read such a file piece by piece, so
WARC and index lie in the ZIP uncompressed.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from archive.errors import ArchiveError
from archive.manifest_reader import ManifestReader
from archive.objects import sha256_of
from archive.records import Article
from archive.warc_slice import write_slice

VERSION = "1.1.1"

_WARC = "pages.warc.gz"


def write_wacz(
    reader: ManifestReader,
    articles: Iterable[Article],
    stream: BinaryIO,
    *,
    folder: Path | None,
    info: Mapping[str, str],
) -> int:
    """Write the pages that these articles were taken from; returns how many there are.

    The articles come from `reader`; `info` adds to the fields of the `warcinfo` record, and its `software` made the
    file. `folder` is on a disk with room for the WARC, which has no name there; None for the system's
    own of temporary files. DamagedObject as `write_slice`, ArchiveError where cdxj-indexer is not installed.
    """
    with TemporaryFile(dir=folder) as warc, TemporaryFile(dir=folder) as listed:
        listed.write(_line({"format": "json-pages-1.0", "id": "pages", "title": "Articles"}))
        pages = write_slice(reader, _listing(articles, listed), warc, info=info)
        with ZipFile(stream, "w") as archive:
            package = _Package(archive)
            package.add(f"archive/{_WARC}", warc)
            for path, index in _indexes(warc, folder):
                package.add(path, index)
            package.add("pages/pages.jsonl", listed)
            package.close(software=info["software"])
    return pages


def _listing(articles: Iterable[Article], listed: BinaryIO) -> Iterator[Article]:
    for article in articles:
        page = {
            "id": f"{article.url_id}-{article.revision}",
            "url": article.url,
            "ts": article.fetched.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "title": article.title or article.url,
        }
        listed.write(_line(page))
        yield article


def _indexes(warc: BinaryIO, folder: Path | None) -> Iterator[tuple[str, BinaryIO]]:
    try:
        from cdxj_indexer.main import CDXJIndexer
    except ImportError as exc:
        raise ArchiveError("a WACZ file needs cdxj-indexer: pip install 'presskeep[wacz]'") from exc
    warc.seek(0)
    with TemporaryFile(dir=folder) as lines, io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) as blocks:
        CDXJIndexer(
            blocks,
            warc,
            sort=True,
            records="response",
            fields="referrer",
            digest_records=True,
            filename=_WARC,
            compress=lines,
            data_out_name="index.cdx.gz",
        ).process_all()
        yield "indexes/index.cdx.gz", lines
        yield "indexes/index.idx", blocks.buffer


class _Package:
    """Adds files to a ZIP, and says in the end which."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self._created = datetime.now(UTC)
        self._resources: list[dict[str, Any]] = []

    def add(self, path: str, source: BinaryIO) -> None:
        """The whole of a seekable stream."""
        source.seek(0)
        sha256 = sha256_of(source)
        size = source.seek(0, io.SEEK_END)
        source.seek(0)
        with self._archive.open(self._entry(path, ZIP_STORED), "w", force_zip64=True) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        name = path.rpartition("/")[2]
        self._resources.append({"name": name, "path": path, "hash": f"sha256:{sha256}", "bytes": size})

    def close(self, *, software: str) -> None:
        """Write what says what is in it."""
        package = {
            "profile": "data-package",
            "wacz_version": VERSION,
            "title": "Articles",
            "software": software,
            "created": self._created.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "resources": self._resources,
        }
        data = json.dumps(package, indent=2).encode()
        digest = {"path": "datapackage.json", "hash": f"sha256:{hashlib.sha256(data).hexdigest()}"}
        self._archive.writestr(self._entry("datapackage.json", ZIP_DEFLATED), data)
        self._archive.writestr(self._entry("datapackage-digest.json", ZIP_DEFLATED), json.dumps(digest, indent=2))

    def _entry(self, path: str, compression: int) -> ZipInfo:
        entry = ZipInfo(path, self._created.timetuple()[:6])
        entry.compress_type = compression
        entry.external_attr = 0o644 << 16
        return entry


def _line(value: Mapping[str, str]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"
