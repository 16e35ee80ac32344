"""Articles from captures one by one, for work that is not a crawl."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import TypeAlias

from archive.records import ArticleDraft, Capture
from crawler import settings
from crawler.pool import ExtractionPool
from crawler.profile import SiteProfile
from crawler.replay import extract_capture
from jobs.errors import JobsError

Extract: TypeAlias = Callable[[Capture, SiteProfile], tuple[str, ArticleDraft | None]]
"""The outcome of a captured page, and its article if it has one."""


class PageExtractor:
    """Reads the article from a capture as a crawl would, in a worker process that starts with the first one."""

    def __init__(self, profiles: Mapping[str, SiteProfile] = MappingProxyType({})) -> None:
        self._profiles = profiles
        self._loop = asyncio.Runner()
        self._pool: ExtractionPool | None = None

    def __call__(self, capture: Capture) -> ArticleDraft | None:
        """The article, None if there is none; JobsError when the site has no profile any more."""
        if capture.site not in self._profiles:
            raise JobsError(
                f"{capture.url}: site {capture.site!r} has no profile, without which its pages cannot be extracted; "
                "put one back into the folder of site profiles"
            )
        _, draft = self.read(capture, self._profiles[capture.site])
        return draft

    def read(self, capture: Capture, profile: SiteProfile) -> tuple[str, ArticleDraft | None]:
        """The outcome, as in archive/outcomes.py, and the article if there is one."""
        self._pool = self._pool or ExtractionPool(
            workers=1,
            deadline=settings.PRESSKEEP_EXTRACTION_DEADLINE,
            memory=settings.PRESSKEEP_EXTRACTION_MEMORY,
        )
        return self._loop.run(extract_capture(capture, profile, self._pool))

    def __enter__(self) -> PageExtractor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.close()
        self._loop.close()
