"""What the addresses of a site's articles have in common, learned from a handful of them.

Each path segment is read as one of a few kinds: a year, a month, a day, a number, an opaque id, a slug with or without
an id, or a word. Addresses with the same kinds in the same places have one shape; leading words (sections) may vary in
number. A shape becomes a regex for `articles.include` of a site profile.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

MAX_SHAPES = 6
"""More than this many shapes are no pattern that a person would keep."""

_SMALLEST_SHARE = 0.05
_WORD = "[^/]+"
_YEAR, _MONTH, _SMALL = r"\d{4}", "[a-z]{3}", r"\d{1,2}"
_DATES = (r"\d{4}-\d{2}-\d{2}", r"\d{4}-\d{2}")
_ENDING = re.compile(r"\.(html?|shtml|xhtml|php|aspx?|jsp|cms|ece)$", re.IGNORECASE)
# In this order: the first that matches a whole segment says what it is.
_KINDS = (
    (re.compile(r"(?:19|20)\d\d"), _YEAR),
    (re.compile(r"\d{1,2}"), _SMALL),
    (re.compile("jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"), _MONTH),
    (re.compile(r"(?:19|20)\d\d-\d\d-\d\d"), _DATES[0]),
    (re.compile(r"(?:19|20)\d\d-\d\d"), _DATES[1]),
    (re.compile(r"\d{3,}"), r"\d+"),
    (re.compile(r"(?P<prefix>[a-z]{1,10})[-_]?\d{4,}", re.IGNORECASE), None),
    (re.compile(r"\d{4}-\d\d-\d\d-.+"), r"\d{4}-\d{2}-\d{2}-[^/]+"),
    (re.compile(r"\d{4,}[-_].+"), r"\d{4,}[-_][^/]+"),
    (re.compile(r".*[-_][0-9a-f]{16,}"), "[^/]*[-_][0-9a-f]{16,}"),
    (re.compile(r".+[-_.,][a-z]{0,4}\d{4,}(?:[-_.]\d+)*"), r"[^/]+[-_.,][a-z]{0,4}\d{4,}[^/]*"),
    (re.compile(r"(?=.*[a-z])(?=.*\d)[a-z0-9]{8,}", re.IGNORECASE), "[A-Za-z0-9]{8,}"),
    (re.compile(r"[^-_]*(?:[-_][^-_]*){2,}"), "[^/_-]*(?:[_-][^/_-]*){2,}"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """A regex and the addresses that it was learned from."""

    pattern: str
    """To be searched in canonical URLs."""
    examples: tuple[str, ...]
    """All addresses that it matches, in the order given."""


@dataclass(frozen=True, slots=True)
class _Form:
    """An address taken apart."""

    words: tuple[str, ...]
    """The leading segments that are plain words."""
    rest: tuple[str, ...]
    """The regex of each segment from the first telling one on, up to and with a date."""
    tail: int
    """How many segments stand behind the date; they need no telling apart."""
    ending: str
    """Regex of the file name's ending, empty without one."""
    query: str
    """Regex of the parameter that holds the id, empty without one."""


def learn_shapes(urls: Iterable[str]) -> tuple[Shape, ...]:
    """The shapes of these canonical article URLs, the most frequent first, at most MAX_SHAPES.

    Shapes of a twentieth of the URLs or fewer are left out, as are those with nothing that tells an article from a
    section page. No URL is counted for two shapes.
    """
    rest = list(dict.fromkeys(urls))
    groups: dict[tuple[object, ...], list[_Form]] = defaultdict(list)
    for url in rest:
        form = _form(url)
        groups[
            form.rest, bool(form.tail), form.ending, form.query, () if form.rest or form.query else form.words[:1]
        ].append(form)
    fewest = max(1, round(_SMALLEST_SHARE * len(rest)))
    shapes: list[Shape] = []
    for forms in sorted(groups.values(), key=len, reverse=True):
        pattern = _pattern(forms)
        examples = tuple(url for url in rest if pattern and re.search(pattern, url))
        if pattern and len(examples) >= fewest and len(shapes) < MAX_SHAPES:
            shapes.append(Shape(pattern=pattern, examples=examples))
            rest = [url for url in rest if url not in examples]
    return tuple(shapes)


def _form(url: str) -> _Form:
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    ending = match[0] if (match := _ENDING.search(path)) else ""
    segments = path.removesuffix(ending).split("/")[1:]
    kinds = [_kind(segment) for segment in segments]
    first = next((place for place, kind in enumerate(kinds) if kind != _WORD), len(kinds))
    tail = _behind_date(kinds)
    return _Form(
        words=tuple(segments[:first]),
        rest=tuple(kinds[first : len(kinds) - tail]),
        tail=tail,
        ending=re.escape(ending),
        query=_id_parameter(parts.query),
    )


def _behind_date(kinds: Sequence[str]) -> int:
    """How many segments follow year and month, or a date in one segment; 0 without a date."""
    for place, kind in enumerate(kinds):
        if kind == _YEAR and kinds[place + 1 : place + 2] in ([_SMALL], [_MONTH]):
            return len(kinds) - place - (3 if kinds[place + 2 : place + 3] == [_SMALL] else 2)
        if kind in _DATES:
            return len(kinds) - place - 1
    return 0


def _kind(segment: str) -> str:
    for regex, kind in _KINDS:
        if match := regex.fullmatch(segment):
            return kind or re.escape(match["prefix"]) + r"[-_]?\d{4,}"
    return _WORD


def _id_parameter(query: str) -> str:
    name = next((name for name, value in parse_qsl(query) if re.fullmatch(r"\d{2,}", value)), None)
    return rf"\?(?:.*&)?{re.escape(name)}=\d+" if name else ""


def _pattern(forms: Sequence[_Form]) -> str | None:
    """The regex of forms that differ only in their leading words; None if nothing in it tells an article."""
    telling = forms[0].rest or (forms[0].query,) * bool(forms[0].query)
    words = [form.words for form in forms]
    if not telling:
        # /news/title: only the constant first word tells.
        if len(forms) < 3 or len({len(each) for each in words}) > 1 or len(words[0]) < 2:
            return None
        return f"^https?://[^/]+/{re.escape(words[0][0])}{f'/{_WORD}' * (len(words[0]) - 1)}{forms[0].ending}/?$"
    path = "".join(f"/{kind}" for kind in forms[0].rest) + _words([form.tail for form in forms])
    end = forms[0].query or "/?$"
    return f"^https?://[^/]+{_leading(words)}{path}{forms[0].ending}{end}"


def _leading(words: Sequence[tuple[str, ...]]) -> str:
    """The sections before the telling part: as they are where they never vary, else so many of any name."""
    if len(words) > 2 and len(set(words)) == 1:
        return "".join(f"/{re.escape(word)}" for word in words[0])
    return _words([len(each) for each in words])


def _words(counts: Sequence[int]) -> str:
    fewest, most = min(counts), max(counts)
    if fewest == most:
        return f"/{_WORD}" * most if most < 2 else f"(?:/{_WORD}){{{most}}}"
    return f"(?:/{_WORD}){{{fewest},{most}}}"
