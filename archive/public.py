"""The archive as notebooks and other programs read it: by its address alone.

import archive

news = archive.open("s3://bucket/prefix")       # or file:///path
for article in news.articles(site="rudaw", since="2026-01-01"):
    print(article.published, article.title)
page = news.page(article)                       # what the server sent
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal

from archive.manifest_reader import ListedCapture, ManifestReader, SiteTotals
from archive.records import Article, Capture
from archive.selection import Selection
from archive.store import Store

Names = str | Iterable[str]
"""One, or several of which any will do."""

Day = date | str
"""A day, or `YYYY-MM-DD`."""


class Archive:
    """An archive as it was when the first question was asked; open it again to see what came since."""

    def __init__(self, store: Store) -> None:
        """Nothing is fetched yet."""
        self._reader = ManifestReader(store)

    def articles(
        self,
        *,
        site: Names = (),
        since: Day | None = None,
        until: Day | None = None,
        by: Literal["published", "fetched"] = "published",
        latest: bool = False,
        language: Names = (),
        section: Names = (),
        author: Names = (),
        match: Names = (),
        flag: Names = (),
        no_flag: Names = (),
    ) -> Iterator[Article]:
        """The articles that meet all conditions, each revision by itself unless `latest`, one at a time.

        Days are days of publication, or of capture (UTC) with `by="fetched"`, first and last included; where a day of
        publication is asked for, articles whose day is unknown are left out. `author` is part of a name; all words of
        `match` stand in headline or text. Every shard is checked against the SHA-256 of its manifest: DamagedObject
        where it differs, StoreError when the archive cannot be read, ValueError for a day that is none.
        """
        return self._reader.articles(
            Selection(
                sites=_names(site),
                since=_day(since),
                until=_day(until),
                by=by,
                latest=latest,
                languages=_names(language),
                sections=_names(section),
                authors=_names(author),
                words=tuple(word for words in _names(match) for word in words.split()),
                flags=_names(flag),
                without_flags=_names(no_flag),
            )
        )

    def captures(
        self, *, site: Names = (), since: Day | None = None, until: Day | None = None
    ) -> Iterator[ListedCapture]:
        """Everything that was fetched on those days (UTC), whatever became of it, batch by batch."""
        return self._reader.captures(_names(site), since=_day(since), until=_day(until))

    def page(self, of: Article | ListedCapture) -> Capture:
        """The page that an article was taken from, or that was listed: status, headers, and body as it was sent.

        A body may be compressed, see its Content-Encoding; that of a revisit is empty, and `revisit` names the earlier
        capture which has it. DamagedObject unless the record matches its digests.
        """
        return self._reader.capture(of.location)

    def sites(self) -> list[SiteTotals]:
        """How much there is of each site, by name."""
        return self._reader.sites()


def _names(given: Names) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _day(given: Day | None) -> date | None:
    if not isinstance(given, str):
        return given
    try:
        return date.fromisoformat(given)
    except ValueError as exc:
        raise ValueError(f"{given!r}: is no day of the calendar; write it as YYYY-MM-DD") from exc
