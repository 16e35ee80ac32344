"""Small article pages for the tests of extraction, written by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from archive.records import Announcement
from crawler.extract import Extraction, Page, extract
from crawler.profile import SiteProfile

URL = "https://paper.example/news/harbour-bridge"
HEADLINE = "Harbour bridge reopens after two years of repairs"
FETCHED = datetime(2024, 1, 31, 12, tzinfo=UTC)
PARAGRAPHS = (
    "The harbour bridge reopened to traffic on Monday after two years of repairs that cost the city forty million.",
    "“We have waited for this day longer than anybody wished to,” the mayor said at a short ceremony on the east bank.",
    "Engineers replaced all of the cables and most of the deck, which had been damaged by salt and by heavy lorries.",
    "Buses are to use the bridge again from next week, and cyclists were given a lane of their own on either side.",
    "The ferry, which carried nine thousand passengers a day in the meantime, will go on sailing until the summer.",
)


def article_page(*, head: str = "", above: str = "", body: str | None = None, below: str = "", lang: str = "en") -> str:
    """A plain page: `above` stands between headline and text, `below` after the text, inside the article."""
    text = body if body is not None else "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    return (
        f"<!doctype html><html lang='{lang}'><head><meta charset='utf-8'><title>{HEADLINE} - The Paper</title>{head}"
        f"</head><body><article><h1>{HEADLINE}</h1>{above}"
        f"<div class='story'>{text}</div>{below}</article></body></html>"
    )


def extracted(
    html: str | bytes,
    *,
    url: str = URL,
    content_type: str | None = None,
    announcement: Announcement | None = None,
    timezone: str = "UTC",
    language: str | None = None,
    **rules: Any,
) -> Extraction:
    """What extraction makes of a page, with a profile of these rules."""
    profile = SiteProfile.model_validate(
        {
            "name": "paper",
            "title": "The Paper",
            "hosts": ["paper.example"],
            "timezone": timezone,
            "language": language,
            "extract": rules,
        }
    )
    body = html if isinstance(html, bytes) else html.encode()
    page = Page(url=url, html=body, content_type=content_type, announcement=announcement, fetched=FETCHED)
    return extract(page, profile)


def paragraphs(extraction: Extraction) -> list[str]:
    """The text as a list of its paragraphs."""
    return extraction.text.split("\n\n")
