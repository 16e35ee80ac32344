"""Articles as pages of HTML to be read offline in a browser: a page an article, and an index by day.

Nothing is fetched and no script runs: what the sites wrote is text here, and a Content-Security-Policy says so to the
browser too. Pages of scripts that run from right to left run so, and so does each paragraph and headline by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from html import escape
from itertools import groupby

from archive.passages import passages
from archive.records import Article
from jobs.article_view import right_to_left
from jobs.console import safe

INDEX = "index.html"

_TO_INDEX = f"../../{INDEX}"
"""From the folder of a site and month."""

_NO_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")

_PAGE = """<!doctype html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ max-width: 40em; margin: 2em auto; padding: 0 1em; font: 1.1em/1.6 serif; }}
.facts, nav {{ font: 0.85em/1.6 sans-serif; color: #555; }}
h1, h2, h3, h4, h5, h6 {{ font-family: sans-serif; line-height: 1.25; }}
h2, h3, h4, h5, h6 {{ font-size: 1em; }}
ul, ol {{ padding: 0 1.5em; }}
li {{ margin: 0.3em 0; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """An article in the index."""

    path: str
    """Of its page, from the folder of the index."""
    title: str
    site: str
    published: date | None
    language: str | None

    @classmethod
    def of(cls, article: Article, path: str) -> Listed:
        """What the index says of an article."""
        return cls(
            path=path,
            title=heading(article),
            site=article.site,
            published=article.published,
            language=article.language,
        )


def article_page(article: Article) -> str:
    """The page of one article."""
    body = f'<nav dir="ltr"><a href="{_TO_INDEX}">index</a></nav>\n{article_body(article)}'
    return _page(heading(article), body, language=article.language, text=article.text)


def article_body(article: Article) -> str:
    """Headline, facts, text and source of an article as HTML that is well-formed XML too."""
    text = "\n".join(_passage(kind, run) for kind, run in passages(article))
    facts = [", ".join(article.authors), str(article.published or ""), article.section or "", article.site]
    fetched = f"archived {article.fetched:%Y-%m-%d %H:%M} UTC, revision {article.revision}"
    return f"""<h1 dir="auto">{escaped(heading(article))}</h1>
<p class="facts" dir="auto">{escaped(" · ".join(fact for fact in facts if fact))}</p>
{text}
<p class="facts" dir="ltr">{_link(article.url)}, {fetched}</p>"""


def index_page(listed: Iterable[Listed]) -> str:
    """The index: days of publication, the newest first, those without a day at the end."""
    newest = sorted(listed, key=lambda one: (one.published or date.min, one.site, one.path), reverse=True)
    days = [_day(day, list(articles)) for day, articles in groupby(newest, key=lambda one: one.published)]
    title = f"{len(newest)} {'article' if len(newest) == 1 else 'articles'}"
    return _page(title, "\n".join([f"<h1>{title}</h1>", *days]), language="en")


def heading(article: Article) -> str:
    """The headline on one line, or what stands for one."""
    return " ".join((article.title or "(without a title)").split())


def escaped(text: str) -> str:
    """Text that is no markup, without characters that XML does not know (XML 1.0, section 2.2)."""
    return escape(_NO_XML.sub("", safe(text)))


def _passage(kind: str, paragraphs: Iterable[str]) -> str:
    if kind in ("ul", "ol"):
        return f"<{kind}>\n" + "\n".join(_block("li", item) for item in paragraphs) + f"\n</{kind}>"
    if kind == "blockquote":
        return "<blockquote>\n" + "\n".join(_block("p", part) for part in paragraphs) + "\n</blockquote>"
    # The headline is the only h1.
    return "\n".join(_block("h2" if kind == "h1" else kind, part) for part in paragraphs)


def _block(tag: str, text: str) -> str:
    return f'<{tag} dir="auto">{escaped(text)}</{tag}>'


def _day(day: date | None, articles: Iterable[Listed]) -> str:
    items = "\n".join(
        f'<li dir="auto" lang="{escaped(one.language or "und")}">'
        f'<a href="{escaped(one.path)}">{escaped(one.title)}</a> <bdi>({escaped(one.site)})</bdi></li>'
        for one in articles
    )
    return f'<h2 class="facts">{day or "undated"}</h2>\n<ul>\n{items}\n</ul>'


def _page(title: str, body: str, *, language: str | None, text: str = "") -> str:
    direction = "rtl" if right_to_left(text) else "ltr"
    return _PAGE.format(language=escaped(language or "und"), direction=direction, title=escaped(title), body=body)


def _link(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        return escaped(url)
    return f'<a href="{escaped(url)}" rel="noreferrer">{escaped(url)}</a>'
