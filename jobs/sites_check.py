"""Trying out a site profile: what its sources announce, and what its pages yield, field by field."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, zip_longest
from pathlib import Path
from urllib.parse import urlsplit

from archive import outcomes
from archive.records import Announcement, ArticleDraft, Capture, DateCandidate
from crawler.announced import Announced, Found, SourceError
from crawler.articles import read_article
from crawler.errors import ExtractionFailed
from crawler.field_origins import field_origins
from crawler.markup import Unreadable, read_markup
from crawler.metadata import Statements
from crawler.pool import failure_outcome
from crawler.profile import SiteProfile
from crawler.source_rules import SourceKind
from crawler.sources import read_source
from crawler.urls import InvalidUrl
from jobs.errors import JobsError
from jobs.sites_fetch import Fetch, Fetched

EXAMPLES = 3
"""Articles shown for each source."""

CHILDREN = 3
"""Sitemaps of an index that are looked into, the newest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceReport:
    """What one source gave."""

    kind: SourceKind
    url: str
    outcome: str
    """`listed`, or why not, as in archive/outcomes.py."""
    detail: str
    """Warnings, and what to do about a failure."""
    count: int
    """Links or entries."""
    sitemaps: int
    """Sitemaps that an index names; the newest of them are counted in."""
    articles: tuple[Found, ...]
    """Those entries that are articles by the profile."""
    others: tuple[str, ...]
    """Some of the URLs on the site's hosts that are none."""
    feeds: tuple[str, ...]
    """Feeds that a page names and the profile does not."""

    @property
    def good(self) -> bool:
        """Whether it announces articles."""
        return self.outcome == outcomes.LISTED and bool(self.articles)


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldReport:
    """One field of an article."""

    name: str
    value: str
    origins: tuple[str, ...]
    """Places that say the same, or what it was put together from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PageReport:
    """What one page yields."""

    url: str
    canonical_url: str
    accepted: bool
    """Whether it is an article by the profile's URL rules."""
    outcome: str
    """`archived`, which stands for "would be", or why not."""
    detail: str = ""
    fields: tuple[FieldReport, ...] = ()
    """Those that have a value."""
    missing: tuple[str, ...] = ()
    """Those that have none."""
    date_candidates: tuple[DateCandidate, ...] = ()
    """Every date seen, best first."""
    words: int = 0
    paragraphs: int = 0
    first: str = ""
    """First paragraph."""
    last: str = ""
    """Last paragraph."""
    flags: tuple[str, ...] = ()
    removed: dict[str, int]
    """How many blocks were taken out, by reason."""

    @property
    def good(self) -> bool:
        """Whether it is an article in every respect."""
        return self.accepted and self.outcome == outcomes.ARCHIVED


def check_site(profile: SiteProfile, fetch: Fetch, pages: int) -> Iterator[SourceReport | PageReport]:
    """Read every source of a profile, then so many of the articles that they announce; each report as it is done."""
    reports = []
    for kind, url in profile.sources_asked:
        reports.append(check_source(kind, url, profile, fetch))
        yield reports[-1]
    for found in sample(reports, pages):
        yield check_page(fetch(found.url), profile, found.announcement)


def check_source(kind: SourceKind, url: str, profile: SiteProfile, fetch: Fetch) -> SourceReport:
    """Read one source; of a sitemap index also its newest sitemaps."""
    fetched = fetch(url)
    if fetched.problem:
        return _report(kind, url, profile, fetched.problem, fetched.detail)
    try:
        listing = profile.sources.listing(url)
        announced = read_source(kind, fetched.body, fetched.url, fetched.content_type, listing)
    except SourceError as exc:
        return _report(kind, url, profile, outcomes.outcome(outcomes.SOURCE_FAILED, exc.reason), exc.detail)
    outcome = outcomes.SOURCE_EMPTY if announced.reason else outcomes.LISTED
    found = [*announced.found, *newest_entries(announced.sitemaps, fetch)]
    return _report(kind, url, profile, outcome, "; ".join(announced.warnings), announced, found)


def sample(reports: Iterable[SourceReport], count: int) -> list[Found]:
    """So many articles, from all sources in turn."""
    turns = zip_longest(*(report.articles for report in reports))
    unique = {found.url: found for turn in turns for found in turn if found is not None}
    return list(islice(unique.values(), count))


def check_page(fetched: Fetched, profile: SiteProfile, announcement: Announcement | None = None) -> PageReport:
    """Extract one page as a crawl would."""
    canonical, accepted = _canonical(fetched.url, profile), profile.accepts(fetched.url)
    if fetched.problem:
        return PageReport(
            url=fetched.url,
            canonical_url=canonical,
            accepted=accepted,
            outcome=fetched.problem,
            detail=fetched.detail,
            removed={},
        )
    try:
        draft = read_article(capture_of(fetched, profile, announcement), profile)
    except ExtractionFailed as exc:
        return PageReport(
            url=fetched.url, canonical_url=canonical, accepted=accepted, outcome=failure_outcome(exc), removed={}
        )
    origins = field_origins(fetched.body, fetched.content_type, draft, profile, announcement)
    values = _values(draft)
    paragraphs = draft.text.split("\n\n")
    reasons = [block.reason for block in draft.removed_blocks]
    return PageReport(
        url=fetched.url,
        canonical_url=canonical,
        accepted=accepted,
        outcome=outcomes.ARCHIVED,
        fields=tuple(
            FieldReport(name=name, value=value, origins=_origins(name, draft, origins))
            for name, value in values.items()
            if value
        ),
        missing=tuple(name for name, value in values.items() if not value),
        date_candidates=draft.date_candidates,
        words=draft.word_count,
        paragraphs=len(paragraphs),
        first=paragraphs[0],
        last=paragraphs[-1],
        flags=draft.flags,
        removed={reason: reasons.count(reason) for reason in dict.fromkeys(reasons)},
    )


def saved_page(file: Path, url: str | None) -> Fetched:
    """A page that was saved to a file, `.gz` or not; without `url`, its address is what it names as canonical."""
    try:
        stored = file.read_bytes()
        body = gzip.decompress(stored) if file.suffix == ".gz" else stored
    except (OSError, EOFError, zlib.error) as exc:
        raise JobsError(f"{file}: cannot be read: {exc}") from exc
    named = url or _canonical_link(body)
    if not named:
        raise JobsError(f"{file}: does not name its address; give it with --url https://…")
    return Fetched(url=named, status=200, content_type="text/html", body=body)


def profile_for(url: str, profiles: Iterable[SiteProfile]) -> SiteProfile:
    """The profile that has the URL's host, else a plain one that knows nothing; JobsError for what is no URL."""
    known = next((profile for profile in profiles if profile.has_host(url)), None)
    return known or plain_profile(url)


def plain_profile(url: str) -> SiteProfile:
    """A profile of the URL's host that says nothing else; JobsError for what is no URL."""
    try:
        host = urlsplit(SiteProfile(name="page", title="", hosts=("none",)).canonical(url)).netloc
        return SiteProfile(name="page", title=host, hosts=(host,))
    except InvalidUrl as exc:
        raise JobsError(str(exc)) from exc


def newest_entries(sitemaps: Sequence[Found], fetch: Fetch, depth: int = 0) -> Iterator[Found]:
    """The entries of an index's newest sitemaps, by their `lastmod`; what cannot be read is left out."""
    newest = sorted(sitemaps, key=lambda found: found.announcement.modified or "", reverse=True)
    for child in newest[:CHILDREN]:
        fetched = fetch(child.url)
        try:
            announced = read_source("sitemap", fetched.body, fetched.url) if not fetched.problem else Announced()
        except SourceError:
            continue
        yield from announced.found
        if depth < 1:
            yield from newest_entries(announced.sitemaps, fetch, depth + 1)


def capture_of(fetched: Fetched, profile: SiteProfile, announcement: Announcement | None) -> Capture:
    """The answer as a capture, to be extracted; it is not archived."""
    return Capture(
        site=profile.name,
        url=fetched.url,
        status=fetched.status,
        headers=(("Content-Type", fetched.content_type),) if fetched.content_type else (),
        body=fetched.body,
        fetched=datetime.now(UTC),
        announcement=announcement,
    )


def _report(
    kind: SourceKind,
    url: str,
    profile: SiteProfile,
    outcome: str,
    detail: str,
    announced: Announced | None = None,
    found: Sequence[Found] = (),
) -> SourceReport:
    announced = announced or Announced()
    return SourceReport(
        kind=kind,
        url=url,
        outcome=outcome,
        detail=detail,
        count=len(found),
        sitemaps=len(announced.sitemaps),
        articles=tuple(entry for entry in found if profile.accepts(entry.url)),
        others=tuple(
            islice((e.url for e in found if profile.has_host(e.url) and not profile.accepts(e.url)), EXAMPLES)
        ),
        feeds=tuple(feed for feed in announced.feeds if feed not in profile.sources.feeds),
    )


def _canonical_link(body: bytes) -> str | None:
    try:
        statements = Statements(read_markup(body, None).tree, "")
    except Unreadable:
        return None
    return statements.canonical or statements.first("og:url")


def _canonical(url: str, profile: SiteProfile) -> str:
    try:
        return profile.canonical(url)
    except InvalidUrl as exc:
        raise JobsError(str(exc)) from exc


def _values(draft: ArticleDraft) -> dict[str, str]:
    published = draft.published_at or draft.published
    modified = draft.modified_at or draft.modified
    return {
        "title": draft.title or "",
        "alt_title": draft.alt_title or "",
        "authors": ", ".join(draft.authors),
        "published": published.isoformat() if published else "",
        "modified": modified.isoformat() if modified else "",
        "language": draft.language or "",
        "section": draft.section or "",
        "tags": ", ".join(draft.tags),
        "description": draft.description or "",
        "image": draft.image or "",
        "canonical_link": draft.canonical_link or "",
    }


_OTHERWISE: dict[str, tuple[str, ...]] = {
    "authors": ("beside the headline",),
    "language": ("the text's letters",),
    "section": ("breadcrumbs",),
}


def _origins(name: str, draft: ArticleDraft, found: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    if name == "published":
        return (draft.published_source,) if draft.published_source else ()
    return found.get(name) or _OTHERWISE.get(name, ())
