"""Fetching a page again: asking only whether it changed, and seeing that it did not, or that it is gone."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from archive.catalog_rows import UrlState
from archive.outcomes import REMOVED, outcome
from archive.records import Capture, Revisit
from crawler.profile import SiteProfile
from crawler.urls import InvalidUrl, canonical_url

CONDITIONS = ("If-None-Match", "If-Modified-Since")
"""Request fields that make a request conditional."""

_GONE = ("http_404", "http_410")


def conditions(state: UrlState, url: str) -> dict[str, str]:
    """Request fields that ask for the page only if it is not the one we hold (RFC 9110, section 13.1)."""
    if state.payload_fetched is None or state.url != url:
        return {}
    values = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
    return {name: value for name, value in values.items() if value and value.isprintable()}


def as_revisit(capture: Capture, state: UrlState | None) -> Capture:
    """The capture without its body where the archive holds that already; the capture itself where it does not.

    A 304 is believed only where we asked for it.
    """
    if state is None or state.payload_fetched is None or state.payload_url is None:
        return capture
    if capture.url != state.url or capture.truncated:
        return capture
    digest, fetched = state.payload_digest, state.payload_fetched
    earlier = partial(Revisit, url=state.payload_url, fetched=fetched, payload_digest=digest)
    if capture.status == 304 and any(name in CONDITIONS for name, _ in capture.request_headers):
        return replace(capture, body=b"", revisit=earlier(profile="server-not-modified"))
    if capture.status == 200 and capture.body and capture.payload_digest == digest:
        return replace(capture, body=b"", revisit=earlier(profile="identical-payload-digest"))
    return capture


def seen_again(found: str, state: UrlState | None) -> str:
    """The outcome `found` of a URL of which we know this: an article of ours that is not there is removed."""
    return outcome(REMOVED, found) if found in _GONE and state is not None and state.article is not None else found


def means_removed(target: str, state: UrlState | None, profile: SiteProfile) -> bool:
    """Whether an article of ours that redirects to `target` is gone: that is a front page or no article."""
    if state is None or state.article is None:
        return False
    try:
        canonical = profile.canonical(target)
        fronts = {profile.canonical(url) for url in profile.sources.sections}
        address = canonical_url(state.url)
    except InvalidUrl:
        return False
    path = urlsplit(canonical).path.rstrip("/")
    above = urlsplit(address).path.startswith(f"{path}/")
    return profile.has_host(target) and (above or canonical in fronts or not profile.accepts(target))


def leads_to_front(target: str, url: str, profile: SiteProfile) -> bool:
    """Whether the address of an article that redirects to `target` has none any more: that is a front page.

    Of an address that never gave us an article, what lies above it and may be one is believed: `/story/amp` moves to
    `/story`.
    """
    try:
        canonical, own = profile.canonical(target), profile.canonical(url)
        fronts = {profile.canonical(section) for section in profile.sources.sections}
    except InvalidUrl:
        return False
    path, own_path = urlsplit(canonical).path.rstrip("/"), urlsplit(own).path.rstrip("/")
    above = own_path.startswith(f"{path}/") and not (path and profile.accepts(target))
    is_article = bool(own_path) and own not in fronts
    return is_article and profile.has_host(target) and (above or canonical in fronts)
