"""JSON Feed, versions 1 and 1.1 (jsonfeed.org/version/1.1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from archive.records import Announcement
from crawler.announced import Announced, SourceError, next_of, resolve, tidy
from crawler.charset import decode

MAX_ITEMS = 5_000
"""Items read of one feed."""


def read_json_feed(body: bytes, base_url: str) -> Announced:
    """The items of a JSON Feed; without items the reason is `feed_empty`. SourceError: `bad_json`, `not_a_feed`."""
    feed = load_json(body, base_url)
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise SourceError(base_url, "not_a_feed", "is JSON, but no JSON Feed: it has no list `items`; correct the URL")
    found, skipped = resolve(_entries(items[:MAX_ITEMS], base_url), base_url)
    cut = (f"more than {MAX_ITEMS:,} items, the rest is not read",) if len(items) > MAX_ITEMS else ()
    return Announced(
        found=found,
        next_page=next_of(_text(feed, "next_url"), base_url),
        reason=None if items else "feed_empty",
        warnings=(*cut, *skipped),
    )


def load_json(body: bytes, base_url: str) -> Any:
    """The JSON of a source, in whatever Unicode encoding; SourceError `bad_json`."""
    try:
        return json.loads(decode(body, "application/json; charset=utf-8").lstrip("\ufeff"))
    except (ValueError, RecursionError) as exc:
        raise SourceError(base_url, "bad_json", f"is no readable JSON: {exc}") from exc


def _entries(items: list[Any], base_url: str) -> Iterator[tuple[str, Announcement]]:
    """An item's own page counts before the page that it is about."""
    for item in items:
        yield (
            _text(item, "url") or _text(item, "external_url") or _text(item, "id") or "",
            Announcement(
                source=base_url,
                kind="feed",
                title=tidy(_text(item, "title")),
                published=tidy(_text(item, "date_published"), 100),
                modified=tidy(_text(item, "date_modified"), 100),
            ),
        )


def _text(value: Any, key: str) -> str | None:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) else None
