"""The health of sites: the breakage that no run fails of.

    history of runs, facts of articles -> checks -> troubles -> findings, opened once and closed when it is over

It is judged when a run has ended, for each site whose sources the run has read, and kept with the report of the run. A
check compares the last few runs with what the site itself was for weeks; a site that is too young, or gives too little,
is not judged.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from archive.catalog import Catalog
from archive.run_report import RunReport, SiteReport
from archive.site_findings import SiteFinding
from crawler.profile import SiteProfile
from jobs import health_articles
from jobs.health_pages import PagesCheck, page_examples
from jobs.health_past import Check, SitePast, Trouble
from jobs.health_silence import FrozenCheck, SilenceCheck
from jobs.health_sources import SourceCheck
from jobs.health_volume import VolumeCheck

KINDS = {
    "silent": "nothing new for longer than ever, though the sources are read",
    "frozen": "a source lists nothing new for longer than ever, while the site goes on",
    "volume": "days bring far fewer articles than their weekdays used to",
    "source": "a feed, sitemap or section page cannot be read, or is empty",
    "pages": "pages that are announced can no longer be archived",
    "title": "articles lack their title",
    "author": "articles lack their author",
    "date": "articles lack their date",
    "time": "dates lack their time of day",
    "fresh": "new articles have old or future dates",
    "clock": "times of publication are off by hours",
    "length": "texts are shorter or longer than they were",
    "boilerplate": "more of a page's body is boilerplate",
    "language": "texts are in another language",
    "host": "articles are at another host",
    "flag": "articles raise a doubt that they seldom did: paywall, consent wall, soft 404 …",
}
"""What can be found."""

_CHECKS: tuple[Check, ...] = (
    PagesCheck(),
    SourceCheck(),
    SilenceCheck(),
    FrozenCheck(),
    VolumeCheck(),
    *health_articles.CHECKS,
)
_RUNS = timedelta(days=60)
"""How far back runs are looked at."""
_ARTICLES = timedelta(days=365)
"""How far back articles are, and"""
_MOST_ARTICLES = 1000
"""how many of them; of a site that has more in"""
_LATELY = timedelta(days=10)
"""so many days, all of these, for they must show what a week is like, up to"""
_MOST_LATELY = 20_000


class Health:
    """Judges sites when a run has ended."""

    def __init__(self, profiles: Mapping[str, SiteProfile]) -> None:
        self._profiles = profiles

    def examine(self, report: RunReport, catalog: Catalog) -> RunReport:
        """The report with what is wrong at its sites; CatalogError. The catalog must have recorded it already."""
        sites = (self._examined(site, report, catalog) for site in report.sites)
        return dataclasses.replace(report, sites=tuple(sites))

    def _examined(self, site: SiteReport, report: RunReport, catalog: Catalog) -> SiteReport:
        profile = self._profiles.get(site.site)
        if profile is None or not site.sources:
            return site
        past = site_past(profile, catalog, now=report.finished)
        findings = []
        for finding in judge(past, run=report.run):
            if finding.kind == "pages" and finding.opened == past.now:
                finding = dataclasses.replace(finding, examples=tuple(page_examples(catalog, past)))
            findings.append(finding)
        return dataclasses.replace(site, findings=tuple(findings))


def site_past(profile: SiteProfile, catalog: Catalog, *, now: datetime) -> SitePast:
    """What the catalog knows of a site; what was accepted as it is begins anew from there."""
    runs = catalog.sites.runs(profile.name, now - _RUNS)
    given = {run.run for run in runs if not run.sources}
    articles = catalog.sites.articles(profile.name, now - _ARTICLES, limit=_MOST_ARTICLES)
    if len(articles) == _MOST_ARTICLES and articles[0].fetched >= now - _LATELY:
        articles = catalog.sites.articles(profile.name, now - _LATELY, limit=_MOST_LATELY)
    return SitePast(
        profile=profile,
        runs=[run for run in runs if run.run not in given],
        articles=[article for article in articles if article.run not in given],
        sources=catalog.sites.sources(profile.name, now - _RUNS),
        findings=catalog.findings.of_site(profile.name),
        now=now,
    )


def judge(past: SitePast, *, run: str) -> Iterator[SiteFinding]:
    """The findings that stay open, those that are over, and those that this run opens."""
    still = {}
    for finding in (finding for finding in past.findings if finding.closed is None):
        over = any(check.handles(finding) and check.is_over(past, finding) for check in _CHECKS)
        still[finding.kind, finding.subject] = finding
        yield dataclasses.replace(finding, closed=past.now) if over else finding
    for check in _CHECKS:
        for trouble in check.troubles(past):
            if (trouble.kind, trouble.subject) not in still:
                yield _opened(trouble, past, run)


def _opened(trouble: Trouble, past: SitePast, run: str) -> SiteFinding:
    return SiteFinding(
        site=past.profile.name,
        kind=trouble.kind,
        subject=trouble.subject,
        since=trouble.since,
        opened=past.now,
        run=run,
        summary=trouble.summary,
        cause=trouble.cause,
        examples=tuple(trouble.examples),
    )
