"""Takedowns by command: which articles are meant, what would go, and what is done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from archive import schema
from archive.catalog import Catalog
from archive.objects import KeptVersion
from archive.reader import ArchiveReader
from archive.records import url_id
from archive.removal import Removed
from archive.selection import Selection
from archive.store import Store
from archive.tombstones import Tombstone, put_tombstone, tombstone_ids
from crawler.profile import SiteProfile
from crawler.urls import InvalidUrl, canonical_url
from jobs.errors import JobsError


@dataclass(frozen=True, kw_only=True, slots=True)
class Takedown:
    """What is to be removed of one site."""

    site: str
    articles: tuple[str, ...]
    """Their addresses, for people."""
    revisions: int
    """Of these articles."""
    captures: int
    """Pages of these articles and of their other addresses."""
    batches: int
    """That have some of it."""
    url_ids: tuple[str, ...]
    """What the tombstone names."""


def takedowns(
    catalog: Catalog,
    store: Store,
    profiles: Mapping[str, SiteProfile],
    *,
    url: str | None,
    site: str | None,
    words: Sequence[str],
) -> list[Takedown]:
    """The articles of a URL, those of a site that hold all the words, or all that is archived of a site.

    A URL that is not archived gives a takedown too, which only keeps it away. JobsError when nothing was asked for.
    """
    if url is not None:
        ids = _of_url(catalog, profiles, url, site)
    elif words:
        ids = _of_words(catalog, store, site, words)
    elif site is not None:
        ids = {site: {row["url_id"] for row in catalog.rows(schema.captures, site=site)}}
    else:
        raise JobsError("say what is to be removed: a URL, --match WORDS, or --site NAME for all of a site")
    return [_takedown(catalog, name, wanted) for name, wanted in sorted(ids.items())]


def order(store: Store, takedown: Takedown, *, reason: str, at: datetime) -> Tombstone:
    """Put the tombstone: from here on it counts, whatever happens; `at` is aware UTC."""
    tombstone = Tombstone(
        site=takedown.site,
        removed=at,
        reason=reason,
        revisions=takedown.revisions,
        captures=takedown.captures,
        url_ids=takedown.url_ids,
    )
    put_tombstone(store, tombstone)
    return tombstone


def canonical_ids(profiles: Mapping[str, SiteProfile]) -> Callable[[str, str], str]:
    """The id of a URL of a site in its canonical form, where there is one."""

    def identify(site: str, url: str) -> str:
        try:
            return url_id(profiles[site].canonical(url) if site in profiles else canonical_url(url))
        except InvalidUrl:
            return url_id(url)

    return identify


def kept_versions(store: Store, removed: Iterable[Removed]) -> Iterator[KeptVersion]:
    """What a versioned bucket still keeps of the objects that were deleted."""
    for one in removed:
        for key in one.objects:
            yield from store.kept_versions(key)


def pending(catalog: Catalog, *, since: datetime | None = None) -> list[str]:
    """Sites that still hold something that was taken down, and those where something was since then, aware UTC.

    Of the latter, what only the bucket or the spool has may be left.
    """
    recent = catalog.tombstones.sites(since=since) if since else []
    return [
        site
        for site in catalog.tombstones.sites()
        if site in recent or catalog.erasure.is_held(site, catalog.tombstones.of_site(site))
    ]


def _of_url(catalog: Catalog, profiles: Mapping[str, SiteProfile], url: str, site: str | None) -> dict[str, set[str]]:
    names = {canonical_url(url), *(it.canonical(url) for it in profiles.values() if it.has_host(url))}
    ids = {url_id(name) for name in names} | {url_id(url)}
    states = catalog.url_states(ids)
    ids |= {state.article for state in states.values() if state.article}
    sites = {row["site"] for identity in ids for row in catalog.rows(schema.captures, url_id=identity)}
    sites |= {row["site"] for identity in ids for row in catalog.rows(schema.articles, url_id=identity)}
    sites = sites or {name for name, profile in profiles.items() if profile.has_host(url)}
    if site is not None:
        sites &= {site}
    if not sites:
        raise JobsError(f"{url}: nothing is archived of it, and no site has its host; look at its spelling")
    return {name: set(ids) for name in sites}


def _of_words(catalog: Catalog, store: Store, site: str | None, words: Sequence[str]) -> dict[str, set[str]]:
    wanted = Selection(sites=(site,) if site else (), words=tuple(word for one in words for word in one.split()))
    found: defaultdict[str, set[str]] = defaultdict(set)
    for article in ArchiveReader(store, catalog).articles(wanted):
        found[article.site].add(article.url_id)
    return found


def _takedown(catalog: Catalog, site: str, ids: set[str]) -> Takedown:
    addresses = catalog.erasure.addresses(site, ids)
    url_ids = ids | set(tombstone_ids(addresses))
    held = catalog.erasure.held(site, url_ids)
    return Takedown(
        site=site,
        articles=held.articles,
        revisions=held.revisions,
        captures=held.captures,
        batches=held.batches,
        url_ids=tuple(sorted(url_ids)),
    )
