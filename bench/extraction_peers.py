"""The extractors measured side by side, each as a function from a page to what it found.

Peers are imported only when asked for; one that is not installed is left out. Each runs as its documentation shows,
with title, date and authors in the same call, because that is how people use it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from crawler.charset import decode
from crawler.errors import ExtractionFailed
from crawler.extract import Page, extract
from crawler.profile import SiteProfile


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What an extractor made of a page."""

    text: str = ""
    title: str | None = None
    published: str | None = None
    """YYYY-MM-DD."""
    authors: tuple[str, ...] = ()
    failed: bool = False
    """Whether the extractor raised or gave up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A labelled page as extractors see it."""

    url: str
    site: str
    html: bytes
    encoding: str | None

    @property
    def decoded(self) -> str | bytes:
        """Text where the encoding is known, so that no extractor stumbles over a wrong meta element."""
        return self.html.decode(self.encoding, "replace") if self.encoding else self.html

    @property
    def text(self) -> str:
        """For extractors that take no bytes."""
        return self.html.decode(self.encoding, "replace") if self.encoding else decode(self.html, None)


Extractor = Callable[[Sample], Found]


def load(wanted: str) -> dict[str, Extractor]:
    """Extractors by name, ours first; `wanted` is `all`, `none` or names joined by commas."""
    names = _MAKERS if wanted == "all" else () if wanted == "none" else tuple(wanted.split(","))
    found: dict[str, Extractor] = {"presskeep": presskeep}
    for name in names:
        if name not in _MAKERS:
            raise SystemExit(f"unknown peer {name!r}; known: {', '.join(_MAKERS)}")
        try:
            found[name] = _MAKERS[name]()
        except ImportError as exc:
            print(f"{name} left out: {exc}; install the `bench` dependency group")
    return found


def presskeep(sample: Sample) -> Found:
    host = urlsplit(sample.url).hostname or "unknown.example"
    profile = SiteProfile(name="bench", title=host, hosts=(host,))
    content_type = f"text/html; charset={sample.encoding}" if sample.encoding else None
    page = Page(url=sample.url, html=sample.html, content_type=content_type, fetched=datetime.now(UTC))
    try:
        result = extract(page, profile)
    except ExtractionFailed:
        return Found(failed=True)
    published = result.published.isoformat() if result.published else None
    return Found(text=result.text, title=result.title, published=published, authors=result.authors)


def _trafilatura(**options: bool) -> Callable[[], Extractor]:
    def make() -> Extractor:
        bare_extraction = importlib.import_module("trafilatura").bare_extraction

        def run(sample: Sample) -> Found:
            document = bare_extraction(sample.decoded, url=sample.url, with_metadata=True, **options)
            if document is None:
                return Found(failed=True)
            return Found(
                text=document.text or "",
                title=document.title,
                published=document.date,
                authors=_names((document.author or "").split(";")),
            )

        return run

    return make


def _newspaper4k() -> Extractor:
    newspaper = importlib.import_module("newspaper")

    def run(sample: Sample) -> Found:
        article = newspaper.Article(sample.url, fetch_images=False)
        article.download(input_html=sample.decoded)
        article.parse()
        return Found(
            text=article.text,
            title=article.title,
            published=_day(article.publish_date),
            authors=_names(article.authors),
        )

    return run


def _news_please() -> Extractor:
    news_please = importlib.import_module("newsplease").NewsPlease

    def run(sample: Sample) -> Found:
        article = news_please.from_html(sample.text, url=sample.url, fetch_images=False)
        return Found(
            text=article.maintext or "",
            title=article.title,
            published=_day(article.date_publish),
            authors=_names(article.authors or ()),
        )

    return run


def _readability() -> Extractor:
    document = importlib.import_module("readability").Document
    fromstring = importlib.import_module("lxml.html").fromstring

    def run(sample: Sample) -> Found:
        page = document(sample.text, url=sample.url)
        return Found(text="\n".join(fromstring(page.summary()).itertext()), title=page.short_title())

    return run


def _resiliparse() -> Extractor:
    extract_plain_text = importlib.import_module("resiliparse.extract.html2text").extract_plain_text
    tree_of = importlib.import_module("resiliparse.parse.html").HTMLTree

    def run(sample: Sample) -> Found:
        decoded = sample.decoded
        tree = tree_of.parse(decoded) if isinstance(decoded, str) else tree_of.parse_from_bytes(decoded)
        return Found(text=extract_plain_text(tree, main_content=True, alt_texts=False), title=tree.title)

    return run


def _day(value: Any) -> str | None:
    return value.date().isoformat() if isinstance(value, datetime) else None


def _names(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for value in values if (name := value.strip()))


_MAKERS: dict[str, Callable[[], Extractor]] = {
    "trafilatura": _trafilatura(),
    "trafilatura-precision": _trafilatura(favor_precision=True),
    "trafilatura-fast": _trafilatura(fast=True),
    "newspaper4k": _newspaper4k,
    "news-please": _news_please,
    "readability-lxml": _readability,
    "resiliparse": _resiliparse,
}
