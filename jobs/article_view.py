"""An article as people read it in a terminal: headline, what is known of it, its paragraphs, and what was left out."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import date, datetime

from archive.article_history import Removal
from archive.passages import passages
from archive.records import Article
from jobs.console import out, safe
from jobs.lookup import Found


def print_article(found: Found) -> None:
    """Print it; on a terminal wrapped to its width, right-to-left paragraphs aligned to the right."""
    article = found.article
    _print_text(article.title or "(without a title)", style="bold")
    out.print()
    for name, value in _facts(found):
        out.print(safe(f"{name:<10} {value}"), soft_wrap=True)
    for kind, run in passages(article):
        for paragraph in run:
            out.print()
            _print_text(paragraph, style="bold" if kind.startswith("h") else None)


def print_removed(article: Article) -> None:
    """Print the blocks that were left out of its text as boilerplate, each under the reason."""
    if not article.removed_blocks:
        out.print("nothing was left out")
    for place, block in enumerate(article.removed_blocks):
        if place:
            out.print()
        out.print(f"[{safe(block.reason)}]", style="bold", markup=False, soft_wrap=True)
        _print_text(block.text)


def _facts(found: Found) -> Iterator[tuple[str, str]]:
    """Label and value of each line; what is not known has none."""
    article = found.article
    facts = {
        "authors": ", ".join(article.authors),
        "published": _dated(article.published, article.published_at) + _origin(article),
        "modified": _dated(article.modified, article.modified_at),
        "section": article.section,
        "tags": ", ".join(article.tags),
        "language": article.language,
        "flags": ", ".join(article.flags),
        "site": article.site,
        "url": article.url,
        "archived": f"{article.fetched:%Y-%m-%d %H:%M:%S} UTC, revision {article.revision}",
        "removed": _removed(found.removal),
        "also at": ", ".join(f"{copy.url} ({copy.site}, {copy.likeness:.0%})" for copy in found.copies),
        "text in": found.shard_key,
        "page in": f"{article.warc_key}, {article.warc_length} bytes from byte {article.warc_offset}",
    }
    return ((name, value) for name, value in facts.items() if value)


def _removed(removal: Removal | None) -> str:
    return f"from the site, seen {removal.since:%Y-%m-%d %H:%M:%S} UTC ({removal.outcome})" if removal else ""


def _origin(article: Article) -> str:
    return f" (to the {article.published_precision}, from {article.published_source})" if article.published else ""


def _dated(day: date | None, moment: datetime | None) -> str:
    if moment is not None:
        return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return day.isoformat() if day else ""


def _print_text(text: str, style: str | None = None) -> None:
    clean = safe(text)
    if not out.is_terminal:
        out.print(clean, soft_wrap=True)
    else:
        out.print(clean, style=style, justify="right" if right_to_left(clean) else "left")


def right_to_left(text: str) -> bool:
    """Whether a text runs so, by its first strong character (Unicode Standard Annex 9, rules P2 and P3)."""
    directions = (unicodedata.bidirectional(char) for char in text)
    return next((direction != "L" for direction in directions if direction in ("L", "R", "AL")), False)
