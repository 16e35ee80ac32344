"""Which articles someone wants: what the catalog can answer, and what only the article itself tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from archive.records import Article


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Conditions that an article must meet, all of them; what is not said means all."""

    sites: Sequence[str] = ()
    """Any of these."""
    since: date | None = None
    """First day; where a day of publication is asked for, articles whose day is unknown are left out."""
    until: date | None = None
    """Last day."""
    by: Literal["published", "fetched"] = "published"
    """Which day is meant: the publisher's day, or the UTC day of the capture."""
    latest: bool = False
    """Only the newest revision of each article; else every revision."""
    languages: Sequence[str] = ()
    """Any of these, as `Article.language`."""
    sections: Sequence[str] = ()
    """Any of these, compared without case."""
    authors: Sequence[str] = ()
    """Any of these is part of an author's name, compared without case."""
    words: Sequence[str] = ()
    """Each of these stands in headline or text, compared without case."""
    flags: Sequence[str] = ()
    """The article has each of these."""
    without_flags: Sequence[str] = ()
    """The article has none of these."""

    @property
    def asks_the_article(self) -> bool:
        """Whether there are conditions that the catalog does not know of."""
        return any((self.sections, self.authors, self.words, self.flags, self.without_flags))

    def matches(self, article: Article) -> bool:
        """Whether the article meets every condition; `latest` is for who knows its other revisions."""
        return (
            (not self.sites or article.site in self.sites)
            and (not self.languages or article.language in self.languages)
            and self._admits_day(article.published if self.by == "published" else article.fetched.date())
            and self.admits(article)
        )

    def admits(self, article: Article) -> bool:
        """Whether the article meets the conditions that the catalog does not know of."""
        return (
            self._admits_author(article)
            and (not self.sections or (article.section or "").casefold() in _folded(self.sections))
            and set(self.flags) <= set(article.flags)
            and set(self.without_flags).isdisjoint(article.flags)
            and self._admits_words(article)
        )

    def _admits_day(self, day: date | None) -> bool:
        if day is None:
            return self.since is None and self.until is None
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    def _admits_author(self, article: Article) -> bool:
        names = _folded(article.authors)
        return not self.authors or any(wanted in name for wanted in _folded(self.authors) for name in names)

    def _admits_words(self, article: Article) -> bool:
        if not self.words:
            return True
        text = f"{article.title or ''}\n{article.text}".casefold()
        return all(word in text for word in _folded(self.words))


EVERYTHING = Selection()


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How much there is to read for a selection."""

    articles: int
    at_most: bool
    """Whether only reading can tell how many of those articles are wanted."""
    shards: int
    """Objects to be fetched, each with one GET."""
    bytes: int
    """Bytes of those objects."""


def _folded(words: Sequence[str]) -> list[str]:
    return [word.casefold() for word in words]
