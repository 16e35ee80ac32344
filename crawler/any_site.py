"""A profile for pages of sites that have none, and which profile a page belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from archive.records import ArticleDraft
from crawler.errors import NotAnArticle
from crawler.profile import SiteProfile, bare_host
from crawler.urls import InvalidUrl

_DOUBTS = ("captcha", "consent", "listing", "login", "soft_404")
"""Flags that say that a page is none of the articles that one looks for on a site of which nothing is known."""


class AnySite(SiteProfile):
    """The profile of a site that stands for all hosts; no crawl uses it."""

    hosts: tuple[str, ...] = ()

    def _own(self, url: str) -> str | None:
        try:
            canonical = self.canonical(url)
        except InvalidUrl:
            return None
        return canonical if urlsplit(canonical).path != "/" else None


def any_site(name: str) -> AnySite:
    """The generic profile under this name; ValidationError if it is no name of a site."""
    return AnySite(name=name, title=name)


class Routes:
    """Which site a page belongs to, by its URL."""

    def __init__(self, profiles: Mapping[str, SiteProfile], rest: AnySite | None = None) -> None:
        """`rest` takes what belongs to none of the profiles."""
        self._of_host = {bare_host(host): profile for profile in profiles.values() for host in profile.hosts}
        self._named = dict(profiles)
        self._rest = rest

    def named(self, site: str) -> SiteProfile | None:
        """The profile of this name, None if there is none."""
        return self._rest if self._rest is not None and self._rest.name == site else self._named.get(site)

    def profile(self, url: str) -> SiteProfile | None:
        """The profile of the site on whose host the page stands; `rest` for all others."""
        netloc = urlsplit(url).netloc.lower().rpartition("@")[2]
        return self._of_host.get(bare_host(netloc.removesuffix(":80").removesuffix(":443")), self._rest)

    def passes(self, url: str) -> str | None:
        """Why a page is not wanted: `no_url`, `other_site`, `no_article_address`; None if it is wanted."""
        try:
            profile = self.profile(url)
        except ValueError:
            return "no_url"
        if profile is None:
            return "other_site"
        return None if profile.accepts(url) else "no_article_address"


def refuse_doubtful(profile: SiteProfile, draft: ArticleDraft) -> None:
    """NotAnArticle for a page of an unknown site that looks like something else than an article."""
    if isinstance(profile, AnySite):
        for flag in _DOUBTS:
            if flag in draft.flags:
                raise NotAnArticle(flag)
