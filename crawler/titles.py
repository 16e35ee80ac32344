"""The headline: the h1 that another source vouches for.

A page offers its headline up to six times (h1, JSON-LD, Open Graph, Twitter card, title element, announcement), often
in two wordings, one for readers and one for search engines, and often with a kicker or the site's name attached.
The readers' wording is taken and the other kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crawler.jsonld import ArticleNode
from crawler.markup import Element
from crawler.metadata import Statements
from crawler.text import clean, folded, letters

_SEPARATOR = re.compile(r"\s+[|\-–—·•»:/]+\s+|\s*[|»_]\s*|\s*::\s*")
_LONGEST = 400
_ALIKE = 0.3
_ENOUGH = 12
_SENTENCE = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Titles:
    """A headline and its other form."""

    title: str | None
    """The headline readers see."""
    alternative: str | None
    """The best title that says something else or more before it."""
    headings: tuple[str, ...]
    """Every h1 of the page."""

    @property
    def forms(self) -> list[str]:
        """All of them, for comparison with lines of the text."""
        return [*(text for text in (self.title, self.alternative) if text), *self.headings]


def find_titles(
    tree: Element,
    statements: Statements,
    node: ArticleNode,
    *,
    selected: str | None,
    announced: str | None,
    names: Iterable[str],
) -> Titles:
    """Choose the headline; `selected` is what the profile's selector found, `names` are the site's names."""
    known = {letters(name) for name in names if name}
    given = (statements.first("og:title"), node.headline, statements.first("twitter:title"), announced)
    open_graph, headline, *rest = (_bare(text, known) for text in given)
    element = _bare(statements.document_title, known)
    metas = [text for text in (open_graph, headline, *rest) if text]
    sources = [*metas, *([element] if element else [])]
    headings = [text for text in _headings(tree) if letters(text) not in known]
    title = (
        selected
        or _vouched(headings, sources)
        or (headline if headline and _same(headline, open_graph, element) else None)
        or _beside_kicker(headings, metas)
        or _resembling(headings, sources)
        or next(iter([*sources, *headings]), None)
    )
    title = title and (selected or _without_kicker(title, sources))
    others = (text for text in (headline, open_graph, *rest, *headings, element) if text)
    alternative = next((text for text in others if title and not letters(text).startswith(letters(title))), None)
    return Titles(title=title, alternative=alternative, headings=tuple(headings))


def without_affix(title: str, names: set[str]) -> str:
    """A title without the site's name (as `letters`) at its end or start."""
    parts = [match.span() for match in _SEPARATOR.finditer(title)]
    for start, end in reversed(parts):
        if _is_site(letters(title[end:]), names):
            return without_affix(title[:start], names)
    return next((title[end:] for start, end in parts if letters(title[:start]) in names), title)


def _bare(text: str | None, names: set[str]) -> str | None:
    """A source's title without affix, None if it has none or one too long to be a headline."""
    text = clean(text or "")
    return without_affix(text, names) if 0 < len(text) <= _LONGEST else None


def _is_site(affix: str, names: set[str]) -> bool:
    """Whether an affix is a site's name, or its name with a top-level domain behind it (`Rudaw.net`)."""
    return affix in names or any(
        affix[: len(name)] == name and len(affix) - len(name) <= 3 for name in names if len(name) > 3
    )


def _headings(tree: Element) -> list[str]:
    texts = [clean(" ".join(heading.itertext())) for heading in tree.iter("h1")]
    return [text for text in texts if letters(text) and len(text) <= _LONGEST]


def _vouched(headings: Sequence[str], sources: Sequence[str]) -> str | None:
    """The first heading that equals another source, in that source's spelling: markup puts spaces into headings."""
    known = {letters(text): text for text in reversed(sources)}
    return next((known[letters(text)] for text in headings if letters(text) in known), None)


def _same(*texts: str | None) -> bool:
    return len({letters(text or "") for text in texts}) == 1


def _beside_kicker(headings: Sequence[str], metas: Sequence[str]) -> str | None:
    """The other sources' title where page and sources differ only by a kicker before the headline."""
    for heading in map(letters, headings):
        for meta in metas:
            if len(meta.split()) > 2 and heading.endswith(letters(meta)):
                return meta
        if len(metas) > 1 and _same(*metas) and letters(metas[0]).endswith(heading):
            return metas[0]
    return None


def _without_kicker(title: str, sources: Sequence[str]) -> str:
    """What follows a mark such as `Opinion |` where another source has only that."""
    _, mark, rest = title.partition(" | ")
    return next((text for text in sources if mark and letters(text) == letters(rest)), title)


def _resembling(headings: Sequence[str], sources: Sequence[str]) -> str | None:
    """The heading most like another source, or the only or first one if it is long enough to be a headline."""
    best = max(headings, key=lambda text: _likeness(text, sources), default=None)
    if best and (_likeness(best, sources) >= _ALIKE or (len(headings) == 1 and len(letters(best)) > _ENOUGH)):
        return best
    return next((text for text in headings[:1] if len(text.split()) >= _SENTENCE), None)


def _likeness(heading: str, sources: Sequence[str]) -> float:
    """Share of words in common with the most similar source."""
    words = set(folded(heading).split())
    shares = (
        len(words & other) / min(len(words), len(other)) for text in sources if (other := set(folded(text).split()))
    )
    return max(shares, default=0.0)
