"""From a capture to an article: decode, extract, add identity and provenance."""

from __future__ import annotations

import dataclasses
from importlib.metadata import version

from archive.records import ArticleDraft, Capture, content_hash, url_id
from crawler.errors import ExtractionFailed
from crawler.payload import Undecodable, decoded_body
from crawler.profile import SiteProfile

EXTRACTOR = "presskeep"
EXTRACTOR_VERSION = f"{version('presskeep')}+trafilatura.{version('trafilatura')}"


def read_article(capture: Capture, profile: SiteProfile) -> ArticleDraft:
    """The article that a captured page holds; ExtractionFailed or NotAnArticle if it holds none.

    A pure function of the capture, its announcement and the profile, so that it gives the same again years later.
    """
    # Only worker processes pay for trafilatura.
    from crawler.extract import Page, extract

    try:
        html = decoded_body(capture)
    except Undecodable as exc:
        raise ExtractionFailed("undecodable") from exc
    page = Page(
        url=capture.url,
        html=html,
        content_type=capture.header("Content-Type"),
        headers=capture.headers,
        announcement=capture.announcement,
        fetched=capture.fetched,
    )
    extraction = extract(page, profile)
    canonical = profile.identity(capture.url, extraction.canonical_link)
    fields = {field.name: getattr(extraction, field.name) for field in dataclasses.fields(extraction)}
    return ArticleDraft(
        **fields,
        url_id=url_id(canonical),
        url=capture.url,
        canonical_url=canonical,
        site=profile.name,
        content_hash=content_hash(extraction.title, extraction.text),
        fetched=capture.fetched,
        origin=capture.origin,
        extractor=EXTRACTOR,
        extractor_version=EXTRACTOR_VERSION,
        profile_hash=profile.extraction_hash,
    )
