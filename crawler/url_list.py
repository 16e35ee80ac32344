"""Lists of URLs given by hand, for backfills: one a line."""

from __future__ import annotations

from collections.abc import Iterator

from archive.records import Announcement
from crawler.announced import Announced, Found, tidy
from crawler.urls import InvalidUrl, absolute_url


def read_url_list(text: str) -> Announced:
    """One URL a line, optionally a tab and its date of publication; blank lines and `#` comments are skipped.

    A line that is no URL becomes a warning with its number. A list without a single URL has the reason `list_empty`.
    """
    found: list[Found] = []
    warnings: list[str] = []
    for number, line in _lines(text):
        link, _, published = line.partition("\t")
        announcement = Announcement(source="list", kind="list", published=tidy(published, 100))
        try:
            found.append(Found(url=absolute_url(link), announcement=announcement))
        except InvalidUrl as exc:
            warnings.append(f"line {number}: {exc}")
    return Announced(found=tuple(found), reason=None if found else "list_empty", warnings=tuple(warnings))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()
