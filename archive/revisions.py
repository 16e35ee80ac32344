"""Which texts become articles and revisions, and which articles they belong to.

A page belongs to the article that its address gave before; else to the one of its canonical URL; else to an article of
the same site and day that has the very same text at another address; else it is a new one. Its text is then

    unchanged     when any revision of the article reads the same (archive/text_hash.py), so that a page that flips
                  between two versions, or goes back to an earlier one, fills no archive
    doubtful      when it raises a doubt that the newest revision did not: a paywall, a consent wall, a soft 404 … must
                  not take the place of a good text
    archived      otherwise, as a new revision

Revisions are ordered by when they were fetched, so that an import of older pages never takes the place of newer texts.
"""

from __future__ import annotations

import dataclasses
from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from archive.article_history import ArticleHistory, Revision
from archive.outcomes import DOUBTFUL, UNCHANGED, outcome
from archive.records import ArticleDraft
from archive.settled import Settled
from archive.text_hash import text_hash

DOUBTS = frozenset({"captcha", "consent", "listing", "login", "paywall", "short", "soft_404", "truncated"})
"""Flags that say that a text is probably not all of the article."""

ENOUGH_WORDS = 60
"""Words from which the same text at two addresses is one article; shorter ones are notices that many pages share."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """A capture with its final outcome."""

    item: Settled
    """As it was settled, with the final outcome; its draft, under its final identity, only where that is archived."""
    article: str | None = None
    """Id of the article that it belongs to, if a text was read from it."""
    revision: int = 0
    """Number of the revision that its draft becomes."""


def decide(history: ArticleHistory, site: str, settled: Sequence[Settled]) -> list[Decided]:
    """What becomes of each capture of one batch, in order."""
    drafts = [(item.url_id, item.draft) for item in settled if item.draft is not None]
    held = _Held(history, site, drafts)
    return [
        held.decide(item, item.draft) if item.draft is not None else Decided(item=item, article=None)
        for item in settled
    ]


class _Held:
    """What the archive holds of the articles that a batch may touch, kept up to date while it is gone through."""

    def __init__(self, history: ArticleHistory, site: str, drafts: Sequence[tuple[str, ArticleDraft]]) -> None:
        self._of_address = history.articles_of(address for address, _ in drafts)
        texts = {text_hash(draft.title, draft.text) for _, draft in drafts if _is_telling(draft)}
        self._of_text = {
            (article.text_hash, article.published): (article.url_id, article.canonical_url)
            for article in history.with_texts(site, texts)
            if article.word_count >= ENOUGH_WORDS
        }
        ids = {draft.url_id for _, draft in drafts}
        ids |= set(self._of_address.values()) | {url_id for url_id, _ in self._of_text.values()}
        self._revisions: defaultdict[str, list[Revision]] = defaultdict(list, history.revisions(ids))

    def decide(self, item: Settled, draft: ArticleDraft) -> Decided:
        text = text_hash(draft.title, draft.text)
        draft = self._identified(item.url_id, draft, text)
        self._of_address[item.url_id] = draft.url_id
        revisions = self._revisions[draft.url_id]
        if any(revision.text_hash == text for revision in revisions):
            return _without_draft(item, draft.url_id, UNCHANGED)
        if revisions and (doubts := _doubts(draft.flags) - _doubts(revisions[-1].flags)):
            return _without_draft(item, draft.url_id, outcome(DOUBTFUL, ",".join(sorted(doubts))))
        number = max((revision.revision for revision in revisions), default=0) + 1
        insort(revisions, Revision.of(draft, number, text), key=lambda revision: revision.fetched)
        if _is_telling(draft):
            self._of_text.setdefault((text, draft.published), (draft.url_id, draft.canonical_url))
        item = dataclasses.replace(item, draft=draft)
        return Decided(item=item, article=draft.url_id, revision=number)

    def _identified(self, address: str, draft: ArticleDraft, text: str) -> ArticleDraft:
        """The draft under the identity of the article that it belongs to."""
        article = self._of_address.get(address)
        if article is None and not self._revisions[draft.url_id] and _is_telling(draft):
            article, _ = self._of_text.get((text, draft.published), (None, ""))
        revisions = self._revisions[article] if article is not None else []
        if not revisions:
            return draft
        return dataclasses.replace(draft, url_id=revisions[-1].url_id, canonical_url=revisions[-1].canonical_url)


def _without_draft(item: Settled, article: str, final: str) -> Decided:
    return Decided(item=dataclasses.replace(item, draft=None, outcome=final), article=article)


def _is_telling(draft: ArticleDraft) -> bool:
    """Whether its text alone says which article it is."""
    return draft.word_count >= ENOUGH_WORDS and not _doubts(draft.flags)


def _doubts(flags: Iterable[str]) -> frozenset[str]:
    return DOUBTS.intersection(flags)
