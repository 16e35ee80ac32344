"""From a URL as people have it to what the archive holds of it: other spellings and redirects are followed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from archive.article_history import Removal
from archive.catalog import Catalog
from archive.catalog_rows import UrlState
from archive.likeness import Copy
from archive.outcomes import REDIRECTED
from archive.reader import ArchiveReader
from archive.records import Article, RecordLocation, url_id
from crawler.profile import SiteProfile
from crawler.urls import InvalidUrl, absolute_url, canonical_url

_MAX_HOPS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """An article and where it lies."""

    article: Article
    shard_key: str
    """Object key of the Parquet file that holds it."""
    removal: Removal | None = None
    """Since when it is gone from the site, None while it is there."""
    copies: Sequence[Copy] = ()
    """Articles of other sites with nearly the same text, the one captured first before the others."""


class Lookup:
    """Finds articles, raw pages and outcomes by URL; InvalidUrl for what is none."""

    def __init__(self, catalog: Catalog, reader: ArchiveReader, profiles: Iterable[SiteProfile]) -> None:
        self._catalog = catalog
        self._reader = reader
        self._profiles = list(profiles)

    def article(self, url: str) -> Found | None:
        """The newest revision of the article at `url`."""
        for identity in self._identities(url):
            article = self._reader.article(identity)
            if article is not None:
                entries = self._catalog.article_entries(url_id=identity)
                shards = {entry.revision: entry.shard_key for entry in entries}
                removal = self._catalog.history.removal(article.url_id)
                copies = self._catalog.likenesses.copies([article.url_id]).get(article.url_id, ())
                return Found(article=article, shard_key=shards[article.revision], removal=removal, copies=copies)
        return None

    def revisions(self, url: str) -> list[Article]:
        """Every revision of the article at `url`, oldest first; empty if there is none."""
        found = (self._reader.revisions(identity) for identity in self._identities(url))
        return next((revisions for revisions in found if revisions), [])

    def page(self, url: str) -> RecordLocation | None:
        """Where the page lies that the newest revision was taken from; without an article, the newest capture."""
        found = None
        for identity in self._identities(url):
            entries = self._catalog.article_entries(url_id=identity)
            newest = max(entries, key=lambda entry: entry.order, default=None)
            if newest is not None:
                return newest.location
            found = self._catalog.capture_location(identity) or found
        return found

    def last_known(self, url: str) -> UrlState | None:
        """What became of the last capture of `url`; of the last redirect's target that was fetched, if it has any."""
        found = None
        for identity in self._identities(url):
            found = self._catalog.url_states([identity]).get(identity) or found
        return found

    def tombstones(self, url: str) -> list[str]:
        """Keys of the objects that say when and why `url` was taken down, as the catalog knows them."""
        return self._catalog.tombstones.naming(self._identities(url))

    def _identities(self, url: str) -> Iterator[str]:
        """The ids under which `url` may be known, then those of the address that it was redirected to, and so on."""
        for _ in range(_MAX_HOPS):
            identities = [url_id(name) for name in self._names(url)]
            yield from identities
            target = self._redirect(url, identities)
            if target is None:
                return
            url = target

    def _names(self, url: str) -> list[str]:
        of_sites = [profile.canonical(url) for profile in self._profiles if profile.has_host(url)]
        return list(dict.fromkeys([*of_sites, canonical_url(url)]))

    def _redirect(self, url: str, identities: list[str]) -> str | None:
        states = self._catalog.url_states(identities)
        for identity in identities:
            location = self._catalog.capture_location(identity)
            if location is not None and states[identity].outcome == REDIRECTED:
                target = self._reader.capture(location).header("Location")
                return _absolute(target, url) if target else None
        return None


def _absolute(link: str, base: str) -> str | None:
    try:
        return absolute_url(link, base)
    except InvalidUrl:
        # A redirect to nowhere leads to no article either.
        return None
