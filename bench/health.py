"""The health bench: is each of thirteen kinds of breakage found, how soon, and how often is there a false alarm?

Sites are simulated at the level of what a crawl leaves in the catalog: outcomes of each run, and facts of each new
article. What a breakage does to these records is written down in bench/health_breakages.py by hand; no page is fetched
or extracted. The judgement is the real one, `jobs.health.judge`, after every run, fed from memory as the catalog would
feed it. A site has nights, week-ends, holidays (single, two in a row, a long week-end), articles without author or
with old dates, failing pages, outages of one run, and days on which nothing crawls.

detected     breakages found, of those planted: one each at every busy site, on another weekday and hour each time
delay        from the first crawl of the broken site to the end of the one that notices, the median and the longest
false        findings at healthy sites, and findings of the wrong kind before a breakage, a site and month
"""

from __future__ import annotations

import argparse
import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from pathlib import Path
from statistics import median

from archive.site_findings import SiteFinding
from archive.site_history import ArticleFacts, SiteRun, SourceNews
from bench.health_breakages import Kind, kinds
from bench.health_sites import DAY, SITES, START, Character, SimulatedSite
from jobs.health import judge
from jobs.health_past import SitePast

_WARM_UP = 35
"""Days that a site has been crawled for before it is judged or broken."""
_PATIENCE = 5
"""Days until a breakage counts as missed."""
_LENGTH = timedelta(minutes=5)
"""Of a run."""


@dataclass(frozen=True, kw_only=True)
class Planted:
    """One breakage at one site."""

    kind: str
    site: str
    runs: int | None
    """Runs until it was noticed, None if it was missed."""
    hours: float | None


@dataclass(frozen=True, kw_only=True)
class Healthy:
    """One site that nothing was wrong with."""

    site: str
    months: float
    alarms: tuple[str, ...]
    """Day, kind and summary of each."""


def healthy(character: Character, *, days: int, seed: int) -> Healthy:
    """So many days of a site, judged after the warm-up."""
    found = list(_judged(character, seed=seed, days=days, since=START + _WARM_UP * DAY))
    alarms = tuple(f"{it.opened:%Y-%m-%d} {it.kind}: {it.summary}" for _, it in found)
    return Healthy(site=character.name, months=(days - _WARM_UP) / 30.4, alarms=alarms)


def planted(character: Character, kind: Kind, *, number: int, seed: int) -> Planted:
    """One breakage, on a weekday and at an hour that `number` gives."""
    broken = START + timedelta(days=_WARM_UP + number % 7, hours=number * 5 % 24)
    days = (broken - START).days + _PATIENCE
    for run, finding in _judged(character, seed=seed, days=days, since=broken, kind=kind):
        if finding.kind in kind.found_as:
            hours = (finding.opened - _LENGTH - broken).total_seconds() / 3600
            return Planted(kind=kind.name, site=character.name, runs=run, hours=hours)
    return Planted(kind=kind.name, site=character.name, runs=None, hours=None)


def _judged(
    character: Character, *, seed: int, days: int, since: datetime, kind: Kind | None = None
) -> Iterator[tuple[int, SiteFinding]]:
    """The findings as they open, and the number of the run since `since` that noticed each."""
    site = SimulatedSite(character=character, seed=seed)
    runs: list[SiteRun] = []
    articles: list[ArticleFacts] = []
    listed: dict[str, dict[datetime, int]] = defaultdict(dict)
    findings: dict[tuple[str, str, datetime], SiteFinding] = {}
    judged = 0
    for look in site.looks(days, breakage=kind.apply if kind else None, broken=since):
        now = look.run.started + _LENGTH
        for url, count in look.listed.items():
            if count:
                listed[url][now] = count
        runs, articles = [*runs, look.run][-60 * 24 // character.every :], _newest([*articles, *look.articles], now)
        if look.run.started < since:
            continue
        judged += 1
        past = SitePast(
            profile=site.profile,
            runs=runs,
            articles=articles,
            sources=_sources(listed, read=now),
            findings=list(findings.values()),
            now=now,
        )
        for finding in judge(past, run=look.run.run):
            key = (finding.kind, finding.subject, finding.opened)
            if key not in findings:
                yield judged, finding
            findings[key] = finding


def _newest(articles: list[ArticleFacts], now: datetime) -> list[ArticleFacts]:
    """As `jobs.health.site_past` reads them."""
    lately = bisect_left(articles, now - 10 * DAY, key=attrgetter("fetched"))
    return articles[min(lately, max(len(articles) - 1000, 0)) :]


def _sources(listed: Mapping[str, Mapping[datetime, int]], *, read: datetime) -> list[SourceNews]:
    since = read - 60 * DAY
    return [
        SourceNews(
            url=url,
            kind="feed",
            fetched=read,
            first_listed={at: count for at, count in counts.items() if at >= since},
        )
        for url, counts in listed.items()
    ]


def main() -> None:
    """Run it and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=240, help="days of each healthy site")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sites", nargs="*", help="only these")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    sites = [site for site in SITES if not options.sites or site.name in options.sites]
    found = [
        planted(site, kind, number=number + 3 * place, seed=options.seed)
        for place, site in enumerate(site for site in sites if site.busy)
        for number, kind in enumerate(kinds())
        # Without times of day there is no time zone to shift.
        if site.timed or kind.name != "time zone shift"
    ]
    print_planted(found)
    quiet = [healthy(site, days=options.days, seed=options.seed) for site in sites]
    print_healthy(quiet)
    if options.json:
        report = {"planted": [asdict(it) for it in found], "healthy": [asdict(it) for it in quiet]}
        options.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


def print_planted(found: list[Planted]) -> None:
    """A line a kind of breakage."""
    print(f"{'breakage':<23} {'detected':>9} {'runs':>5} {'most':>5} {'hours':>7} {'most':>7}  in 2 runs or a day")
    for name in dict.fromkeys(it.kind for it in found):
        some = [it for it in found if it.kind == name]
        runs = [it.runs for it in some if it.runs is not None]
        hours = [it.hours for it in some if it.hours is not None]
        soon = sum(it.runs is not None and (it.runs <= 2 or (it.hours or 0) <= 24) for it in some)
        delays = f"{median(runs):>5.0f} {max(runs):>5} {median(hours):>7.1f} {max(hours):>7.1f}" if runs else ""
        print(f"{name:<23} {len(runs):>4} / {len(some):<2} {delays:<27}  {soon} / {len(some)}")


def print_healthy(quiet: list[Healthy]) -> None:
    """A line a site, then each false alarm."""
    print(f"\n{'healthy site':<20} {'months':>7} {'false alarms':>13} {'a month':>8}")
    for it in quiet:
        print(f"{it.site:<20} {it.months:>7.1f} {len(it.alarms):>13} {len(it.alarms) / it.months:>8.2f}")
    months, alarms = sum(it.months for it in quiet), sum(len(it.alarms) for it in quiet)
    print(f"{'all':<20} {months:>7.1f} {alarms:>13} {alarms / months:>8.2f}")
    for it in quiet:
        for alarm in it.alarms:
            print(f"  {it.site}: {alarm}")


if __name__ == "__main__":
    main()
