"""Articles as a folder of files, one an article, for people, their editors and browsers: Markdown, plain text, HTML.

The folder is a bag (BagIt 1.0, RFC 8493): the articles lie under `data/<site>/<YYYY-MM>/`, and `manifest-sha256.txt`
holds their checksums. It is written last, so a folder without it is not complete; the same download again completes it.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Collection, Container, Iterable
from datetime import date
from pathlib import Path

from archive.keys import month
from archive.records import Article
from jobs.console import safe
from jobs.errors import JobsError
from jobs.export_html import INDEX, Listed, article_page, index_page
from jobs.markdown import escaped, markdown_text

_BAG = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_MANIFEST = "manifest-sha256.txt"
_SLUG_LENGTH = 60
_ID_LENGTH = 12
_ID_IN_NAME = re.compile(rf"([0-9a-f]{{{_ID_LENGTH}}})-r\d+\.")


def markdown(article: Article) -> str:
    """The article in Markdown with YAML front matter; text from the web can be no markup in it."""
    front = "".join(f"{name}: {_yaml(value)}\n" for name, value in _facts(article).items() if value)
    heading = f"# {escaped(_one_line(article.title))}\n\n" if article.title else ""
    return f"---\n{front}---\n\n{heading}{markdown_text(article)}\n"


def plain_text(article: Article) -> str:
    """The article as a headline, a line for each fact, and its paragraphs."""
    facts = "".join(f"{name}: {_shown(value)}\n" for name, value in _facts(article).items() if value)
    return f"{facts}\n{safe(article.text)}\n"


FOLDER_FORMATS: dict[str, tuple[str, Callable[[Article], str]]] = {
    "markdown": (".md", markdown),
    "text": (".txt", plain_text),
    "html": (".html", article_page),
}
"""Name -> end of the files' names, and what renders an article."""


def write_folder(
    articles: Iterable[Article], folder: Path, form: str, *, removed: Callable[[str], Collection[str]] = lambda site: ()
) -> None:
    """Write the bag; JobsError when something else is in that folder, or the disk refuses.

    Files that an interrupted download left are kept where their bytes are the same. They go where their articles were
    taken down meanwhile: `removed` gives the ids of those of a site.
    """
    suffix, render = FOLDER_FORMATS[form]
    checksums: dict[str, str] = {}
    listed: list[Listed] = []

    def write(path: str, text: str) -> None:
        data = text.encode()
        _write(folder / path, data)
        checksums[path] = hashlib.sha256(data).hexdigest()

    try:
        _begin(folder)
        for article in articles:
            path = f"{article.site}/{month(article.published)}/{file_name(article)}{suffix}"
            write(f"data/{path}", render(article))
            if form == "html":
                listed.append(Listed.of(article, path))
        if form == "html":
            write(f"data/{INDEX}", index_page(listed))
        _clear(folder, checksums, removed)
        _write(folder / "bagit.txt", _BAG)
        _write(
            folder / _MANIFEST, "".join(f"{digest}  {path}\n" for path, digest in sorted(checksums.items())).encode()
        )
    except OSError as exc:
        raise JobsError(f"{folder}: cannot be written: {exc.strerror or exc}; check it and the free space") from exc


def is_whole(folder: Path) -> bool:
    """Whether the bag there is complete."""
    return (folder / _MANIFEST).is_file()


def file_name(article: Article) -> str:
    """`<day>-<headline>-<id>-r<revision>`: ASCII letters, digits and hyphens, unique, and a name on every system."""
    day = article.published or "undated"
    plain = unicodedata.normalize("NFKD", article.title or "").encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[:_SLUG_LENGTH].strip("-")
    return "-".join(part for part in (str(day), slug, article.url_id[:_ID_LENGTH], f"r{article.revision}") if part)


def _begin(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    there = {path.name for path in folder.iterdir()}
    if _MANIFEST in there:
        raise JobsError(f"{folder}: holds a whole download already; name a new folder")
    (folder / "data").mkdir(exist_ok=True)
    linked = (path for path in (folder / "data", *folder.rglob("*")) if path.is_symlink())
    for foreign in (*sorted(there - {"data", "bagit.txt"}), *linked):
        raise JobsError(f"{folder}: {foreign} is not from a download; name a new folder")


def _clear(folder: Path, written: Container[str], removed: Callable[[str], Collection[str]]) -> None:
    """Remove files of articles that were taken down; refuse any other that is not from this download."""
    for path in sorted(folder.glob("data/**/*")):
        name = path.relative_to(folder)
        if path.is_dir() or name.as_posix() in written:
            continue
        match = _ID_IN_NAME.search(path.name)
        if not match or not any(url_id.startswith(match[1]) for url_id in removed(name.parts[1])):
            raise JobsError(f"{folder}: {name} is from another download; remove it, or name a new folder")
        path.unlink()


def _write(path: Path, data: bytes) -> None:
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)


def _facts(article: Article) -> dict[str, str | list[str] | date | int | None]:
    return {
        "title": article.title,
        "authors": list(article.authors),
        "published": article.published_at.isoformat() if article.published_at else article.published,
        "modified": article.modified_at.isoformat() if article.modified_at else article.modified,
        "site": article.site,
        "section": article.section,
        "tags": list(article.tags),
        "language": article.language,
        "url": article.url,
        "fetched": article.fetched.isoformat(),
        "revision": article.revision,
        "flags": list(article.flags),
        "url_id": article.url_id,
    }


def _yaml(value: object) -> str:
    """JSON, which YAML 1.2 includes (section 1.3 of its specification)."""
    return safe(json.dumps(value, ensure_ascii=False, default=str))


def _shown(value: object) -> str:
    return _one_line("; ".join(value) if isinstance(value, list) else str(value))


def _one_line(text: str) -> str:
    return " ".join(safe(text).split())
