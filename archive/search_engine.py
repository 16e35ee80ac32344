"""The files of the search index: tantivy (https://github.com/quickwit-oss/tantivy), which only this module knows.

A document an article: its words with their frequencies, for BM25 (Robertson and Zaragoza 2009), without positions and
without the text; by what it is chosen; and where it lies in the archive.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from archive.errors import ArchiveError
from archive.records import Article
from archive.search_words import words_of
from archive.selection import Selection

if TYPE_CHECKING:
    import tantivy

Order = Literal["relevance", "date"]

_HEADLINE = 3
"""How often a word of the headline counts."""
_HEAP = 128_000_000
_DAY = 86_400
_MOST = 10_000_000
_FIRST = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A revision of an article that has all the words."""

    url_id: str
    revision: int
    fetched: int
    """Seconds since the year 1."""
    shard: str
    """Key of the object that holds it."""
    row: int
    """Where in it, from 0."""


class SearchEngine:
    """The files in one folder, which exists; ArchiveError where tantivy is not installed, or cannot read them."""

    def __init__(self, folder: Path) -> None:
        try:
            import tantivy
        except ImportError as exc:
            raise ArchiveError("searching needs tantivy: pip install 'presskeep[search]'") from exc
        self._engine = tantivy
        try:
            self._index = tantivy.Index(self._schema, str(folder))
        except (ValueError, OSError) as exc:
            raise ArchiveError(f"{folder}: cannot be read; make the search index anew with --rebuild") from exc

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """What changes the files; ArchiveError while another process does."""
        try:
            writer = self._index.writer(heap_size=_HEAP, num_threads=1)
        except ValueError as exc:
            raise ArchiveError(f"the search index cannot be written, another update may be under way: {exc}") from exc
        yield Writing(writer)
        writer.wait_merging_threads()
        self._index.reload()

    @property
    def size(self) -> int:
        """Revisions that it holds."""
        return self._index.searcher().num_docs

    def of_shards(self, shards: Collection[str]) -> Iterator[Hit]:
        """All that it holds of these shards."""
        return self._hits(self._engine.Query.term_set_query(self._schema, "shard", list(shards)), None)

    def of_article(self, url_id: str) -> Iterator[Hit]:
        """All revisions that it holds of an article."""
        return self._hits(self._engine.Query.term_query(self._schema, "url_id", url_id, "basic"), None)

    def find(self, words: Collection[str], wanted: Selection, order: Order) -> Iterator[Hit]:
        """What has all the words and meets the conditions, best or newest first.

        It knows of sites, days, languages, sections and flags that are asked for; authors and flags that are not wanted
        it leaves to the caller.
        """
        musts = [self._term("text", word) for word in words]
        musts += [self._any("site", wanted.sites)] if wanted.sites else []
        musts += [self._any("language", wanted.languages)] if wanted.languages else []
        musts += [self._any("section", [name.casefold() for name in wanted.sections])] if wanted.sections else []
        musts += [self._term("flag", flag) for flag in wanted.flags]
        musts += [self._days(wanted)] if wanted.since or wanted.until else []
        query = self._engine.Query.boolean_query([(self._engine.Occur.Must, must) for must in musts])
        return self._hits(query, wanted.by if order == "date" else None)

    def _hits(self, query: tantivy.Query, order_by: str | None) -> Iterator[Hit]:
        searcher = self._index.searcher()
        offset, limit = 0, _FIRST
        while offset < _MOST:
            found = searcher.search(query, limit, count=False, order_by_field=order_by, offset=offset).hits
            for _, address in found:
                document = searcher.doc(address)
                yield Hit(**{name: document[name][0] for name in Hit.__slots__})
            if len(found) < limit:
                return
            offset, limit = offset + limit, limit * 2

    def _term(self, field: str, value: str) -> tantivy.Query:
        option = "freq" if field == "text" else "basic"
        return self._engine.Query.term_query(self._schema, field, value, option)

    def _any(self, field: str, values: Iterable[str]) -> tantivy.Query:
        # Which of them it is shall not count for the order.
        return self._engine.Query.const_score_query(
            self._engine.Query.term_set_query(self._schema, field, list(values)), 0.0
        )

    def _days(self, wanted: Selection) -> tantivy.Query:
        first = _seconds(wanted.since or date.min, None)
        last = _seconds(wanted.until or date.max, None) + _DAY - 1
        kind = self._engine.FieldType.Integer
        return self._engine.Query.const_score_query(
            self._engine.Query.range_query(self._schema, wanted.by, kind, max(1, first), last), 0.0
        )

    @cached_property
    def _schema(self) -> tantivy.Schema:
        builder = self._engine.SchemaBuilder()
        builder.add_text_field("text", tokenizer_name="whitespace", index_option="freq")
        for name in ("url_id", "shard"):
            builder.add_text_field(name, stored=True, tokenizer_name="raw", index_option="basic")
        for name in ("site", "language", "section", "flag"):
            builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
        for name in ("revision", "row"):
            builder.add_integer_field(name, stored=True)
        builder.add_integer_field("published", fast=True)
        builder.add_integer_field("fetched", stored=True, fast=True)
        return builder.build()


class Writing:
    """Changes that count from the next commit on."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def forget(self, shard: str) -> None:
        """Drop all that lies in that shard."""
        self._writer.delete_documents_by_term("shard", shard)

    def add(self, article: Article, shard: str, row: int) -> None:
        """Add a revision that lies in that row of that shard."""
        import tantivy

        title, text = words_of(article.title or ""), words_of(article.text)
        self._writer.add_document(
            tantivy.Document(
                text=" ".join((*title * _HEADLINE, *text)),
                url_id=article.url_id,
                shard=shard,
                row=row,
                site=article.site,
                language=article.language or "",
                section=(article.section or "").casefold(),
                flag=list(article.flags),
                revision=article.revision,
                published=_seconds(article.published, article.published_at) if article.published else 0,
                fetched=_seconds(article.fetched.date(), article.fetched),
            )
        )

    def commit(self) -> None:
        """Make it last."""
        self._writer.commit()


def _seconds(day: date, moment: datetime | None) -> int:
    """Seconds from the year 1 to that day, and for the order within it those of the moment (UTC) in its day."""
    clock = moment.astimezone(UTC).time() if moment else time()
    return day.toordinal() * _DAY + clock.hour * 3600 + clock.minute * 60 + clock.second
