"""How one revision of an article differs from another: its text word by word, and its other fields by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archive.records import Article
from jobs.text_diff import Piece, word_diff, words_changed

_COMPARED = ("authors", "published", "published_at", "modified", "modified_at", "section", "tags", "flags")
"""Fields of which a change is told; those of the archive itself, such as the place of the page, always change."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """From one revision to another."""

    before: Article
    after: Article
    title: Sequence[Piece]
    text: Sequence[Piece]
    fields: Sequence[str]
    """Names of the other fields that differ, in the order of the columns."""

    @property
    def summary(self) -> str:
        """One line: `headline; 12 words added, 3 removed; flags`."""
        added, removed = words_changed(self.text)
        words = f"{added} {'word' if added == 1 else 'words'} added, {removed} removed" if added or removed else ""
        rest = "" if words or self.before.text == self.after.text else "spaces or punctuation"
        headline = "headline" if self.before.title != self.after.title else ""
        return "; ".join(part for part in (headline, words, rest, *self.fields) if part) or "nothing that counts"


def changes(before: Article, after: Article) -> Changes:
    """Compare two revisions."""
    fields = [name for name in _COMPARED if getattr(before, name) != getattr(after, name)]
    return Changes(
        before=before,
        after=after,
        title=word_diff(before.title or "", after.title or ""),
        text=word_diff(before.text, after.text),
        fields=fields,
    )
