"""Archives of the web as a source of a site's past: which captures they have, and each of them as a page.

What the site itself no longer has, or never listed, may be there. A capture comes in by the way of an import
(crawler/importing.py): it keeps its own time, and says in its `origin` where it was.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import Protocol

from archive.backfills import KnownCapture
from archive.foreign_warc import BEGINNING, ForeignPage, Passed, Place
from archive.imports import ImportedFile
from crawler.errors import WebArchiveError
from crawler.past import Window, place_capture
from crawler.profile import SiteProfile
from crawler.urls import InvalidUrl, absolute_url

KEPT = 3
"""Captures of one address that are remembered of one archive: where the first gives no article, the next may."""


class WebArchive(Protocol):
    """An archive of the web that can be asked."""

    @property
    def name(self) -> str:
        """As it stands in `PlannedUrl.source`."""

    def captures(self, host: str, since: date, until: date) -> Iterator[KnownCapture]:
        """Successful captures of HTML pages on the host between two days; WebArchiveError when it does not answer."""

    def page(self, capture: KnownCapture) -> ForeignPage | str:
        """The page as it was captured, else the reason as in archive/outcomes.py why the archive does not give it.

        WebArchiveError when it does not answer.
        """


def known_articles(
    archive: WebArchive, profile: SiteProfile, window: Window
) -> Iterator[tuple[str, date | None, list[KnownCapture]]]:
    """Address, day if it is known, and captures, oldest first, of the site's articles that belong to the window."""
    of_article: dict[str, list[KnownCapture]] = {}
    for host in profile.hosts:
        for capture in archive.captures(host, window.since, window.latest_capture):
            if (article := _article(capture, profile)) is not None:
                of_article.setdefault(article, []).append(capture)
    for captures in of_article.values():
        first, *further = sorted(captures, key=lambda capture: capture.taken)
        belongs, day = place_capture(first.url, first.taken, window, profile)
        if belongs:
            distinct = {capture.digest: capture for capture in further if capture.digest != first.digest}
            yield first.url, day, [first, *distinct.values()][:KEPT]


class PlannedCaptures:
    """Captures that a backfill has planned, as a file of an import (`crawler.importing.Source`)."""

    def __init__(
        self,
        archive: WebArchive,
        captures: Sequence[KnownCapture],
        *,
        file: ImportedFile,
        held: Callable[[], set[int]],
        on_passed: Callable[[int, str], object],
    ) -> None:
        """`held` says which of the captures, by number, are not worth asking for any more, once reading begins."""
        self.file = file
        self.name = archive.name
        self.size = len(captures)
        self.problem = ""
        """Why reading ended before its end, if it did."""
        self._archive = archive
        self._captures = captures
        self._held = held
        self._on_passed = on_passed

    def read(self, passes: Callable[[str], str | None], start: Place = BEGINNING) -> Iterator[ForeignPage | Passed]:
        """One capture after another; what the archive does not give is passed over with the reason."""
        held = self._held()
        for number, capture in enumerate(self._captures):
            place = Place(offset=number, number=number)
            if number in held or place < start:
                continue
            try:
                page = self._archive.page(capture)
            except WebArchiveError as exc:
                self.problem = str(exc)
                return
            if isinstance(page, str):
                self._on_passed(number, page)
                yield Passed(place=place, reason=page)
            else:
                yield dataclasses.replace(page, place=place)


def _article(capture: KnownCapture, profile: SiteProfile) -> str | None:
    """The canonical address, None for what is no article of the site."""
    try:
        return profile.canonical(absolute_url(capture.url)) if profile.accepts(capture.url) else None
    except InvalidUrl:
        return None


def moment_of(timestamp: str) -> datetime:
    """The moment of a capture, as CDX files write it: `yyyyMMddhhmmss` in UTC; ValueError for anything else."""
    if len(timestamp) != 14 or not timestamp.isdecimal():
        raise ValueError(f"{timestamp!r}: is no time of 14 digits")
    return datetime.strptime(f"{timestamp}+0000", "%Y%m%d%H%M%S%z")
