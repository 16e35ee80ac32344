"""The breakages of the health bench: what each does to the records that a crawl leaves."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from archive.site_history import ArticleFacts
from bench.health_sites import SECOND_FEED, SECOND_SHARE, Breakage, Look, trouble_of_feed

_SHIFT = timedelta(hours=3)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of breakage."""

    name: str
    apply: Breakage
    found_as: frozenset[str]
    """Kinds of findings that tell of it."""


def _articles(change: Callable[[ArticleFacts, random.Random], ArticleFacts]) -> Breakage:
    return lambda look, draw: replace(look, articles=tuple(change(article, draw) for article in look.articles))


def _pages(look: Look, pages: Mapping[str, int], articles: tuple[ArticleFacts, ...]) -> Look:
    run = replace(look.run, pages={**pages, "known": 30}, new=len(articles))
    listed = look.listed if pages else {}
    return replace(look, run=run, articles=articles, listed=listed)


def _instead(outcome: str, share: float) -> Breakage:
    """So many pages end in that outcome instead of becoming articles."""

    def apply(look: Look, draw: random.Random) -> Look:
        kept = tuple(article for article in look.articles if draw.random() >= share)
        pages = Counter(look.run.pages)
        pages["archived"] -= len(look.articles) - len(kept)
        pages[outcome] += len(look.articles) - len(kept)
        return _pages(look, {name: count for name, count in pages.items() if count}, kept)

    return apply


class _FeedGone:
    """The only feed answers 404."""

    def __init__(self) -> None:
        self._failures: list[datetime] = []

    def __call__(self, look: Look, draw: random.Random) -> Look:
        self._failures.append(look.run.started)
        trouble = trouble_of_feed("http_404", self._failures)
        silent = _pages(look, {}, ())
        return replace(silent, run=replace(silent.run, sources={"http_404": 1}, troubled_sources=(trouble,)))


def _second_feed_frozen(look: Look, draw: random.Random) -> Look:
    kept = tuple(article for article in look.articles if draw.random() >= SECOND_SHARE)
    run = replace(look.run, new=len(kept), pages={**look.run.pages, "archived": len(kept)})
    return replace(look, run=run, articles=kept, listed={**look.listed, SECOND_FEED: 0})


def _redesigned(article: ArticleFacts, draw: random.Random) -> ArticleFacts:
    words = int(article.word_count * draw.uniform(0.7, 1.1))
    return replace(article, authors=0, published_at=None, word_count=words)


def _misdated(article: ArticleFacts, draw: random.Random) -> ArticleFacts:
    """Day and month change places where that gives a date."""
    day = article.published
    swapped = date(day.year, day.day, day.month) if day and day.day <= 12 else None
    return replace(article, published=swapped, published_at=None)


def _walled(article: ArticleFacts, draw: random.Random) -> ArticleFacts:
    if draw.random() > 0.7:
        return article
    return replace(article, word_count=draw.randrange(50, 90), flags=article.flags | {"paywall"})


def _asked_for_consent(article: ArticleFacts, draw: random.Random) -> ArticleFacts:
    return replace(article, word_count=112, authors=0, published_at=None, flags=frozenset())


def _halved(article: ArticleFacts, draw: random.Random) -> ArticleFacts:
    return replace(article, word_count=article.word_count // 2)


def _flooded(article: ArticleFacts, draw: random.Random) -> ArticleFacts:
    """Two hundred words of related stories, most of which pass for text."""
    return replace(
        article, word_count=article.word_count + draw.randrange(180, 260), removed_share=draw.uniform(0.1, 0.3)
    )


def _shifted(article: ArticleFacts, draw: random.Random) -> ArticleFacts:
    moment = article.published_at
    return article if moment is None else replace(article, published_at=moment - _SHIFT)


def kinds() -> tuple[Kind, ...]:
    """All of them, fresh, because some remember since when they last."""
    return (
        Kind(name="selector redesign", apply=_articles(_redesigned), found_as=frozenset({"author", "time", "length"})),
        Kind(name="date format change", apply=_articles(_misdated), found_as=frozenset({"date", "time", "fresh"})),
        Kind(name="feed dies", apply=_FeedGone(), found_as=frozenset({"source", "silent"})),
        Kind(
            name="feed frozen", apply=lambda look, draw: _pages(look, {}, ()), found_as=frozenset({"silent", "volume"})
        ),
        Kind(name="one feed of two frozen", apply=_second_feed_frozen, found_as=frozenset({"frozen"})),
        Kind(name="paywall added", apply=_articles(_walled), found_as=frozenset({"flag", "length"})),
        Kind(
            name="consent wall", apply=_articles(_asked_for_consent), found_as=frozenset({"length", "author", "time"})
        ),
        Kind(name="soft 404s", apply=_instead("not_article:listing", 0.6), found_as=frozenset({"pages", "volume"})),
        Kind(name="bot wall 403", apply=_instead("http_403", 1.0), found_as=frozenset({"pages", "silent"})),
        Kind(name="half the body cut", apply=_articles(_halved), found_as=frozenset({"length"})),
        Kind(name="boilerplate flood", apply=_articles(_flooded), found_as=frozenset({"length", "boilerplate"})),
        Kind(name="moved domain", apply=_instead("offsite", 1.0), found_as=frozenset({"pages", "silent"})),
        Kind(name="time zone shift", apply=_articles(_shifted), found_as=frozenset({"clock"})),
    )
