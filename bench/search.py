"""How fast an archive is searched, and how large its index is.

    python -m bench.search [--articles 100000] [--batch 5000] [--seed 2024] [--json FILE]

A generator writes the shards of an archive: a third of the articles each in a Latin script, in Arabic letters and in
Chinese characters, their words as often as in languages (Zipf-Mandelbrot; Mandelbrot 1953). `archive.search_index`
indexes them, and again a shard more. Queries are of one to three words, frequent and rare, in each script, by relevance
and by date: the time until the first twenty articles are known, and until they are shown, each fetched from its shard
with its snippet. SQLite's FTS5 indexes some of the same words beside it, for comparison.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sqlite3
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from archive.manifest import StoredObject
from archive.records import Article
from archive.search_engine import Order
from archive.search_index import SearchIndex
from archive.search_words import words_of
from archive.selection import EVERYTHING
from archive.shards import read_row, read_shard, write_shard
from bench.machine import facts
from jobs.searching import search
from tests.sample_batches import make_article

SCRIPTS = {
    "Latin": ("abcdefghijklmnoprstuvwz", " "),
    "Arabic": ("ابتجحخدرزسشصطعغفقكلمنهوي", " "),
    "Chinese": ("".join(map(chr, range(0x4E00, 0x4E00 + 3000))), ""),
}
VOCABULARY = 100_000
WORDS = 450
SHOWN = 20
GOALS = {"milliseconds": 100.0, "share": 0.4}
"""Of the median query, and of the index in the bytes of headlines and texts."""
_FTS_SHARE = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """Queries of one kind; times in milliseconds."""

    kind: str
    median_ms: float
    slowest_ms: float
    shown_ms: float
    """Median with articles and snippets."""


class Language:
    """A made-up language in one script."""

    def __init__(self, script: str, chance: random.Random) -> None:
        letters, self._between = SCRIPTS[script]
        lengths = (1, 2, 2, 3) if script == "Chinese" else range(2, 12)
        often = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(len(letters))))
        made = (
            "".join(chance.choices(letters, cum_weights=often, k=chance.choice(lengths))) for _ in itertools.count()
        )
        self.words = list(dict.fromkeys(itertools.islice(made, VOCABULARY)))
        weights = (1 / (rank + 2.7) ** 1.05 for rank in range(len(self.words)))
        self._weights = list(itertools.accumulate(weights))
        self._chance = chance

    def text(self, count: int) -> str:
        """So many words."""
        return self._between.join(self._chance.choices(self.words, cum_weights=self._weights, k=count))


class Shards:
    """An archive in a folder: its shards and nothing else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stored: list[StoredObject] = []

    def add(self, key: str, articles: Sequence[Article]) -> None:
        """One shard more."""
        path = self._folder / key
        with path.open("wb") as stream:
            write_shard(articles, stream)
        self._stored.append(
            StoredObject(key=key, kind="articles", size=path.stat().st_size, sha256=key, records=len(articles))
        )

    def shards(self) -> list[StoredObject]:
        """All of them."""
        return self._stored

    def shard(self, stored: StoredObject) -> Iterator[tuple[int, Article]]:
        """The articles of one with their rows."""
        with (self._folder / stored.key).open("rb") as stream:
            yield from enumerate(read_shard(stream))

    def row(self, stored: StoredObject, row: int, columns: Collection[str]) -> dict[str, Any]:
        """These columns of that row of one."""
        with (self._folder / stored.key).open("rb") as stream:
            return read_row(stream, row, columns)


def made(count: int, languages: Sequence[Language], chance: random.Random) -> Iterator[Article]:
    """So many articles, always the same for a seed."""
    for number in range(count):
        language = languages[number % len(languages)]
        day = date(2020, 1, 1) + timedelta(days=chance.randrange(2000))
        text = "\n\n".join(language.text(WORDS // 6) for _ in range(6))
        at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        yield replace(make_article(number), title=language.text(8), text=text, published=day, published_at=at)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it, print the table; 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args(arguments)
    chance = random.Random(asked.seed)
    languages = {script: Language(script, chance) for script in SCRIPTS}
    with TemporaryDirectory(prefix="presskeep-bench-") as name:
        folder = Path(name)
        shards, index = Shards(folder), SearchIndex(folder / "index")
        articles = made(asked.articles, list(languages.values()), chance)
        letters = 0
        sample: list[Article] = []
        for number in itertools.count():
            if not (some := list(itertools.islice(articles, asked.batch))):
                break
            letters += sum(len(f"{article.title}{article.text}".encode()) for article in some)
            sample += some if len(sample) < asked.articles * _FTS_SHARE else []
            shards.add(f"{number}.parquet", some)
        seconds = _timed(lambda: index.update(shards))
        shards.add("more.parquet", [replace(article, url_id=f"more-{article.url_id}") for article in sample[:1000]])
        more = _timed(lambda: index.update(shards))
        share = _size(folder / "index") / letters
        queries = [query for script in languages for query in _asked(index, shards, script, languages[script])]
        fts = _fts(folder / "fts.sqlite", sample)
    print(
        f"{asked.articles:,} articles, {letters / 1e6:.0f} MB of text: "
        f"indexed in {seconds:.0f} s, 1,000 more in {more:.1f} s"
    )
    print(f"index {share:.1%} of the text; FTS5 without text, with positions {fts:.1%}")
    for query in queries:
        print(
            f"{query.kind:<32}{query.median_ms:>8.1f} ms{query.slowest_ms:>8.1f} ms slowest"
            f"{query.shown_ms:>8.0f} ms with {SHOWN} articles"
        )
    if asked.json:
        report = {"facts": facts(), "articles": asked.articles, "bytes": letters, "seconds": seconds, "more": more}
        report |= {"share": share, "fts5_share": fts, "queries": [asdict(query) for query in queries]}
        asked.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    slow = max(query.median_ms for query in queries) > GOALS["milliseconds"]
    return int(slow or share > GOALS["share"])


def _asked(index: SearchIndex, shards: Shards, script: str, language: Language) -> Iterator[Query]:
    words = [word for word in language.words if len(word) > 1]
    kinds = {
        "one frequent word": [[words[place]] for place in range(10)],
        "one rare word": [[words[place]] for place in range(5_000, 5_010)],
        "three words": [[words[place], words[10 * place + 20], words[100 + place]] for place in range(10)],
    }
    for kind, texts in kinds.items():
        for order in ("relevance", "date"):
            yield _measured(f"{script}, {kind}, {order}", index, shards, [" ".join(text) for text in texts], order)


def _measured(kind: str, index: SearchIndex, shards: Shards, texts: Sequence[str], order: Order) -> Query:
    def found(text: str) -> object:
        return list(itertools.islice(index.find(text, EVERYTHING, order=order), SHOWN))

    def shown(text: str) -> object:
        return search(index, shards, text, EVERYTHING, order=order, limit=SHOWN)

    times = [1000 * _timed(lambda text=text: found(text)) for text in texts]  # type: ignore[misc]
    whole = [1000 * _timed(lambda text=text: shown(text)) for text in texts[:3]]  # type: ignore[misc]
    return Query(kind=kind, median_ms=median(times), slowest_ms=max(times), shown_ms=median(whole))


def _fts(path: Path, articles: Sequence[Article]) -> float:
    """Size of an FTS5 index of the same words, as a share of the text."""
    with sqlite3.connect(path) as database:
        database.execute("CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize='unicode61')")
        rows = ((" ".join(words_of(f"{article.title} {article.text}")),) for article in articles)
        database.executemany("INSERT INTO words(text) VALUES (?)", rows)
        database.execute("INSERT INTO words(words) VALUES ('optimize')")
    with sqlite3.connect(path) as database:
        database.execute("VACUUM")
    return path.stat().st_size / sum(len(f"{article.title}{article.text}".encode()) for article in articles)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
