"""How well and how fast articles are extracted, ours beside its peers on the same labelled pages in one run.

    python -m bench.extraction --corpus DIR [--sets name,…] [--limit N] [--json FILE] [--errors FILE.html]
                               [--peers all|none|name,…]

DIR holds a folder a set, each with `gold.jsonl`: a line a page with `url`, `site`, `file` (gzip HTML, relative to DIR),
`encoding`, and whichever of `text`, `alt_text`, `title`, `published`, `authors`, `with`, `without` are known.

Bodies are scored as in scrapinghub/article-extraction-benchmark: precision and recall over 4-word shingles a page, F1
from their means; a body is exact if all its words are. Titles are equal after folding case, space and quotes, dates to
the day; authors score F1 over the name sets of all pages, segments that must (`with`) and must not (`without`) appear
F1 over all segments. A page on which an extractor raises or gives up counts as empty, and as one of its `failed`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from statistics import mean, median
from typing import Any
from unicodedata import normalize

from bench.extraction_peers import Extractor, Found, Sample, load
from crawler.text import folded, letters

Gold = dict[str, Any]
Scores = dict[str, float]
_SHINGLE = 4
_DECIMALS = {"ms_mean": 1, "ms_median": 1, "failed": 0}
_TOKEN = re.compile(r"\w+")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of labelled sets")
    parser.add_argument("--sets", help="only these sets, joined by commas")
    parser.add_argument("--limit", type=int, help="so many pages of each set, evenly spread")
    parser.add_argument("--json", type=Path, help="write the scores here")
    parser.add_argument("--errors", type=Path, help="write what ours got wrong here, as a page")
    parser.add_argument("--peers", default="all", help="all, none, or names joined by commas")
    options = parser.parse_args()
    extractors = load(options.peers)
    report: dict[str, dict[str, Scores]] = {}
    mistakes: list[str] = []
    for gold_file in _gold_files(options.corpus, options.sets):
        pages = _spread([json.loads(line) for line in gold_file.read_text("utf-8").splitlines()], options.limit)
        samples = [_sample(options.corpus, page) for page in pages]
        results = {name: _run(extractor, samples) for name, extractor in extractors.items()}
        report[gold_file.parent.name] = {name: score(pages, *result) for name, result in results.items()}
        print_table(gold_file.parent.name, report[gold_file.parent.name])
        mistakes += _mistakes(pages, results["presskeep"][0])
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    if options.errors:
        options.errors.write_text(_PAGE.format("\n".join(mistakes)), "utf-8")


def _gold_files(corpus: Path, sets: str | None) -> list[Path]:
    files = {file.parent.name: file for file in sorted(corpus.glob("*/gold.jsonl"))}
    wanted = sets.split(",") if sets else list(files)
    if unknown := [name for name in wanted if name not in files]:
        raise SystemExit(f"no set {unknown[0]!r} in {corpus}; there are: {', '.join(files)}")
    return [files[name] for name in wanted]


def _spread(pages: list[Gold], limit: int | None) -> list[Gold]:
    """So many of the pages, evenly spread."""
    count = min(limit or len(pages), len(pages))
    return [pages[place * len(pages) // count] for place in range(count)]


def _sample(corpus: Path, page: Gold) -> Sample:
    html = gzip.decompress((corpus / page["file"]).read_bytes())
    return Sample(url=page["url"], site=page["site"], html=html, encoding=page.get("encoding"))


def _run(extractor: Extractor, samples: Iterable[Sample]) -> tuple[list[Found], list[float]]:
    """What was found on each page, and the CPU seconds each took; a page that raises counts as empty."""
    found, seconds = [], []
    for sample in samples:
        start = time.process_time()
        try:
            result = extractor(sample)
        except Exception as exc:
            print(f"{sample.url}: {type(exc).__name__}: {str(exc)[:100]}")
            result = Found(failed=True)
        seconds.append(time.process_time() - start)
        found.append(result)
    return found, seconds


def score(pages: list[Gold], found: list[Found], seconds: list[float]) -> Scores:
    """Scores of one extractor on one set; a score is left out where no page has gold for it."""
    pairs = list(zip(pages, found, strict=True))
    scores = body_scores(pairs)
    titles = [folded(one.title or "") == folded(page["title"]) for page, one in pairs if page.get("title")]
    dates = [one.published == page["published"] for page, one in pairs if page.get("published")]
    scores |= {"title": mean(titles)} if titles else {}
    scores |= {"date": mean(dates)} if dates else {}
    scores |= author_scores(pairs) | segment_scores(pairs)
    scores["failed"] = sum(one.failed for one in found)
    return scores | {"ms_mean": 1000 * mean(seconds), "ms_median": 1000 * median(seconds)}


def body_scores(pairs: list[tuple[Gold, Found]]) -> Scores:
    rated = [
        max((rate_body(page[key], one.text) for key in ("text", "alt_text") if page.get(key)), key=sum)
        for page, one in pairs
        if page.get("text")
    ]
    if not rated:
        return {}
    precision, recall, exact = (mean(values) for values in zip(*rated, strict=True))
    return {"precision": precision, "recall": recall, "f1": _f1(precision, recall), "exact": exact}


def rate_body(gold: str, text: str) -> tuple[float, float, bool]:
    """Precision, recall and exactness of one body, both sides in NFC."""
    wanted, given = _TOKEN.findall(normalize("NFC", gold)), _TOKEN.findall(normalize("NFC", text))
    true, guessed = _shingles(wanted), _shingles(given)
    common = (true & guessed).total()
    return common / max(1, guessed.total()), common / max(1, true.total()), wanted == given


def author_scores(pairs: list[tuple[Gold, Found]]) -> Scores:
    counts = [
        (len(true & guessed), len(guessed), len(true))
        for page, one in pairs
        if page.get("authors")
        for true, guessed in [({*map(letters, page["authors"])}, {*map(letters, one.authors)})]
    ]
    if not counts:
        return {}
    common, guessed, true = map(sum, zip(*counts, strict=True))
    return {"author_f1": _f1(common / max(1, guessed), common / true)}


def segment_scores(pairs: list[tuple[Gold, Found]]) -> Scores:
    hits = misses = wrong = 0
    for page, one in pairs:
        text = " ".join(one.text.split())
        present = sum(" ".join(segment.split()) in text for segment in page.get("with", ()))
        hits, misses = hits + present, misses + len(page.get("with", ())) - present
        wrong += sum(" ".join(segment.split()) in text for segment in page.get("without", ()))
    if not hits + misses:
        return {}
    precision, recall = hits / max(1, hits + wrong), hits / (hits + misses)
    return {"seg_precision": precision, "seg_recall": recall, "seg_f1": _f1(precision, recall)}


def print_table(name: str, rows: dict[str, Scores]) -> None:
    columns = list(dict.fromkeys(column for scores in rows.values() for column in scores))
    print(f"\n{name:<24}" + "".join(f"{column:>14}" for column in columns))
    for extractor, scores in rows.items():
        cells = (
            f"{scores[column]:>14.{_DECIMALS.get(column, 4)}f}" if column in scores else " " * 14 for column in columns
        )
        print(f"{extractor:<24}" + "".join(cells), flush=True)


def _mistakes(pages: list[Gold], found: list[Found]) -> Iterator[str]:
    """A section for each page that is not perfect, worst bodies first."""
    rows = sorted(
        zip(pages, found, strict=True), key=lambda pair: sum(rate_body(pair[0].get("text") or "", pair[1].text)[:2])
    )
    for page, one in rows:
        lines = [*_wrong_fields(page, one), *_wrong_lines(page, one)]
        if lines:
            yield (
                f"<h2>{escape(page['file'])} <a href='{escape(page['url'])}'>{escape(page['url'])}</a></h2>"
                + "\n".join(lines)
            )


def _wrong_fields(page: Gold, one: Found) -> Iterator[str]:
    checks = (
        ("title", page.get("title"), one.title, lambda value: folded(value or "")),
        ("published", page.get("published"), one.published, str),
        ("authors", page.get("authors"), one.authors, lambda value: {*map(letters, value)}),
    )
    for name, wanted, given, fold in checks:
        if wanted and fold(wanted) != fold(given):
            yield f"<p>{name}: <ins>{escape(str(wanted))}</ins> <del>{escape(str(given))}</del></p>"


def _wrong_lines(page: Gold, one: Found) -> Iterator[str]:
    """Lines of the text most of whose words are not in the gold, and of the gold not in the text; segments likewise."""
    for tag, lines, other in (("del", one.text, page.get("text")), ("ins", page.get("text") or "", one.text)):
        if other is None:
            continue
        known = _shingles(_TOKEN.findall(other))
        for line in lines.splitlines():
            shingles = _shingles(_TOKEN.findall(line))
            if shingles and (shingles & known).total() < 0.5 * shingles.total():
                yield f"<p><{tag}>{escape(line)}</{tag}></p>"
    text = " ".join(one.text.split())
    for tag, key, expected in (("ins", "with", True), ("del", "without", False)):
        for segment in page.get(key, ()):
            if (" ".join(segment.split()) in text) != expected:
                yield f"<p>segment <{tag}>{escape(segment)}</{tag}></p>"


def _shingles(tokens: list[str]) -> Counter[tuple[str, ...]]:
    count = max(1, len(tokens) - _SHINGLE + 1) if tokens else 0
    return Counter(tuple(tokens[start : start + _SHINGLE]) for start in range(count))


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


_PAGE = """<!doctype html><meta charset="utf-8"><title>Extraction mistakes</title>
<style>
body {{ max-width: 60em; margin: auto; font-family: sans-serif }}
ins {{ background: #cfc }}
del {{ background: #fcc }}
</style>
<p><ins>Wanted and not found</ins>, <del>found and not wanted</del>; worst bodies of each set first.</p>
{}
"""

if __name__ == "__main__":
    main()
