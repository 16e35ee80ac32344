"""In which language an article is written: what profile and page say, checked against the script.

Pages often name the template's language. The letters of a text tell apart what is most often confused: Sorani, Persian
and Arabic; Japanese, Korean and Chinese; Ukrainian and Russian (Unicode block charts U+0600, U+3040, U+AC00, U+0400).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from crawler.jsonld import ArticleNode
from crawler.metadata import Statements

_SCRIPTS = {
    "latin": re.compile(r"[A-Za-z\u00c0-\u024f]"),
    "arabic": re.compile(r"[\u0620-\u06ff]"),
    "cyrillic": re.compile(r"[\u0400-\u04ff]"),
    "kana": re.compile(r"[\u3040-\u30ff]"),
    "hangul": re.compile(r"[\uac00-\ud7a3]"),
    "han": re.compile(r"[\u4e00-\u9fff]"),
    "greek": re.compile(r"[\u0370-\u03ff]"),
    "hebrew": re.compile(r"[\u05d0-\u05ea]"),
}
_LANGUAGES = {
    "kana": ("ja",),
    "hangul": ("ko",),
    "han": ("zh", "yue", "wuu", "ja"),
    "greek": ("el",),
    "hebrew": ("he", "yi"),
}
_SORANI = re.compile(r"[ڕڵێۆە]")
_PERSIAN = re.compile(r"[پچژگ]")
_UKRAINIAN = re.compile(r"[іїєґ]", re.I)
_RUSSIAN = re.compile(r"[ыэъё]", re.I)
_SAMPLE = 4_000
_TAG = re.compile(r"[a-z]{2,3}(?=$|[-_])")


def find_language(
    text: str, statements: Statements, node: ArticleNode, *, editions: Mapping[str, str], default: str | None
) -> str | None:
    """BCP 47 primary tag; `editions` are the profile's URL rules, `default` the profile's language."""
    edition = next((tag for pattern, tag in editions.items() if re.search(pattern, statements.url)), None)
    if edition:
        return edition
    stated = (
        node.language,
        statements.html_language,
        statements.first("og:locale", "language", "content-language", "dc.language"),
        default,
    )
    tags = [tag for value in stated if (tag := primary_tag(value))]
    written = written_in(text[:_SAMPLE])
    return next((tag for tag in tags if written is None or tag in written), next(iter(written or tags), None))


def primary_tag(value: str | None) -> str | None:
    """`en` of `en-GB`, `en_US` or `EN`."""
    match = _TAG.match((value or "").strip().lower())
    return match.group() if match else None


def written_in(text: str) -> tuple[str, ...] | None:
    """The languages that the script of a text allows, likeliest first; None where the script says nothing."""
    counts = {name: len(pattern.findall(text)) for name, pattern in _SCRIPTS.items()}
    if counts["kana"] > 0.05 * (counts["kana"] + counts["han"]) and counts["kana"] > counts["latin"]:
        return ("ja",)
    script = max(counts, key=lambda name: counts[name])
    if not counts[script] or script == "latin":
        return None
    if script == "arabic":
        return _arabic_script(text, counts["arabic"])
    return _cyrillic_script(text) if script == "cyrillic" else _LANGUAGES[script]


def _arabic_script(text: str, count: int) -> tuple[str, ...]:
    if len(_SORANI.findall(text)) > 0.05 * count:
        return ("ckb",)
    if len(_PERSIAN.findall(text)) > 0.01 * count:
        return ("fa", "ur", "ps", "azb", "ug", "sd")
    return ("ar",)


def _cyrillic_script(text: str) -> tuple[str, ...]:
    ukrainian, russian = len(_UKRAINIAN.findall(text)), len(_RUSSIAN.findall(text))
    if ukrainian > russian:
        return ("uk", "be", "kk")
    if russian:
        return ("ru", "be", "bg", "sr", "mk", "kk", "ky", "tg", "mn", "tt")
    return ("bg", "sr", "mk", "ru", "mn", "tg")
