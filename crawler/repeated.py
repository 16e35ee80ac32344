"""Boilerplate learned a site: blocks that stand on several different articles of it.

Comment policies, disclaimers and "about us" tails can read like prose, and only their repetition gives them away. But
datelines, credits, the headings of a recurring column and background paragraphs of a running story are repeated as
well. So a block goes only if

    it stands on three articles that are no copies or continuations of each other, and
    it is below the article's own prose, or stands on a good part of the site's articles, and
    it does not read like prose, or stands on a third of them.

An article is compared with the others of its batch too, so that the first batch of a site can be clean already.
"""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import compress, islice

from archive.block_memory import REPEATED, BlockPrints, Draft, block_prints, letters_in, prints_of, split_blocks
from archive.records import ArticleDraft, RemovedBlock, content_hash
from crawler.flags import SHORT
from crawler.text import letters, word_count

_ARTICLES = 3
"""Different articles on which a block must stand, the one in question included."""
_COPY = 0.3
"""Share of its text that an article has in common with its copies, continuations and other pages of a live blog."""
_COMMON = 5
_COMMON_SHARE = 1 / 4
"""A block on so many articles, and on this share of all, says nothing about whether two articles are copies."""
_PROSE = 20
_PROSE_SHARE = 1 / 3
_ABOVE_SHARE = 1 / 5
_ABOVE_ARTICLES = 5
_ABOVE_WORDS = 6
_TRIED = 50
_AGENCY_WORDS = 8
_AGENCY = re.compile(
    r"\b(?:reuters|associated press|ap|afp|agence france-presse|dpa|efe|ansa|xinhua|tass|anadolu|pa media|kyodo|yonhap"
    r"|interfax|ukrinform|pti|ani|ritzau|ntb|tt|belga|lusa|apa|epd|kna|sda|bloomberg)\b|رويترز|فرانس برس|ААП|РИА|ТАСС"
    r"|新华社|共同社|時事|연합뉴스",
    re.I,
)


def remove_repeated(articles: Sequence[Draft], known: Sequence[BlockPrints], /) -> list[Draft]:
    """New articles of a site without what they share with its other articles; `known` are those it had before."""
    site = _Site([*known, *map(prints_of, articles)])
    return [_without(article, _find_repeated(article, site)) for article in articles]


class _Site:
    """All that is known of a site's articles, by block."""

    def __init__(self, articles: Sequence[BlockPrints]) -> None:
        self._prints: dict[str, frozenset[bytes]] = {}
        for article in articles:
            self._prints[article.url_id] = self._prints.get(article.url_id, frozenset()) | article.prints
        self._standing: dict[bytes, list[str]] = defaultdict(list)
        for url_id, prints in self._prints.items():
            for one in prints:
                self._standing[one].append(url_id)
        most = max(_COMMON, len(self._prints) * _COMMON_SHARE)
        common = {one for one, articles_with in self._standing.items() if len(articles_with) >= most}
        self._telling = {url_id: prints - common for url_id, prints in self._prints.items()}

    def count(self, one: bytes) -> int:
        """How many articles have the block."""
        return len(self._standing[one])

    def share(self, one: bytes) -> float:
        """Share of all articles that have the block."""
        return self.count(one) / len(self._prints)

    def is_repeated(self, one: bytes, url_id: str) -> bool:
        """Whether the block stands on so many articles that are different from this one and from each other."""
        different = [url_id]
        # Where the first fifty are copies of each other, the rest are hardly better.
        for other in islice(self._standing[one], _TRIED):
            if not any(other == each or self._are_copies(other, each) for each in different):
                different.append(other)
                if len(different) == _ARTICLES:
                    return True
        return False

    def _are_copies(self, one: str, other: str) -> bool:
        left, right = self._telling[one], self._telling[other]
        shared = sum(map(letters_in, left & right))
        return shared >= _COPY * min(sum(map(letters_in, left)), sum(map(letters_in, right)))


def _find_repeated(draft: ArticleDraft, site: _Site) -> set[bytes]:
    """Prints of the blocks that go from the article, wherever they stand in it."""
    blocks = split_blocks(draft.text)
    prints = block_prints(draft.text)
    repeated = [one is not None and site.is_repeated(one, draft.url_id) for one in prints]
    if not any(repeated):
        return set()
    own = [
        place
        for place, block in enumerate(blocks)
        if not repeated[place] and prints[place] is not None and _words(block) >= _PROSE
    ]
    if not own:
        # Nothing would be left but scraps: this is a listing, a live blog or a copy.
        return set()
    found: dict[bytes, bool] = {}
    for place, (block, one) in enumerate(zip(blocks, prints, strict=True)):
        if one is not None and repeated[place]:
            found[one] = found.get(one, True) and _goes(block, one, site, below=place > own[-1])
    return {one for one, goes in found.items() if goes}


def _goes(block: str, one: bytes, site: _Site, *, below: bool) -> bool:
    words, share = _words(block), site.share(one)
    if words >= _PROSE:
        return share >= _PROSE_SHARE
    if words <= _AGENCY_WORDS and _AGENCY.search(block):
        return False
    return below or (words >= _ABOVE_WORDS and share >= _ABOVE_SHARE and site.count(one) >= _ABOVE_ARTICLES)


def _words(block: str) -> int:
    """Words, or a sixth of the letters for scripts that set no spaces between words."""
    return max(block.count(" ") + 1, len(letters(block)) // 6)


def _without(draft: Draft, gone: Collection[bytes]) -> Draft:
    if not gone:
        return draft
    stays = [print_ not in gone for print_ in block_prints(draft.text)]
    blocks = split_blocks(draft.text)
    text = "\n\n".join(compress(blocks, stays))
    removed = (RemovedBlock(text=block, reason=REPEATED) for block, stay in zip(blocks, stays, strict=True) if not stay)
    words = word_count(text)
    short = {"short"} if words < SHORT else set()
    return dataclasses.replace(
        draft,
        text=text,
        structure=tuple(compress(draft.structure, stays)),
        content_hash=content_hash(draft.title, text),
        word_count=words,
        flags=tuple(sorted({*draft.flags} - {"short"} | short)),
        removed_blocks=(*draft.removed_blocks, *removed),
    )
