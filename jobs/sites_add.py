"""Proposing a profile for a site, from its home page: every value with the place that it came from.

home page, robots.txt -> feeds and sitemaps that announce something -> article URLs -> their shapes
                                                                    -> sample pages -> time zone, dates, language
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from archive.records import ArticleDraft
from crawler.announced import Announced, Found, SourceError
from crawler.markup import Unreadable, read_markup
from crawler.metadata import Statements
from crawler.profile import SiteProfile
from crawler.sitemaps import read_robots_sitemaps
from crawler.source_rules import SourceKind
from crawler.sources import read_source
from crawler.url_shapes import Shape, learn_shapes
from jobs.config import BUILTIN, Config
from jobs.errors import JobsError
from jobs.extractor import Extract
from jobs.sites_check import plain_profile
from jobs.sites_fetch import Fetch, Fetched
from jobs.sites_learned import Learned, find_date_order, find_language, find_time_zone, find_title
from jobs.sites_page import capture_of
from jobs.sites_source import newest_entries

USUAL_FEEDS = ("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feeds")
"""Paths where feeds lie that no page names."""

USUAL_SITEMAPS = ("/news-sitemap.xml", "/sitemap-news.xml", "/sitemap.xml", "/sitemap_index.xml")
"""Paths where sitemaps lie that robots.txt does not name."""

MOST_SOURCES = 5
"""Feeds, and sitemaps, that are tried."""

SAMPLES = 3
"""Articles that are read."""

MOST_URLS = 2_000
"""Article URLs that patterns are learned from."""

_NO_ARTICLE = re.compile(r"/(tag|tags|author|authors|category|topic|topics|search|login|newsletters?)(/|$)")
_LONG_HEADLINE = 25

_Sample = tuple[ArticleDraft, Statements | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A feed or sitemap that announces something."""

    kind: SourceKind
    url: str
    found: tuple[Found, ...]
    origin: str
    """Where its address came from."""
    only_new: bool
    """Whether it lists what is new and not everything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """What was found out about a site."""

    home: str
    name: str
    title: Learned
    hosts: tuple[str, ...]
    zone: Learned
    language: Learned | None
    date_order: Learned | None
    feeds: tuple[Source, ...]
    sitemaps: tuple[Source, ...]
    shapes: tuple[Shape, ...]
    announced: int
    """Article URLs that the shapes were learned from."""
    learned_from: str
    """What announced them."""
    links: int
    """Links of the home page on the site's hosts."""
    linked_articles: int
    """Those that a shape matches."""
    samples: tuple[str, ...]
    """Addresses of the articles that were read."""


def propose(url: str, fetch: Fetch, extract: Extract, *, name: str | None = None) -> Proposal:
    """Find out about the site whose home page this is; JobsError if it cannot be had."""
    if name and not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", name):
        raise JobsError(f"--name {name!r}: write 1 to 63 of a-z, 0-9 and -, a letter or digit first")
    home = _fetched_home(url, fetch)
    links = _read("section", home) or Announced()
    feeds = _feeds(home.url, links, fetch)
    sitemaps = _sitemaps(home.url, fetch)
    plain = plain_profile(home.url)
    announced, learned_from = _announced([*feeds, *sitemaps], links, plain)
    hosts = _hosts(plain, announced)
    profile = SiteProfile(name="page", title="", hosts=hosts)
    urls = list(dict.fromkeys(profile.canonical(found.url) for found in announced if profile.has_host(found.url)))
    shapes = learn_shapes(urls)
    linked = [profile.canonical(found.url) for found in links.found if profile.has_host(found.url)]
    articles = [found for found in announced if _matches(shapes, profile.canonical(found.url))]
    samples = _samples(articles, profile, fetch, extract)
    drafts = [draft for draft, _ in samples]
    statements = [_statements(home), *(each for _, each in samples)]
    return Proposal(
        home=home.url,
        name=name or short_name(home.url),
        title=find_title(statements, hosts[0]),
        hosts=hosts,
        zone=find_time_zone(drafts, home.url, [each.html_language or "" for each in statements if each]),
        language=find_language(drafts),
        date_order=find_date_order(drafts),
        feeds=tuple(feeds),
        sitemaps=tuple(sitemaps),
        shapes=shapes,
        announced=len(urls),
        learned_from=learned_from,
        links=len(linked),
        linked_articles=sum(_matches(shapes, link) for link in linked),
        samples=tuple(draft.url for draft in drafts),
    )


def short_name(url: str) -> str:
    """A name for the site of this URL, from its host."""
    host = plain_profile(url).hosts[0]
    return re.sub(r"[^a-z0-9-]", "-", host.removeprefix("www.").partition(".")[0]).strip("-") or "site"


def profile_path(config: Config, name: str) -> Path:
    """A new file in the first folder of profiles; JobsError if there is no folder, or the file is there already."""
    for entry in config.sites:
        folder = config.folder / entry
        if not entry.startswith(BUILTIN) and folder.is_dir():
            if (path := folder / f"{name}.toml").exists():
                raise JobsError(f"{path}: exists already; choose another --name, or leave --write out")
            return path
    raise JobsError(f"sites: {', '.join(config.sites)}: there is no folder of profiles; make one, or leave --write out")


def _fetched_home(url: str, fetch: Fetch) -> Fetched:
    plain_profile(url)
    home = fetch(url)
    if home.problem:
        raise JobsError(f"{url}: {home.problem}{f': {home.detail}' if home.detail else ''}; the home page is needed")
    return home


def _read(kind: SourceKind, fetched: Fetched) -> Announced | None:
    """What it announces, None if it is not of that kind."""
    try:
        return None if fetched.problem else read_source(kind, fetched.body, fetched.url, fetched.content_type)
    except SourceError:
        return None


def _feeds(home: str, links: Announced, fetch: Fetch) -> list[Source]:
    named = [(url, "named in the head of the home page") for url in links.feeds]
    usual = [(urljoin(home, path), "a usual place, nothing names it") for path in USUAL_FEEDS]
    return _sound("feed", named, fetch)[:MOST_SOURCES] or _sound("feed", usual, fetch)[:1]


def _sitemaps(home: str, fetch: Fetch) -> list[Source]:
    robots = fetch(urljoin(home, "/robots.txt"))
    lines = () if robots.problem else read_robots_sitemaps(robots.body)
    # News sitemaps first: robots.txt may name a hundred others.
    named = [(url, "named in robots.txt") for url in sorted(lines, key=lambda url: "news" not in url.lower())]
    usual = [(urljoin(home, path), "a usual place, nothing names it") for path in USUAL_SITEMAPS]
    return _sound("sitemap", named, fetch) or _sound("sitemap", usual, fetch)[:1]


def _sound(kind: SourceKind, candidates: Iterable[tuple[str, str]], fetch: Fetch) -> list[Source]:
    """The first few candidates that announce something that those before them do not."""
    sources: list[Source] = []
    known: set[str] = set()
    for url, origin in islice(candidates, 2 * MOST_SOURCES):
        fetched = fetch(url)
        announced = _read(kind, fetched)
        found = [*announced.found, *newest_entries(announced.sitemaps, fetch)] if announced else []
        if not known.issuperset(entry.url for entry in found):
            known.update(entry.url for entry in found)
            news = kind == "feed" or any(entry.announcement.kind == "news_sitemap" for entry in found)
            sources.append(Source(kind=kind, url=fetched.url, found=tuple(found), origin=origin, only_new=news))
        if len(sources) == MOST_SOURCES:
            break
    return sources


def _announced(sources: Sequence[Source], links: Announced, plain: SiteProfile) -> tuple[list[Found], str]:
    """Article URLs from the best kind of source that has any, and what that was."""
    kinds: tuple[tuple[str, Callable[[Source], bool]], ...] = (
        ("feeds and news sitemaps", lambda source: source.only_new),
        ("sitemaps", lambda source: True),
    )
    for what, chosen in kinds:
        found = [entry for source in sources if chosen(source) for entry in source.found]
        if articles := [entry for entry in found if urlsplit(entry.url).path.strip("/")]:
            return articles[:MOST_URLS], what
    headlines = [
        link
        for link in links.found
        if plain.has_host(link.url)
        and len(link.announcement.title or "") >= _LONG_HEADLINE
        and not _NO_ARTICLE.search(urlsplit(link.url).path)
    ]
    return headlines, "links of the home page with a long text, since no feed or sitemap was found"


def _hosts(plain: SiteProfile, announced: Iterable[Found]) -> tuple[str, ...]:
    """The home page's host, and those of a twentieth of the articles or more that share its domain."""
    domain = plain.hosts[0].removeprefix("www.")
    nets = Counter(urlsplit(plain.canonical(found.url)).netloc for found in announced)
    fewest = max(1, nets.total() // 20)
    others = (net for net, count in nets.most_common(10) if count >= fewest and net.endswith(f".{domain}"))
    return tuple(dict.fromkeys((plain.hosts[0], *others)))


def _matches(shapes: Iterable[Shape], url: str) -> bool:
    return any(re.search(shape.pattern, url) for shape in shapes)


def _samples(found: Sequence[Found], profile: SiteProfile, fetch: Fetch, extract: Extract) -> list[_Sample]:
    """A few articles, and what their heads say; at most twice as many pages are asked for."""
    samples: list[_Sample] = []
    for entry in found[: 2 * SAMPLES]:
        if len(samples) == SAMPLES:
            break
        fetched = fetch(entry.url)
        if fetched.problem:
            continue
        _, draft = extract(capture_of(fetched, profile, entry.announcement), profile)
        if draft is not None:
            samples.append((draft, _statements(fetched)))
    return samples


def _statements(fetched: Fetched) -> Statements | None:
    try:
        return Statements(read_markup(fetched.body, fetched.content_type).tree, fetched.url)
    except Unreadable:
        return None
