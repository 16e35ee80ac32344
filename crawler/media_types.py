"""Which answers can be pages."""

from __future__ import annotations

import re

from archive import outcomes

_PAGES = ("text/html", "application/xhtml+xml")

# RFC 9110 section 8.3.1: two tokens and a slash; of tokens only what registered types use.
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)


def refused_type(content_type: str | None) -> str | None:
    """The outcome `wrong_type:…` for a Content-Type that is no page's; None for a page, or if none is stated."""
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if not media_type or media_type in _PAGES:
        return None
    reason = media_type if _MEDIA_TYPE.fullmatch(media_type) else "unreadable"
    return outcomes.outcome(outcomes.WRONG_TYPE, reason)
