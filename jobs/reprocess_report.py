"""The report of a reprocessing as one HTML file that needs nothing else: counts, and changes side by side.

All that came from the web is escaped, and the page's own policy forbids scripts and requests.
"""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterator
from html import escape
from typing import Any

from archive.records import Article
from crawler.reprocessed import Change
from jobs.reprocess import ReprocessReport

_WIDTH = 66
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 78em; padding: 0 1em; color: #222 }
table { border-collapse: collapse; width: 100%; table-layout: fixed }
td, th { border: 1px solid #ccc; padding: .3em .5em; text-align: left; vertical-align: top; overflow-wrap: anywhere }
th { width: 10em } table.diff td { font: 13px/1.4 monospace; border: 0 } table.diff .diff_header { width: 3em }
.diff_add { background: #c8f0c8 } .diff_chg { background: #fff3b0 } .diff_sub { background: #f6c8c8 }
"""


def html_report(report: ReprocessReport) -> bytes:
    """The page, UTF-8."""
    return "\n".join(_page(report)).encode()


def _page(report: ReprocessReport) -> Iterator[str]:
    yield "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'>"
    yield "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f"<title>Reprocessing of {escape(report.site)}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>Reprocessing of {escape(report.site)}</h1>"
    done = f"{report.replaced:,} batches replaced" if report.applied else "a dry run, nothing was changed"
    yield (
        f"<p>{report.extracted:,} captures in {report.batches:,} batches: {report.changed:,} articles differ, "
        f"{report.found:,} are new; {done}.</p>"
    )
    yield from _counts("field that differs", report.fields)
    yield from _counts("article not found any more, and kept", report.kept)
    for change in report.examples:
        yield from _example(change)
    yield "</body></html>"


def _counts(heading: str, counts: dict[str, int]) -> Iterator[str]:
    if counts:
        yield f"<table><tr><th>{heading}</th><td>articles</td></tr>"
        for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            yield f"<tr><th>{escape(name)}</th><td>{count:,}</td></tr>"
        yield "</table>"


def _example(change: Change) -> Iterator[str]:
    kind = "new" if change.old is None else ", ".join(change.fields)
    yield f"<h2>{escape(change.new.title or change.new.url)}</h2><p>{escape(change.new.url)} ({escape(kind)})</p>"
    others = [name for name in change.fields if name != "text"] if change.old else ["title", "authors", "published"]
    if others:
        yield "<table><tr><th></th><td>before</td><td>now</td></tr>"
        for name in others:
            before = _shown(getattr(change.old, name)) if change.old else ""
            yield f"<tr><th>{name}</th><td>{before}</td><td>{_shown(getattr(change.new, name))}</td></tr>"
        yield "</table>"
    if change.old is None or "text" in change.fields:
        table = difflib.HtmlDiff().make_table(
            _lines(change.old), _lines(change.new), "before", "now", context=True, numlines=1
        )
        yield table.replace('nowrap="nowrap"', "").replace("&nbsp;", " ")


def _lines(article: Article | None) -> list[str]:
    paragraphs = article.text.split("\n\n") if article else []
    return [line for paragraph in paragraphs for line in [*textwrap.wrap(paragraph, _WIDTH), ""]]


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return "<br>".join(escape(str(part)[:500]) for part in value)
    return escape(str(value)[:2000]) if value is not None else "–"
