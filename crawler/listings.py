"""JSON listings: what a site's own pages load to show more headlines, described in the profile by its paths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archive.records import Announcement
from crawler.announced import MAX_BYTES, Announced, SourceError, looks_like_html, resolve, tidy
from crawler.json_feeds import load_json
from crawler.source_rules import Listing

MAX_ITEMS = 5_000
"""Items read of one page."""


def read_listing(body: bytes, base_url: str, listing: Listing, page: int) -> Announced:
    """The items of page number `page` of a listing; without items the reason is `listing_empty`.

    SourceError: `bad_json`, `listing_is_html`, `not_a_listing`, `too_large`.
    """
    if len(body) > MAX_BYTES:
        raise SourceError(base_url, "too_large", f"is a listing of more than {MAX_BYTES:,} bytes")
    if looks_like_html(body):
        raise SourceError(base_url, "listing_is_html", "is a web page, not JSON; list it under sections")
    items = _at(load_json(body, base_url), listing.items)
    if not isinstance(items, list):
        where = f"`{listing.items}`" if listing.items else "its root"
        raise SourceError(base_url, "not_a_listing", f"is JSON without a list at {where}; correct `items`")
    found, skipped = resolve(_entries(items[:MAX_ITEMS], listing, base_url), base_url)
    cut = (f"more than {MAX_ITEMS:,} items, the rest is not read",) if len(items) > MAX_ITEMS else ()
    return Announced(
        found=found,
        next_page=listing.page(page + 1) if items and listing.is_paged else None,
        reason=None if items else "listing_empty",
        warnings=(*cut, *skipped),
    )


def _entries(items: list[Any], listing: Listing, base_url: str) -> Iterator[tuple[str, Announcement]]:
    for item in items:
        yield (
            _text(item, listing.link) or "",
            Announcement(
                source=base_url,
                kind="listing",
                title=tidy(_text(item, listing.title)),
                published=tidy(_text(item, listing.date), 100),
                modified=tidy(_text(item, listing.modified), 100),
            ),
        )


def _text(item: Any, path: str | None) -> str | None:
    found = _at(item, path) if path is not None else None
    return str(found) if isinstance(found, str | int | float) and not isinstance(found, bool) else None


def _at(value: Any, path: str) -> Any:
    """What stands at a dotted path; numbers count into lists, from 0."""
    for step in path.split(".") if path else ():
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
