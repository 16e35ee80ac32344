"""What a site can do wrong at one path, and ready-made examples of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """How the answer at one path differs from the honest one; what is not said stays as it was.

    `{{base}}` in `location` and `body` becomes the site's base URL.
    """

    status: int | None = None
    """Answer with this status and a short page; with `location` or `body` only the number changes."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Fields put over the honest ones: Retry-After, a Content-Type with the wrong charset, an ETag that lies."""
    location: str | None = None
    """Redirect to this path or URL, with 302 unless `status` says otherwise; a chain is one fault a hop."""
    body: bytes | None = None
    """Other body, with 200; it may also stand at a path that the site does not have."""
    size: int | None = None
    """A generated HTML page of about this many bytes instead, sent chunked and never held in memory."""
    delay: float = 0.0
    """Seconds of silence before the status line."""
    pause: float = 0.0
    """Seconds of silence before each tenth of the body."""
    cut: int | None = None
    """Close the connection after this many bytes of the body, whatever Content-Length promised."""
    times: int | None = None
    """Only the first so many requests meet the fault; None means all of them."""


EMPTY_FEED = Fault(
    headers={"Content-Type": "application/rss+xml"},
    body=b'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><link>{{base}}/</link>'
    b"<description>No news</description></channel></rss>",
)
"""A valid RSS feed without items, as some sites serve for years."""

HTML_FEED = Fault(
    headers={"Content-Type": "text/html; charset=utf-8"},
    body=b"<!DOCTYPE html><html><head><title>Page not found</title></head>"
    b"<body><h1>Page not found</h1><p>Try the <a href='/'>home page</a>.</p></body></html>",
)
"""A friendly page with status 200 where a feed should be."""

BROKEN_SITEMAP = Fault(
    headers={"Content-Type": "application/xml"},
    body=b'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    b"<url><loc>{{base}}/before-the-damage</loc></url><url><loc>{{base}}/a?b=1&c=2</loc></url></urlset>",
)
"""A sitemap whose second entry has a bare ampersand."""

PDF = Fault(
    headers={"Content-Type": "application/pdf"},
    body=b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n",
)
"""The smallest document that calls itself a PDF."""
