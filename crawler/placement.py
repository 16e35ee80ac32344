"""Where blocks stand in the page: inside which elements, beside which others.

An element around a block says something about the block only while it holds a small part of the text: a class `paywall`
or `social` around the whole article says nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import takewhile

from crawler.blocks import Block, Signature
from crawler.markup import Element

_SMALL = 0.5

_FURNITURE = re.compile(
    r"""(?:^|[\s_-])(?:
    share|sharing|shares|social|related\w*|recommend\w*|promos?|newsletters?\w*|sign-?ups?|subscribe|follow-?us|stay-?connected|
    (?:img|image|photo|picture|pic|foto|bild)-?(?:desc\w*|captions?|credits?|text|legend\w*|info)|
    comments?|commentlist|disqus\w*|replies|breadcrumbs?|caption\w*|figcaption|credits?|copyright|disclaimer|
    byline\w*|author-?(?:bio|box|info|card)\w*|about-?(?:the-?)?author\w*|bio|biography|
    advert\w*|adver|ad-?wrapper|sponsor\w*|outbrain|taboola|popular|trending|most-?(?:read|popular|viewed)|
    read-?(?:more|next|also)|more-?(?:on|from|stories)|see-?also|(?:article-?|post-?|entry-?)?tags|tag-?list|
    info-?box|fact-?box|sidebar|rail|pop-?up|modal|lightbox|overlay|cookies?|consent|login|toolbar|
    time-?stamps?|print-?only|visually-?hidden|sr-only|screen-?reader\w*|hidden|jump-?links?|
    donat\w*|cta|call-?to-?action|rating|voting|poll|quiz|pagination|paginator|post-?nav\w*
    )(?=$|[\s_-])""",
    re.I | re.X,
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Placement:
    """How the letters of some blocks are spread over the elements around them."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._total = sum(len(block.key) for block in blocks) or 1
        self._held: Counter[Element] = Counter()
        self._alike: Counter[Signature] = Counter()
        for block in blocks:
            for element in block.around:
                self._held[element] += len(block.key)
            for like in set(block.signatures):
                self._alike[like] += len(block.key)

    def small(self, block: Block) -> Iterator[Element]:
        """The elements around a block that hold only a small part of the text, innermost first."""
        return takewhile(lambda element: self._held[element] <= _SMALL * self._total, block.around)

    def own(self, block: Block) -> Iterator[Element]:
        """Those of `small` whose like (same tag and class) do not hold much of the text together."""
        for element, like in zip(self.small(block), block.signatures, strict=False):
            if not like[1] or self._alike[like] <= _SMALL * self._total:
                yield element

    def in_furniture(self, block: Block) -> bool:
        """Whether an element of its own is a figure or is named for something other than article text."""
        return any(element.tag in ("figure", "figcaption") or names_furniture(element) for element in self.own(block))

    def home(self, share: float) -> Element | None:
        """The innermost element that holds at least this share of the letters."""
        wide = [element for element, held in self._held.items() if held >= share * self._total]
        return max(wide, key=lambda element: len(list(element.iterancestors())), default=None)


def ancestry(element: Element) -> Iterator[Element]:
    """The element and those around it, innermost first."""
    yield element
    yield from element.iterancestors()


def names_furniture(element: Element) -> bool:
    """Whether class or id hold a word for page furniture (`newsletter-form`, `relatedStories`, …)."""
    return _is_furniture(f"{element.get('class') or ''} {element.get('id') or ''}")


@lru_cache(maxsize=4096)
def _is_furniture(names: str) -> bool:
    # The pages of a site share their templates' names.
    return bool(names.strip()) and _FURNITURE.search(_CAMEL.sub("-", names)) is not None
