"""What one page yields, field by field, and where on the page each field stands."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from archive import outcomes
from archive.records import Announcement, ArticleDraft, Capture, DateCandidate
from crawler.field_origins import field_origins
from crawler.markup import Unreadable, read_markup
from crawler.metadata import Statements
from crawler.profile import SiteProfile
from crawler.urls import InvalidUrl
from jobs.errors import JobsError
from jobs.extractor import Extract
from jobs.sites_fetch import Fetched


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


def check_page(
    fetched: Fetched, profile: SiteProfile, extract: Extract, announcement: Announcement | None = None
) -> PageReport:
    """What one page yields; `extract` reads it as a crawl would."""
    canonical, accepted = _canonical(fetched.url, profile), profile.accepts(fetched.url)
    outcome, detail, draft = fetched.problem, fetched.detail, None
    if not outcome:
        outcome, draft = extract(capture_of(fetched, profile, announcement), profile)
    if draft is None:
        return PageReport(
            url=fetched.url, canonical_url=canonical, accepted=accepted, outcome=outcome, detail=detail, removed={}
        )
    origins = field_origins(fetched.body, fetched.content_type, draft, profile, announcement)
    values = _values(draft)
    paragraphs = draft.text.split("\n\n")
    reasons = [block.reason for block in draft.removed_blocks]
    return PageReport(
        url=fetched.url,
        canonical_url=canonical,
        accepted=accepted,
        outcome=outcome,
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
