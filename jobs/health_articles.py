"""Whether the articles of a site are still what they were: their fields, language, address, dates and length."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from archive.site_findings import SiteFinding
from archive.site_history import ArticleFacts
from jobs.health_change import Sample, Scores, find_drop, is_over, of_scores, of_shares, split
from jobs.health_past import EXAMPLES, Check, Harvest, SitePast, Trouble, shown

_FRESH = timedelta(days=3)
"""How far the day of publication of a new article may lie before it is fetched, and"""
_AHEAD = timedelta(days=1)
"""behind it, for the publisher's day may have begun before ours."""
_EARLY, _LATE = timedelta(minutes=45), timedelta(minutes=10)
"""How long before the last look, and after its fetch, a new article may say that it was published."""
_FLAGS = {
    "paywall": "a paywall was put up",
    "consent": "a consent wall stands before the pages",
    "login": "the pages ask for a login",
    "captcha": "the site takes the crawler for a robot that it does not want: crawl more slowly, ask the site",
    "soft_404": "error pages are answered with status 200: look where the sources lead",
    "listing": "the sources lead to lists of articles: narrow `include` in the profile",
    "short": "the selector of the body finds only a part of it, or a wall stands before it",
    "truncated": "the pages show only the beginning: look for a paywall",
}

Value = float | None
"""1 for an article that is as hoped for, 0 for one that is not, None for one that does not count."""
Reader = Callable[[SitePast, Sequence[ArticleFacts]], Callable[[ArticleFacts], Value]]
"""Of the past and the articles before a change, what reads the value of an article."""


@dataclass(frozen=True, kw_only=True)
class Trait:
    """Something that articles have or are."""

    kind: str
    subject: str = ""
    read: Reader
    says: str
    """What is said of those that have it."""
    cause: Callable[[SitePast], str]
    least: float = 0.3
    """By how much the share must fall."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A quantity of articles, and the direction in which a change of it is trouble."""

    kind: str
    subject: str
    value: Callable[[ArticleFacts], Value]
    sign: int
    """1 where less of it is trouble, -1 where more is."""
    summary: Callable[[Sequence[ArticleFacts], Sequence[ArticleFacts]], str]
    cause: str
    least: float = 0.7
    """By how many standard deviations it must change."""


def _plain(value: Callable[[ArticleFacts], Value]) -> Reader:
    return lambda past, usual: value


def _in_time(past: SitePast, usual: Sequence[ArticleFacts]) -> Callable[[ArticleFacts], Value]:
    """Whether the moment of publication lies between the last look at the sources and the fetch."""
    starts = [run.started for run in past.runs]
    before = {run.run: start for run, start in zip(past.runs[1:], starts, strict=False)}

    def read(article: ArticleFacts) -> Value:
        if article.published_at is None or article.run not in before:
            return None
        return float(before[article.run] - _EARLY <= article.published_at <= article.fetched + _LATE)

    return read


def _known(value: Callable[[ArticleFacts], str | None]) -> Reader:
    """Whether the value of an article is one of those that three in a hundred have."""

    def reader(past: SitePast, usual: Sequence[ArticleFacts]) -> Callable[[ArticleFacts], Value]:
        counts = Counter(value(article) for article in usual)
        held = {name for name, count in counts.items() if count >= 0.03 * len(usual)}
        return lambda article: None if (name := value(article)) is None else float(name in held)

    return reader


def _fresh(article: ArticleFacts) -> Value:
    if article.published is None:
        return None
    age = article.fetched.date() - article.published
    return float(-_AHEAD <= age <= _FRESH)


def _selector(key: str, otherwise: str) -> Callable[[SitePast], str]:
    def cause(past: SitePast) -> str:
        selector = getattr(past.profile.extract, key)
        if selector:
            return f"`extract.{key}` of the profile, {selector}, matches nothing or the wrong thing: the pages changed"
        return f"{otherwise}; name it with `extract.{key}` in the profile"

    return cause


def _flag_trait(flag: str, cause: str) -> Trait:
    return Trait(
        kind="flag",
        subject=flag,
        read=_plain(lambda article: float(flag not in article.flags)),
        says=f"are free of the flag {flag}",
        cause=lambda past: cause,
        least=0.25,
    )


TRAITS = (
    Trait(
        kind="title",
        read=_plain(lambda article: float(article.titled)),
        says="have a title",
        cause=_selector("title", "the pages changed, and their headline is not recognised"),
    ),
    Trait(
        kind="author",
        read=_plain(lambda article: None if article.authors is None else float(article.authors > 0)),
        says="have an author",
        cause=_selector("authors", "the pages changed, and their byline is not recognised"),
    ),
    Trait(
        kind="date",
        read=_plain(lambda article: float(article.published is not None)),
        says="have a date",
        cause=_selector("date", "the pages changed, or write their dates in a form that is not understood"),
    ),
    Trait(
        kind="time",
        read=_plain(lambda article: None if article.published is None else float(article.published_at is not None)),
        says="have a time of day beside their date",
        cause=_selector("date", "the pages write their dates in another form, or elsewhere"),
    ),
    Trait(
        kind="fresh",
        read=_plain(_fresh),
        says="are dated to the days before they appeared",
        cause=lambda past: (
            "dates are read wrongly, such as day for month (`extract.date_order` in the profile), or old articles are "
            "announced as new"
        ),
    ),
    Trait(
        kind="clock",
        read=_in_time,
        says="say that they were published between the last look at the site and their fetch",
        cause=lambda past: (
            f"the site's times are off by hours: it moved to another time zone than `timezone`, {past.profile.timezone}"
        ),
    ),
    Trait(
        kind="language",
        read=_known(lambda article: article.language),
        says="are in a language that the site had before",
        cause=lambda past: "a source leads to another edition, or the texts are not the articles': look at the pages",
    ),
    Trait(
        kind="host",
        read=_known(lambda article: article.url.split("/", 3)[2]),
        says="are at a host that the site had before",
        cause=lambda past: "the site moved, or announces articles of another one: correct `hosts` in the profile",
    ),
    *(_flag_trait(flag, cause) for flag, cause in _FLAGS.items()),
)


def _words(usual: Sequence[ArticleFacts], changed: Sequence[ArticleFacts]) -> str:
    before, after = (median(article.word_count for article in some) for some in (usual, changed))
    return f"articles have {after:,.0f} words, half of them more, half less; before it were {before:,.0f}"


def _removed(usual: Sequence[ArticleFacts], changed: Sequence[ArticleFacts]) -> str:
    before, after = (median(article.removed_share or 0 for article in some) for some in (usual, changed))
    return f"{after:.0%} of what stands in an article's body is boilerplate; before it was {before:.0%}"


MEASURES = (
    Measure(
        kind="length",
        subject="shorter",
        value=lambda article: math.log1p(article.word_count),
        sign=1,
        summary=_words,
        cause="a part of the text is missed: `extract.body` of the profile, a paywall, or text on a second page",
    ),
    Measure(
        kind="length",
        subject="longer",
        value=lambda article: math.log1p(article.word_count),
        sign=-1,
        summary=_words,
        cause="something else is taken for the text, such as related stories or comments: `extract.body`, `drop_lines`",
        # A week-end of long reads is no trouble.
        least=1.0,
    ),
    Measure(
        kind="boilerplate",
        subject="",
        value=lambda article: article.removed_share,
        sign=-1,
        summary=_removed,
        cause="the pages have new standing blocks: see with `presskeep show --removed` whether any of it is text",
        least=1.0,
    ),
)


@dataclass(frozen=True)
class TraitCheck:
    """Whether as many articles as before have a trait."""

    trait: Trait

    def handles(self, finding: SiteFinding) -> bool:
        return (finding.kind, finding.subject) == (self.trait.kind, self.trait.subject)

    def troubles(self, past: SitePast) -> Sequence[Trouble]:
        trait, harvests = self.trait, _usual(past, self.trait)
        if not (before := _baseline(harvests)):
            return []
        value = trait.read(past, before)
        change = find_drop(_samples(harvests, value), of_shares, least=trait.least)
        if change is None:
            return []
        counted = f"{round(change.after * change.count)} of {change.count} articles {trait.says}"
        bad = [article for article in _articles(harvests, since=change.since) if value(article) == 0]
        return [
            Trouble(
                kind=trait.kind,
                subject=trait.subject,
                since=change.since,
                summary=f"{counted} since {shown(change.since)}; before, {change.before:.0%}",
                cause=trait.cause(past),
                examples=_newest(bad),
            )
        ]

    def is_over(self, past: SitePast, finding: SiteFinding) -> bool:
        harvests = _usual(past, self.trait)
        value = self.trait.read(past, _articles(harvests, until=finding.since))
        return is_over(_samples(harvests, value), since=finding.since, opened=finding.opened)


@dataclass(frozen=True)
class MeasureCheck:
    """Whether a quantity is what it was."""

    measure: Measure

    def handles(self, finding: SiteFinding) -> bool:
        return (finding.kind, finding.subject) == (self.measure.kind, self.measure.subject)

    def troubles(self, past: SitePast) -> Sequence[Trouble]:
        measure, harvests = self.measure, _usual(past, self.measure)
        if not (before := _baseline(harvests)):
            return []
        change = find_drop(self._scored(harvests, before), of_scores, least=measure.least)
        if change is None:
            return []
        changed = _articles(harvests, since=change.since)
        summary = measure.summary(_articles(harvests, until=change.since), changed)
        return [
            Trouble(
                kind=measure.kind,
                subject=measure.subject,
                since=change.since,
                summary=f"since {shown(change.since)} {summary}",
                cause=measure.cause,
                examples=_newest(changed),
            )
        ]

    def is_over(self, past: SitePast, finding: SiteFinding) -> bool:
        harvests = _usual(past, self.measure)
        samples = self._scored(harvests, _articles(harvests, until=finding.since))
        return is_over(samples, since=finding.since, opened=finding.opened)

    def _scored(self, harvests: Sequence[Harvest], usual: Sequence[ArticleFacts]) -> list[Sample]:
        """Samples of scores among the usual articles, turned so that less is trouble."""
        measure = self.measure
        values = [value for article in usual if (value := measure.value(article)) is not None]
        score = Scores(values)

        def scored(article: ArticleFacts) -> Value:
            value = measure.value(article)
            return None if value is None else measure.sign * score(value)

        return _samples(harvests, scored)


CHECKS: tuple[Check, ...] = (
    *(TraitCheck(trait) for trait in TRAITS),
    *(MeasureCheck(measure) for measure in MEASURES),
)


def _usual(past: SitePast, what: Trait | Measure) -> Sequence[Harvest]:
    is_usual = past.usual(what.kind, what.subject)
    return [harvest for harvest in past.harvests if is_usual(harvest.at)]


def _baseline(harvests: Sequence[Harvest]) -> list[ArticleFacts]:
    """The articles that are older than all in which a change is looked for."""
    usual, _ = split([Sample(at=it.at, count=len(it.articles), total=0) for it in harvests])
    return [article for harvest in harvests[: len(usual)] for article in harvest.articles]


def _articles(
    harvests: Sequence[Harvest], *, since: datetime | None = None, until: datetime | None = None
) -> list[ArticleFacts]:
    """The articles of harvests from `since` on, or before `until`."""
    held = (it for it in harvests if (since is None or it.at >= since) and (until is None or it.at < until))
    return [article for harvest in held for article in harvest.articles]


def _newest(articles: Sequence[ArticleFacts]) -> list[str]:
    return [article.url for article in articles[: -EXAMPLES - 1 : -1]]


def _samples(harvests: Sequence[Harvest], value: Callable[[ArticleFacts], Value]) -> list[Sample]:
    samples = []
    for harvest in harvests:
        values = [found for article in harvest.articles if (found := value(article)) is not None]
        if values:
            samples.append(Sample(at=harvest.at, count=len(values), total=sum(values)))
    return samples
