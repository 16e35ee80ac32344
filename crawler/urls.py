"""Addresses: which strings are fetchable URLs, and which of them name the same article.

Two forms of one URL are told apart. `absolute_url` gives the address to fetch: what the publisher wrote, made absolute
and ASCII. `canonical_url` gives the name of the article behind it, for comparing and for the archive's `url_id`, not
for fetching. Both refuse what cannot be fetched with InvalidUrl.

What names the same article follows RFC 3986 section 6.2.2 and the habits of web archives. The scheme (http or https),
the default port, user names, fragments, dot segments, the order of parameters, tracking and session parameters,
`index.html` and the AMP twin on the same host make no difference. A trailing slash does, because some servers tell
`/a` from `/a/`. So do the prefixes `www.`, `m.` and `amp.` of the host: only a site's profile knows that its twins
agree, so they are folded in `SiteProfile.canonical`.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from w3lib.url import canonicalize_url, safe_url_string

from crawler.errors import CrawlerError

MAX_LENGTH = 2083
"""Longest URL in characters; the limit of Internet Explorer, which publishers have learnt to keep."""

TRACKING = frozenset(
    {
        # Click ids of Google, Meta, Microsoft, Yandex, X, TikTok, LinkedIn, Pinterest, Adobe.
        *("gclid", "gclsrc", "dclid", "gbraid", "wbraid", "srsltid", "fbclid", "igsh", "igshid", "msclkid", "yclid"),
        *("ysclid", "twclid", "ttclid", "li_fat_id", "epik", "s_kwcid", "ef_id"),
        # Newsletters: Mailchimp, Marketo, Olytics, Vero, Drip, HubSpot.
        *("mc_cid", "mc_eid", "mkt_tok", "oly_anon_id", "oly_enc_id", "vero_id", "vero_conv", "__s", "_hsenc", "_hsmi"),
        # Web analytics: Google, Matomo, AT Internet, Adobe, OpenStat.
        *("_ga", "_gl", "_gac", "pk_campaign", "pk_kwd", "pk_keyword", "pk_source", "pk_medium", "pk_content"),
        *("xtor", "s_cid", "_openstat"),
        # Referral marks of publishers and portals.
        *("ocid", "cmpid", "icid", "ncid", "smid", "smtyp", "ftag", "guccounter", "guce_referrer", "guce_referrer_sig"),
        *("ref_src", "ref_url", "traffic_source", "__twitter_impression"),
        # Sessions of PHP, Java, ASP, ColdFusion.
        *("phpsessid", "jsessionid", "aspsessionid", "cfid", "cftoken"),
        # AMP viewers.
        *("amp_js_v", "amp_gsa", "usqp", "__amp_source_origin"),
    }
)
"""Query parameters, lower case, that never choose the article. Names that do so on some sites (`id`, `ref`, `source`,
`cid`, `sid`, `m`) are left alone: a twin kept is cheaper than an article lost."""

TRACKING_PREFIXES = ("utm_", "mtm_", "matomo_", "hsa_", "at_custom", "ns_mchannel", "ns_campaign", "ns_linkname")
"""Starts of further such parameters: Urchin/Google, Matomo, HubSpot, AT Internet, comScore."""

AMP_VALUES = {"amp": {"", "1", "true"}, "outputtype": {"amp"}}
"""Parameters that only with these values ask for the AMP twin of a page."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_TWIN_PATHS = (
    (re.compile(r";(jsessionid|phpsessid)=[^/;]*", re.IGNORECASE), ""),
    (re.compile(r"/index\.html?$", re.IGNORECASE), "/"),
    (re.compile(r"\.amp(?=(\.html?)?$)"), ""),
    # Only after a slug or a number: `/music/amp` is a section about amplifiers.
    (re.compile(r"(/[^/]*[-\d][^/]*)/amp(?=/?$)"), r"\1"),
)


class InvalidUrl(CrawlerError, ValueError):
    """Raised for a string that is no fetchable URL; `reason` is a slug, the message shows the string. Do not retry."""

    def __init__(self, url: str, reason: str, detail: str) -> None:
        super().__init__(f"{_shown(url)}: {detail}")
        self.reason = reason
        self.detail = detail


def absolute_url(link: str, base: str | None = None) -> str:
    """The address to fetch: `link` resolved against `base` as browsers do, ASCII, without user name and fragment.

    Tabs and line breaks that a document put into the link are dropped (URL Standard, section 4.4).
    """
    link = re.sub(r"[\t\r\n]", "", link.strip())
    if not link:
        raise InvalidUrl(link, "empty", "is empty")
    return urlunsplit(_split(_joined(link, base)))


# Discovery asks several times in a row about one URL.
@lru_cache(maxsize=1024)
def canonical_url(url: str) -> str:
    """The one name of the article at `url`; pure, and unchanged when applied to its own result."""
    parts = _split(url)
    scheme, netloc = ("https", parts.netloc) if parts.port is None else (parts.scheme, parts.netloc)
    plain = urlsplit(canonicalize_url(_STRAY_PERCENT.sub("%25", urlunsplit(parts))))
    query = "&".join(pair for pair in plain.query.split("&") if not _is_marker(pair))
    return urlunsplit((scheme, netloc, _without_twin(plain.path), query, ""))


def _joined(link: str, base: str | None) -> str:
    if base is None or re.match("https?://", link, re.IGNORECASE):
        return link
    try:
        return urljoin(base, link)
    except ValueError as exc:
        raise InvalidUrl(link, "malformed", "is malformed in its host or port") from exc


def _split(url: str) -> SplitResult:
    """Parse and check; the result has no user name, no fragment, no default port, and is ASCII throughout."""
    url = url.strip()
    _refuse_length(url, url)
    if _CONTROL.search(url):
        raise InvalidUrl(url, "control_character", "holds a control character or a line break")
    try:
        parts = urlsplit(safe_url_string(url))
        port = parts.port
    except ValueError as exc:
        raise InvalidUrl(url, "malformed", "is malformed in its host or port, or holds half a surrogate pair") from exc
    if parts.scheme not in _DEFAULT_PORTS:
        raise InvalidUrl(url, "not_http", "is not an absolute http or https URL")
    host = _host(url, parts.hostname)
    shown_port = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    parts = parts._replace(netloc=host + shown_port, path=parts.path or "/", fragment="")
    _refuse_length(url, urlunsplit(parts))
    return parts


def _refuse_length(url: str, form: str) -> None:
    if len(form) > MAX_LENGTH:
        raise InvalidUrl(url, "too_long", f"is longer than {MAX_LENGTH:,} characters")


def _host(url: str, host: str | None) -> str:
    name = (host or "").removesuffix(".")
    if not name:
        raise InvalidUrl(url, "no_host", "names no host")
    if len(name) <= 253 and _HOST.fullmatch(name):
        return name
    try:
        # A zone id (`%eth0`) means something on one machine only.
        return f"[{ipaddress.IPv6Address(name.replace('%', ' ')).compressed}]"
    except ValueError as exc:
        raise InvalidUrl(url, "bad_host", f"{name[:100]!a} is not a host name") from exc


def _is_marker(pair: str) -> bool:
    name, _, value = pair.lower().partition("=")
    return name in TRACKING or name.startswith(TRACKING_PREFIXES) or value in AMP_VALUES.get(name, ())


def _without_twin(path: str) -> str:
    longer = ""
    # One ending may hide another, as in `/story-1.amp/amp`.
    while path != longer:
        longer = path
        for pattern, replacement in _TWIN_PATHS:
            path = pattern.sub(replacement, path)
    return path


def _shown(url: str) -> str:
    """The URL for a message: escaped, short, and without the password it may hold."""
    shown = ascii(re.sub(r"//[^/?#]*@", "//***@", url))
    return shown if len(shown) <= 200 else f"{shown[:200]}…"
