"""The revisions of an article and what changed between two of them, for people: in a terminal, as text, as HTML.

Scraped text becomes neither a terminal escape nor markup; each paragraph runs in the direction of its first letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any

from rich.text import Text

from archive.article_history import Sighting
from archive.records import Article
from jobs.article_changes import Changes, changes
from jobs.article_view import right_to_left
from jobs.console import out, safe
from jobs.text_diff import Piece, paragraphs

_STYLES = {"same": "", "removed": "red strike", "added": "green underline"}
_MARKS = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
"""As `git diff --word-diff` has them, where there are no colours."""
_TAGS = {"same": "span", "removed": "del", "added": "ins"}

_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ max-width: 42em; margin: 2em auto; padding: 0 1em; font: 1.1em/1.6 serif; }}
ins {{ background: #d4f7d4; }}
del {{ background: #fbd9d9; }}
</style>
</head>
<body>
<p dir="ltr">{facts}</p>
{body}
</body>
</html>
"""


def history_rows(revisions: Sequence[Article], sightings: Sequence[Sighting]) -> list[dict[str, Any]]:
    """What happened to an article, oldest first: its revisions, and when it was met doubtful or gone."""
    before: list[Article | None] = [None, *revisions[:-1]]
    rows: list[dict[str, Any]] = [
        {
            "at": revision.fetched,
            "revision": revision.revision,
            "published": revision.published,
            "words": revision.word_count,
            "what": changes(older, revision).summary if older else "first seen",
            "url": revision.url,
        }
        for older, revision in zip(before, revisions, strict=True)
    ]
    rows += [
        {"at": each.fetched, "revision": None, "published": None, "words": None, "what": each.outcome, "url": each.url}
        for each in sightings
    ]
    return sorted(rows, key=lambda row: row["at"])


def print_history(title: str | None, rows: Iterable[dict[str, Any]]) -> None:
    """Print a line for each of `history_rows`."""
    out.print(safe(" ".join((title or "(without a title)").split())), style="bold", soft_wrap=True)
    for row in rows:
        number = f"revision {row['revision']}" if row["revision"] else "-"
        words = f"{row['words']} words" if row["words"] is not None else ""
        day = f"published {row['published']}" if row["published"] else ""
        line = f"{row['at']:%Y-%m-%d %H:%M} UTC  {number:<12}  {words:>11}  {day:<20}  {row['what']}"
        out.print(safe(line), soft_wrap=True)


def print_changes(found: Changes) -> None:
    """Print both revisions laid over each other: colours on a terminal, else `[-removed-]` and `{+added+}`."""
    out.print(safe(_facts(found)), soft_wrap=True)
    for paragraph in _all_paragraphs(found):
        out.print()
        if out.is_terminal:
            clean = "".join(safe(piece.text) for piece in paragraph)
            line = Text(justify="right" if right_to_left(clean) else "left")
            for piece in paragraph:
                line.append(safe(piece.text), style=_STYLES[piece.change])
            out.print(line)
        else:
            out.print("".join(_marked(piece) for piece in paragraph), soft_wrap=True)


def changes_page(found: Changes) -> str:
    """The same as a page of HTML that needs nothing else: no script, nothing fetched."""
    headline, *rest = [_html(paragraph) for paragraph in _all_paragraphs(found)]
    body = "\n".join([f'<h1 dir="auto">{headline}</h1>', *(f'<p dir="auto">{text}</p>' for text in rest)])
    return _PAGE.format(
        language=escape(found.after.language or "und"),
        title=escape(safe(found.after.title or found.after.url)),
        facts=escape(safe(_facts(found))),
        body=body,
    )


def _facts(found: Changes) -> str:
    sides = (f"revision {one.revision}, {one.fetched:%Y-%m-%d %H:%M} UTC" for one in (found.before, found.after))
    return f"{found.after.url}: {' -> '.join(sides)}: {found.summary}"


def _all_paragraphs(found: Changes) -> Iterator[list[Piece]]:
    yield list(found.title)
    yield from paragraphs(found.text)


def _marked(piece: Piece) -> str:
    begin, end = _MARKS[piece.change]
    return f"{begin}{safe(piece.text)}{end}" if piece.text else ""


def _html(paragraph: Iterable[Piece]) -> str:
    parts = ((_TAGS[piece.change], escape(safe(piece.text))) for piece in paragraph if piece.text)
    return "".join(f"<{tag}>{text}</{tag}>" if tag != "span" else text for tag, text in parts)
