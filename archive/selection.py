"""Which articles someone wants: what the catalog can answer, and what only the article itself tells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from archive.records import Article

Condition = tuple[tuple[str, ...], Callable[..., bool]]
"""Fields of an article, and what tells of their values whether it is wanted."""


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
        return bool(self.beyond_catalog())

    def matches(self, article: Article) -> bool:
        """Whether the article meets every condition; `latest` is for who knows its other revisions."""
        return all(holds(*(getattr(article, name) for name in names)) for names, holds in self.conditions())

    def conditions(self) -> list[Condition]:
        """All of them but `latest`."""
        found: list[Condition] = []
        if self.sites:
            found.append((("site",), frozenset(self.sites).__contains__))
        if self.languages:
            found.append((("language",), frozenset(self.languages).__contains__))
        if (self.since or self.until) and self.by == "published":
            found.append((("published",), self._admits_day))
        elif self.since or self.until:
            found.append((("fetched",), lambda fetched: self._admits_day(fetched.date())))
        return found + self.beyond_catalog()

    def beyond_catalog(self) -> list[Condition]:
        """Those that the catalog does not know of."""
        sections, authors, words = (_folded(wanted) for wanted in (self.sections, self.authors, self.words))
        found: list[Condition] = []
        if sections:
            found.append((("section",), lambda section: (section or "").casefold() in sections))
        if self.flags:
            found.append((("flags",), frozenset(self.flags).issubset))
        if self.without_flags:
            found.append((("flags",), frozenset(self.without_flags).isdisjoint))
        if authors:
            found.append((("authors",), lambda names: any(part in name for part in authors for name in _folded(names))))
        if words:
            found.append((("title", "text"), lambda title, text: _has_all(words, f"{title or ''}\n{text}")))
        return found

    def _admits_day(self, day: date | None) -> bool:
        if day is None:
            return False
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


EVERYTHING = Selection()


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How much there is to read for a selection."""

    articles: int
    at_most: bool
    """Whether only reading can tell how many of those articles are wanted."""
    shards: int
    """Objects to be fetched, each with one GET."""
    spans: int = 0
    """Parts of WARC files to be fetched besides, each with one GET."""
    bytes: int
    """Bytes of all that."""

    @property
    def gets(self) -> int:
        """Requests for it."""
        return self.shards + self.spans


def _folded(words: Sequence[str]) -> list[str]:
    return [word.casefold() for word in words]


def _has_all(words: Sequence[str], text: str) -> bool:
    folded = text.casefold()
    return all(word in folded for word in words)
