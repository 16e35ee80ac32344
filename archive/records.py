"""The values that flow through presskeep: announcement, capture, record location, article.

All are frozen and keyword-only. All datetimes are aware UTC with microsecond resolution; a day without a time
is a `date`. Text is valid Unicode in NFC without NUL or lone surrogates.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Literal

Headers = tuple[tuple[str, str], ...]
"""HTTP header fields in the order sent, names and values as ISO-8859-1 text."""

RevisitProfile = Literal["server-not-modified", "identical-payload-digest"]
"""Ends of the URIs of WARC 1.1, section 6.7.2 and 6.7.3."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """Where a URL was first met in this run and what was said of it there.

    It is stored beside the capture (a WARC `metadata` record), because a date that only the feed knew must not be
    lost when the article is extracted again.
    """

    source: str
    """URL of the feed, sitemap, section page or listing; `list` for a URL given by hand."""
    kind: str
    """`feed`, `sitemap`, `news_sitemap`, `section`, `listing` or `list`."""
    title: str | None = None
    """Headline as announced."""
    published: str | None = None
    """Date of publication exactly as announced, in whatever format."""
    modified: str | None = None
    """Date of the last change exactly as announced (Atom `updated`, sitemap `lastmod`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Revisit:
    """Why a capture has no body of its own: an earlier capture has it (WARC 1.1, section 6.7)."""

    profile: RevisitProfile
    """The server answered 304 to our condition, or it sent the very bytes that we hold."""
    url: str
    """URL of the capture that has the body."""
    fetched: datetime
    """When that one was taken, aware UTC."""
    payload_digest: str
    """Of its body, as `Capture.payload_digest`."""


@dataclass(frozen=True, kw_only=True)
class Capture:
    """One HTTP exchange, the body as the server sent it.

    What Scrapy has lost by the time we see it (header-name case, reason phrase, chunk framing) is said in the
    `warcinfo` record of the WARC that holds it.
    """

    site: str
    """Name of the site profile it was fetched for."""
    url: str
    """Absolute URL requested, ASCII (percent-encoded, IDNA)."""
    method: str = "GET"
    """HTTP method."""
    request_headers: Headers = ()
    """Request fields without credentials (Authorization, Cookie, Proxy-Authorization)."""
    status: int
    """HTTP status code."""
    headers: Headers = ()
    """Response fields; Content-Encoding still describes `body`."""
    body: bytes = b""
    """Message body after transfer decoding, before content decoding (gzip, br, zstd)."""
    fetched: datetime
    """When the response was complete."""
    ip: str | None = None
    """Address of the server that answered."""
    truncated: str | None = None
    """WARC-Truncated reason (`length`, `time`, `disconnect`), None for a whole body."""
    announcement: Announcement | None = None
    """How we came to this URL; None for redirect hops, robots.txt and sources."""
    revisit: Revisit | None = None
    """Where the body is, if an earlier capture has it; `body` is not stored then."""
    origin: str | None = None
    """Where a capture comes from that we did not take ourselves, None for our own; see `Article.origin`."""

    @cached_property
    def payload_digest(self) -> str:
        """`sha256:` and the hex digest of the body (ISO 28500 section 5.9; hex as in the labels of RFC 6920).

        That of the earlier body for a revisit.
        """
        if self.revisit is not None:
            return self.revisit.payload_digest
        return "sha256:" + hashlib.sha256(self.body).hexdigest()

    def header(self, name: str) -> str | None:
        """The first value of the field `name`, compared without case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordLocation:
    """Where the response record of a capture lies."""

    warc_key: str
    """Object key of the WARC."""
    offset: int
    """First byte of the record's gzip member."""
    length: int
    """Bytes of that gzip member."""
    payload_digest: str
    """As `Capture.payload_digest`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DateCandidate:
    """One date that the page or its announcement offered."""

    source: str
    """Where it stood, e.g. `jsonld:datePublished`, `meta:article:published_time`, `profile:selector`, `url`, `feed`."""
    value: str
    """The text as found."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RemovedBlock:
    """A block that extraction took out of the text, so that nothing vanishes unseen."""

    text: str
    """The block's text."""
    reason: str
    """Rule that removed it, e.g. `share_bar`, `comment_policy`, `headline_repeated`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ArticleDraft:
    """What was read from one capture, before it has its place in the archive."""

    url_id: str
    """First 32 hex digits of the SHA-256 of `canonical_url` in UTF-8."""
    url: str
    """URL fetched, after redirects."""
    canonical_url: str
    """One form for all addresses of this article (see crawler/urls.py)."""
    site: str
    """Name of the site profile."""
    content_hash: str
    """`content_hash(title, text)`."""
    title: str | None
    """Headline."""
    alt_title: str | None = None
    """The headline's other form where page and metadata disagree."""
    authors: tuple[str, ...] = ()
    """Names of people in page order; organisations only if there are no people."""
    published: date | None = None
    """Day of publication as the publisher states it (its own time zone)."""
    published_at: datetime | None = None
    """Moment of publication, aware UTC; None when only the day is known."""
    published_precision: str | None = None
    """`second`, `minute` or `day`; None when `published` is None."""
    published_source: str | None = None
    """The `DateCandidate.source` that was taken."""
    date_candidates: tuple[DateCandidate, ...] = ()
    """Every date seen, best first."""
    modified: date | None = None
    """Day of the last change as the publisher states it."""
    modified_at: datetime | None = None
    """Moment of the last change, aware UTC; None when only the day is known."""
    fetched: datetime
    """When the capture was taken, aware UTC."""
    origin: str | None = None
    """Where the capture comes from if we did not take it ourselves, in ASCII: `import`, the file that held it with
    `#` and its place there or its address in an archive of the web, and the id of its record, or the file behind that
    address, if it is known, such as `import CC-NEWS-20260101-00001.warc.gz#1042 <urn:uuid:…>` or
    `import https://web.archive.org/web/20230502120000id_/https://… daily.warc.gz`."""
    language: str | None = None
    """BCP 47 primary tag, e.g. `en`, `ckb`, `zh`."""
    section: str | None = None
    """The publisher's section."""
    tags: tuple[str, ...] = ()
    """Keywords in page order."""
    description: str | None = None
    """Summary or deck from the metadata."""
    image: str | None = None
    """Absolute URL of the lead image."""
    canonical_link: str | None = None
    """What the page itself names as canonical, recorded even when another host is named."""
    text: str
    """The body: paragraphs separated by a blank line."""
    structure: tuple[str, ...] = ()
    """What each paragraph of `text` is, in names of HTML: `p`, `h1` to `h6`, `ul` or `ol` for an item of such a list,
    `blockquote`; empty where all are `p`."""
    word_count: int
    """Words of `text`; ideographs and kana count one each."""
    flags: tuple[str, ...] = ()
    """Doubts (`captcha`, `consent`, `listing`, `login`, `no_date`, `no_title`, `paywall`, `short`, `soft_404`,
    `truncated`), kinds (`gallery`, `live_blog`, `video`), `corrected` where the page notes a correction, and what the
    publisher reserves (`noarchive`, `noai`, `noimageai`, `tdm_reserved`); stored, never used to drop."""
    removed_blocks: tuple[RemovedBlock, ...] = ()
    """What was taken out as boilerplate."""
    extractor: str
    """Name of the extractor, e.g. `presskeep`."""
    extractor_version: str
    """Our version and that of trafilatura, e.g. `0.1.0+trafilatura.2.3.1`."""
    profile_hash: str
    """First 16 hex digits of the SHA-256 of the site profile's extraction rules."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Article(ArticleDraft):
    """One revision of one article: a row of the Parquet shards."""

    revision: int
    """1 for the first text that was archived, counted up with each other one. Their order in time is that of `fetched`:
    an import can bring an older text later."""
    warc_key: str
    """Object key of the WARC that holds the raw page."""
    warc_offset: int
    """First byte of its response record."""
    warc_length: int
    """Compressed bytes of its response record."""
    payload_digest: str
    """As `Capture.payload_digest`."""

    @property
    def location(self) -> RecordLocation:
        """Where the page lies that it was taken from."""
        return RecordLocation(
            warc_key=self.warc_key,
            offset=self.warc_offset,
            length=self.warc_length,
            payload_digest=self.payload_digest,
        )


def content_hash(title: str | None, text: str) -> str:
    """SHA-256 hex digest of the title, a newline and the text, in UTF-8: equal for equal articles."""
    return hashlib.sha256(f"{title or ''}\n{text}".encode()).hexdigest()


def url_id(canonical_url: str) -> str:
    """First 32 hex digits of the SHA-256 of the canonical URL: 128 bits, enough for any number of articles."""
    return hashlib.sha256(canonical_url.encode()).hexdigest()[:32]


def new_run_id() -> str:
    """An id for a run, sorting by time (UTC) and unique: `20261122T163100Z-5f3a9c`."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
