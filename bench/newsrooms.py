"""The sites that the pipeline bench crawls, made from a folder of pages."""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Iterator, Sequence
from itertools import cycle, zip_longest
from pathlib import Path

from tests.newsroom import Page, Site, load_site

PROFILE = """\
name = "{name}"
title = "{name}"
hosts = ["{{{{host}}}}"]

[sources]
sitemaps = ["{{{{base}}}}{sitemap}"]

[articles]
include = ['.*']

[fetch]
delay = 0
concurrency = 8
"""
"""A newsroom's profile template: everything the sitemap names is an article, fetched as fast as the site answers."""

SITEMAP = "/sitemap-articles.xml.gz"
"""Path of the sitemap that names all articles of a site."""

_HEADLINE = re.compile(rb"<(?:title|h1)\b[^>]*>", re.IGNORECASE)
_FIRST_PARAGRAPH = re.compile(rb"</h1>.*?<(?:p|div)\b[^>]*>\s*(?=[^<]{80})", re.DOTALL | re.IGNORECASE)


def bench_sites(folder: Path, *, pages: int, sites: int, seed: int) -> list[Site]:
    """`pages` pages, dealt out to `sites` sites named `bench-1` and so on; ValueError if there is none below `folder`.

    They are drawn evenly from all sub-folders; `seed` decides which. Where these hold too few, pages come again with a
    number in headline and first paragraph.
    """
    order = random.Random(seed)
    drawn = _drawn(_sets(folder), order)
    if not drawn:
        raise ValueError(f"{folder}: no *.html or *.html.gz below it; name a folder of pages")
    dealt = [_copy(page, number // len(drawn), number) for number, page in zip(range(pages), cycle(drawn))]
    order.shuffle(dealt)
    return [_site(f"bench-{number + 1}", dealt[number::sites]) for number in range(sites)]


def _sets(folder: Path) -> Iterator[list[Page]]:
    """The pages of each folder that has any."""
    for path in [folder, *sorted(folder.rglob("*/"))]:
        if any(path.glob("*.html")) or any(path.glob("*.html.gz")):
            yield load_site(path).articles


def _drawn(sets: Iterator[list[Page]], order: random.Random) -> list[Page]:
    """All pages, so that each beginning of the list holds as many of one set as of another while they last."""
    shuffled = [order.sample(pages, len(pages)) for pages in sets]
    return [page for rank in zip_longest(*shuffled) for page in rank if page is not None]


def _copy(page: Page, generation: int, number: int) -> Page:
    """The page under a path of its own; the first generation is the page as it is."""
    path = f"/{number}{page.path}"
    html = page.read().replace(page.path.encode(), path.encode())
    if generation:
        mark = f"{number}. ".encode()
        html = _HEADLINE.sub(lambda found: found[0] + mark, html)
        html = _FIRST_PARAGRAPH.sub(lambda found: found[0] + mark, html, count=1)
    return dataclasses.replace(page, path=path, source=html)


def _site(name: str, pages: Sequence[Page]) -> Site:
    return Site(
        name=name,
        title=name,
        pages=tuple(pages),
        profile_template=PROFILE.format(name=name, sitemap=SITEMAP),
    )
