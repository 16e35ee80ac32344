"""What others do with a WARC file, as scripts of their own: how many articles they find in it.

    python bench/import_loops.py plain|news-please|fundus FILE

plain         FastWARC and trafilatura, as one would write it in an afternoon
news-please   as its newsplease/crawler/commoncrawl_extractor.py reads a file of CC-NEWS
fundus        as its CCNewsCrawler does, which gets files over HTTP and knows the pages of its own publishers only

It runs with Python's own library and the peer alone, for fundus needs an older lxml than presskeep.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def plain(path: Path) -> int:
    """Extract each page with its metadata."""
    warc = importlib.import_module("fastwarc.warc")
    extract = importlib.import_module("trafilatura").bare_extraction
    found = 0
    with path.open("rb") as stream:
        for record in warc.ArchiveIterator(stream, record_types=warc.WarcRecordType.response):
            page = extract(record.reader.read(), url=record.headers["WARC-Target-URI"], with_metadata=True)
            found += page is not None
    return found


def news_please(path: Path) -> int:
    """Extract each page, without its images; it passes over those that it fails at, as it does by default."""
    records = importlib.import_module("warcio.archiveiterator").ArchiveIterator
    extract = importlib.import_module("newsplease").NewsPlease.from_warc
    found = 0
    with path.open("rb") as stream:
        for record in records(stream):
            if record.rec_type == "response":
                with suppress(Exception):
                    found += bool(extract(record, decode_errors="replace", fetch_images=False).maintext)
    return found


def fundus(path: Path) -> int:
    """Parse the pages of all its publishers."""
    html = importlib.import_module("fundus.scraping.html")
    scraper = importlib.import_module("fundus.scraping.scraper")
    publishers = importlib.import_module("fundus").PublisherCollection
    whole = importlib.import_module("fundus.scraping.filter").Requires("title", "body", "publishing_date")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(path.parent))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        source = html.CCNewsSource(*publishers, warc_path=f"http://127.0.0.1:{server.server_port}/{path.name}")
        found = sum(1 for _ in scraper.CCNewsScraper(source).scrape("suppress", extraction_filter=whole))
        server.shutdown()
    return found


LOOPS: Mapping[str, Callable[[Path], int]] = {"plain": plain, "news-please": news_please, "fundus": fundus}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


if __name__ == "__main__":
    print(LOOPS[sys.argv[1]](Path(sys.argv[2])))
