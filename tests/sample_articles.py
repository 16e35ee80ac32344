"""Captures and drafts made up for tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from archive.records import (
    Announcement,
    ArticleDraft,
    Capture,
    DateCandidate,
    RemovedBlock,
    content_hash,
    url_id,
)

START = datetime(2026, 3, 4, 5, 6, 7, 89012, tzinfo=UTC)
SITE = "daily"


def make_url(number: int) -> str:
    """URL of the article with that number."""
    return f"https://daily.example/2026/{number}"


def make_capture(number: int, *, body: str | None = None, status: int = 200) -> Capture:
    """A page fetched `number` seconds after START."""
    html = body or f"<h1>Title {number}</h1><p>Text {number}</p>"
    return Capture(
        site=SITE,
        url=make_url(number),
        status=status,
        headers=(
            ("Content-Type", "text/html"),
            ("ETag", f'"{number}"'),
            ("Last-Modified", "Wed, 04 Mar 2026 05:00:00 GMT"),
        ),
        body=html.encode(),
        fetched=START + timedelta(seconds=number),
        ip="192.0.2.1",
        announcement=Announcement(source="https://daily.example/feed", kind="feed", title=f"Title {number}"),
    )


def make_draft(
    number: int, *, text: str | None = None, published: date | None = date(2026, 3, 4), title: str | None = None
) -> ArticleDraft:
    """The article read from `make_capture(number)`, every field filled."""
    title = title or f"Überschrift {number} – كركوك 日本"
    text = text or f"First paragraph of {number}.\n\nSecond paragraph."
    return ArticleDraft(
        url_id=url_id(make_url(number)),
        url=make_url(number),
        canonical_url=make_url(number),
        site=SITE,
        content_hash=content_hash(title, text),
        title=title,
        alt_title=f"Other {number}",
        authors=("Ana Ruiz", "Li Wei"),
        published=published,
        published_at=START if published else None,
        published_precision="second" if published else None,
        published_source="jsonld:datePublished" if published else None,
        date_candidates=(DateCandidate(source="jsonld:datePublished", value="2026-03-04T05:06:07Z"),),
        modified=date(2026, 3, 5),
        modified_at=START + timedelta(days=1),
        fetched=START + timedelta(seconds=number),
        language="en",
        section="World",
        tags=("one", "two"),
        description="What it says",
        image="https://daily.example/a.jpg",
        canonical_link=make_url(number),
        text=text,
        word_count=len(text.split()),
        flags=("short",),
        removed_blocks=(RemovedBlock(text="Share this", reason="share_bar"),),
        extractor="presskeep",
        extractor_version="0.1.0+trafilatura.2.3.1",
        profile_hash="0123456789abcdef",
    )
