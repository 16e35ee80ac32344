"""Doubts about a page, stored beside its text and never used to drop it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from crawler.blocks import Block
from crawler.jsonld import ArticleNode
from crawler.metadata import Statements
from crawler.walls import find_walls

SHORT = 60
"""Words below which a text is called short."""

_SOFT_404 = re.compile(
    r"\b(?:404|page not found|not found|nicht gefunden|introuvable|no encontrada|bulunamadı|не найдена)\b", re.I
)
_CAPTION = 100
"""Words below which a text is what stands under a video or a gallery."""

_GALLERY_STEPS = """
    gallery galleries photo-gallery photo-galleries photogallery photos pictures in-pictures slideshow slideshows
    galerie galerien bildergalerie bildergalerien fotogalerie fotostrecke bilder diaporama diaporamas portfolio
    galeria galerias galería fotogaleria fotogalería fotogalerias galleria fotogallery foto-galeri fotogaleri
"""
_GALLERY = frozenset(_GALLERY_STEPS.split())
_VIDEO = frozenset({"video", "videos", "video-galeri", "watch"})
_LIVE_STEPS = "live liveblog live-blog live-updates liveticker live-ticker newsticker ticker en-direct direct en-vivo"
_LIVE = frozenset(_LIVE_STEPS.split())
_CLOCK = re.compile(r"\W*\d{1,2}[:.h]\d\d(?: ?[ap]\.?m\b\.?)?(?: (?:uhr|[A-Z]{2,4}))?\W*", re.I)
_ENTRIES = 5
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

    `captcha`, `consent`, `login`, `paywall`: see `crawler.walls`. `gallery`, `video`: little text beside what the page
    is for. `listing`: little text among many linked headlines. `live_blog`: entries that are added to. `no_date`,
    `no_title`: not found. `short`: under SHORT words. `soft_404`: an error page that answered 200. `truncated`: the
    text ends in an ellipsis.
    """
    steps = frozenset(urlsplit(statements.url).path.lower().split("/"))
    caption = words < _CAPTION
    walls = find_walls(
        title=title, text=text, words=words, blocks=blocks, statements=statements, node=node, dated=dated
    )
    flags = {
        "gallery": caption and not _GALLERY.isdisjoint(steps),
        "live_blog": "liveblogposting" in node.types or (not _LIVE.isdisjoint(steps) and _is_ticker(blocks)),
        "listing": words < _LISTING * _TEASER_WORDS and not node.is_article and _count_teasers(blocks) > _LISTING,
        "no_date": not dated,
        "no_title": not title,
        "short": words < SHORT,
        "soft_404": words < 5 * SHORT and _SOFT_404.search(title or "") is not None,
        "truncated": _CUT.search(text) is not None,
        "video": caption and (_shows_video(statements, node) or not _VIDEO.isdisjoint(steps)),
    }
    return tuple(sorted({*(name for name, raised in flags.items() if raised), *walls}))


def _count_teasers(blocks: Sequence[Block]) -> int:
    """How many blocks are links that read like headlines."""
    return sum(block.linked > 0.8 and block.words >= _TEASER_WORDS for block in blocks)


def _shows_video(statements: Statements, node: ArticleNode) -> bool:
    return "videoobject" in node.types or (statements.first("og:type") or "").startswith("video")


def _is_ticker(blocks: Sequence[Block]) -> bool:
    """Whether many lines are nothing but the time of an entry."""
    return sum(_CLOCK.fullmatch(block.text) is not None for block in blocks) >= _ENTRIES
