"""Trying out a site profile: what its sources announce, and what its pages yield, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, zip_longest
from urllib.parse import urlsplit

from crawler.announced import Found
from crawler.profile import SiteProfile
from crawler.urls import InvalidUrl
from jobs.errors import JobsError
from jobs.extractor import Extract
from jobs.sites_fetch import Fetch
from jobs.sites_page import PageReport, check_page
from jobs.sites_source import SourceReport, check_source


def check_site(profile: SiteProfile, fetch: Fetch, pages: int, extract: Extract) -> Iterator[SourceReport | PageReport]:
    """Read every source of a profile, then so many of the articles that they announce; each report as it is done."""
    reports = []
    for kind, url in profile.sources_asked:
        reports.append(check_source(kind, url, profile, fetch))
        yield reports[-1]
    for found in sample(reports, pages):
        yield check_page(fetch(found.url), profile, extract, found.announcement)


def sample(reports: Iterable[SourceReport], count: int) -> list[Found]:
    """So many articles, from all sources in turn."""
    turns = zip_longest(*(report.articles for report in reports))
    unique = {found.url: found for turn in turns for found in turn if found is not None}
    return list(islice(unique.values(), count))


def profile_for(url: str, profiles: Iterable[SiteProfile]) -> SiteProfile:
    """The profile that has the URL's host, else a plain one that knows nothing; JobsError for what is no URL."""
    known = next((profile for profile in profiles if profile.has_host(url)), None)
    return known or plain_profile(url)


def plain_profile(url: str) -> SiteProfile:
    """A profile of the URL's host that says nothing else; JobsError for what is no URL."""
    try:
        host = urlsplit(SiteProfile(name="page", title="", hosts=("none",)).canonical(url)).netloc
        return SiteProfile(name="page", title=host, hosts=(host,))
    except InvalidUrl as exc:
        raise JobsError(str(exc)) from exc
