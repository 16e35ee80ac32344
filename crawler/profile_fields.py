"""What a site profile is made of: types that check their value and say in one line what is wrong with it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lxml.cssselect import CSSSelector, SelectorError
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Strict

from crawler.dated_urls import check_pattern
from crawler.urls import InvalidUrl, absolute_url, canonical_url


class Table(BaseModel):
    """A table of a profile: unknown keys are refused, nothing is converted, nothing changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_AGE = re.compile(r"(?P<number>\d{1,4})(?P<unit>[mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("must be 1 to 63 lower-case letters, digits and hyphens, with a letter or digit first")
    return name


def _regex(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as exc:
        raise ValueError(f"is no regular expression: {exc}") from exc
    return pattern


def _date_regex(pattern: str) -> str:
    lacking = {"year", "month", "day"} - set(re.compile(_regex(pattern)).groupindex)
    if lacking:
        raise ValueError(f"lacks the named group {', '.join(sorted(lacking))}; write (?P<year>\\d{{4}}) and so on")
    return pattern


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ValueError("is no IANA time zone such as Europe/Berlin") from exc
    return name


def _selector(selector: str) -> str:
    try:
        CSSSelector(selector)
    except SelectorError as exc:
        raise ValueError(f"is no CSS selector: {exc}") from exc
    return selector


def _source_url(url: str) -> str:
    if re.match(r"https?://[^/?#]*@", url, re.IGNORECASE):
        raise ValueError("must not hold a user name or password")
    try:
        absolute_url(url)
    except InvalidUrl as exc:
        raise ValueError(exc.detail) from exc
    return url


def _listing_url(url: str) -> str:
    _source_url(url.replace("{page}", "1"))
    if url.count("{page}") > 1:
        raise ValueError("may hold {page} only once")
    return url


def _json_path(path: str) -> str:
    if path and not all(path.split(".")):
        raise ValueError('is no path such as "Data.Articles"')
    return path


def _host(host: str) -> str:
    try:
        names = {urlsplit(canonical_url(f"{scheme}://{host}/")).netloc for scheme in ("http", "https")}
    except InvalidUrl as exc:
        raise ValueError(exc.detail) from exc
    if names != {host}:
        raise ValueError(
            "must be a host name in lower case (in xn-- form if not ASCII), without scheme, path and usual port"
        )
    return host


def _hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    if not hosts:
        raise ValueError("must name at least one host")
    return hosts


def _rewrites(rewrites: dict[str, str]) -> dict[str, str]:
    for pattern, replacement in rewrites.items():
        try:
            re.sub(pattern, replacement, "")
        except (re.error, IndexError) as exc:
            raise ValueError(f"{replacement!r} cannot replace {pattern!r}: {exc}") from exc
    return rewrites


def _recheck(ages: object) -> object:
    """Texts such as `6h` as time spans; pydantic checks what is no list of texts."""
    if not isinstance(ages, list | tuple):
        return ages
    spans = tuple(_age(age) if isinstance(age, str) else age for age in ages)
    if all(isinstance(span, timedelta) for span in spans) and list(spans) != sorted(set(spans)):
        raise ValueError('must ascend, such as ["1h", "6h", "1d"]')
    return spans


def _age(age: str) -> timedelta:
    match = _AGE.fullmatch(age)
    if match is None or int(match["number"]) == 0:
        raise ValueError(f'{age!r} is no age such as "30m", "6h" or "7d"')
    return timedelta(**{_UNITS[match["unit"]]: int(match["number"])})


def _language(tag: str) -> str:
    if not _LANGUAGE.fullmatch(tag):
        raise ValueError("is no BCP 47 language tag such as en, ckb or pt-BR")
    return tag


def _schedule(line: str) -> str:
    if len(line.split()) != 5 and not line.startswith("every "):
        raise ValueError('must have five fields, "minute hour day month weekday", such as "*/30 * * * *"')
    return line


T = TypeVar("T")
Listed = Annotated[tuple[T, ...], Strict(False)]
"""A TOML array, kept as a tuple; its items stay strict."""

Name = Annotated[str, AfterValidator(_name)]
Regex = Annotated[str, AfterValidator(_regex)]
DateRegex = Annotated[str, AfterValidator(_date_regex)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Selector = Annotated[str, AfterValidator(_selector)]
DatedUrl = Annotated[str, AfterValidator(check_pattern)]
SourceUrl = Annotated[str, AfterValidator(_source_url)]
ListingUrl = Annotated[str, AfterValidator(_listing_url)]
JsonPath = Annotated[str, AfterValidator(_json_path)]
Hosts = Annotated[Listed[Annotated[str, AfterValidator(_host)]], AfterValidator(_hosts)]
Rewrites = Annotated[dict[Regex, str], AfterValidator(_rewrites)]
Language = Annotated[str, AfterValidator(_language)]
Schedule = Annotated[str, AfterValidator(_schedule)]
Recheck = Annotated[tuple[timedelta, ...], BeforeValidator(_recheck)]
