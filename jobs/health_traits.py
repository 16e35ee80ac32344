"""What is looked at in the articles of a site: traits that they have or lack, quantities, a likely cause of each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from archive.site_history import ArticleFacts
from jobs.health_past import SitePast

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
