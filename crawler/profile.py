"""Site profiles: what presskeep knows of a site, one TOML file each.

A profile says where articles are announced, which URLs are articles, how politely to fetch, and, where the
general extraction needs help, where title, authors, date and body stand in the page.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator
from datetime import timedelta
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Literal
from urllib.parse import urljoin, urlsplit

from pydantic import Field, ValidationError

from crawler.errors import ProfileError
from crawler.profile_fields import (
    DateRegex,
    Hosts,
    Language,
    Listed,
    Name,
    Recheck,
    Regex,
    Rewrites,
    Schedule,
    Selector,
    Table,
    TimeZone,
)
from crawler.retention_periods import FOREVER, Period
from crawler.source_rules import Listing, SourceKind, Sources
from crawler.traps import trap
from crawler.urls import InvalidUrl, canonical_url

_VERSION = version("presskeep")


class ArticleRules(Table):
    """Which URLs are articles. A URL must be on one of the hosts, match an include and no exclude."""

    include: Listed[Regex] = (".*",)
    """Searched in the canonical URL."""
    exclude: Listed[Regex] = ()
    """Searched in the canonical URL."""
    rewrite: Rewrites = Field(default_factory=dict)
    """Regex -> replacement, with `\\1` for groups, applied to the canonical URL before the rules above: one name for an
    article that stands at several addresses."""


class ExtractRules(Table):
    """Help for extraction; CSS selectors unless said otherwise. Everything is optional."""

    title: Selector | None = None
    """Element that holds the headline."""
    body: Selector | None = None
    """Element that holds the article's body."""
    authors: Selector | None = None
    """Elements that hold one author name each."""
    date: Selector | None = None
    """Element that holds the date of publication."""
    date_order: Literal["DMY", "MDY", "YMD"] | None = None
    """How the site writes numeric dates; without it an ambiguous date is not used."""
    url_date: DateRegex | None = None
    """Regex with named groups `year`, `month`, `day`, searched in the URL."""
    drop: Listed[Selector] = ()
    """Elements removed before extraction."""
    stop_at: Listed[Regex] = ()
    """The text ends before the first line that one of these matches whole."""
    drop_lines: Listed[Regex] = ()
    """Lines that one of these matches whole are taken out."""
    languages: dict[Regex, Language] = Field(default_factory=dict)
    """Regex searched in the URL -> BCP 47 tag, first match wins; for sites with several editions."""


class FetchRules(Table):
    """How politely to fetch."""

    delay: float = Field(default=1.0, ge=0, le=600)
    """Seconds between two requests to one host."""
    concurrency: int = Field(default=1, ge=1, le=16)
    """Requests under way at one host at once."""
    max_crawl_delay: float = Field(default=30.0, ge=0, le=3600)
    """The longest Crawl-delay of robots.txt that is honoured, in seconds; 0 takes no notice of it."""
    requests_per_run: int | None = Field(default=None, ge=1)
    """Requests that one run may send, redirects and retries too; what is left over is put off to the next."""
    requests_per_day: int | None = Field(default=None, ge=1)
    """The same for all runs of one day (UTC)."""
    verify_tls: bool = True
    """False takes any certificate of the site's hosts: expired, self-signed, of another host. Each run logs it."""
    recheck: Recheck = (
        timedelta(hours=1),
        timedelta(hours=6),
        timedelta(days=1),
        timedelta(days=7),
        timedelta(days=30),
    )
    """Ages after first sight at which an article is fetched again, written `["1h", "6h", "1d"]`; `[]` for never."""


class SiteProfile(Table):
    """All that is known of one site."""

    name: Name
    """Short name, used in commands and object keys: lower-case letters, digits, hyphens."""
    title: str
    """The site's own name, also removed from the end of page titles."""
    hosts: Hosts
    """Host names its articles stand on, lower case, with `:port` only if it is not the scheme's own. Twins need not be
    listed: a host with and without `www.`, `m.`, `mobile.` or `amp.` is one, under the name that stands here first."""
    timezone: TimeZone = "UTC"
    """Time zone of dates that name none."""
    language: Language | None = None
    """BCP 47 tag of the site where pages do not say."""
    schedule: Schedule | None = None
    """Five-field crontab line in `timezone`, or an interval such as `every 30m`; see jobs/schedule.py."""
    keep: Period = FOREVER
    """How long articles and pages are kept, from when they were fetched, see crawler/retention_periods.py."""
    keep_raw: Period = FOREVER
    """How long pages are kept; their articles stay."""
    sources: Sources = Sources()
    articles: ArticleRules = ArticleRules()
    extract: ExtractRules = ExtractRules()
    fetch: FetchRules = FetchRules()

    @property
    def extraction_hash(self) -> str:
        """First 16 hex digits of the SHA-256 of all that extraction depends on."""
        rules = self.model_dump_json(include={"title", "hosts", "timezone", "language", "extract"})
        return hashlib.sha256(rules.encode()).hexdigest()[:16]

    @property
    def discovery_hash(self) -> str:
        """First 16 hex digits of the SHA-256 of all that decides which URLs of a source are articles."""
        rules = self.model_dump_json(include={"hosts", "timezone", "articles", "sources"})
        return hashlib.sha256(f"{_VERSION} {rules}".encode()).hexdigest()[:16]

    @property
    def sources_asked(self) -> tuple[tuple[SourceKind, str], ...]:
        """Kind and URL of those sources that are asked first: those named, and where others are looked for."""
        named = self.sources.named
        if not self.sources.discovers:
            return named
        # A host with a port of its own is one of an intranet or a test.
        scheme = "http" if ":" in self.hosts[0] else "https"
        home = f"{scheme}://{self.hosts[0]}/"
        robots: tuple[SourceKind, str] = "robots", urljoin(home, "/robots.txt")
        return (*named, robots) if named else (robots, ("section", home))

    def canonical(self, url: str) -> str:
        """`canonical_url(url)` with this site's twin hosts folded and its rewrites applied; InvalidUrl as there."""
        parts = urlsplit(canonical_url(url))
        host = next((host for host in self.hosts if bare_host(host) == bare_host(parts.netloc)), parts.netloc)
        canonical = parts._replace(netloc=host).geturl()
        for pattern, replacement in self.articles.rewrite.items():
            canonical = re.sub(pattern, replacement, canonical)
        return canonical

    def identity(self, url: str, link: str | None) -> str:
        """The canonical form of the article at `url` whose page names `link` as canonical; InvalidUrl as `canonical`.

        The link counts if it is another article of this site; a link to the front page is a publisher's mistake.
        """
        if link is not None and self.accepts(link) and urlsplit(link).path not in ("", "/"):
            return self.canonical(link)
        return self.canonical(url)

    def has_host(self, url: str) -> bool:
        """Whether the URL is on one of the site's hosts; False for what is no fetchable URL."""
        return self._own(url) is not None

    def accepts(self, url: str) -> bool:
        """Whether the URL is an article of this site; False for what is no fetchable URL."""
        own, rules = self._own(url), self.articles
        if own is None or trap(own):
            return False
        return _any_matches(rules.include, own) and not _any_matches(rules.exclude, own)

    def _own(self, url: str) -> str | None:
        """The canonical URL if it is on one of the hosts."""
        try:
            canonical = self.canonical(url)
        except InvalidUrl:
            return None
        return canonical if urlsplit(canonical).netloc in self.hosts else None


_TWIN_PREFIX = re.compile(r"(www|m|mobile|amp)\.(?=[^.]+\.)")


def bare_host(host: str) -> str:
    """The host without `www.`, `m.`, `mobile.` or `amp.`: the same for twins."""
    return host[match.end() :] if (match := _TWIN_PREFIX.match(host)) else host


def _any_matches(patterns: Iterable[str], text: str) -> bool:
    return any(re.search(pattern, text) for pattern in patterns)


def load_profile(path: Path) -> SiteProfile:
    """Read one profile; ProfileError names the file, the key, the value and the reason, a line for each finding."""
    try:
        return _parse(path.read_bytes(), str(path))
    except OSError as exc:
        raise ProfileError(f"{path}: cannot be read: {exc.strerror}") from exc


def load_profiles(paths: Iterable[Path]) -> dict[str, SiteProfile]:
    """Read files, and all `*.toml` of folders, by name; ProfileError also if two files give one name."""
    profiles: dict[str, SiteProfile] = {}
    origins: dict[str, Path] = {}
    for path in _files(paths):
        profile = load_profile(path)
        other = origins.setdefault(profile.name, path)
        if not other.samefile(path):
            raise ProfileError(f"{path}: name: {profile.name!r}: {other} has this name already; rename one of them")
        profiles[profile.name] = profile
    return profiles


def builtin_profiles() -> dict[str, SiteProfile]:
    """The profiles that come with presskeep, by name."""
    folder = resources.files("crawler.sites")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    profiles = [_parse(file.read_bytes(), f"built-in {file.name}") for file in files]
    return {profile.name: profile for profile in profiles}


def describe_errors(error: ValidationError) -> Iterator[str]:
    """A line for each finding: the dotted key, the value, the reason."""
    for finding in error.errors(include_url=False):
        kind, key = finding["type"], _dotted(finding["loc"])
        if kind == "extra_forbidden":
            yield f"{key}: unknown key; {_suggestion(str(finding['loc'][-1]))}"
        elif kind == "missing":
            yield f"{key}: is required"
        else:
            reason = _REASONS.get(kind) or finding["msg"].removeprefix("Value error, ")
            yield f"{key}: {_shown(finding['input'])}: {reason}"


_REASONS = {
    "tuple_type": 'must be a list such as ["…"]',
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
}


def _parse(content: bytes, origin: str) -> SiteProfile:
    try:
        return SiteProfile.model_validate(tomllib.loads(content.decode()))
    except UnicodeDecodeError as exc:
        raise ProfileError(f"{origin}: not UTF-8 text at byte {exc.start}; save it as UTF-8") from exc
    except tomllib.TOMLDecodeError as exc:
        raise ProfileError(f"{origin}: not TOML: {exc}") from exc
    except ValidationError as exc:
        raise ProfileError("\n".join(f"{origin}: {line}" for line in describe_errors(exc))) from exc


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(path.glob("*.toml"))
        else:
            yield path


def _dotted(location: tuple[int | str, ...]) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{_key(part)}" for part in location if part != "[key]")
    return "".join(parts).removeprefix(".") or "(whole file)"


def _key(part: str) -> str:
    return part if re.fullmatch(r"[\w-]+", part) else repr(part)


def _suggestion(key: str) -> str:
    tables = (SiteProfile, Sources, Listing, ArticleRules, ExtractRules, FetchRules)
    known = [name for table in tables for name in table.model_fields]
    close = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {close[0]!r}?" if close else "remove it"


def _shown(value: object) -> str:
    """The value for a message: on one line, short, and without the password that a URL may hold."""
    shown = re.sub(r"//\S*@", "//***@", repr(value))
    return shown if len(shown) <= 200 else f"{shown[:200]}…"
