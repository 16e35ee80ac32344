"""Doubts about a page, stored beside its text and never used to drop it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crawler.blocks import Block
from crawler.jsonld import ArticleNode
from crawler.metadata import Statements

SHORT = 60
"""Words below which a text is called short."""

_SOFT_404 = re.compile(
    r"\b(?:404|page not found|not found|nicht gefunden|introuvable|no encontrada|bulunamadı|не найдена)\b", re.I
)
_PAYWALL = re.compile(
    r"(?:subscribe|sign up|log in|sign in|register|become a member)\b.{0,30} to (?:continue|read|unlock|keep)|"
    r"already a subscriber|for subscribers only|(?:this|the rest of this) (?:article|story) is for subscribers|"
    r"exklusiv für abonnent|weiterlesen mit\b|réservée? aux abonnés|solo para suscriptores|"
    r"contenuto riservato agli abbonati|exclusivo para assinantes|abonelere özel|"
    r"доступно только подписчикам|会員限定",
    re.I,
)
# One of these is in whatever _PAYWALL matches, and most pages hold none.
_PAYWALL_WORDS = (
    *("to continue", "to read", "to unlock", "to keep", "subscriber", "abonn", "weiterlesen mit", "suscriptores"),
    *("abbonati", "assinantes", "abonelere", "подписчикам", "会員限定"),
)
_TEASER_WORDS = 4
_LISTING = 25
_CUT = re.compile(r"(?:\.\.\.|…|\[…\]|\[\.\.\.\])\s*$")


def find_flags(
    *,
    title: str | None,
    text: str,
    words: int,
    blocks: Sequence[Block],
    statements: Statements,
    node: ArticleNode,
    dated: bool,
) -> tuple[str, ...]:
    """The flags raised, in alphabetical order; `words` are those of the text, `blocks` all of the page.

    `listing`: little text among many linked headlines. `no_date`, `no_title`: not found. `paywall`: the publisher says
    so. `short`: under SHORT words. `soft_404`: an error page that answered 200. `truncated`: the text ends in an
    ellipsis.
    """
    flags = {
        "listing": words < _LISTING * _TEASER_WORDS and not node.is_article and _count_teasers(blocks) > _LISTING,
        "no_date": not dated,
        "no_title": not title,
        "paywall": _is_paywalled(blocks, statements, node),
        "short": words < SHORT,
        "soft_404": words < 5 * SHORT and _SOFT_404.search(title or "") is not None,
        "truncated": _CUT.search(text) is not None,
    }
    return tuple(sorted(name for name, raised in flags.items() if raised))


def _count_teasers(blocks: Sequence[Block]) -> int:
    """How many blocks are links that read like headlines."""
    return sum(block.linked > 0.8 and block.words >= _TEASER_WORDS for block in blocks)


def _is_paywalled(blocks: Sequence[Block], statements: Statements, node: ArticleNode) -> bool:
    tier = statements.first("article:content_tier")
    if node.paywalled or tier in ("locked", "metered"):
        return True
    notices = [block.text for block in blocks if block.words < SHORT]
    lower = "\n".join(notices).lower()
    return any(word in lower for word in _PAYWALL_WORDS) and any(map(_PAYWALL.search, notices))
