"""A full-text index of an archive's articles, in a folder of this machine: derived, and made again at any time.

It knows every shard by key and SHA-256, so an update reads only new ones. What is no longer in the archive goes; where
an article went altogether (a takedown, retention), all is made anew, because its words would stay in the old files.

    state.json      which shards it holds, and in which of the folders
    batches.json    what the manifests of the archive said, see archive/known_batches.py
    <number>/       files of archive/search_engine.py
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from archive.errors import ArchiveError
from archive.manifest import StoredObject
from archive.records import Article
from archive.search_engine import Hit, Order, SearchEngine
from archive.search_words import words_of
from archive.selection import Selection

_NAME = "presskeep-search/"
FORMAT = f"{_NAME}2"

_STATE = "state.json"
_COMMIT = 10_000
"""Articles after which an update that is cut short need not begin anew."""


class ShardSource(Protocol):
    """What an archive holds now, shard by shard."""

    def shards(self) -> Sequence[StoredObject]:
        """All that hold articles, in the order of their keys."""

    def shard(self, stored: StoredObject) -> Iterator[tuple[int, Article]]:
        """The articles of one that were not taken down, each with its row."""

    def row(self, stored: StoredObject, row: int, columns: Collection[str]) -> Mapping[str, Any] | None:
        """These columns of the article in that row of one, from 0, None if it was taken down."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Updated:
    """What an update came to."""

    added: int
    """Articles read, each revision by itself."""
    articles: int
    """That the index holds now."""


class SearchIndex:
    """The index in one folder; ArchiveError where tantivy is not installed or the folder is no index."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def exists(self) -> bool:
        """Whether it was ever made."""
        return (self._folder / _STATE).is_file()

    def update(
        self, source: ShardSource, *, anew: bool = False, progress: Callable[[int], object] | None = None
    ) -> Updated:
        """Bring it up to what `source` holds; `progress` is told how many articles were read so far."""
        state = None if anew or not self.exists else self._read()
        if state is None or state.unsettled:
            state = self._begin()
        there = {stored.key: stored for stored in source.shards()}
        gone = [key for key, sha256 in state.shards.items() if key not in there or there[key].sha256 != sha256]
        new = [stored for key, stored in there.items() if key not in state.shards or key in gone]
        added = 0
        if gone or new:
            engine = self._engine(state)
            lost = {(hit.url_id, hit.revision) for hit in engine.of_shards(gone)}
            if gone:
                self._write(_State(number=state.number, shards=state.shards, unsettled=True))
            for article in self._take_up(engine, state, gone, new, source):
                lost.discard((article.url_id, article.revision))
                added += 1
                if progress:
                    progress(added)
            if lost:
                return self.update(source, anew=True, progress=progress)
        self._write(_State(number=state.number, shards=state.shards))
        self._tidy(state)
        return Updated(added=added, articles=self._engine(state).size)

    def missing(self, source: ShardSource) -> int:
        """How many shards of the source it does not know."""
        known = self._read().shards
        return sum(known.get(stored.key) != stored.sha256 for stored in source.shards())

    def find(self, text: str, wanted: Selection, *, order: Order = "relevance") -> Iterator[Hit]:
        """What has all words of the text, best or newest first, each article once; nothing for a text without words.

        Of authors, and of flags that are not wanted, the article itself has to be asked.
        """
        words = list(dict.fromkeys(words_of(text)))
        engine = self._engine(self._read())
        seen: set[str] = set()
        for hit in engine.find(words, wanted, order) if words else ():
            if hit.url_id not in seen and not (wanted.latest and _is_old(engine, hit)):
                seen.add(hit.url_id)
                yield hit

    def _take_up(
        self,
        engine: SearchEngine,
        state: _State,
        gone: Collection[str],
        new: Collection[StoredObject],
        source: ShardSource,
    ) -> Iterator[Article]:
        """Drop shards and add others, which are given as they are read; `state` keeps account."""
        with engine.writing() as writing:
            for key in gone:
                writing.forget(key)
                del state.shards[key]
            waiting = 0
            for stored in new:
                # What an update that was cut short has added of it.
                writing.forget(stored.key)
                for row, article in source.shard(stored):
                    writing.add(article, stored.key, row)
                    waiting += 1
                    yield article
                state.shards[stored.key] = stored.sha256
                if waiting >= _COMMIT:
                    writing.commit()
                    self._write(_State(number=state.number, shards=state.shards, unsettled=bool(gone)))
                    waiting = 0
            writing.commit()

    def _begin(self) -> _State:
        """An empty index in a new folder; the old one counts until it is written."""
        number = max((int(path.name) for path in self._numbered()), default=0) + 1
        (self._folder / str(number)).mkdir(parents=True)
        return _State(number=number)

    def _tidy(self, state: _State) -> None:
        for path in self._numbered():
            if path.name != str(state.number):
                shutil.rmtree(path)

    def _numbered(self) -> list[Path]:
        return [path for path in self._folder.glob("*") if path.is_dir() and path.name.isdecimal()]

    def _engine(self, state: _State) -> SearchEngine:
        return SearchEngine(self._folder / str(state.number))

    def _read(self) -> _State:
        try:
            held = json.loads((self._folder / _STATE).read_text(encoding="utf-8"))
            if not held["format"].startswith(_NAME):
                raise ValueError(held["format"])
            if held["format"] != FORMAT:
                raise ArchiveError(f"{self._folder}: was made by another version; make it anew with --rebuild")
            return _State(number=held["number"], shards=held["shards"], unsettled=held["unsettled"])
        except FileNotFoundError as exc:
            raise ArchiveError(f"{self._folder}: there is no search index; make it with --update") from exc
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise ArchiveError(f"{self._folder}: is no search index of ours; name another folder") from exc

    def _write(self, state: _State) -> None:
        held = {"format": FORMAT, "number": state.number, "unsettled": state.unsettled, "shards": state.shards}
        part = self._folder / f".{_STATE}.part"
        part.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
        part.replace(self._folder / _STATE)


@dataclass(frozen=True, kw_only=True, slots=True)
class _State:
    number: int
    """Of the folder that counts."""
    shards: dict[str, str] = field(default_factory=dict)
    """SHA-256 by key."""
    unsettled: bool = False
    """Whether an update that dropped something was not finished: whether all is to be made anew is not known."""


def _is_old(engine: SearchEngine, hit: Hit) -> bool:
    """Whether the index holds a newer revision of that article."""
    return any((other.fetched, other.revision) > (hit.fetched, hit.revision) for other in engine.of_article(hit.url_id))
