"""A news site as a value: its pages, its manners, its faults; and how a folder becomes one.

    pages/harbour/site.toml             name, title, language, a table per article, faults
    pages/harbour/ferry.html            a page, `{{base}}` stands for the site's base URL
    pages/harbour/ferry.expected.json   what should be kept of it; read by tests only
    pages/harbour/profile.toml          the site profile, with `{{base}}` and `{{host}}`

Everything but the HTML may be missing: a plain folder of `*.html` and `*.html.gz` is a site too.
"""

from __future__ import annotations

import gzip
import html
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from tests.newsroom.faults import Fault

PAGES = Path(__file__).with_name("pages")
"""The folder of the sites that come with the newsroom."""

_FIRST_DAY = datetime(2024, 1, 1, 8, tzinfo=UTC)
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One HTML page of a site."""

    path: str
    """URL path, with a leading slash and the query if it has one, percent-encoded."""
    title: str
    """Headline, as feeds and lists show it."""
    published: datetime
    """Aware, in the site's time zone."""
    modified: datetime | None = None
    """Aware; None if the page never changed."""
    section: str = "news"
    """Section it is listed under."""
    language: str = "en"
    """BCP 47 tag."""
    charset: str | None = None
    """Charset that Content-Type names; None names none."""
    article: bool = True
    """False for an imprint and the like: linked, but in no feed, section or news sitemap."""
    source: Path | bytes
    """File (`.gz` is unpacked) or the page itself."""

    @property
    def changed(self) -> datetime:
        """When the page last changed."""
        return self.modified or self.published

    def read(self) -> bytes:
        """The page, with `{{base}}` still in it."""
        return self.source if isinstance(self.source, bytes) else _read(self.source)


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """One news site. Exchange it in a running newsroom with `Newsroom.replace`."""

    name: str
    """Short name, as in site profiles."""
    title: str
    """The name readers know."""
    language: str = "en"
    """BCP 47 tag of its home page and feeds."""
    pages: tuple[Page, ...]
    """All pages, in any order."""
    faults: Mapping[str, Fault] = field(default_factory=dict)
    """Path (with its query, if any) -> what goes wrong there."""
    disallow: tuple[str, ...] = ("/private/",)
    """Paths that robots.txt closes to all."""
    crawl_delay: float | None = None
    """Seconds, as robots.txt asks."""
    feed_size: int = 50
    """How many articles a feed or the home page lists; sitemaps and sections list all."""
    page_size: int = 10
    """How many articles one page of a section lists."""
    profile_template: str | None = None
    """Site profile with `{{base}}` and `{{host}}`; None for a plain one."""

    @property
    def articles(self) -> list[Page]:
        """Articles, newest first."""
        return sorted((page for page in self.pages if page.article), key=lambda page: page.published, reverse=True)

    def profile(self, base_url: str) -> str:
        """The site profile (TOML) a user would write for this site when it stands at `base_url`."""
        template = self.profile_template or _plain_profile(self)
        return template.replace("{{base}}", base_url).replace("{{host}}", urlsplit(base_url).netloc)


def load_sites(folder: Path) -> list[Site]:
    """Every sub-folder that holds pages, by name."""
    return [load_site(path) for path in sorted(folder.iterdir()) if path.is_dir() and _html_files(path)]


def load_site(folder: Path) -> Site:
    """Read a folder of `*.html` and `*.html.gz`; what `site.toml` does not say is derived from the files.

    The path is then the file name, the headline its `<title>`, and the pages are published an hour apart, in the
    order of their names, from 1 January 2024. An unknown key in `site.toml` is a TypeError.
    """
    settings = _read_toml(folder / "site.toml")
    zone = ZoneInfo(settings.pop("timezone", "UTC"))
    shared = {"language": settings.get("language", "en"), "charset": settings.pop("charset", None)}
    details = settings.pop("pages", {})
    faults = {path: _fault(table) for path, table in settings.pop("faults", {}).items()}
    profile = folder / "profile.toml"
    return Site(
        **{"name": folder.name, "title": folder.name, **settings},
        pages=tuple(
            _page(file, order, zone, shared | details.get(_stem(file), {}))
            for order, file in enumerate(_html_files(folder))
        ),
        faults=faults,
        profile_template=profile.read_text(encoding="utf-8") if profile.exists() else None,
    )


def _html_files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.html"), *folder.glob("*.html.gz")])


def _stem(file: Path) -> str:
    return file.name.removesuffix(".gz").removesuffix(".html")


def _read_toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _fault(table: dict[str, Any]) -> Fault:
    return Fault(**(table | {"body": table["body"].encode()} if "body" in table else table))


def _page(file: Path, order: int, zone: ZoneInfo, details: dict[str, Any]) -> Page:
    values = {"path": f"/{quote(_stem(file))}.html", "published": _FIRST_DAY + timedelta(hours=order), **details}
    for key in values.keys() & {"published", "modified"}:
        values[key] = _moment(values[key], zone)
    values.setdefault("title", _title(file))
    return Page(**values, source=file)


def _moment(value: datetime | date, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        return datetime.combine(value, time(8), zone)
    return value if value.tzinfo else value.replace(tzinfo=zone)


def _title(file: Path) -> str:
    found = _TITLE.search(_read(file))
    if not found:
        return _stem(file)
    words = " ".join(html.unescape(found[1].decode("utf-8", "replace")).split())
    # XML, and so a feed, has no place for control characters.
    return "".join(character for character in words if character.isprintable())


def _read(file: Path) -> bytes:
    stored = file.read_bytes()
    return gzip.decompress(stored) if file.suffix == ".gz" else stored


def _plain_profile(site: Site) -> str:
    return (
        f"name = {json.dumps(site.name)}\n"
        f"title = {json.dumps(site.title, ensure_ascii=False)}\n"
        'hosts = ["{{host}}"]\n'
        f"language = {json.dumps(site.language)}\n"
        "\n[sources]\n"
        'feeds = ["{{base}}/rss.xml"]\n'
        'sitemaps = ["{{base}}/sitemap.xml"]\n'
        "\n[articles]\n"
        "exclude = ['/section/', '/$']\n"
        "\n[fetch]\n"
        "delay = 0\n"
    )
