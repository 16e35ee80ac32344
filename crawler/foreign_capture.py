"""A page of a foreign file as a capture of its site, which says in its `origin` where it was."""

from __future__ import annotations

import dataclasses

from archive.foreign_warc import ForeignPage
from archive.records import Capture, url_id
from crawler.any_site import Routes
from crawler.media_types import refused_type
from crawler.profile import SiteProfile
from crawler.urls import InvalidUrl, absolute_url

_GZIP = ("gzip", "x-gzip")


def routed_capture(page: ForeignPage, routes: Routes, file: str) -> tuple[Capture, SiteProfile, str] | str:
    """The page as a capture, the profile of its site and its URL id; else why it is passed over: `no_url`, `http_404`…

    `file` is what its file is called in origins.
    """
    try:
        url = absolute_url(page.url)
        profile = routes.profile(url)
        identity = url_id(profile.canonical(url)) if profile is not None else ""
    except InvalidUrl:
        profile = None
    content_type = next((value for name, value in page.headers if name.lower() == "content-type"), None)
    refused = f"http_{page.status}" if page.status != 200 else refused_type(content_type)
    if profile is None or refused is not None:
        return refused or "no_url"
    return _capture(page, url, profile, file), profile, identity


def _capture(page: ForeignPage, url: str, profile: SiteProfile, file: str) -> Capture:
    origin = f"import {page.origin or f'{file}#{page.place.offset or page.place.number}'}"
    capture = Capture(
        site=profile.name,
        url=url,
        status=page.status,
        headers=tuple((name, " ".join(value.split())) for name, value in page.headers),
        body=page.body,
        fetched=page.fetched,
        ip=page.ip,
        truncated=page.truncated,
        announcement=page.announcement,
        origin=f"{origin} {page.record_id}" if page.record_id else origin,
    )
    return capture if _is_coded(capture) else _as_decoded(capture)


def _is_coded(capture: Capture) -> bool:
    """False where the tool has undone the content coding that it still states."""
    coding = (capture.header("Content-Encoding") or "").strip().lower()
    return coding not in _GZIP or capture.body.startswith(b"\x1f\x8b")


def _as_decoded(capture: Capture) -> Capture:
    renamed = (
        (f"X-Archive-Orig-{name}" if name.lower() == "content-encoding" else name, value)
        for name, value in capture.headers
    )
    return dataclasses.replace(capture, headers=tuple(renamed))
