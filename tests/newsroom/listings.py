"""The pages that only list others: home page, sections in numbered pages, and a draft that robots.txt closes."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from urllib.parse import quote

from tests.newsroom.site import Page, Site

RIGHT_TO_LEFT = frozenset({"ar", "ckb", "fa", "he", "ur"})


def home(site: Site) -> bytes:
    """The newest articles, all sections, all other pages."""
    teasers = "\n".join(_teaser(page) for page in site.articles[: site.feed_size])
    others = "".join(_link(page.path, page.title) for page in site.pages if not page.article)
    return _document(
        site,
        site.title,
        f"<main>\n{teasers}\n</main>\n<footer>{others}{_link('/private/draft', 'Draft')}</footer>",
    )


def section(site: Site, name: str, number: int) -> bytes:
    """Page `number`, counted from 1, of the articles of one section, newest first."""
    articles = [page for page in site.articles if page.section == name]
    first = (number - 1) * site.page_size
    teasers = "\n".join(_teaser(page) for page in articles[first : first + site.page_size])
    return _document(
        site,
        f"{name} | {site.title}",
        f"<main>\n<h1>{escape(name)}</h1>\n{teasers}\n</main>\n{_pager(name, number, section_pages(site, name))}",
    )


def draft(site: Site) -> bytes:
    """A page that nobody who obeys robots.txt sees."""
    return _document(site, "Draft", "<main><h1>Draft</h1><p>Not for publication.</p></main>")


def sections(site: Site) -> list[str]:
    """Names of all sections that have articles."""
    return sorted({page.section for page in site.articles})


def section_pages(site: Site, name: str) -> int:
    """How many pages the section fills."""
    articles = sum(page.section == name for page in site.articles)
    return -(-articles // site.page_size)


def section_path(name: str, number: int = 1) -> str:
    """Path and query of one page of a section."""
    path = f"/section/{quote(name, safe='')}"
    return path if number == 1 else f"{path}?page={number}"


def _document(site: Site, title: str, content: str) -> bytes:
    direction = "rtl" if site.language in RIGHT_TO_LEFT else "ltr"
    menu = "".join(_link(section_path(name), name) for name in sections(site))
    return (
        f'<!DOCTYPE html>\n<html lang="{site.language}" dir="{direction}">\n'
        f'<head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        '<link rel="alternate" type="application/rss+xml" href="/rss.xml">\n'
        '<link rel="alternate" type="application/atom+xml" href="/atom.xml"></head>\n'
        f"<body><nav>{_link('/', site.title)}{menu}</nav>\n{content}\n</body></html>\n"
    ).encode()


def _teaser(page: Page) -> str:
    day = page.published.date().isoformat()
    return f'<article><h2>{_link(page.path, page.title)}</h2><time datetime="{day}">{day}</time></article>'


def _link(path: str, text: str) -> str:
    return f'<a href="{escape(path)}">{escape(text)}</a> '


def _pager(name: str, number: int, last: int) -> str:
    return f'<nav class="pager">{"".join(_numbers(name, number, last))}</nav>'


def _numbers(name: str, number: int, last: int) -> Iterable[str]:
    for other in range(1, last + 1):
        rel = ' rel="next"' if other == number + 1 else ""
        path = escape(section_path(name, other))
        yield f"<span>{other}</span> " if other == number else f'<a href="{path}"{rel}>{other}</a> '
