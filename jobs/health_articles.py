"""Whether the articles of a site are still what they were: their fields, language, address, dates and length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from zoneinfo import ZoneInfo

from archive.site_findings import SiteFinding
from archive.site_history import ArticleFacts
from jobs.health_change import ENOUGH, Sample, Scores, find_drop, is_over, of_scores, of_shares, split
from jobs.health_past import EXAMPLES, Check, Harvest, SitePast, Trouble, shown
from jobs.health_traits import MEASURES, TRAITS, Measure, Trait, Value

_QUIET = 0.75
"""Share of the median weekday's articles below which a weekday is quiet."""


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
        change = find_drop(self._scored(past, harvests, before), of_scores, least=measure.least)
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
        samples = self._scored(past, harvests, _articles(harvests, until=finding.since))
        return is_over(samples, since=finding.since, opened=finding.opened)

    def _scored(self, past: SitePast, harvests: Sequence[Harvest], usual: Sequence[ArticleFacts]) -> list[Sample]:
        """Samples of scores among the usual articles of as quiet days, turned so that less is trouble."""
        measure = self.measure
        quiet = _quiet_weekdays(usual, ZoneInfo(past.profile.timezone))
        values: dict[bool, list[float]] = {True: [], False: []}
        for article in usual:
            if (value := measure.value(article)) is not None:
                values[quiet(article)].append(value)
        whole = Scores([*values[True], *values[False]])
        scores = {kind: Scores(some) if len(some) >= ENOUGH else whole for kind, some in values.items()}

        def scored(article: ArticleFacts) -> Value:
            value = measure.value(article)
            return None if value is None else measure.sign * scores[quiet(article)](value)

        return _samples(harvests, scored)


CHECKS: tuple[Check, ...] = (
    *(TraitCheck(trait) for trait in TRAITS),
    *(MeasureCheck(measure) for measure in MEASURES),
)


def _usual(past: SitePast, what: Trait | Measure) -> Sequence[Harvest]:
    is_usual = past.usual(what.kind, what.subject)
    return [harvest for harvest in past.harvests if is_usual(harvest.at)]


def _quiet_weekdays(usual: Sequence[ArticleFacts], zone: ZoneInfo) -> Callable[[ArticleFacts], bool]:
    """Whether an article is of a weekday that brings fewer than most do: they are often other texts, long reads."""

    def weekday(article: ArticleFacts) -> int:
        return article.fetched.astimezone(zone).weekday()

    counts = Counter(weekday(article) for article in usual)
    limit = _QUIET * median(counts[day] for day in range(7))
    quiet = {day for day in range(7) if counts[day] < limit}
    return lambda article: weekday(article) in quiet


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
